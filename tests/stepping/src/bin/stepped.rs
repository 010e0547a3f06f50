//! One probe, over and over, each time between two markers: `stepped OPERATION ROUNDS [HANDLER]`.
//!
//! The thread that probes asks its parent to trace it; a marker is an `int3`. With a handler (`scope`,
//! `argument` or `op`) SIGUSR1 probes as well. Arguments end in a digit of their own for each site, so that a
//! pair that does not belong together is told by looking at it.

use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering, compiler_fence};
use std::task::{Context, Waker};

use nix::sys::ptrace;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use stepping::holder::Holder;

/// Has a record from its first use on.
static LOCK: probe::sync::Mutex<u64> = probe::mutex!("lock", 0);

probe::metrics! {
    /// Counted by the operation and by the handler.
    counter COUNTED = "counted", "times";
    /// Set and adjusted.
    gauge LEVEL = "level", "things";
    /// Recorded.
    histogram SIZES = "sizes", "bytes";
    /// Beaten.
    heartbeat BEAT = "job", every 1000 ms;
    /// Advanced.
    progress DONE = "done", "rows";
    /// Gone through.
    queue JOBS = "jobs";
    /// Come and gone.
    gauge family ROWS = "rows", "rows", by "table";
    /// Come and gone, and counted.
    counter family HITS = "hits", "hits", by "table";
}

/// Where the tracer looks.
#[inline(always)]
#[cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "one breakpoint instruction"))]
fn marker() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the tracer sees the trap and lets this thread run on behind it.
    unsafe {
        core::arch::asm!("int3")
    };
}

/// From here on the parent traces this thread.
fn be_traced() {
    ptrace::traceme().expect("the parent may trace");
}

extern "C" fn probe_scope(_: libc::c_int) {
    let _busy = probe::busy!();
    let _scope = probe::scope!("handler");
    probe::tag!("handling");
    probe::count!(COUNTED);
}

extern "C" fn probe_argument(_: libc::c_int) {
    probe::tag!("handled", 7);
}

extern "C" fn probe_op(_: libc::c_int) {
    let op = probe::op!("handler", "0-h");
    probe::op_status!("h1");
    if op.id().is_some() {
        probe::count!(COUNTED);
    }
}

#[expect(unsafe_code, reason = "installs a signal handler")]
fn install(handler: extern "C" fn(libc::c_int)) {
    let action = SigAction::new(SigHandler::Handler(handler), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handlers only probe, which is what is claimed to be safe in one.
    unsafe { sigaction(Signal::SIGUSR1, &action) }.expect("a handler for SIGUSR1");
}

/// Does `$before`, a marker, `$operation`, a marker, for each round. What `$operation` makes is dropped
/// behind the second marker.
macro_rules! rounds {
    ($rounds:ident, |$round:ident, $with:pat_param| $before:expr => $operation:expr) => {
        for $round in 0..$rounds {
            let $with = $before;
            marker();
            let _held = $operation;
            marker();
        }
    };
}

/// An operation whose kind, label and statuses begin with one letter, or end in it.
#[inline(never)]
fn begun(round: u64) -> probe::Operation {
    match round % 2 {
        0 => probe::op!("even", "0-e"),
        _ => probe::op!("odd", String::from("a label that is longer: 1-o")),
    }
}

/// A status of the operation of this round.
#[inline(never)]
fn status(round: u64) -> probe::Asked {
    match round % 2 {
        0 => probe::op_status!("e1"),
        _ => probe::op_status!("o1"),
    }
}

/// Takes the lock, which nobody else has but in "lock wait".
fn take() -> probe::sync::MutexGuard<'static, u64> {
    LOCK.lock().expect("no panic")
}

fn perform(operation: &str, rounds: u64, directory: &Path) {
    // As many as bring a trail near the end of its ring.
    for _ in 0..if cfg!(feature = "trail") { 26 } else { 1 } {
        probe::tag!("ready");
    }
    match operation {
        "tag" => rounds!(rounds, |round, ()| () => match round % 2 {
            0 => probe::tag!("even"),
            _ => probe::tag!("odd"),
        }),
        "tags" => rounds!(rounds, |_round, ()| () => {
            probe::tag!("1");
            probe::tag!("2");
            probe::tag!("3");
            probe::tag!("4");
            probe::tag!("5");
        }),
        "tag with argument" => rounds!(rounds, |round, ()| () => match round % 2 {
            0 => probe::tag!("one", round * 10 + 1),
            _ => probe::tag!("two", round * 10 + 2),
        }),
        "scope in" => rounds!(rounds, |_round, ()| () => probe::scope!("outer")),
        "scope out" => {
            rounds!(rounds, |_round, scope| {
                let scope = probe::scope!("outer");
                probe::tag!("inside");
                scope
            } => drop(scope));
        }
        "scope with argument" => rounds!(rounds, |round, ()| () => {
            probe::scope!("outer", round * 10 + 3)
        }),
        "count" => rounds!(rounds, |_round, ()| () => probe::count!(COUNTED)),
        "set" => rounds!(rounds, |round, ()| () => probe::set!(LEVEL, round + 1)),
        "adjust" => rounds!(rounds, |_round, ()| () => probe::adjust!(LEVEL, 1)),
        "record" => rounds!(rounds, |round, ()| () => probe::record!(SIZES, round + 1)),
        "beat" => rounds!(rounds, |_round, ()| () => probe::beat!(BEAT)),
        "progress" => rounds!(rounds, |round, ()| () => probe::progress!(DONE, round + 1, 1000)),
        "arrive" => rounds!(rounds, |_round, ()| () => probe::queue_arrive!(JOBS)),
        "start" => {
            rounds!(rounds, |round, arrived| {
                if round > 0 {
                    probe::queue_complete!(JOBS, probe::Stamp::NONE);
                }
                probe::queue_arrive!(JOBS)
            } => probe::queue_start!(JOBS, arrived))
        }
        "complete" => rounds!(rounds, |_round, started| {
            probe::queue_start!(JOBS, probe::queue_arrive!(JOBS))
        } => probe::queue_complete!(JOBS, started)),
        "leave" => {
            rounds!(rounds, |_round, _arrived| probe::queue_arrive!(JOBS) => probe::queue_leave!(JOBS))
        }
        "head" => {
            rounds!(rounds, |_round, now| probe::now!() => probe::queue_head!(JOBS, Some(now)))
        }
        "busy" => rounds!(rounds, |_round, ()| () => probe::busy!()),
        "idle" => rounds!(rounds, |_round, busy| probe::busy!() => drop(busy)),
        "fact" => rounds!(rounds, |round, text| {
            let letter = char::from(b'a' + (round % 26) as u8);
            letter.to_string().repeat(20 + (round % 5) as usize * 20)
        } => probe::fact!("config", text)),
        "member" => rounds!(rounds, |round, label| format!("t{round}") => {
            probe::member!(ROWS, label)
        }),
        "member set" => rounds!(rounds, |round, member| {
            probe::member!(ROWS, format!("t{round}"))
        } => probe::set!(member, 5)),
        "member count" => rounds!(rounds, |round, member| {
            probe::member!(HITS, format!("t{round}"))
        } => probe::count!(member)),
        "member gone" => rounds!(rounds, |round, member| {
            probe::member!(ROWS, format!("t{round}"))
        } => drop(member)),
        "op begin" => rounds!(rounds, |round, ()| () => begun(round)),
        "op end" => rounds!(rounds, |round, op| {
            let op = begun(round);
            status(round);
            op
        } => drop(op)),
        "op detach" => rounds!(rounds, |round, op| begun(round) => op.detach()),
        "op status" => rounds!(rounds, |round, _op| begun(round) => status(round)),
        "op statuses" => rounds!(rounds, |round, _op| {
            let op = begun(round);
            for _ in 0..6 {
                status(round);
            }
            op
        } => status(round)),
        "op enter" => {
            let op = probe::begin_op!("even", "0-e");
            rounds!(rounds, |_round, ()| () => op.enter());
        }
        "op leave" => {
            let op = probe::begin_op!("even", "0-e");
            rounds!(rounds, |_round, entered| op.enter() => drop(entered));
        }
        "op label" => {
            let op = probe::begin_op!("even", peer = "10.0.0.7:52044", "0-e");
            rounds!(rounds, |round, label| {
                if round % 2 == 0 { "1-e" } else { "0-e, and many more words of one-e" }
            } => op.set_label(label));
        }
        "op poll" => {
            let mut future = pin!(probe::op_async!(std::future::pending::<()>(), "even", "0-e"));
            let mut context = Context::from_waker(Waker::noop());
            rounds!(rounds, |_round, ()| () => future.as_mut().poll(&mut context));
        }
        "lock" => {
            drop(take());
            rounds!(rounds, |_round, ()| () => take());
        }
        "unlock" => {
            drop(take());
            rounds!(rounds, |_round, guard| take() => drop(guard));
        }
        "lock wait" => {
            let holder = Holder::start(take);
            // Its place is known from the first one on.
            holder.hold();
            drop(take());
            rounds!(rounds, |_round, ()| holder.hold() => take());
        }
        "lock first" => {
            // Its place is known from the first one on.
            let made = || probe::mutex!("first", 0);
            drop(made().lock().expect("no panic"));
            rounds!(rounds, |_round, lock| made() => {
                drop(lock.lock().expect("no panic"));
                lock
            });
        }
        "lock gone" => rounds!(rounds, |_round, lock| {
            let lock = probe::mutex!("gone", 0);
            drop(lock.lock().expect("no panic"));
            lock
        } => drop(lock)),
        "naive" => naive(rounds, &directory.join("naive")),
        other => panic!("no operation {other}"),
    }
}

/// A record of several words written in place, as nothing here does: the check must find it wrong.
#[expect(unsafe_code, reason = "maps a scratch file and looks at it as words")]
fn naive(rounds: u64, path: &Path) {
    let file =
        std::fs::File::options().read(true).write(true).open(path).expect("the tracer made it");
    // SAFETY: the tracer only reads it, at moments when this thread is stopped.
    let map = unsafe { memmap2::MmapMut::map_mut(&file) }.expect("a mapping");
    assert!(map.len() >= 64);
    // SAFETY: a mapping is aligned to a page and at least 64 bytes long; it is touched through this
    // reference only.
    let words: &[AtomicU64; 8] = unsafe { &*map.as_ptr().cast() };
    rounds!(rounds, |round, ()| () => for word in words {
        word.store(round + 1, Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
    });
}

/// Threads that come and go, one after the other: of each the first probe is stepped, or the end, or the
/// first job, in a slot where the thread before it worked as well.
fn threads(rounds: u64, stage: &'static str) {
    for round in 0..rounds {
        let life = move || {
            if stage == "come" {
                be_traced();
                marker();
            }
            match round % 2 {
                0 => probe::tag!("even"),
                _ => probe::tag!("odd"),
            }
            if stage == "first job" {
                be_traced();
                marker();
            }
            let _busy = (stage != "come").then(|| probe::busy!());
            if stage == "go" {
                be_traced();
            }
            marker();
        };
        let name = if round % 2 == 0 { "even" } else { "odd" };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(life);
        thread.expect("a thread").join().expect("no panic");
    }
}

pub(crate) fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [operation, rounds, directory, handler] = arguments.as_slice() else {
        panic!("stepped OPERATION ROUNDS DIRECTORY none|scope|argument|op");
    };
    let rounds: u64 = rounds.parse().expect("a number of rounds");
    let directory = Path::new(directory).to_owned();
    match handler.as_str() {
        "scope" => install(probe_scope),
        "argument" => install(probe_argument),
        "op" => install(probe_op),
        _ => {}
    }
    probe::init!("stepped", |config| {
        config.keeper(false).threads(3).sites(100).metrics(64).queues(2).histograms(6).ops(1)
    });
    match operation.as_str() {
        "come" => threads(rounds, "come"),
        "first job" => threads(rounds, "first job"),
        "go" => threads(rounds, "go"),
        _ => {
            let operation = operation.clone();
            let work = move || {
                be_traced();
                perform(&operation, rounds, &directory);
            };
            let thread = std::thread::Builder::new().name("stepped".to_owned()).spawn(work);
            thread.expect("a thread").join().expect("no panic");
        }
    }
}
