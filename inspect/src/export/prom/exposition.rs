//! The text: families in the order they came, each sample once, in two dialects.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use super::names::{escaped, visible};
use super::powers::Native;

/// Series of one answer at most. A histogram counts as its lines.
pub const MOST: usize = 20_000;

/// Series of one name at most.
pub const MOST_OF_ONE: usize = 2_000;

/// Which text is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// Prometheus' text format 0.0.4: what every version scrapes, and what a textfile collector reads.
    #[default]
    Text,
    /// OpenMetrics 1.0: with units and an end mark, so that half of an answer is seen to be half.
    OpenMetrics,
}

impl Dialect {
    /// What an HTTP answer says of it.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// What a family is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::export) enum Kind {
    Counter,
    Gauge,
    Histogram,
    Info,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Info => "info",
        }
    }

    /// What stands behind the names of its samples. The `_created` that OpenMetrics keeps for two of them is
    /// taken, though never written.
    fn suffixes(self) -> &'static [&'static str] {
        match self {
            Self::Counter => &["", "_total", "_created"],
            Self::Gauge => &[""],
            Self::Histogram => &["", "_bucket", "_count", "_sum", "_created"],
            Self::Info => &["", "_info"],
        }
    }
}

/// A value, or as many as a histogram has.
pub(in crate::export) enum Value {
    One(String),
    /// Upper limits (included) with the values up to there, then count and sum.
    Buckets {
        up_to: Vec<(String, u64)>,
        count: u64,
        sum: String,
        /// The same in many buckets, for whoever takes them.
        native: Native,
    },
}

impl Value {
    fn lines(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Buckets { up_to, .. } => up_to.len() + 3,
        }
    }
}

/// Labels, in the order that they are written.
pub(super) type Labels = [(String, String)];

pub(in crate::export) struct Family {
    pub(in crate::export) name: String,
    pub(in crate::export) kind: Kind,
    pub(in crate::export) help: String,
    /// Labels, then the value.
    pub(in crate::export) samples: Vec<(Vec<(String, String)>, Value)>,
    seen: HashSet<String>,
    lines: usize,
}

/// What becomes the text.
#[derive(Default)]
pub(in crate::export) struct Exposition {
    pub(in crate::export) families: Vec<Family>,
    /// Every name that a sample has or could have, and its family.
    taken: HashMap<String, usize>,
    lines: usize,
    /// Series that found no room, or no name.
    pub(in crate::export) left_out: usize,
}

impl Exposition {
    /// Adds a sample to the family of that name, without its `_total` or `_info`.
    pub(super) fn add(&mut self, of: (&str, Kind, &str), labels: &Labels, value: Value) {
        // Three series are kept free for what is said of the answer itself.
        let lines = value.lines();
        let Some(family) = self.family(of) else {
            self.left_out += lines;
            return;
        };
        let room =
            self.lines + lines <= MOST - 3 && self.families[family].lines + lines <= MOST_OF_ONE;
        self.put(family, labels, value, room);
    }

    /// One of the three that say how much there is.
    pub(super) fn add_reserved(&mut self, of: (&str, Kind, &str), labels: &Labels, value: String) {
        if let Some(family) = self.family(of) {
            self.put(family, labels, Value::One(value), true);
        }
    }

    fn put(&mut self, family: usize, labels: &Labels, value: Value, room: bool) {
        let lines = value.lines();
        let family = &mut self.families[family];
        // One sample twice would make the whole answer void.
        if !room || !family.seen.insert(written(labels)) {
            self.left_out += lines;
            return;
        }
        family.lines += lines;
        self.lines += lines;
        family.samples.push((labels.to_vec(), value));
    }

    /// Series so far.
    pub(super) fn series(&self) -> usize {
        self.lines
    }

    /// The family of a name; with its kind behind where another family has such names.
    fn family(&mut self, (name, kind, help): (&str, Kind, &str)) -> Option<usize> {
        for name in [name.to_owned(), format!("{name}_as_{}", kind.word())] {
            if let Some(&known) = self.taken.get(&name)
                && self.families[known].name == name
                && self.families[known].kind == kind
            {
                return Some(known);
            }
            let all: Vec<String> =
                kind.suffixes().iter().map(|suffix| format!("{name}{suffix}")).collect();
            if all.iter().any(|name| self.taken.contains_key(name)) {
                continue;
            }
            let index = self.families.len();
            self.taken.extend(all.into_iter().map(|name| (name, index)));
            let (help, samples, seen) = (help.to_owned(), Vec::new(), HashSet::new());
            self.families.push(Family { name, kind, help, samples, seen, lines: 0 });
            return Some(index);
        }
        None
    }

    /// All of it.
    pub(super) fn text(&self, dialect: Dialect) -> String {
        let mut out = String::new();
        for family in self.families.iter().filter(|family| !family.samples.is_empty()) {
            // Writing to a string cannot fail.
            let _ = family.write(&mut out, dialect);
        }
        if dialect == Dialect::OpenMetrics {
            out.push_str("# EOF\n");
        }
        out
    }
}

impl Family {
    fn write(&self, out: &mut String, dialect: Dialect) -> std::fmt::Result {
        let open = dialect == Dialect::OpenMetrics;
        let base = &self.name;
        let (one, kind) = match (self.kind, open) {
            (Kind::Counter, _) => (format!("{base}_total"), "counter"),
            (Kind::Info, true) => (format!("{base}_info"), "info"),
            (Kind::Info, false) => (format!("{base}_info"), "gauge"),
            (kind, _) => (base.clone(), kind.word()),
        };
        // 0.0.4 describes samples, OpenMetrics the family.
        let head = if open { base } else { &one };
        let help = visible(&self.help).replace('\\', "\\\\").replace('\n', "\\n");
        let help = if open { help.replace('"', "\\\"") } else { help };
        writeln!(out, "# HELP {head} {help}")?;
        writeln!(out, "# TYPE {head} {kind}")?;
        let units = ["seconds", "bytes", "ratio"];
        if open && let Some(unit) = units.iter().find(|unit| base.ends_with(&format!("_{unit}"))) {
            writeln!(out, "# UNIT {head} {unit}")?;
        }
        for (labels, value) in &self.samples {
            let labels = written(labels);
            match value {
                Value::One(value) if labels.is_empty() => writeln!(out, "{one} {value}")?,
                Value::One(value) => writeln!(out, "{one}{{{labels}}} {value}")?,
                Value::Buckets { up_to, count, sum, .. } => {
                    let comma = if labels.is_empty() { "" } else { "," };
                    for (limit, below) in up_to {
                        writeln!(out, "{base}_bucket{{{labels}{comma}le=\"{limit}\"}} {below}")?;
                    }
                    writeln!(out, "{base}_bucket{{{labels}{comma}le=\"+Inf\"}} {count}")?;
                    let braces =
                        if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
                    writeln!(out, "{base}_sum{braces} {sum}")?;
                    writeln!(out, "{base}_count{braces} {count}")?;
                }
            }
        }
        Ok(())
    }
}

/// Labels as they stand between braces.
fn written(labels: &Labels) -> String {
    let mut out = String::new();
    for (key, value) in labels {
        let comma = if out.is_empty() { "" } else { "," };
        let _ = write!(out, "{comma}{key}=\"{}\"", escaped(value));
    }
    out
}
