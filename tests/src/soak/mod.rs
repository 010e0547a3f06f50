//! A soak: the demo under a load that changes, with everything that looks at it, restarts and kills; of any length.
//!
//! ```text
//! oracle   clients that know what they must be told
//! daemon   its lives: starts, upgrades, stops, kills, and what its board says afterwards
//! watchers recorder, screen, server with its history
//! outside  a browser and a Prometheus
//! usage    memory, descriptors, boards
//! ```

mod daemon;
mod oracle;
mod outside;
mod usage;
mod watchers;

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::demo;
use crate::served::{self, Serve};
use daemon::Installed;
use usage::Usage;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How long.
    pub lasts: Duration,
    /// What the chances are drawn from.
    pub seed: u64,
    /// How many clients: eight want a machine of two cores whole.
    pub clients: u32,
    /// Another build of the demo, which takes turns with this one at upgrades.
    pub other: Option<PathBuf>,
}

/// One run of the daemon, as the clients know it.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    address: String,
    /// Commands sent, and commands answered.
    commands: Arc<(AtomicU64, AtomicU64)>,
}

impl Life {
    fn new(address: String) -> Self {
        Self { address, commands: Arc::default() }
    }

    fn sent(&self) -> u64 {
        self.commands.0.load(Relaxed)
    }

    fn answered(&self) -> u64 {
        self.commands.1.load(Relaxed)
    }
}

/// What all threads of a soak share.
pub(crate) struct Stage {
    pub(crate) board: String,
    life: Mutex<Life>,
    pub(crate) over: AtomicBool,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    faults: Mutex<Vec<String>>,
}

impl Stage {
    /// Of the daemon that runs now.
    fn life(&self) -> Life {
        self.life.lock().expect("no panic").clone()
    }

    /// Does it; a panic is a fault like others.
    fn with(&self, what: &str, work: impl FnOnce()) {
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            self.fault(format!("{what} panicked"));
        }
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

    fn summary(&self, began: Instant, seed: u64) -> Summary {
        Summary {
            lasted: began.elapsed(),
            seed,
            counts: self.counts.lock().expect("no panic").clone(),
            faults: self.faults.lock().expect("no panic").clone(),
        }
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

/// Runs it.
///
/// # Panics
/// When it cannot be set up; what goes wrong afterwards is a fault.
pub fn run(plan: &Plan) -> Summary {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, past) = (folder.path().join("data"), folder.path().join("past"));
    for path in [folder.path(), &data, &past] {
        let _ = std::fs::create_dir(path);
        served::give(path);
    }
    let python = outside::browser_of_here();
    let board = crate::program::name("soak");
    let builds = [Some(demo::program()), plan.other.clone()].into_iter().flatten().collect();
    let mut installed = Installed::new(builds, folder.path());
    let mut demo = installed.start(&board, &data);
    let stage = Stage {
        board: board.clone(),
        life: Mutex::new(Life::new(demo.address.clone())),
        over: AtomicBool::new(false),
        counts: Mutex::default(),
        faults: Mutex::default(),
    };
    let mut dice = Dice(plan.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let seeds: Vec<u64> = (0..plan.clients).map(|_| dice.below(u64::MAX) | 1).collect();
    let usage = Usage::default();
    // Builds it, where that is to be done.
    let serve = Serve::start(&["--history", past.to_str().expect("UTF-8")]);
    let began = Instant::now();
    std::thread::scope(|scope| {
        let (stage, usage, past, folder) = (&stage, &usage, &past, folder.path());
        for (number, seed) in (0..).zip(seeds) {
            let client = move || oracle::client(stage, number, Dice(seed));
            scope.spawn(move || stage.with("a client", client));
        }
        scope.spawn(move || stage.with("a recorder", || watchers::recorder(stage, folder)));
        scope.spawn(move || stage.with("top", || watchers::screen(stage, usage)));
        let address = serve.address.clone();
        if let Some(python) = &python {
            let (browsed, scraped) = (address.clone(), address);
            let browse = move || outside::browser(stage, python, &browsed);
            scope.spawn(move || stage.with("the browser", browse));
            let scrape = move || outside::prometheus(stage, &scraped);
            scope.spawn(move || stage.with("Prometheus", scrape));
        }
        let serve = move || watchers::server(stage, past, usage, serve);
        scope.spawn(move || stage.with("serve", serve));
        stage.with("the daemon", || {
            let mut said = 0;
            while began.elapsed() < plan.lasts {
                let left = plan.lasts.saturating_sub(began.elapsed());
                let until = Instant::now() + Duration::from_secs(8 + dice.below(25)).min(left);
                while Instant::now() < until {
                    usage.daemon(stage, demo.child.id());
                    std::thread::sleep(Duration::from_millis(500));
                }
                if began.elapsed() < plan.lasts {
                    demo = daemon::again(stage, demo, &mut installed, &data, &mut dice);
                }
                // Whoever cuts it off has this much.
                if began.elapsed().as_secs() / 300 > said {
                    said = began.elapsed().as_secs() / 300;
                    eprint!("so far: {}", stage.summary(began, plan.seed));
                }
            }
            stage.over.store(true, Relaxed);
            let (code, said) = demo.stop();
            if code != Some(0) {
                stage.fault(format!("the last daemon ended with {code:?}: {said}"));
            }
        });
        stage.over.store(true, Relaxed);
    });
    crate::program::remove_boards(&board);
    stage.summary(began, plan.seed)
}
