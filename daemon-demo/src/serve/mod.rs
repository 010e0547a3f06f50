//! `serve`: opens the store, starts the threads, waits for the end, and ends in order.
//!
//! ```text
//! main        waits for SIGTERM or SIGINT
//! acceptor    takes connections, hands them to the io threads
//! io-0 ..     read, run commands, reply
//! store-core  commits
//! periodic    expiry, statistics, compaction
//! ```

mod faults;
mod periodic;
mod threads;

use std::net::SocketAddr;
use std::sync::Arc;

use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal};

use crate::args::{Ack, Fault, Serve};
use crate::command::table::COMMANDS;
use crate::failure::Failure;
use crate::net::accept::Acceptor;
use crate::net::event_loop::{EventLoop, Mailbox};
use crate::say::say;
use crate::shared::Shared;
use crate::store::disk::{Contents, Disk, FileSettings};
use crate::store::{BacklogLimits, Store, Wake, core};
use threads::Threads;

/// Serves until a signal says to stop.
///
/// # Errors
/// The daemon could not start, a thread of it died, or it could not write all it had acknowledged.
pub(crate) fn run(settings: Serve) -> Result<(), Failure> {
    // Room for the connections and for what a full pipeline of each of some of them holds.
    let _ = probe::init!(&settings.name, |config| {
        config.cancel(true).ops(2048).watch_descriptors(true)
    });
    let _ = probe::dump_on_signal();
    if settings.show_keys {
        crate::command::name::show_keys();
    }
    let ends = block_signals()?;
    probe::tag!("start");
    let (disk, contents) = Disk::open(FileSettings {
        directory: settings.data.clone(),
        buckets: settings.buckets,
        cache_bytes: settings.cache,
        slow_commit: settings.slow_commit,
    })?;
    let acceptor = Acceptor::bind(settings.listen)?;
    let address = acceptor.address().unwrap_or(settings.listen);
    let waker = acceptor.waker();
    let limits = BacklogLimits {
        jobs: settings.backlog_jobs,
        bytes: settings.backlog_bytes,
        age: settings.backlog_age,
    };
    let mut store = Store::new(disk, &contents, limits, settings.linger, settings.walk_index);
    store.fails = settings.fault == Some(Fault::FailCommits);
    let names = COMMANDS.iter().map(|command| command.name);
    let shared = Arc::new(Shared::new(settings, store, address.port(), names));

    let event_loops: Vec<EventLoop> = (0..shared.settings.io_threads)
        .map(|_| EventLoop::new())
        .collect::<Result<_, _>>()
        .map_err(|error| {
            Failure::new(format!("cannot set up the io threads: {error}"), "raise `ulimit -n`")
        })?;
    let mailboxes: Vec<_> = event_loops.iter().map(EventLoop::mailbox).collect();
    let listeners = mailboxes.iter().map(|mailbox| Arc::clone(mailbox) as Arc<dyn Wake>);
    shared.store.set_listeners(listeners.collect());

    let mut threads = start_threads(&shared, contents, event_loops, acceptor, &mailboxes)?;
    faults::begin(&shared);
    announce(&shared, address);
    probe::tag!(idle, "wait for a signal");
    let signal = wait_for(&ends);
    probe::tag!("stop");
    match signal {
        Ok(signal) if !threads.has_panicked() => {
            say!("{signal}: stops, writing what is queued")
        }
        _ => {}
    }
    shared.stop();
    let _ = waker.wake();
    mailboxes.iter().for_each(|mailbox| mailbox.nudge());
    end(&shared, threads)
}

/// Starts the core thread, the io threads, the periodic jobs, and last who lets clients in.
fn start_threads(
    shared: &Arc<Shared>,
    contents: Contents,
    event_loops: Vec<EventLoop>,
    acceptor: Acceptor,
    mailboxes: &[Arc<Mailbox>],
) -> Result<Threads, Failure> {
    let mut threads = Threads::new();
    let core_shared = Arc::clone(shared);
    threads.start("store-core".to_owned(), move || {
        core::run(&core_shared.store, &contents, core_shared.settings.drain_timeout);
    })?;
    for (number, event_loop) in event_loops.into_iter().enumerate() {
        let shared = Arc::clone(shared);
        threads.start(format!("io-{number}"), move || event_loop.run(&shared, COMMANDS))?;
    }
    let periodic_shared = Arc::clone(shared);
    threads.start("periodic".to_owned(), move || periodic::run(&periodic_shared))?;
    let (accept_shared, accept_mailboxes) = (Arc::clone(shared), mailboxes.to_vec());
    threads
        .start("acceptor".to_owned(), move || acceptor.run(&accept_shared, &accept_mailboxes))?;
    Ok(threads)
}

/// Ends in order: first nobody may submit any more, then the core thread drains the queue.
fn end(shared: &Shared, mut threads: Threads) -> Result<(), Failure> {
    let deadline = std::time::Instant::now() + shared.settings.drain_timeout;
    probe::tag!(wait, "io threads");
    threads.wait_for_all_but("store-core", deadline);
    probe::tag!("close the store");
    if !shared.store.try_close() {
        return Err(Failure::new(
            "cannot stop in order: the index lock is held",
            "look with inspect",
        ));
    }
    probe::tag!(wait, "store-core");
    let ended = threads.wait_for_all(deadline + std::time::Duration::from_secs(1));
    if threads.has_panicked() {
        return Err(Failure::new("a thread panicked; see above", ""));
    }
    match shared.store.unwritten() {
        Some(0) if ended => {
            shared.store.disk().note_end(shared.store.status().committed);
            Ok(())
        }
        Some(jobs) => {
            let why = shared.store.status().failing;
            let why = why.as_deref().unwrap_or("the time for it is over").to_owned();
            Err(Failure::new(
                format!("{jobs} acknowledged row writes are not on disk: {why}"),
                "see --drain-timeout",
            ))
        }
        None => {
            Err(Failure::new("cannot stop in order: the index lock is held", "look with inspect"))
        }
    }
}

fn announce(shared: &Shared, address: SocketAddr) {
    let ack = match shared.settings.ack {
        Ack::Queued => "queued",
        Ack::Durable => "durable",
    };
    probe::fact!("listen", address.to_string());
    probe::fact!("data", shared.settings.data.display().to_string());
    probe::fact!("ack", ack);
    say!(
        "listening on {address}, data in {}, ack {ack}, board {}",
        shared.settings.data.display(),
        if probe::ENABLED { &*shared.settings.name } else { "none (probes are out)" }
    );
}

/// Waits for one of these signals; others may be handled meanwhile.
fn wait_for(ends: &SigSet) -> nix::Result<Signal> {
    loop {
        match ends.wait() {
            Err(Errno::EINTR) => {}
            signal => return signal,
        }
    }
}

/// Blocks the signals that end the daemon, here and in all threads to come, so that one thread can
/// wait for them; and SIGXFSZ, so that a file size limit is an error of a write and not the end.
fn block_signals() -> Result<SigSet, Failure> {
    let mut ends = SigSet::empty();
    ends.add(Signal::SIGTERM);
    ends.add(Signal::SIGINT);
    let mut blocked = ends;
    blocked.add(Signal::SIGXFSZ);
    blocked
        .thread_block()
        .map_err(|error| Failure::new(format!("cannot block signals: {error}"), ""))?;
    Ok(ends)
}
