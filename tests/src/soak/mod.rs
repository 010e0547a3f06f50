//! A soak: the demo under a load that changes, with everything that looks at it, restarts and kills; of any length.
//!
//! ```text
//! oracle   clients that know what they must be told
//! watchers recorder, screen, server and scraper
//! usage    memory, descriptors, boards
//! ```

mod oracle;
mod usage;
mod watchers;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::demo::{self, Demo};
use crate::served;
use usage::Usage;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How long.
    pub lasts: Duration,
    /// What the chances are drawn from.
    pub seed: u64,
}

/// What all threads of a soak share.
pub(crate) struct Stage {
    pub(crate) board: String,
    /// Where the daemon listens now.
    address: Mutex<String>,
    pub(crate) over: AtomicBool,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    faults: Mutex<Vec<String>>,
}

impl Stage {
    fn address(&self) -> String {
        self.address.lock().expect("no panic").clone()
    }

    /// So many more of something happened.
    pub(crate) fn count(&self, what: &'static str, more: u64) {
        *self.counts.lock().expect("no panic").entry(what).or_default() += more;
    }

    /// Something was not as it must be.
    pub(crate) fn fault(&self, what: String) {
        eprintln!("fault: {what}");
        self.faults.lock().expect("no panic").push(what);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Relaxed)
    }

    /// Sleeps, or until it is over.
    pub(crate) fn rest(&self, time: Duration) {
        let until = Instant::now() + time;
        while !self.is_over() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20).min(time));
        }
    }
}

/// Numbers without a pattern.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % limit.max(1)
    }
}

/// What became of it.
#[derive(Debug)]
pub struct Summary {
    lasted: Duration,
    seed: u64,
    counts: BTreeMap<&'static str, u64>,
    /// What was not as it must be.
    pub faults: Vec<String>,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let commit = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output();
        let commit = commit.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        writeln!(
            f,
            "soak of {:.1} min, seed {}, commit {}",
            self.lasted.as_secs_f64() / 60.0,
            self.seed,
            commit.unwrap_or_default()
        )?;
        for (what, count) in &self.counts {
            writeln!(f, "{count:>12}  {what}")?;
        }
        writeln!(f, "{:>12}  faults", self.faults.len())
    }
}

/// The demo on this directory, as whoever may be looked at by a server that refuses root.
fn start(board: &str, data: &Path) -> Demo {
    let mut command = Command::new(demo::program());
    command.args([
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--name",
        board,
        "--ack",
        "durable",
        "--data",
    ]);
    Demo::run(served::unprivileged(command.arg(data)), board)
}

/// Runs it.
///
/// # Panics
/// When it cannot be set up; what goes wrong afterwards is a fault.
pub fn run(plan: Plan) -> Summary {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, past) = (folder.path().join("data"), folder.path().join("past"));
    for path in [folder.path(), &data, &past] {
        let _ = std::fs::create_dir(path);
        served::give(path);
    }
    let board = crate::program::name("soak");
    let demo = start(&board, &data);
    let stage = Stage {
        board: board.clone(),
        address: Mutex::new(demo.address.clone()),
        over: AtomicBool::new(false),
        counts: Mutex::default(),
        faults: Mutex::default(),
    };
    let began = Instant::now();
    let mut dice = Dice(plan.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let seeds: Vec<u64> = (0..8).map(|_| dice.below(u64::MAX) | 1).collect();
    let usage = Usage::default();
    let demo = std::thread::scope(|scope| {
        let stage = &stage;
        for (number, seed) in (0..).zip(seeds) {
            scope.spawn(move || oracle::client(stage, number, Dice(seed)));
        }
        let recordings = folder.path();
        scope.spawn(move || watchers::recorder(stage, recordings));
        let past = &past;
        let usage = &usage;
        scope.spawn(move || watchers::screen(stage, usage));
        scope.spawn(move || watchers::server(stage, past, usage));
        let mut demo = demo;
        while began.elapsed() < plan.lasts {
            let next = Duration::from_secs(8 + dice.below(25));
            let until = Instant::now() + next.min(plan.lasts.saturating_sub(began.elapsed()));
            while Instant::now() < until {
                usage.daemon(stage, demo.child.id());
                std::thread::sleep(Duration::from_millis(500));
            }
            if began.elapsed() < plan.lasts {
                demo = again(stage, demo, &data, &mut dice);
            }
        }
        stage.over.store(true, Relaxed);
        demo
    });
    let (code, said) = demo.stop();
    if code != Some(0) {
        stage.fault(format!("the last daemon ended with {code:?}: {said}"));
    }
    crate::program::remove_boards(&board);
    Summary {
        lasted: began.elapsed(),
        seed: plan.seed,
        counts: stage.counts.into_inner().expect("no panic"),
        faults: stage.faults.into_inner().expect("no panic"),
    }
}

/// Ends the daemon, one way or the other, and starts it again.
fn again(stage: &Stage, mut demo: Demo, data: &Path, dice: &mut Dice) -> Demo {
    if dice.below(2) == 0 {
        // What is left of it is a dead board: only a part of the name goes with this handle.
        let _ = demo.child.kill();
        let _ = demo.child.wait();
        stage.count("daemons killed", 1);
    } else {
        let pid = nix::unistd::Pid::from_raw(demo.child.id().cast_signed());
        let _ = nix::sys::signal::kill(pid, Signal::SIGTERM);
        let code = demo.child.wait().ok().and_then(|status| status.code());
        if code != Some(0) {
            stage.fault(format!("a daemon ended with {code:?}"));
        }
        stage.count("daemons stopped", 1);
    }
    let next = start(&stage.board, data);
    *stage.address.lock().expect("no panic") = next.address.clone();
    // Dropping it removes boards of its name, which are the next one's by now.
    std::mem::forget(demo);
    next
}
