//! Words between whose accesses a signal handler can come: on the thread that is interrupted, once, and to its end.

use std::cell::RefCell;

use super::raw::{self, Ordering};

/// What runs in between, where, and after how many accesses more.
struct Handler {
    thread: raw::ThreadId,
    left: usize,
    run: Box<dyn FnOnce()>,
}

thread_local! {
    /// Of all threads of a scenario, where a checker runs them on one.
    static NEXT: RefCell<Option<Handler>> = const { RefCell::new(None) };
}

/// An access of this thread's comes next.
fn comes() {
    if NEXT.with_borrow(Option::is_none) {
        return;
    }
    let me = raw::current().id();
    let due = NEXT.with_borrow_mut(|next| {
        let handler = next.take_if(|next| next.thread == me && next.left == 0);
        if let Some(next) = next.as_mut().filter(|next| next.thread == me) {
            next.left -= 1;
        }
        handler
    });
    if let Some(handler) = due {
        (handler.run)();
    }
}

/// Runs `body` and, before its access number `at` or at its end if it has fewer, `handler`. One at a time in a scenario.
pub(crate) fn interrupted(at: usize, handler: impl FnOnce() + 'static, body: impl FnOnce()) {
    let run = Box::new(handler);
    NEXT.set(Some(Handler { thread: raw::current().id(), left: at, run }));
    body();
    if let Some(handler) = NEXT.take() {
        (handler.run)();
    }
}

/// A word of the checker's.
#[derive(Debug)]
pub struct AtomicU64(raw::AtomicU64);

impl AtomicU64 {
    pub(crate) fn new(value: u64) -> Self {
        Self(raw::AtomicU64::new(value))
    }

    pub(crate) fn load(&self, order: Ordering) -> u64 {
        comes();
        self.0.load(order)
    }

    pub(crate) fn store(&self, value: u64, order: Ordering) {
        comes();
        self.0.store(value, order);
    }

    pub(crate) fn compare_exchange(
        &self,
        from: u64,
        to: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        comes();
        self.0.compare_exchange(from, to, success, failure)
    }
}

macro_rules! read_modify_write {
    ($($name:ident),*) => {
        impl AtomicU64 { $(
            pub(crate) fn $name(&self, value: u64, order: Ordering) -> u64 {
                comes();
                self.0.$name(value, order)
            }
        )* }
    };
}

read_modify_write!(swap, fetch_add, fetch_sub, fetch_and, fetch_or, fetch_max);
