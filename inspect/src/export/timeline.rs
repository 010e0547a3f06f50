//! The time line as a picture: a row for each thread, coloured by what it did, the load above, stalls
//! outlined and listed. One SVG file without a script: the text of each stretch shows when pointed at.

use std::collections::BTreeMap;
use std::fmt::Write;

use probe::layout::Class;

use super::flame::title;
use super::line_colours::LineColours;
use super::page::{THEME, WIDTH, escape};
use crate::report::timeline::{Bin, bins, load};
use crate::report::words::place;
use crate::report::{Key, Spot, Stall, Tally};
use crate::words::human::{percent as percent_of, time};
use crate::words::term::cut;

/// Pixels left of the time, for names.
const NAMES: f64 = 190.0;
/// Pixels of a thread's row, and of its bar.
const ROW: f64 = 20.0;
const BAR: f64 = 15.0;
/// Pixels of the load's curve.
const LOAD: f64 = 56.0;
/// Pixels above the load.
const ABOVE: f64 = 46.0;
/// Stalls that are listed; all are outlined.
const LISTED: usize = 20;
/// Lines whose colour is explained.
const LEGEND: usize = 12;
/// Threads that are drawn.
const MAX_THREADS: usize = 1024;

/// Where times are on the page.
struct Scale {
    first_ns: u64,
    whole_ns: u64,
}

impl Scale {
    fn x(&self, ns: u64) -> f64 {
        let share = ns.saturating_sub(self.first_ns) as f64 / self.whole_ns.max(1) as f64;
        NAMES + share.clamp(0.0, 1.0) * (WIDTH - NAMES - 8.0)
    }
}

/// The picture.
pub fn timeline(tally: &Tally) -> String {
    let (rows, each_ns) = bins(tally, usize::MAX);
    let first_ns = tally.first_ns.unwrap_or(0);
    let scale =
        Scale { first_ns, whole_ns: tally.duration_ns.saturating_sub(first_ns).max(each_ns) };
    let samples = |row: &[Bin]| row.iter().map(|bin| bin.samples).sum::<u64>();
    let shown: Vec<usize> =
        (0..rows.len()).filter(|&thread| samples(&rows[thread]) > 0).take(MAX_THREADS).collect();
    let top = ABOVE + LOAD + 14.0;
    let below = top + shown.len() as f64 * ROW;
    let drawn: Vec<&[Bin]> = shown.iter().map(|&thread| rows[thread].as_slice()).collect();
    let colours = LineColours::of(&drawn);
    let legend = legend(shown.iter().flat_map(|&thread| &rows[thread]));
    let listed = tally.stalls.len().min(LISTED);
    let key = legend.len().div_ceil(2) as f64 * 18.0;
    let height = below + 34.0 + key + if listed > 0 { (listed + 2) as f64 * 16.0 } else { 8.0 };
    let name = escape(&title(tally));
    let mut out = format!(
        r##"<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<svg xmlns="http://www.w3.org/2000/svg" width="100%" viewBox="0 0 {WIDTH} {height}" font-family="ui-monospace,Menlo,Consolas,monospace" font-size="12">
<title>{name}</title>
<style>.s{{fill:none;stroke:#c00;stroke-width:1.5}}.s,.l{{pointer-events:none}}.l{{fill:#700}}.g{{stroke:#ddd}}{THEME}@media(prefers-color-scheme:dark){{.s{{stroke:#f66}}.g{{stroke:#444}}}}</style>
<rect class="page" width="100%" height="100%"/>
<text x="8" y="16" font-size="14" font-weight="bold">{name}</text>
<text class="dim" x="8" y="34">{} from left to right, {} a stretch; orange work, blue wait, grey idle, brown torn; red outline: a stall</text>
"##,
        time(scale.whole_ns),
        time(each_ns),
    );
    axis(&mut out, &scale, below);
    curve(&mut out, &load(&rows), each_ns, &scale);
    for (row, &thread) in shown.iter().enumerate() {
        let y = top + row as f64 * ROW;
        threads(&mut out, tally, thread, &rows[thread], &colours, (each_ns, &scale, y));
    }
    for stall in &tally.stalls {
        if let Some(row) = shown.iter().position(|&thread| thread == stall.thread as usize) {
            outline(&mut out, stall, &scale, top + row as f64 * ROW);
        }
    }
    for (index, line) in legend.iter().enumerate() {
        let (x, y) = ((index % 2) as f64 * WIDTH / 2.0, below + 30.0 + (index / 2) as f64 * 18.0);
        let _ = writeln!(
            out,
            r#"<rect x="{:.1}" y="{y:.1}" width="12" height="12" fill="{}"/><text x="{:.1}" y="{:.1}">{}</text>"#,
            x + 8.0,
            colours.colour(line),
            x + 26.0,
            y + 10.5,
            escape(&cut(&crate::words::term::term(&said(line)), 72))
        );
    }
    list(&mut out, tally, listed, below + 34.0 + key);
    out.push_str("</svg>\n");
    out
}

/// Five times below the rows, with lines through them.
fn axis(out: &mut String, scale: &Scale, below: f64) {
    for part in 0..=4u64 {
        let ns = scale.first_ns + scale.whole_ns / 4 * part;
        let x = scale.x(ns);
        let anchor = if part == 4 { "end" } else { "middle" };
        let said = escape(&time(scale.whole_ns / 4 * part));
        let _ = writeln!(
            out,
            r##"<line class="g" x1="{x:.1}" y1="{ABOVE}" x2="{x:.1}" y2="{below:.1}"/><text x="{x:.1}" y="{:.1}" text-anchor="{anchor}" class="dim">{said}</text>"##,
            below + 14.0
        );
    }
}

/// The share of samples that were not idle, as a filled curve.
fn curve(out: &mut String, load: &[Option<f64>], each_ns: u64, scale: &Scale) {
    let foot = ABOVE + LOAD;
    let _ = writeln!(
        out,
        r##"<text x="8" y="{:.1}">not idle</text><text x="{:.1}" y="{:.1}" text-anchor="end" class="dim">100%</text><text x="{:.1}" y="{foot:.1}" text-anchor="end" class="dim">0%</text>"##,
        ABOVE + LOAD / 2.0,
        NAMES - 6.0,
        ABOVE + 10.0,
        NAMES - 6.0,
    );
    for (index, share) in load.iter().enumerate() {
        let Some(share) = share else { continue };
        let (from, to) = span(index, 1, each_ns, scale);
        let tall = share * LOAD;
        let _ = writeln!(
            out,
            r##"<rect x="{from:.2}" y="{:.2}" width="{:.2}" height="{tall:.2}" fill="#6a9"><title>{}: {} not idle</title></rect>"##,
            foot - tall,
            to - from,
            escape(&time(each_ns.saturating_mul(index as u64))),
            percent_of(*share)
        );
    }
}

/// The lines that are drawn, the longest seen first: those that have a colour of their own.
fn legend<'a>(bins: impl Iterator<Item = &'a Bin>) -> Vec<&'a Key> {
    let mut drawn: BTreeMap<&Key, u64> = BTreeMap::new();
    for (bin, (key, _)) in bins.filter_map(|bin| Some((bin, bin.most()?))) {
        if key.class() != Some(Class::Idle) {
            *drawn.entry(key).or_default() += bin.lines.get(key).copied().unwrap_or(0);
        }
    }
    let mut drawn: Vec<(&Key, u64)> = drawn.into_iter().collect();
    drawn.sort_by_key(|&(key, samples)| (std::cmp::Reverse(samples), key));
    drawn.into_iter().take(LEGEND).map(|(key, _)| key).collect()
}

/// Where some stretches begin and end on the page.
fn span(index: usize, count: usize, each_ns: u64, scale: &Scale) -> (f64, f64) {
    let at = |index: usize| scale.first_ns.saturating_add(each_ns.saturating_mul(index as u64));
    (scale.x(at(index)), scale.x(at(index + count)))
}

fn threads(
    out: &mut String,
    tally: &Tally,
    thread: usize,
    row: &[Bin],
    colours: &LineColours<'_>,
    (each_ns, scale, y): (u64, &Scale, f64),
) {
    let name = row_name(tally, thread);
    let _ = writeln!(
        out,
        r#"<text x="8" y="{:.1}">{}<title>{}</title></text>"#,
        y + 12.0,
        escape(&cut(&crate::words::term::term(&name), 24)),
        escape(&name)
    );
    let mut index = 0;
    while index < row.len() {
        let Some((key, _)) = row[index].most() else {
            index += 1;
            continue;
        };
        // Neighbours at one line are one bar.
        let same = |bin: &Bin| bin.most().is_some_and(|(other, _)| other == key);
        let count = row[index..].iter().take_while(|bin| same(bin)).count();
        let (from, to) = span(index, count, each_ns, scale);
        let samples: u64 = row[index..index + count].iter().map(|bin| bin.samples).sum();
        let here: u64 = row[index..index + count].iter().filter_map(|bin| bin.lines.get(key)).sum();
        let _ = writeln!(
            out,
            r#"<rect x="{from:.2}" y="{y:.1}" width="{:.2}" height="{BAR}" fill="{}"><title>{}: {} of {} from {}</title></rect>"#,
            (to - from).max(0.3),
            colours.colour(key),
            escape(&said(key)),
            percent_of(here as f64 / samples.max(1) as f64),
            escape(&time(each_ns.saturating_mul(count as u64))),
            escape(&time(each_ns.saturating_mul(index as u64))),
        );
        index += count;
    }
}

/// A thread's name; with the process, where there are several.
fn row_name(tally: &Tally, thread: usize) -> String {
    let Some(thread) = tally.threads.get(thread) else { return String::new() };
    match tally.boards.get(thread.board as usize).filter(|_| tally.boards.len() > 1) {
        Some(board) => format!("{} {}", board.pid, thread.name.raw()),
        None => thread.name.raw().to_owned(),
    }
}

/// A line in words.
fn said(key: &Key) -> String {
    match key.spot() {
        Some(spot) => format!("{} {}", place(spot), spot.label.raw()),
        None => super::cells::TORN.to_owned(),
    }
}

fn outline(out: &mut String, stall: &Stall, scale: &Scale, y: f64) {
    let (from, to) =
        (scale.x(stall.start_ns), scale.x(stall.start_ns.saturating_add(stall.length_ns)));
    let length = time(stall.length_ns);
    let _ = writeln!(
        out,
        r#"<rect class="s" x="{from:.2}" y="{y:.1}" width="{:.2}" height="{BAR}"/>"#,
        (to - from).max(2.0)
    );
    if (to - from) > length.len() as f64 * 7.3 + 6.0 {
        let _ = writeln!(
            out,
            r##"<text class="l" x="{:.2}" y="{:.1}" font-size="11">{}{}</text>"##,
            from + 4.0,
            y + 11.5,
            escape(&length),
            if stall.open { "+" } else { "" }
        );
    }
}

fn list(out: &mut String, tally: &Tally, listed: usize, top: f64) {
    if listed == 0 {
        return;
    }
    let rest = tally.stalls.len() - listed;
    let more = if rest > 0 { format!(", and {rest} more") } else { String::new() };
    let _ = writeln!(
        out,
        r#"<text x="8" y="{:.1}" font-weight="bold">Stalls: start, length, thread, line (no other line was seen in between; a fast loop looks the same){more}</text>"#,
        top + 4.0
    );
    for (index, stall) in tally.stalls.iter().take(listed).enumerate() {
        let stack = tally.cells.get(stall.cell).and_then(|cell| cell.stack);
        let spot = stack.and_then(|stack| tally.leaf(stack)).map(Spot::from);
        let line =
            spot.map_or_else(String::new, |spot| format!("{} {}", place(&spot), spot.label.raw()));
        let text = format!(
            "at {} for {}{}: {}, {line}",
            time(stall.start_ns),
            time(stall.length_ns),
            if stall.open { " and on" } else { "" },
            row_name(tally, stall.thread as usize),
        );
        let _ = writeln!(
            out,
            r##"<text x="16" y="{:.1}" class="dim">{}</text>"##,
            top + (index + 1) as f64 * 16.0 + 6.0,
            escape(&text)
        );
    }
}
