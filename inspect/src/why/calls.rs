//! In which call the kernel has a thread that does not move: `/proc/PID/task/TID/syscall` has its number and arguments,
//! `wchan` the function of the kernel that it sleeps in, `stat` its state (proc(5)). The first two are shown to those
//! alone who might look into the process's memory (PTRACE_MODE_READ).

use std::collections::BTreeMap;
use std::fs;

use libc::c_long;

use super::seen::Call;
use crate::model::BoardReport;

/// Threads that are asked about at most.
const THREADS: usize = 64;

/// Calls that may take long. Those of the second list begin with a descriptor.
const CALLS: [(c_long, &str); 13] = [
    (libc::SYS_clock_nanosleep, "clock_nanosleep"),
    (libc::SYS_epoll_pwait, "epoll_pwait"),
    (libc::SYS_futex, "futex"),
    (libc::SYS_io_getevents, "io_getevents"),
    (libc::SYS_io_uring_enter, "io_uring_enter"),
    (libc::SYS_msync, "msync"),
    (libc::SYS_munmap, "munmap"),
    (libc::SYS_nanosleep, "nanosleep"),
    (libc::SYS_openat, "openat"),
    (libc::SYS_ppoll, "ppoll"),
    (libc::SYS_pselect6, "pselect6"),
    (libc::SYS_wait4, "wait4"),
    (libc::SYS_waitid, "waitid"),
];
const OF_FILES: [(c_long, &str); 23] = [
    (libc::SYS_accept4, "accept4"),
    (libc::SYS_close, "close"),
    (libc::SYS_connect, "connect"),
    (libc::SYS_fallocate, "fallocate"),
    (libc::SYS_fcntl, "fcntl"),
    (libc::SYS_fdatasync, "fdatasync"),
    (libc::SYS_flock, "flock"),
    (libc::SYS_fsync, "fsync"),
    (libc::SYS_ftruncate, "ftruncate"),
    (libc::SYS_getdents64, "getdents64"),
    (libc::SYS_ioctl, "ioctl"),
    (libc::SYS_pread64, "pread64"),
    (libc::SYS_pwrite64, "pwrite64"),
    (libc::SYS_read, "read"),
    (libc::SYS_readv, "readv"),
    (libc::SYS_recvfrom, "recvfrom"),
    (libc::SYS_recvmsg, "recvmsg"),
    (libc::SYS_sendfile, "sendfile"),
    (libc::SYS_sendmsg, "sendmsg"),
    (libc::SYS_sendto, "sendto"),
    (libc::SYS_splice, "splice"),
    (libc::SYS_write, "write"),
    (libc::SYS_writev, "writev"),
];
/// One more of them, which not every processor's kernels have.
#[cfg(not(any(target_arch = "s390x", target_arch = "x86")))]
const ACCEPT: [(c_long, &str); 1] = [(libc::SYS_accept, "accept")];
#[cfg(any(target_arch = "s390x", target_arch = "x86"))]
const ACCEPT: [(c_long, &str); 0] = [];
/// Those that only this processor's kernels have.
#[cfg(target_arch = "x86_64")]
const OLDER: [(c_long, &str); 5] = [
    (libc::SYS_epoll_wait, "epoll_wait"),
    (libc::SYS_open, "open"),
    (libc::SYS_pause, "pause"),
    (libc::SYS_poll, "poll"),
    (libc::SYS_select, "select"),
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: [(c_long, &str); 0] = [];

/// Asks about threads that say that they work, and stand.
pub(super) fn calls(pid: u32, report: &BoardReport) -> BTreeMap<u64, Call> {
    let stands = |tid: &u64| fs::exists(format!("/proc/{pid}/task/{tid}")).unwrap_or(false);
    let blocked = report.threads.iter().filter(|one| one.stalled && one.class == Some("work"));
    let tids = blocked.map(|one| one.tid).filter(stands).take(THREADS);
    tids.map(|tid| (tid, call(pid, tid))).collect()
}

fn call(pid: u32, tid: u64) -> Call {
    let read = |name: &str| fs::read_to_string(format!("/proc/{pid}/task/{tid}/{name}")).ok();
    let state = read("stat").and_then(|line| line.rsplit(')').next()?.trim().chars().next());
    // 0 is of one that runs, or that one may not look into.
    let at = read("wchan").filter(|name| !name.is_empty() && name != "0");
    let mut call = Call { state, at, ..Call::default() };
    let Some(line) = read("syscall") else { return call };
    let mut words = line.split_whitespace();
    let Some(number) = words.next().and_then(|word| word.parse::<c_long>().ok()) else {
        return call;
    };
    let file = OF_FILES.iter().chain(&ACCEPT).find(|(known, _)| *known == number);
    let known = CALLS.iter().chain(&OLDER).find(|(known, _)| *known == number).or(file);
    call.name = Some(match known {
        Some((_, name)) => (*name).to_owned(),
        // It is in none: it waits for a page.
        None if number < 0 => "none".to_owned(),
        None => format!("number {number}"),
    });
    let argument = words.next().filter(|_| file.is_some());
    let fd = argument.and_then(|word| u32::from_str_radix(word.trim_start_matches("0x"), 16).ok());
    let link = |fd| fs::read_link(format!("/proc/{pid}/fd/{fd}")).ok();
    call.file = fd.and_then(link).map(|path| path.to_string_lossy().into_owned());
    call
}
