//! Names and texts as Prometheus takes them.

use crate::words::label::Label;
use crate::words::term::term;

/// A text with what a terminal would obey spelled out: people read these files with `cat`.
pub(super) fn visible(text: &str) -> String {
    term(text)
}

/// A label's value between its quotes.
pub(super) fn escaped(value: &str) -> String {
    visible(value).replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// A part of a name: letters, digits and `_`, everything else `_`. A colon is for the rules of whoever scrapes.
pub(super) fn part(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(100)
        .map(|char| if char.is_ascii_alphanumeric() { char } else { '_' })
        .collect();
    if out.is_empty() || out.starts_with(|first: char| first.is_ascii_digit()) {
        out.insert(0, '_');
    }
    out
}

/// Keys of labels that mean something already.
const OURS: [&str; 5] = ["board", "pid", "run", "le", "quantile"];

/// A label's key. One that means something already is `label_…`.
pub(super) fn key(text: &str) -> String {
    let key = part(text);
    match OURS.contains(&&key[..]) || key.starts_with("__") {
        true => format!("label_{}", key.trim_start_matches('_')),
        false => key,
    }
}

/// How a number's unit is written: what is behind its name, and how many of it are one of that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Unit {
    /// `seconds`, `bytes`, `ratio`, or nothing.
    pub(super) suffix: &'static str,
    /// Decimal places by which a value moves: 9 for nanoseconds.
    pub(super) places: usize,
    /// How many of the base unit one is: 3600 for hours.
    pub(super) times: i128,
}

impl Unit {
    /// A value in the base unit, exactly.
    pub(super) fn value(self, value: i128) -> String {
        moved(value.saturating_mul(self.times), self.places)
    }
}

/// Nanoseconds, in which boards keep times.
pub(super) const NANOSECONDS: Unit = Unit { suffix: "seconds", places: 9, times: 1 };

/// Base units of Prometheus; another one has no place in a name.
pub(super) fn unit(unit: Option<&Label>) -> Unit {
    let (suffix, places, times) = match unit.map(|unit| unit.raw().trim()) {
        Some("ns" | "nanoseconds") => ("seconds", 9, 1),
        Some("us" | "µs" | "microseconds") => ("seconds", 6, 1),
        Some("ms" | "milliseconds") => ("seconds", 3, 1),
        Some("s" | "sec" | "seconds") => ("seconds", 0, 1),
        Some("min" | "minutes") => ("seconds", 0, 60),
        Some("h" | "hours") => ("seconds", 0, 3_600),
        Some("d" | "days") => ("seconds", 0, 86_400),
        Some("B" | "byte" | "bytes") => ("bytes", 0, 1),
        Some("kB" | "kilobytes") => ("bytes", 0, 1_000),
        Some("KiB" | "kibibytes") => ("bytes", 0, 1 << 10),
        Some("MB" | "megabytes") => ("bytes", 0, 1_000_000),
        Some("MiB" | "mebibytes") => ("bytes", 0, 1 << 20),
        Some("GB" | "gigabytes") => ("bytes", 0, 1_000_000_000),
        Some("GiB" | "gibibytes") => ("bytes", 0, 1 << 30),
        Some("%" | "percent") => ("ratio", 2, 1),
        _ => ("", 0, 1),
    };
    Unit { suffix, places, times }
}

/// A name with its unit behind, once, and with `more` before that.
pub(super) fn with_unit(name: &str, more: &str, unit: Unit) -> String {
    if unit.suffix.is_empty() {
        return format!("{name}{more}");
    }
    let endings = [
        "_ns",
        "_us",
        "_ms",
        "_s",
        "_seconds",
        "_nanoseconds",
        "_microseconds",
        "_milliseconds",
        "_min",
        "_minutes",
        "_h",
        "_hours",
        "_d",
        "_days",
        "_bytes",
        "_kb",
        "_kB",
        "_KiB",
        "_kib",
        "_MB",
        "_mb",
        "_MiB",
        "_mib",
        "_GB",
        "_gb",
        "_GiB",
        "_gib",
        "_percent",
        "_pct",
        "_ratio",
    ];
    let bare = endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
    format!("{bare}{more}_{}", unit.suffix)
}

/// A value moved by its unit's decimal places, exactly.
pub(super) fn moved(value: i128, places: usize) -> String {
    if places == 0 {
        return value.to_string();
    }
    let one = 10i128.pow(places as u32);
    let sign = if value < 0 { "-" } else { "" };
    let (whole, rest) = (value.abs() / one, value.abs() % one);
    if rest == 0 {
        return format!("{sign}{whole}");
    }
    let rest = format!("{rest:0places$}");
    format!("{sign}{whole}.{}", rest.trim_end_matches('0'))
}

/// Nanoseconds as seconds.
pub(super) fn seconds(ns: u64) -> String {
    moved(ns.into(), 9)
}
