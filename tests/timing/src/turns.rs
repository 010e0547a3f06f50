//! Very short things, many times.

use std::sync::atomic::{Ordering, compiler_fence};

/// Nothing is moved over this by the compiler; it is no instruction.
#[inline(always)]
pub fn fence() {
    compiler_fence(Ordering::SeqCst);
}

/// Does `body` eight times a turn, with nothing moved between one and the next: ns that each took.
#[macro_export]
macro_rules! timed {
    ($turns:expr, $body:expr) => {{
        let start = std::time::Instant::now();
        for _ in 0..$turns {
            $body;
            $crate::fence();
            $body;
            $crate::fence();
            $body;
            $crate::fence();
            $body;
            $crate::fence();
            $body;
            $crate::fence();
            $body;
            $crate::fence();
            $body;
            $crate::fence();
            $body;
            $crate::fence();
        }
        start.elapsed().as_nanos() as f64 / ($turns * 8) as f64
    }};
}
