//! The source with what was seen of each probed line beside it.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::answer::Answer;
use super::tally::Tally;
use super::words::{class_word, heat, percent};
use crate::render::{Look, Paint};
use crate::words::human::{or_none, whole};
use crate::words::label::Label;
use crate::words::term::{cut, right, term};

/// Lines of source around a probed one.
const AROUND: u32 = 3;

/// What was seen of one probed line.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Seen {
    /// Samples.
    pub samples: u64,
    /// Share of the samples that count.
    pub share: f64,
    /// Passes, where they are counted.
    pub hits: Option<u64>,
    /// Class of the line, in a word.
    pub class: &'static str,
    /// Samples that were idle there, and were left out.
    pub idle: u64,
    /// Their share of all samples, idle ones too.
    pub idle_share: f64,
    /// Samples of lines inside this scope.
    pub inside: u64,
    /// Their share of the samples that count.
    pub inside_share: f64,
}

/// Every probed line of every file, also those that were never seen.
pub fn files(tally: &Tally, answer: &Answer) -> BTreeMap<Label, BTreeMap<u32, Seen>> {
    let mut files: BTreeMap<Label, BTreeMap<u32, Seen>> = BTreeMap::new();
    for (index, site) in (0u32..).zip(&tally.sites).filter(|(_, site)| !site.file.is_empty()) {
        let seen = files.entry(site.file.clone()).or_default().entry(site.line).or_default();
        seen.class = class_word(Some(site.class));
        if site.counted {
            let (first, last) = tally.hits.get(&index).copied().unwrap_or_default();
            seen.hits = Some(seen.hits.unwrap_or(0) + last.saturating_sub(first));
        }
    }
    // Not in the denominator, or not at the line itself: still no line that was never seen.
    for cell in tally.cells.iter().filter(|cell| tally.shows(cell)) {
        let stack = cell.stack.and_then(|stack| tally.stacks.get(stack as usize));
        let Some((leaf, around)) = stack.and_then(|stack| stack.split_last()) else { continue };
        let place = |index: &u32| {
            let site = tally.sites.get(*index as usize)?;
            Some((&site.file, site.line))
        };
        let leaf_place = place(leaf).filter(|_| cell.row.is_none());
        if let Some(seen) = leaf_place.and_then(|place| at(&mut files, place)) {
            seen.idle += cell.samples;
            seen.idle_share = seen.idle as f64 / answer.all().max(1) as f64;
        }
        // A scope that is open twice is around its inside once.
        let mut scopes: Vec<&u32> = around.iter().filter(|scope| *scope != leaf).collect();
        scopes.sort();
        scopes.dedup();
        for scope in scopes {
            let place = place(scope).filter(|_| cell.row.is_some());
            if let Some(seen) = place.and_then(|place| at(&mut files, place)) {
                seen.inside += cell.samples;
                seen.inside_share = seen.inside as f64 / answer.denominator.max(1) as f64;
            }
        }
    }
    for row in &answer.rows {
        let Some(spot) = row.key.spot() else { continue };
        let Some(seen) = files.get_mut(&spot.file).and_then(|lines| lines.get_mut(&spot.line))
        else {
            continue;
        };
        seen.samples += row.samples;
        seen.share += row.share;
        seen.class = class_word(Some(spot.class));
    }
    files
}

/// What was seen of a line.
fn at<'a>(
    files: &'a mut BTreeMap<Label, BTreeMap<u32, Seen>>,
    (file, line): (&Label, u32),
) -> Option<&'a mut Seen> {
    files.get_mut(file)?.get_mut(&line)
}

/// One file. `source` is its text, when it was found; `whole_file` shows all of it.
pub fn file(
    name: &Label,
    lines: &BTreeMap<u32, Seen>,
    source: Option<&str>,
    look: &Look,
    whole_file: bool,
) -> String {
    let samples: u64 = lines.values().map(|seen| seen.samples).sum();
    let share: f64 = lines.values().map(|seen| seen.share).sum();
    let mut out = String::new();
    let title = format!("{}  {} ({} samples)", term(name.raw()), percent(share), whole(samples));
    let _ = writeln!(out, "{}", look.paint(Paint::Strong, &cut(&title, look.columns)));
    // A column without a value is left out.
    let counted = lines.values().any(|seen| seen.hits.is_some());
    let hits = if counted { "      HITS" } else { "" };
    let _ = writeln!(out, "  SHARE   SAMPLES{hits} CLASS |");
    let gutter_width = if counted { 33 } else { 23 };
    let source: Vec<&str> = source.map(|text| text.lines().collect()).unwrap_or_default();
    let near = |number: u32| {
        lines.range(number.saturating_sub(AROUND)..=number.saturating_add(AROUND)).next().is_some()
    };
    let mut shown_before = 0;
    let numbers: Vec<u32> = match source.is_empty() {
        true => lines.keys().copied().collect(),
        false => {
            let last = u32::try_from(source.len()).unwrap_or(u32::MAX);
            let past = lines.keys().copied().filter(|&line| line > last);
            (1..=last).filter(|&line| whole_file || near(line)).chain(past).collect()
        }
    };
    for number in numbers {
        if number != shown_before + 1 && shown_before > 0 {
            let _ = writeln!(out, "{} ...", " ".repeat(gutter_width + 1));
        }
        shown_before = number;
        // Tabs are the only control characters that source has a right to.
        let code = source
            .get(number as usize - 1)
            .map_or_else(String::new, |line| term(&line.replace('\t', "    ")));
        let gutter = lines.get(&number).map_or_else(
            || " ".repeat(gutter_width),
            |seen| format!("{} {:<5}", gutter(seen, counted), seen.class),
        );
        let share = lines.get(&number).map_or(0.0, |seen| seen.share);
        let line = format!("{gutter} |{number:>5} {code}");
        let _ = writeln!(out, "{}", heat(look, share, cut(line.trim_end(), look.columns)));
    }
    out
}

/// Share, samples and hits of a line; or why there are none.
fn gutter(seen: &Seen, counted: bool) -> String {
    let hits = right(&or_none(seen.hits, whole), 9);
    let room = 17;
    let why = match seen {
        seen if seen.samples > 0 => {
            format!("{} {}", right(&percent(seen.share), 7), right(&whole(seen.samples), 9))
        }
        seen if seen.idle > 0 => right(&format!("idle {}", percent(seen.idle_share)), room),
        seen if seen.inside > 0 => right(&format!("inside {}", percent(seen.inside_share)), room),
        seen if seen.hits.unwrap_or(0) > 0 => right("passed", room),
        _ => right("never seen", room),
    };
    if counted { format!("{why} {hits}") } else { why }
}
