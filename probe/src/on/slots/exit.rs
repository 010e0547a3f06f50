//! A thread's exit is noticed by a pthread key, whose destructor runs after Rust's own thread-locals are gone.
#![expect(unsafe_code, reason = "a pthread key")]

use core::sync::atomic::{AtomicU32, Ordering};

/// The key whose destructor notices a thread's exit, plus 1; 0 before it is made.
static EXIT_KEY: AtomicU32 = AtomicU32::new(0);

/// Makes the key: `at_exit`, which never unwinds, is called by each thread that [`watch`]es at its end. Once, at
/// init.
pub(super) fn prepare(at_exit: extern "C" fn(*mut libc::c_void)) {
    if EXIT_KEY.load(Ordering::Relaxed) != 0 {
        return;
    }
    let mut key: libc::pthread_key_t = 0;
    // SAFETY: `key` is writable and the destructor has the right type and never unwinds.
    if unsafe { libc::pthread_key_create(&mut key, Some(at_exit)) } == 0 {
        EXIT_KEY.store(key + 1, Ordering::Release);
    }
}

/// This thread's exit will be noticed.
pub(super) fn watch() {
    if let Some(key) = EXIT_KEY.load(Ordering::Acquire).checked_sub(1) {
        let mark = core::ptr::without_provenance::<libc::c_void>(1);
        // SAFETY: the key was made by `prepare`; the value is a mark, never followed.
        unsafe { libc::pthread_setspecific(key, mark) };
    }
}
