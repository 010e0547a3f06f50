//! Making a board: what a program says of one, and hears of it. Needs `std`, as a board does.

/// What became of [`init!`](crate::init).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// Not in this build.
    Before,
    /// Not in this build.
    Board(std::path::PathBuf),
    /// Not in this build.
    Off,
    /// Not in this build.
    Failed(String),
    /// Probes are compiled out.
    CompiledOut,
}

/// What became of [`init!`](crate::init): nothing, probes are compiled out.
pub fn status() -> Status {
    Status::CompiledOut
}

/// What was said: nothing, probes are compiled out.
pub fn remarks() -> Vec<String> {
    Vec::new()
}

/// Does nothing: probes are compiled out.
pub fn note_panic(_: &std::panic::PanicHookInfo<'_>) {}

/// Does nothing: probes are compiled out. Returns false.
pub fn dump_on_signal() -> bool {
    false
}

/// Does nothing: probes are compiled out. Returns false.
pub fn dump_on(_: i32) -> bool {
    false
}

/// Settings of a board, ignored.
#[derive(Clone, Debug)]
pub struct Config(());

impl Config {
    #[doc(hidden)]
    pub fn new() -> Self {
        Self(())
    }
    /// Ignored.
    #[must_use]
    pub fn threads(self, _: usize) -> Self {
        self
    }
    /// Ignored.
    #[must_use]
    pub fn sites(self, _: usize) -> Self {
        self
    }
    /// Ignored.
    #[must_use]
    pub fn metrics(self, _: usize) -> Self {
        self
    }
    /// Ignored.
    #[must_use]
    pub fn queues(self, _: usize) -> Self {
        self
    }
    /// Ignored.
    #[must_use]
    pub fn histograms(self, _: usize) -> Self {
        self
    }
    /// Ignored.
    #[must_use]
    pub fn ops(self, _: usize) -> Self {
        self
    }
    /// Ignored.
    #[must_use]
    pub fn locks(self, _: usize) -> Self {
        self
    }
    /// Ignored.
    #[must_use]
    pub fn facts(self, _: usize) -> Self {
        self
    }
    /// Ignored.
    #[must_use]
    pub fn strings(self, _: usize) -> Self {
        self
    }
    /// Ignored.
    #[must_use]
    pub fn sensitive(self, _: bool) -> Self {
        self
    }
    /// Ignored.
    #[must_use]
    pub fn cancel(self, _: bool) -> Self {
        self
    }
    /// Ignored.
    #[must_use]
    pub fn keeper(self, _: bool) -> Self {
        self
    }
    /// Ignored.
    #[must_use]
    pub fn mode(self, _: u32) -> Self {
        self
    }
    /// Ignored.
    #[must_use]
    pub fn directory(self, _: impl Into<std::path::PathBuf>) -> Self {
        self
    }
    /// Ignored.
    #[must_use]
    pub fn directory_on_disk(self, _: impl Into<std::path::PathBuf>) -> Self {
        self
    }
    /// Ignored.
    #[must_use]
    pub fn watch_descriptors(self, _: bool) -> Self {
        self
    }
    /// Ignored.
    #[must_use]
    pub fn process_context(self, _: bool) -> Self {
        self
    }
    /// Ignored.
    #[must_use]
    pub fn keep_dead(self, _: usize) -> Self {
        self
    }
}
