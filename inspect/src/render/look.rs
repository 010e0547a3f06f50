//! How things are shown: what was asked for, in which order, in which colours.

use crate::derive::headline::{awaited, rank};
use crate::model::ThreadReport;
use crate::words::glob::glob;
use crate::words::label::Label;

/// How things are shown.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Look {
    /// Columns of the terminal.
    pub columns: usize,
    /// Whether colours are used; they never carry meaning alone.
    pub color: bool,
    /// Order of the threads.
    pub sort: Sort,
    /// Only threads and numbers whose name matches.
    pub filter: Option<String>,
    /// Numbers that were never used too.
    pub all: bool,
    /// The last tags of each thread.
    pub trail: bool,
    /// Quantiles since the start rather than of the last seconds.
    pub since_start: bool,
    /// Name of this host, for the heading of what lives here.
    pub host: Option<String>,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            columns: 100,
            color: false,
            sort: Sort::First,
            filter: None,
            all: false,
            trail: false,
            since_start: false,
            host: None,
        }
    }
}

impl Look {
    /// As wide as this, without colours.
    pub fn at(columns: usize) -> Self {
        Self { columns, ..Self::default() }
    }
}

/// Order of the threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[non_exhaustive]
pub enum Sort {
    /// What stands still first, causes before what waits for them; the rest as they came, idle ones last
    /// where they are more than fit.
    #[default]
    First,
    /// As they came: the order never changes while they live.
    Slot,
    /// By name.
    Name,
    /// The most loaded first, by the 10 s window.
    Load,
    /// The longest at one place first.
    Since,
    /// By file and line.
    Line,
    /// Operations: those longest active first, idle ones last.
    Active,
    /// Operations: the oldest first.
    Age,
    /// Operations: by status, the longest in it first.
    Status,
    /// Operations: by kind.
    Kind,
}

impl Sort {
    /// The orders of threads.
    pub const THREADS: [Self; 6] =
        [Self::First, Self::Slot, Self::Name, Self::Load, Self::Since, Self::Line];
    /// The orders of operations.
    pub const OPERATIONS: [Self; 4] = [Self::Active, Self::Age, Self::Status, Self::Kind];
}

/// Threads that are shown one by one, whatever they do; of more the idle ones become a number.
pub const FIT: usize = 16;

/// Whether a thread has nothing to do.
pub fn idle(thread: &ThreadReport) -> bool {
    thread.class == Some("idle") && !thread.stalled
}

/// How a piece of text stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Paint {
    /// Not at all.
    Plain,
    /// Bold.
    Strong,
    /// Green.
    Good,
    /// Yellow.
    Warn,
    /// Red.
    Bad,
}

impl Look {
    /// Text with its colour, where colours are used.
    pub fn paint(&self, paint: Paint, text: &str) -> String {
        let code = match paint {
            _ if !self.color => return text.to_owned(),
            Paint::Plain => return text.to_owned(),
            Paint::Strong => "1",
            Paint::Good => "32",
            Paint::Warn => "33",
            Paint::Bad => "31",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// Whether something of this name is shown.
    pub fn shows(&self, name: &Label) -> bool {
        self.shows_name(name.raw())
    }

    /// Whether something of this name of our own is shown.
    pub fn shows_name(&self, name: &str) -> bool {
        self.filter.as_ref().is_none_or(|pattern| glob(pattern, name))
    }

    /// The threads that are shown, in order; ties by slot.
    pub fn sorted<'a>(&self, threads: &'a [ThreadReport]) -> Vec<&'a ThreadReport> {
        let mut shown: Vec<_> = threads.iter().filter(|thread| self.shows_thread(thread)).collect();
        match self.sort {
            Sort::First => {
                let many = shown.len() > FIT;
                let awaited = awaited(threads);
                shown.sort_by_key(|thread| match thread.stalled {
                    true => (0, Some(rank(thread, &awaited))),
                    false => (1 + u8::from(many && idle(thread)), None),
                });
            }
            Sort::Slot | Sort::Active | Sort::Age | Sort::Status | Sort::Kind => {}
            Sort::Name => shown.sort_by(|a, b| a.name.cmp(&b.name)),
            Sort::Load => shown.sort_by(|a, b| {
                let key = |thread: &ThreadReport| thread.load.s10.unwrap_or(-1.0);
                key(b).total_cmp(&key(a))
            }),
            Sort::Since => shown.sort_by_key(|thread| {
                std::cmp::Reverse(thread.since_ns.filter(|_| !thread.since_at_most))
            }),
            Sort::Line => shown.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line))),
        }
        shown
    }

    /// A thread is found by its name, its label and its function.
    pub fn shows_thread(&self, thread: &ThreadReport) -> bool {
        let also = [&thread.label, &thread.function, &thread.file];
        self.shows(&thread.name) || also.into_iter().flatten().any(|text| self.shows(text))
    }
}
