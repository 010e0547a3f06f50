//! The past as tables: a row a point, keys as columns.

use std::collections::BTreeMap;
use std::fmt::Write as _;

#[cfg(feature = "serve")]
use crate::clock::rfc3339;
use crate::history::{Change, Past, Point};
#[cfg(feature = "serve")]
use crate::history::{Frame, Together};
use crate::words::human::{bytes, or_none, time};
use crate::words::term::{cut, ends, fitted, hanging, right, term, width};

/// Columns of a table that are keys, at most; what one takes, and what stands before the first.
const KEYS: usize = 6;
const KEY_WIDTH: usize = 14;
/// Columns of a key at most: an address with its port.
const WIDEST: usize = 21;
const BEFORE_KEYS: usize = 31;
/// The same of a terminal that has no room for load and depth beside a key.
const BEFORE_KEYS_NARROW: usize = 18;
/// What processor time and memory take, and from how many columns on they are there.
const USAGE_WIDTH: usize = 17;
const USAGE_FROM: usize = 100;
/// What the number of hosts takes.
const HOSTS_WIDTH: usize = 6;
/// Columns of a comparison before its key.
const BEFORE_KEY: usize = 46;

/// The time of day of a moment.
fn clock(at: &str) -> &str {
    at.get(11..19).unwrap_or(at)
}

pub(super) fn table(past: &Past, columns: usize) -> String {
    let span = format!("{} to {}, a row {}", past.from, past.to, time(past.step_ns));
    let mut out = fitted(&span, columns) + "\n";
    for board in &past.boards {
        let heading = format!("{}  pid {}", term(&board.name), board.pid);
        let heading = format!("{heading}  {} processors; average active:", board.cores);
        let _ = writeln!(out, "\n{}", fitted(&heading, columns));
        rows(&mut out, &board.points, columns);
        if let Some(end) = &board.end {
            let verdict = format!(" ended: {}", term(&end.verdict));
            let _ = writeln!(out, "{}", hanging(&verdict, columns, 3));
            for line in &end.in_flight {
                let _ = writeln!(out, "{}", cut(&format!("   in flight: {}", term(line)), columns));
            }
        }
    }
    not_known(past, columns, &mut out);
    out
}

/// Boards of several hosts, those of a name added up.
#[cfg(feature = "serve")]
pub(super) fn together(frame: &Frame, all: &[Together], columns: usize) -> String {
    let [from, to] = [frame.span.from_ns, frame.span.to_ns].map(rfc3339);
    let span = format!("{from} to {to}, a row {}", time(frame.step_ns));
    let mut out = fitted(&span, columns) + "\n";
    for one in all {
        let hosts = match one.hosts.len() {
            1 => one.hosts.join(""),
            several => format!("{several} hosts"),
        };
        let heading = format!("{}  at {}", term(&one.name), term(&hosts));
        let heading = format!("{heading}  {} processors; average active:", one.cores);
        let _ = writeln!(out, "\n{}", fitted(&heading, columns));
        rows(&mut out, &one.points, columns);
        for end in &one.ended {
            let text = format!(" ended: {} pid {}: {}", end.host, end.pid, end.verdict);
            let _ = writeln!(out, "{}", cut(&term(&text), columns));
        }
    }
    out
}

/// A row a point: the keys with the most of all, as many as fit.
fn rows(out: &mut String, points: &[Point], columns: usize) {
    let titles = Titles::of(points, columns);
    titles.heading(out);
    points.iter().for_each(|point| titles.row(point, out));
}

/// Which columns there are.
struct Titles<'a> {
    narrow: bool,
    usage: bool,
    hosts: bool,
    keys: Vec<&'a str>,
    /// Columns of a key, and of a finding.
    wide: usize,
    finding_width: usize,
}

impl<'a> Titles<'a> {
    fn of(points: &'a [Point], columns: usize) -> Self {
        let hosts = points.iter().any(|point| point.hosts.is_some());
        let hosts_width = if hosts { HOSTS_WIDTH } else { 0 };
        let narrow = columns < BEFORE_KEYS + hosts_width + KEY_WIDTH;
        let before = if narrow { BEFORE_KEYS_NARROW } else { BEFORE_KEYS };
        let usage = columns >= USAGE_FROM && points.iter().any(|point| point.usage.is_some());
        let usage_width = if usage { USAGE_WIDTH } else { 0 };
        let room = columns.saturating_sub(before + hosts_width + usage_width);
        let mut totals: BTreeMap<&str, f64> = BTreeMap::new();
        for (key, value) in points.iter().flat_map(|point| &point.active) {
            *totals.entry(key).or_default() += value;
        }
        let mut totals: Vec<(&str, f64)> = totals.into_iter().collect();
        totals.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        totals.truncate((room / KEY_WIDTH).min(KEYS));
        let keys: Vec<&str> = totals.into_iter().map(|(key, _)| key).collect();
        // As wide as the longest where there is room: hosts, lines and statuses are told apart by their ends, too.
        let longest = keys.iter().map(|key| width(&term(key))).max().unwrap_or(0);
        let fits = room / keys.len().max(1);
        let wide = longest.min(fits.saturating_sub(2)).clamp(KEY_WIDTH - 2, WIDEST);
        let finding_width = room.saturating_sub(keys.len() * (wide + 2) + 2).min(60);
        Self { narrow, usage, hosts, keys, wide, finding_width }
    }

    fn heading(&self, out: &mut String) {
        let _ = write!(out, " TIME      {:>7}", "ACTIVE");
        if !self.narrow {
            let _ = write!(out, " {:>5} {:>6}", "LOAD", "QUEUED");
        }
        if self.usage {
            let _ = write!(out, " {:>6} {:>9}", "CPU", "RSS");
        }
        if self.hosts {
            let _ = write!(out, " {:>5}", "HOSTS");
        }
        let wide = self.wide;
        for key in &self.keys {
            let _ = write!(out, "  {}", right(&ends(&term(key), wide), wide));
        }
        out.push('\n');
    }

    fn row(&self, point: &Point, out: &mut String) {
        let active = point.active.values().fold(0.0, |sum, one| sum + one);
        let _ = write!(out, " {}  {active:>7.2}", clock(&point.at));
        if !self.narrow {
            // Of no worker, and of no queue, nothing is known.
            let load = point.threads.values().map(|one| one.load).reduce(f64::max);
            let load = or_none(load, |load| format!("{:.0}%", load * 100.0));
            let queued = point.queues.values().map(|one| one.depth).reduce(u64::saturating_add);
            let queued = or_none(queued, |depth| depth.to_string());
            let _ = write!(out, " {load:>5} {queued:>6}");
        }
        if self.usage {
            let usage = point.usage.unwrap_or_default();
            let cpu = or_none(usage.cpu_pct, |percent| format!("{percent:.0}%"));
            let _ = write!(out, " {cpu:>6} {:>9}", or_none(usage.rss_bytes, bytes));
        }
        if let Some(hosts) = point.hosts {
            let _ = write!(out, " {hosts:>5}");
        }
        let wide = self.wide;
        for key in &self.keys {
            let _ = write!(out, "  {:>wide$.2}", point.active.get(*key).copied().unwrap_or(0.0));
        }
        if let Some(finding) = point.finding.as_ref().filter(|_| self.finding_width >= 12) {
            let _ = write!(out, "  {}", cut(&term(finding), self.finding_width));
        }
        out.push('\n');
    }
}

fn not_known(past: &Past, columns: usize, out: &mut String) {
    for gap in &past.gaps {
        let (from, to) = (clock(&gap.from), clock(&gap.to));
        out.push_str(&hanging(&format!("not known: {from} to {to}: {}", gap.why), columns, 2));
        out.push('\n');
    }
}

pub(super) fn changed(before: &Past, after: &Past, changes: &[Change], columns: usize) -> String {
    let key_width = columns.saturating_sub(BEFORE_KEY).max(8);
    let mut out = String::new();
    for (when, past) in [("before", before), ("after ", after)] {
        let span = format!("{when} {} to {}", past.from, past.to);
        let _ = writeln!(out, "{}", fitted(&span, columns));
    }
    out.push_str("  BEFORE    AFTER  DIFFERENCE, 95 %          KEY\n");
    for change in changes {
        let mark = if change.moved { '*' } else { ' ' };
        out.push_str(&format!(
            "{mark}{:>7.2}  {:>7.2}  {:>+7.2} ({:+.2} to {:+.2})  {}\n",
            change.before,
            change.after,
            change.after - change.before,
            change.low,
            change.high,
            cut(&term(&change.key), key_width)
        ));
    }
    out.push_str("* more than noise, corrected for the number of keys\n");
    not_known(before, columns, &mut out);
    not_known(after, columns, &mut out);
    out
}
