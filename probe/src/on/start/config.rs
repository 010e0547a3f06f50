//! What a daemon says about the board.

use std::path::PathBuf;

use nix::unistd::Gid;

use crate::layout::Capacity;

/// Settings of a board. A daemon sets them in [`init!`](crate::init); the environment (`PROBE=…`,
/// `PROBE_BOARD=…`, see the README) has the last word.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) name: String,
    pub(crate) build: String,
    pub(crate) capacity: Capacity,
    /// Bytes of text, where they were said; else they follow from the rest.
    strings: Option<usize>,
    pub(crate) size: Option<usize>,
    pub(crate) keeper: bool,
    pub(crate) mode: Option<u32>,
    /// Known before the first fork: looking it up takes locks of the C library.
    pub(crate) group: Option<Gid>,
    /// A directory for a board in a file; shared memory when `None`.
    pub(crate) directory: Option<PathBuf>,
    /// Whether that may be on a disk.
    pub(crate) on_disk: bool,
    pub(crate) keep: bool,
    pub(crate) keep_dead: usize,
    pub(crate) filter: String,
    pub(crate) off: bool,
    pub(crate) sensitive: bool,
    pub(crate) cancel: bool,
    pub(crate) watch_descriptors: bool,
    pub(crate) process_context: bool,
    /// What of all this is not as it was asked for, each with what became of it.
    pub(crate) complaints: Vec<String>,
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
            build: String::new(),
            capacity: Capacity::default(),
            strings: None,
            size: None,
            keeper: true,
            mode: None,
            group: None,
            directory: None,
            on_disk: false,
            keep: false,
            keep_dead: 3,
            filter: String::new(),
            off: false,
            sensitive: false,
            cancel: false,
            watch_descriptors: false,
            process_context: true,
            complaints: Vec::new(),
        }
    }

    /// Package and version, as Cargo says them; without Cargo there are none.
    #[doc(hidden)]
    #[must_use]
    pub fn built(mut self, package: Option<&str>, version: Option<&str>) -> Self {
        let parts = [package, version].into_iter().flatten();
        self.build = parts.collect::<Vec<_>>().join(" ");
        self
    }

    /// Threads with a slot of their own. Default 64.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.capacity.threads = threads;
        self.bounded("threads", threads, |capacity| capacity.threads)
    }

    /// Probes in the source. Default 1,000; each beyond them brings 80 bytes of [text](Self::strings).
    #[must_use]
    pub fn sites(mut self, sites: usize) -> Self {
        self.capacity.sites = sites;
        self.bounded("sites", sites, |capacity| capacity.sites)
    }

    /// Named numbers, family members included. Default 500, at most 16,383; each takes 8 bytes of every thread's own
    /// counters, and beyond the default 64 bytes of [text](Self::strings).
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

    /// Locks with a record: those that have a name, or are waited for, or were. Default 64; half of them are for locks that
    /// somebody waits for just now.
    #[must_use]
    pub fn locks(mut self, locks: usize) -> Self {
        self.capacity.locks = locks;
        self.bounded("locks", locks, |capacity| capacity.locks)
    }

    /// Facts ([`fact!`](crate::fact)). Default 24; each beyond them brings 32 bytes of [text](Self::strings).
    #[must_use]
    pub fn facts(mut self, facts: usize) -> Self {
        self.capacity.facts = facts;
        self.bounded("facts", facts, |capacity| capacity.facts)
    }

    /// Bytes of all texts: labels, files and functions of sites, names, units and help of numbers, keys of facts, each
    /// once. Default 43,008, and what more sites, numbers and facts bring along; at most 16 MiB. A text that finds no
    /// room is counted, and its site or number has none.
    #[must_use]
    pub fn strings(mut self, bytes: usize) -> Self {
        self.strings = Some(bytes);
        self.capacity.strings = bytes;
        self.bounded("strings", bytes, |capacity| capacity.strings)
    }

    /// Keeps the capacities within [`Capacity::MOST`]; who asked for more is told so, once, by `init!`.
    fn bounded(mut self, what: &str, asked: usize, of: fn(&Capacity) -> usize) -> Self {
        self.capacity = self.capacity.bounded();
        let got = of(&self.capacity);
        if self.strings.is_none() {
            self.capacity.strings = self.capacity.room_for_texts();
        }
        if got != asked {
            self.complaints.push(format!("bounded {what}({asked}): there are {got}"));
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
    /// [`op_status!`](crate::op_status!), where it looks ([`op_asked!`](crate::op_asked), [`Op::check`](crate::Op::check)), or
    /// as the error of [`Op::track_cancellable`](crate::Op::track_cancellable); it ends itself, and nothing else
    /// happens.
    #[must_use]
    pub fn cancel(mut self, allowed: bool) -> Self {
        self.cancel = allowed;
        self
    }

    /// Whether the keeper counts this process's open descriptors once a second, so that `inspect` can say that
    /// they leak. Default no: it asks the kernel by one more call (`fstat`) than the few that a keeper makes, which
    /// a sandbox has to know.
    #[must_use]
    pub fn watch_descriptors(mut self, watch: bool) -> Self {
        self.watch_descriptors = watch;
        self
    }

    /// Whether this process says what it is in the way of OpenTelemetry: a mapping called `OTEL_CTX` with the board's
    /// name, run, build and path, for profilers that know nothing of boards. Default yes; nothing is said where
    /// somebody else in the process has said so.
    #[must_use]
    pub fn process_context(mut self, said: bool) -> Self {
        self.process_context = said;
        self
    }

    /// Who may look at the board, as permissions. Default 0600. The daemon writes through its map and
    /// needs no permission, so those to write are taken away when that is made (0640 becomes 0440): nothing
    /// of the same user truncates a living board by a slip. Permissions for others to write are refused.
    #[must_use]
    pub fn mode(mut self, mode: u32) -> Self {
        match permissions(mode) {
            Ok(mode) => self.mode = Some(mode),
            Err(why) => self.complaints.push(format!("ignored mode {mode:04o}: {why}")),
        }
        self
    }

    /// Makes the board a file in this directory instead of shared memory: a directory of one's own (or
    /// root's) on a file system in memory, named from `/` on.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self.on_disk = false;
        self
    }

    /// As [`directory`](Self::directory), and it may be on a disk: then a probe may wait for the disk.
    #[must_use]
    pub fn directory_on_disk(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self.on_disk = true;
        self
    }

    /// How many boards of dead processes of this name and owner stay that lived for ten seconds or longer: the
    /// newest ones. Default 3. Beside them stay the first and the newest of the latest series of shorter ones,
    /// which nothing longer interrupts: of a daemon that fails at every start. With 0 none stays.
    #[must_use]
    pub fn keep_dead(mut self, boards: usize) -> Self {
        self.keep_dead = boards;
        self
    }

    /// Permissions as they will be once the map is made: nobody needs to write.
    pub(crate) fn permissions(&self) -> u32 {
        self.mode.unwrap_or(if self.group.is_some() { 0o640 } else { 0o600 }) & !0o222
    }

    /// Capacities that fit the wanted size: all tables shrink, or grow, by the same factor.
    pub(crate) fn fitted_capacity(&self) -> Capacity {
        match self.size {
            Some(size) => self.capacity.fitted(size),
            None => self.capacity,
        }
    }
}

/// Permissions that a board may have.
pub(super) fn permissions(mode: u32) -> Result<u32, &'static str> {
    let mode = mode & 0o777;
    if mode & 0o022 != 0 {
        return Err("others could write the board: expected 0640 (with PROBE_GROUP) or 0644");
    }
    if mode & 0o400 == 0 {
        return Err("its owner could not look either: expected 0600, 0640 or 0644");
    }
    Ok(mode)
}
