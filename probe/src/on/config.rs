//! What a daemon, and then its environment, say about the board.

use std::path::PathBuf;

use nix::unistd::{Gid, Group};

use crate::layout::Capacity;

/// Settings of a board. A daemon sets them in [`init!`](crate::init); the environment (`PROBE=…`,
/// `PROBE_BOARD=…`, see the README) has the last word.
#[derive(Clone, Debug)]
pub struct Config {
    pub(super) name: String,
    pub(super) build: &'static str,
    pub(super) capacity: Capacity,
    pub(super) size: Option<usize>,
    pub(super) keeper: bool,
    pub(super) mode: Option<u32>,
    /// Known before the first fork: looking it up takes locks of the C library.
    pub(super) group: Option<Gid>,
    /// A directory for a board in a file; shared memory when `None`.
    pub(super) directory: Option<PathBuf>,
    pub(super) keep: bool,
    pub(super) keep_dead: usize,
    pub(super) filter: String,
    pub(super) off: bool,
    pub(super) sensitive: bool,
    pub(super) cancel: bool,
    /// What in the environment could not be understood.
    pub(super) complaints: Vec<String>,
}

impl Config {
    #[doc(hidden)]
    pub fn new(name: &str) -> Self {
        let letter = |c: char| {
            if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }
        };
        let name: String = name.chars().take(100).map(letter).collect();
        let name = name.trim_start_matches('.');
        Self {
            name: if name.is_empty() { "unnamed".to_owned() } else { name.to_owned() },
            build: "",
            capacity: Capacity::default(),
            size: None,
            keeper: true,
            mode: None,
            group: None,
            directory: None,
            keep: false,
            keep_dead: 3,
            filter: String::new(),
            off: false,
            sensitive: false,
            cancel: false,
            complaints: Vec::new(),
        }
    }

    #[doc(hidden)]
    #[must_use]
    pub fn build(mut self, build: &'static str) -> Self {
        self.build = build;
        self
    }

    /// Threads with a slot of their own. Default 64.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.capacity.threads = threads;
        self.bounded("threads", threads, |capacity| capacity.threads)
    }

    /// Probes in the source. Default 1,000.
    #[must_use]
    pub fn sites(mut self, sites: usize) -> Self {
        self.capacity.sites = sites;
        self.bounded("sites", sites, |capacity| capacity.sites)
    }

    /// Named numbers, family members included. Default 500.
    #[must_use]
    pub fn metrics(mut self, metrics: usize) -> Self {
        self.capacity.metrics = metrics;
        self.bounded("metrics", metrics, |capacity| capacity.metrics)
    }

    /// Queues. Default 16.
    #[must_use]
    pub fn queues(mut self, queues: usize) -> Self {
        self.capacity.queues = queues;
        self.bounded("queues", queues, |capacity| capacity.queues)
    }

    /// Histogram blocks: one for each histogram, two for each queue, and what is left for threads' own.
    /// Default 28.
    #[must_use]
    pub fn histograms(mut self, histograms: usize) -> Self {
        self.capacity.histograms = histograms;
        self.bounded("histograms", histograms, |capacity| capacity.histograms)
    }

    /// Operations in flight. Default 256.
    #[must_use]
    pub fn ops(mut self, ops: usize) -> Self {
        self.capacity.ops = ops;
        self.bounded("ops", ops, |capacity| capacity.ops)
    }

    /// Keeps the capacities within [`Capacity::MOST`]; who asked for more is told so, once, by `init!`.
    fn bounded(mut self, what: &str, asked: usize, of: fn(&Capacity) -> usize) -> Self {
        self.capacity = self.capacity.bounded();
        let got = of(&self.capacity);
        if got != asked {
            self.complaints.push(format!("{what}({asked}): there are {got}"));
        }
        self
    }

    /// Whether the board has a keeper: a thread that wakes 20 times a second (0.03 to 0.1 % of a core)
    /// to write heartbeat, load windows and rates. Default yes. Without it there are none of these.
    #[must_use]
    pub fn keeper(mut self, keeper: bool) -> Self {
        self.keeper = keeper;
        self
    }

    /// Whether labels of operations that were called sensitive stand on the board. Default no.
    #[must_use]
    pub fn sensitive(mut self, shown: bool) -> Self {
        self.sensitive = shown;
        self
    }

    /// Whether `inspect ops cancel` may ask this daemon's operations to end. Default no. If yes, a thread
    /// listens on a UNIX socket for requests of this daemon's user and of root. An operation sees it at its next
    /// [`status!`](crate::status!), where it looks ([`asked!`](crate::asked), [`Op::check`](crate::Op::check)), or
    /// as the error of [`Op::track_cancellable`](crate::Op::track_cancellable); it ends itself, and nothing else
    /// happens.
    #[must_use]
    pub fn cancel(mut self, allowed: bool) -> Self {
        self.cancel = allowed;
        self
    }

    /// Permissions of the board, exactly. Default 0600.
    #[must_use]
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode & 0o777);
        self
    }

    /// Makes the board a file in this directory instead of shared memory.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// How many boards of dead processes of this name and owner stay. Default 3.
    #[must_use]
    pub fn keep_dead(mut self, boards: usize) -> Self {
        self.keep_dead = boards;
        self
    }

    /// Lets the environment have its say; a set-uid program's is not asked.
    pub(super) fn with_environment(mut self) -> Self {
        if !super::limits::environment_is_trusted() {
            return self;
        }
        let get = |key: &str| std::env::var(key).ok().filter(|value| !value.is_empty());
        let mut complain = |key: &str, value: &str, want: &str| {
            self.complaints.push(format!("{key}={value}: {want}"))
        };
        match get("PROBE").as_deref() {
            None | Some("on") => {}
            Some("off") => self.off = true,
            Some(other) => complain("PROBE", other, "expected on or off"),
        }
        match get("PROBE_BOARD").as_deref() {
            None => {}
            Some("shm") => self.directory = None,
            Some(other) => match other.strip_prefix("file:") {
                Some(directory) => self.directory = Some(directory.into()),
                None => complain("PROBE_BOARD", other, "expected shm or file:DIR"),
            },
        }
        if let Some(mode) = get("PROBE_MODE") {
            match u32::from_str_radix(&mode, 8) {
                Ok(bits) if bits <= 0o777 => self.mode = Some(bits),
                _ => complain("PROBE_MODE", &mode, "expected octal permissions such as 0640"),
            }
        }
        if let Some(group) = get("PROBE_GROUP") {
            self.group = group_id(&group);
            if self.group.is_none() {
                complain("PROBE_GROUP", &group, "expected a group's name or number");
            }
        }
        if let Some(size) = get("PROBE_SIZE") {
            match size.parse() {
                Ok(bytes) => self.size = Some(bytes),
                Err(_) => complain("PROBE_SIZE", &size, "expected a number of bytes"),
            }
        }
        self.keep |= get("PROBE_KEEP").is_some_and(|value| value != "0");
        self.filter = get("PROBE_FILTER").unwrap_or_default();
        self
    }

    /// Permissions as they will be.
    pub(super) fn permissions(&self) -> u32 {
        self.mode.unwrap_or(if self.group.is_some() { 0o640 } else { 0o600 })
    }

    /// Capacities that fit the wanted size: all tables shrink, or grow, by the same factor.
    pub(super) fn fitted_capacity(&self) -> Capacity {
        match self.size {
            Some(size) => self.capacity.fitted(size),
            None => self.capacity,
        }
    }
}

/// The id of a group, by name or number.
fn group_id(group: &str) -> Option<Gid> {
    let by_number = || group.parse().ok().map(Gid::from_raw);
    Group::from_name(group).ok().flatten().map(|group| group.gid).or_else(by_number)
}
