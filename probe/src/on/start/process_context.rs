//! The process context of OpenTelemetry (OTEP 4719): one small mapping by whose name profilers that know nothing of
//! us find what this process is, and where its board is. Made once, when the board is; nothing reads or writes it
//! here afterwards. Whatever cannot be done leaves the process without one, and in no worse state.
//!
//! ```text
//! 0  "OTEL_CTX"   8  version, payload's bytes   16  time, stored last   24  payload's address   32  payload
//! ```
#![expect(unsafe_code, reason = "maps memory, gives it a name, and writes it")]

use core::ffi::{CStr, c_void};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering, fence};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::Path;

use nix::sys::resource::{Resource, getrlimit};

/// Its name, as files in `/proc` have it.
const NAME: &CStr = c"OTEL_CTX";
const SIGNATURE: u64 = u64::from_le_bytes(*b"OTEL_CTX");
const VERSION: u64 = 2;
/// Bytes before the payload.
const HEAD: usize = 32;
/// Bytes of the mapping; a payload is shorter, or there is none.
const BYTES: usize = 16 << 10;

/// What is said.
pub(super) struct Process<'a> {
    /// Name of the board.
    pub(super) service: &'a str,
    /// The run.
    pub(super) instance: u64,
    /// Package and version.
    pub(super) build: &'a str,
    /// The board.
    pub(super) path: &'a Path,
}

/// Says what this process is, unless somebody in it has said so.
pub(super) fn publish(process: &Process) {
    let payload = payload(process);
    // Where one's own maps cannot be read nobody can tell, and readers could not find it either.
    let said = std::fs::read_to_string("/proc/self/maps").map_or(true, |maps| is_said(&maps));
    if said || payload.len() > BYTES - HEAD {
        return;
    }
    let Some(base) = memory() else { return };
    let word = |index: usize| {
        // SAFETY: one of the four words of the head, which is within the mapping.
        let at = unsafe { base.cast::<AtomicU64>().add(index) };
        // SAFETY: the mapping is page-aligned, so words are; nobody unmaps it.
        unsafe { at.as_ref() }
    };
    // SAFETY: within the mapping, since HEAD is.
    let at = unsafe { base.add(HEAD) };
    // SAFETY: both are as long, one is ours alone, and they do not overlap.
    unsafe { core::ptr::copy_nonoverlapping(payload.as_ptr(), at.as_ptr(), payload.len()) };
    word(0).store(SIGNATURE, Ordering::Relaxed);
    word(1).store(VERSION | (payload.len() as u64) << 32, Ordering::Relaxed);
    word(3).store(at.as_ptr().expose_provenance() as u64, Ordering::Relaxed);
    // Pairs with the fence of readers, who look at the time first and last.
    fence(Ordering::SeqCst);
    word(2).store(boot_ns().max(1), Ordering::Relaxed);
    let (option, what) = (libc::PR_SET_VMA, libc::PR_SET_VMA_ANON_NAME);
    // Tools wait for this very call, whatever its answer: older kernels know no names.
    // SAFETY: names a mapping of ours; the name outlives the call.
    unsafe { libc::prctl(option, what, base.as_ptr(), BYTES, NAME.as_ptr()) };
}

/// Whether maps have one.
fn is_said(maps: &str) -> bool {
    let names = ["[anon_shmem:OTEL_CTX]", "[anon:OTEL_CTX]", "/memfd:OTEL_CTX (deleted)"];
    maps.lines().any(|line| names.iter().any(|name| line.ends_with(name)))
}

/// Memory that a forked child does not have.
fn memory() -> Option<NonNull<u8>> {
    let file = file();
    let kind = if file.is_some() { 0 } else { libc::MAP_ANONYMOUS };
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let descriptor = file.as_ref().map_or(-1, AsRawFd::as_raw_fd);
    let flags = libc::MAP_PRIVATE | kind;
    // SAFETY: a new mapping, of a file that is as long.
    let base =
        unsafe { libc::mmap(core::ptr::null_mut(), BYTES, protection, flags, descriptor, 0) };
    if base == libc::MAP_FAILED {
        return None;
    }
    let base = NonNull::new(base.cast::<u8>())?;
    // SAFETY: of that mapping alone.
    if unsafe { libc::madvise(base.as_ptr().cast::<c_void>(), BYTES, libc::MADV_DONTFORK) } != 0 {
        // A child would say that it is its parent.
        // SAFETY: nobody else has it.
        unsafe { libc::munmap(base.as_ptr().cast::<c_void>(), BYTES) };
        return None;
    }
    Some(base)
}

/// A file of that name in memory; not where making it long could end the process.
fn file() -> Option<OwnedFd> {
    if getrlimit(Resource::RLIMIT_FSIZE).is_ok_and(|(soft, _)| soft < BYTES as u64) {
        return None;
    }
    let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
    // SAFETY: the name is a C string.
    let mut descriptor =
        unsafe { libc::memfd_create(NAME.as_ptr(), flags | libc::MFD_NOEXEC_SEAL) };
    if descriptor < 0 {
        // Kernels before 6.3.
        // SAFETY: the same.
        descriptor = unsafe { libc::memfd_create(NAME.as_ptr(), flags) };
    }
    if descriptor < 0 {
        return None;
    }
    // SAFETY: new, and nobody else's.
    let file = unsafe { OwnedFd::from_raw_fd(descriptor) };
    nix::unistd::ftruncate(&file, BYTES as i64).ok()?;
    Some(file)
}

/// Time since the boot, with that in which the machine slept.
fn boot_ns() -> u64 {
    let time = nix::time::clock_gettime(nix::time::ClockId::CLOCK_BOOTTIME);
    time.map_or(0, |time| time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64)
}

/// `ProcessContext { resource = 1 }` of `Resource { attributes = 1 }`, all texts.
fn payload(process: &Process) -> Vec<u8> {
    let instance = format!("{:016x}", process.instance);
    let path = process.path.to_string_lossy();
    let mut resource = Vec::new();
    for (key, value) in [
        ("service.name", process.service),
        ("service.instance.id", &instance),
        ("service.version", process.build),
        ("scoreboard.board.path", &path),
    ] {
        if !value.is_empty() {
            let value = field(1, value.as_bytes());
            let attribute = [field(1, key.as_bytes()), field(2, &value)].concat();
            resource.extend(field(1, &attribute));
        }
    }
    field(1, &resource)
}

/// Bytes as a field of a message.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(bytes);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_said_so_is_found_under_each_of_the_three_names() {
        let maps = "7f00-7f01 rw-p 0 00:01 9   /memfd:OTEL_CTX (deleted)\n7f02-7f03 r-xp 0 00:00 0 [vdso]\n";
        assert!(is_said(maps));
        assert!(is_said("7f00-7f01 rw-p 0 00:01 9   [anon:OTEL_CTX]\n"));
        assert!(is_said("7f00-7f01 rw-p 0 00:01 9   [anon_shmem:OTEL_CTX]\n"));
        assert!(!is_said("7f00-7f01 rw-p 0 00:01 9   /tmp/OTEL_CTX\n"));
    }
}
