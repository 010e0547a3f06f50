//! What the kernel knows of threads.
#![expect(unsafe_code, reason = "asks for thread ids and names")]

/// This thread's id.
pub(super) fn thread_id() -> u64 {
    // SAFETY: `gettid` has no precondition.
    let tid = unsafe { libc::syscall(libc::SYS_gettid) };
    u64::try_from(tid).unwrap_or(0)
}

/// Whether this process has such a thread.
pub(super) fn thread_exists(tid: u64) -> bool {
    let Ok(tid) = libc::c_long::try_from(tid) else { return false };
    let pid = libc::c_long::from(std::process::id());
    // SAFETY: signal 0 only asks whether the thread is there.
    unsafe { libc::syscall(libc::SYS_tgkill, pid, tid, 0) == 0 }
}

/// The thread's name as the kernel has it: at most 15 bytes.
pub(super) fn thread_name() -> ThreadName {
    let mut name = ThreadName([0; 16]);
    // SAFETY: PR_GET_NAME writes at most 16 bytes, which `name` has.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.0.as_mut_ptr()) };
    name
}

/// A name without allocation.
pub(super) struct ThreadName([u8; 16]);

impl core::ops::Deref for ThreadName {
    type Target = str;

    fn deref(&self) -> &str {
        let end = self.0.iter().position(|&byte| byte == 0).unwrap_or(16);
        let bytes = self.0.get(..end).unwrap_or_default();
        match core::str::from_utf8(bytes) {
            Ok(name) => name,
            Err(error) => {
                core::str::from_utf8(bytes.get(..error.valid_up_to()).unwrap_or_default())
                    .unwrap_or_default()
            }
        }
    }
}
