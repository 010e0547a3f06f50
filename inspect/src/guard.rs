//! Signals: a guard that lets a mapped board shrink under the reader.
//!
//! A daemon's owner may truncate the board's file while it is mapped here; the next load would then
//! raise SIGBUS. The handler maps a zero page over the page in question, if and only if it lies in
//! a range registered here, and leaves a mark. Any other SIGBUS goes to whoever handled it before.
#![expect(unsafe_code, reason = "installs a signal handler and replaces faulting pages")]

use std::mem::MaybeUninit;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Ranges that can be guarded at the same time; beyond it boards are read with `pread`.
const RANGES: usize = 64;
/// Marks a range as being filled.
const CLAIMED: usize = 1;

/// One guarded range. `start` is 0 when free, [`CLAIMED`] while it is filled.
struct Range {
    start: AtomicUsize,
    bytes: AtomicUsize,
    hit: AtomicBool,
}

static TABLE: [Range; RANGES] = [const {
    Range { start: AtomicUsize::new(0), bytes: AtomicUsize::new(0), hit: AtomicBool::new(false) }
}; RANGES];

/// The disposition before ours; `None` when the handler could not be installed.
static BEFORE: OnceLock<Option<libc::sigaction>> = OnceLock::new();
/// Bytes of a page, known before the handler can run.
static PAGE: AtomicUsize = AtomicUsize::new(4096);

/// A registered range; dropping it takes it out again. Must be dropped before the range is unmapped.
#[derive(Debug)]
pub(crate) struct Guard {
    index: usize,
}

impl Guard {
    /// Guards a mapped range, or `None` when there is no room or the handler cannot be installed.
    pub(crate) fn over(start: usize, bytes: usize) -> Option<Self> {
        BEFORE.get_or_init(install).as_ref()?;
        for (index, range) in TABLE.iter().enumerate() {
            let claim =
                range.start.compare_exchange(0, CLAIMED, Ordering::Relaxed, Ordering::Relaxed);
            if claim.is_ok() {
                range.bytes.store(bytes, Ordering::Relaxed);
                range.hit.store(false, Ordering::Relaxed);
                // Pairs with the Acquire load in the handler: it sees the length of this range.
                range.start.store(start, Ordering::Release);
                return Some(Self { index });
            }
        }
        None
    }

    /// Whether a page of the range was missing when it was read.
    pub(crate) fn hit(&self) -> bool {
        TABLE[self.index].hit.load(Ordering::Relaxed)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Release: nothing of this owner's is seen by the next one that claims the entry.
        TABLE[self.index].start.store(0, Ordering::Release);
    }
}

/// Installs the handler and returns what was there before.
fn install() -> Option<libc::sigaction> {
    // SAFETY: sysconf has no preconditions.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    PAGE.store(usize::try_from(page).unwrap_or(4096), Ordering::Relaxed);
    // SAFETY: sigaction is a plain C struct for which all zeros is a valid value.
    let mut ours: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    ours.sa_sigaction = on_sigbus as *const () as usize;
    ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    // SAFETY: sigaction is a plain C struct for which all zeros is a valid value.
    let mut before: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    // SAFETY: both pointers are to live structs, and the handler only does what a signal handler may.
    let result = unsafe { libc::sigaction(libc::SIGBUS, &ours, &mut before) };
    (result == 0).then_some(before)
}

/// Replaces a missing page of a guarded range; passes on anything else. Async-signal-safe: atomics
/// and system calls only.
extern "C" fn on_sigbus(
    signal: libc::c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    // SAFETY: the kernel hands a valid siginfo to a handler installed with SA_SIGINFO.
    let info_ref = unsafe { &*info };
    // SAFETY: SIGBUS fills the address member of the union.
    let address = unsafe { info_ref.si_addr() } as usize;
    for range in &TABLE {
        // Pairs with the Release store in `Guard::over`.
        let start = range.start.load(Ordering::Acquire);
        let bytes = range.bytes.load(Ordering::Relaxed);
        if start > CLAIMED && address >= start && address - start < bytes {
            let page = PAGE.load(Ordering::Relaxed);
            let at = (address & !(page - 1)) as *mut libc::c_void;
            // SAFETY: the page lies in a mapping that a live `Guard` holds, so it is ours to replace;
            // readers of it only do atomic loads, for which zeros are as good as any bytes.
            let mapped = unsafe {
                libc::mmap(
                    at,
                    page,
                    libc::PROT_READ,
                    libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED,
                    -1,
                    0,
                )
            };
            if mapped == at {
                range.hit.store(true, Ordering::Relaxed);
                return;
            }
        }
    }
    pass_on(signal, info, context);
}

/// Hands a SIGBUS that is not ours to the handler before us, or lets it take its default course.
fn pass_on(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let before = BEFORE.get().and_then(Option::as_ref);
    match before {
        Some(action) if action.sa_sigaction > libc::SIG_IGN => {
            let address = action.sa_sigaction as *const ();
            if action.sa_flags & libc::SA_SIGINFO != 0 {
                type Handler = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);
                // SAFETY: the kernel took this address as a handler of this form (SA_SIGINFO).
                let handler = unsafe { std::mem::transmute::<*const (), Handler>(address) };
                handler(signal, info, context);
            } else {
                // SAFETY: the kernel took this address as a handler with one argument.
                let handler = unsafe {
                    std::mem::transmute::<*const (), extern "C" fn(libc::c_int)>(address)
                };
                handler(signal);
            }
        }
        _ => {
            // The instruction faults again after the return and ends the process, as it would have.
            // SAFETY: signal() with SIG_DFL has no preconditions and is async-signal-safe.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
    }
}
