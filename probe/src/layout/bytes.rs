//! Which types any bytes are a value of: the writer's proof for its casts into the board.
//!
//! `zerocopy` derives the same. It is asked by whoever has the feature `layout`; a daemon is spared the four crates
//! that a derive takes to build.
#![expect(unsafe_code, reason = "the two kinds of field that records are made of")]

use core::sync::atomic::AtomicU64;

/// Any bytes, also zeroes, are a value of such a type.
///
/// # Safety
/// The type is made of 64-bit atomics, and of nothing else.
pub(crate) unsafe trait AnyBytes {}

// SAFETY: every 64 bits are a number.
unsafe impl AnyBytes for AtomicU64 {}
// SAFETY: its elements are such, and there is nothing between them.
unsafe impl<T: AnyBytes, const N: usize> AnyBytes for [T; N] {}

/// Says that any bytes are a value of a struct, from all its fields: one that is left out, or of another kind, does
/// not compile.
macro_rules! any_bytes {
    ($of:ident { $($field:ident),* $(,)? }) => {
        // Nobody calls it; the compiler reads it.
        const _: fn(&$of) = |of| {
            const fn is<T: $crate::layout::bytes::AnyBytes>(_: &T) {}
            let $of { $($field),* } = of;
            $(is($field);)*
        };

        #[expect(unsafe_code, reason = "all its fields were just asked")]
        // SAFETY: each of its fields is such, and it has no others.
        unsafe impl $crate::layout::bytes::AnyBytes for $of {}
    };
}

pub(crate) use any_bytes;
