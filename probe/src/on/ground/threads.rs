//! Threads of our own, and their pauses, by the C library alone. A thread of std's begins by asking for memory for a
//! signal stack, and ends the process where there is none; its sleep ends the process where a sandbox refuses the call.
//! Nothing of that is worth a daemon's life.
#![expect(unsafe_code, reason = "calls of the C library that std wraps with less patience")]

use core::ffi::{CStr, c_void};
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, Ordering};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;

/// A thread of ours; it goes on when this is dropped.
#[derive(Debug)]
pub(crate) struct OwnThread {
    id: libc::pthread_t,
    ended: Arc<AtomicBool>,
}

/// What a thread does, behind a thin pointer.
struct Task {
    name: &'static CStr,
    ended: Arc<AtomicBool>,
    body: Box<dyn FnOnce() + Send>,
}

/// Starts a thread, with so many bytes of stack, unless the system has none to give.
///
/// # Errors
/// The system's.
pub(crate) fn start(
    name: &'static CStr,
    stack: usize,
    body: impl FnOnce() + Send + 'static,
) -> Result<OwnThread, Errno> {
    let ended = Arc::new(AtomicBool::new(false));
    let task = Task { name, ended: Arc::clone(&ended), body: Box::new(body) };
    let task = Box::into_raw(Box::new(task));
    let started = create(stack, task.cast());
    if started.is_err() {
        // SAFETY: from a box, and no thread has it.
        drop(unsafe { Box::from_raw(task) });
    }
    started.map(|id| OwnThread { id, ended })
}

fn create(stack: usize, task: *mut c_void) -> Result<libc::pthread_t, Errno> {
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    // SAFETY: room for attributes, which the call makes.
    done(unsafe { libc::pthread_attr_init(attributes.as_mut_ptr()) })?;
    // Too small a size is refused, and the default stays.
    // SAFETY: made above.
    let _ = unsafe { libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), stack) };
    let mut id = MaybeUninit::<libc::pthread_t>::uninit();
    // SAFETY: the thread takes the task over; all pointers are good for the length of the call.
    let made =
        done(unsafe { libc::pthread_create(id.as_mut_ptr(), attributes.as_ptr(), begin, task) });
    // SAFETY: made above, and not used any more.
    let _ = unsafe { libc::pthread_attr_destroy(attributes.as_mut_ptr()) };
    // SAFETY: the call has filled it where it was done.
    made.map(|()| unsafe { id.assume_init() })
}

fn done(code: libc::c_int) -> Result<(), Errno> {
    if code == 0 { Ok(()) } else { Err(Errno::from_raw(code)) }
}

extern "C" fn begin(task: *mut c_void) -> *mut c_void {
    // SAFETY: `start` made it from a box, for this thread alone.
    let task = unsafe { Box::from_raw(task.cast::<Task>()) };
    let Task { name, ended, body } = *task;
    // SAFETY: a C string; this thread's own name.
    let _ = unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr(), 0, 0, 0) };
    // What a panic says was said by its hook.
    let _ = catch_unwind(AssertUnwindSafe(body));
    // Release: pairs with the acquire in `has_ended`.
    ended.store(true, Ordering::Release);
    core::ptr::null_mut()
}

impl OwnThread {
    /// Whether it has done what it was started for.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Waits for its end, as many times as `looks` and each time for `look`. Nothing of it is left then; where that was
    /// too short, it goes on. Not by waiting in the C library, which ends the process where that is refused.
    pub(crate) fn join(self, looks: u32, look: Duration) {
        for _ in 0..looks {
            // SAFETY: a thread that was started and was not joined yet.
            let joined = self.has_ended()
                && unsafe { libc::pthread_tryjoin_np(self.id, core::ptr::null_mut()) } == 0;
            if joined {
                return;
            }
            pause(look);
        }
        self.leave();
    }

    /// Nobody will wait for it: what it has goes with its end.
    pub(crate) fn leave(self) {
        // SAFETY: a thread that was started and is never joined.
        let _ = unsafe { libc::pthread_detach(self.id) };
    }
}

/// Lets others run for so long, or less where the kernel refuses.
pub(crate) fn pause(time: Duration) {
    let wanted = libc::timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(time.subsec_nanos()),
    };
    // SAFETY: a time that is only read, and nowhere to write what is left of it.
    if unsafe { libc::nanosleep(&wanted, core::ptr::null_mut()) } != 0 {
        // SAFETY: no precondition.
        let _ = unsafe { libc::sched_yield() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_has_its_name_and_ends_alone_when_it_panics() {
        let (said, hears) = std::sync::mpsc::channel();
        let thread = start(c"probe-own", 64 << 10, move || {
            let name = std::fs::read_to_string("/proc/thread-self/comm");
            let _ = said.send(name.unwrap_or_default());
            std::panic::resume_unwind(Box::new(()));
        });
        let thread = thread.expect("a thread");
        assert_eq!(hears.recv().as_deref(), Ok("probe-own\n"));
        thread.join(100_000, Duration::from_micros(50));
        start(c"probe-own", 1, || ()).expect("the default size").leave();
    }
}
