//! A processed profile for the Firefox Profiler (version 48 of its form; it upgrades older ones by itself): a
//! thread each, a sample for every look that counts, classes of lines as categories, operations as markers.

use std::collections::HashMap;

use probe::layout::Class;
use serde_json::{Value, json};

use super::cells::{DEEPEST, OTHER, SPELLED, TORN, frame_name};
use super::runs::{Beside, Course, Run};
use crate::recording::SiteInfo;
use crate::render::json::Streamed;
use crate::words::term::term;

/// Rows of samples at most; beyond, a row stands for several, with their number.
const MOST_ROWS: u64 = 1_000_000;

/// Bytes that the form takes for a thread beside what is in its tables, for a row of a table, and for a sample: about.
const THREAD: usize = 900;
const ENTRY: usize = 48;
const ROW: usize = 24;

/// Categories by their number: what a line does.
const CATEGORIES: [(&str, &str); 4] =
    [("idle", "transparent"), ("wait", "blue"), ("work", "orange"), ("torn", "brown")];

/// Tables of one thread.
#[derive(Default)]
struct Tables {
    texts: Vec<String>,
    text_of: HashMap<String, usize>,
    /// Function: name and file.
    functions: Vec<(usize, usize)>,
    function_of: HashMap<(usize, usize), usize>,
    /// Frame: function, line, category.
    frames: Vec<(usize, u32, usize)>,
    frame_of: HashMap<(usize, u32, usize), usize>,
    /// Stack: frame, what it stands in.
    stacks: Vec<(usize, Option<usize>)>,
    stack_of: HashMap<(usize, Option<usize>), usize>,
}

/// The number of a key, made if need be.
fn number<K: std::hash::Hash + Eq + Clone>(
    all: &mut Vec<K>,
    known: &mut HashMap<K, usize>,
    key: K,
) -> usize {
    *known.entry(key.clone()).or_insert_with(|| {
        all.push(key);
        all.len() - 1
    })
}

impl Tables {
    fn text(&mut self, text: String) -> usize {
        number(&mut self.texts, &mut self.text_of, text)
    }

    fn frame(&mut self, site: Option<&SiteInfo>) -> usize {
        let (name, file, line, category) = match site {
            Some(site) => {
                let category = match site.class {
                    Class::Idle => 0,
                    Class::Wait => 1,
                    Class::Work => 2,
                };
                (term(&frame_name(site)), term(site.file.raw()), site.line, category)
            }
            None => (TORN.to_owned(), String::new(), 0, 3),
        };
        let (name, file) = (self.text(name), self.text(file));
        let function = number(&mut self.functions, &mut self.function_of, (name, file));
        number(&mut self.frames, &mut self.frame_of, (function, line, category))
    }

    /// About how many bytes they take.
    fn bytes(&self) -> usize {
        let rows = self.functions.len() + self.frames.len() + self.stacks.len();
        let texts: usize = self.texts.iter().map(|text| text.len() + 3).sum();
        THREAD + rows * ENTRY + texts
    }

    fn stack(&mut self, sites: &[&SiteInfo]) -> usize {
        let mut frames: Vec<usize> = sites.iter().map(|site| self.frame(Some(site))).collect();
        if frames.is_empty() {
            frames.push(self.frame(None));
        }
        let mut below = None;
        for frame in frames {
            below = Some(number(&mut self.stacks, &mut self.stack_of, (frame, below)));
        }
        below.unwrap_or(0)
    }
}

/// The profile. A thread is made while it is written: each has tables of its own, and a recording may have as many as
/// it has bits.
pub fn firefox<'a>(course: &'a Course, beside: &'a Beside) -> Streamed<'a> {
    let tally = &course.tally;
    let operations =
        (0..tally.boards.len() as u32).filter_map(move |board| operations(course, beside, board));
    let categories = CATEGORIES
        .map(|(name, color)| json!({ "name": name, "color": color, "subcategories": ["Other"] }));
    let name = tally.boards.first().map_or(String::new(), |board| term(board.name.raw()));
    let meta = json!({
        "version": 27, "preprocessedProfileVersion": 48, "product": name, "processType": 0, "stackwalk": 0,
        "interval": tally.period_ns() as f64 / 1e6, "startTime": tally.wall_ns as f64 / 1e6,
        "categories": categories, "markerSchema": [schema()], "symbolicated": true,
        "importedFrom": "Scoreboard", "debug": false, "abi": "", "misc": "", "oscpu": "", "platform": "",
    });
    Streamed::new()
        .with("meta", meta)
        .with("libs", json!([]))
        .with("pages", json!([]))
        .with("counters", json!([]))
        .with("profilerOverhead", json!([]))
        .list("threads", threads(course).chain(operations))
}

/// The threads that there is room for; the samples of all others stand in one.
fn threads(course: &Course) -> impl Iterator<Item = Value> {
    let rows: u64 = course.runs.iter().map(|run| run.samples).sum();
    let each = rows.div_ceil(MOST_ROWS).max(1);
    let mut all = course.runs.chunk_by(|a, b| a.thread == b.thread);
    let (mut left, mut others) = (SPELLED, 0u64);
    std::iter::from_fn(move || {
        for runs in all.by_ref() {
            let one = (others == 0).then(|| thread(course, runs, each)).flatten();
            match one.and_then(|(bytes, value)| Some((left.checked_sub(bytes)?, value))) {
                Some((room, value)) => {
                    left = room;
                    return Some(value);
                }
                None => {
                    let counted =
                        runs.iter().filter(|run| course.tally.counts(run.thread, run.stack));
                    others += counted.map(|run| run.samples).sum::<u64>();
                }
            }
        }
        Some(std::mem::take(&mut others))
            .filter(|&samples| samples > 0)
            .map(|samples| rest(course, samples))
    })
}

/// What there was no room to tell apart.
fn rest(course: &Course, samples: u64) -> Value {
    let mut tables = Tables::default();
    let (name, file) = (tables.text(OTHER.to_owned()), tables.text(String::new()));
    tables.functions.push((name, file));
    tables.frames.push((0, 0, 2));
    tables.stacks.push((0, None));
    let pid = course.tally.boards.first().map_or(0, |board| board.pid);
    let samples = json!({ "stack": [0], "time": [0.0], "weight": [samples], "weightType": "samples", "length": 1 });
    one(OTHER, (OTHER, pid, OTHER, false), samples, tables, &json!(null))
}

/// A thread, and about how many bytes it takes; none when it has no sample that counts.
fn thread(course: &Course, runs: &[Run], each: u64) -> Option<(usize, Value)> {
    let tally = &course.tally;
    let first = runs.first()?;
    let thread = tally.threads.get(first.thread as usize)?;
    let board = tally.boards.get(thread.board as usize)?;
    let mut tables = Tables::default();
    let (mut stacks, mut times, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    let period = tally.period_ns();
    for run in runs.iter().filter(|run| tally.counts(run.thread, run.stack)) {
        let none = Vec::new();
        let ids = run.stack.and_then(|stack| tally.stacks.get(stack as usize)).unwrap_or(&none);
        let sites: Vec<&SiteInfo> =
            ids.iter().take(DEEPEST).filter_map(|&site| tally.sites.get(site as usize)).collect();
        let stack = tables.stack(&sites);
        let mut left = run.samples;
        let mut at_ns = run.from_ns;
        while left > 0 {
            let weight = left.min(each);
            stacks.push(stack);
            times.push(at_ns as f64 / 1e6);
            weights.push(weight);
            left -= weight;
            at_ns = at_ns.saturating_add(weight.saturating_mul(period)).min(run.to_ns);
        }
    }
    if stacks.is_empty() {
        return None;
    }
    let samples = json!({ "stack": stacks, "time": times, "weight": weights, "weightType": "samples", "length": times.len() });
    let name = term(thread.name.raw());
    let (tid, main) = (thread.tid.to_string(), thread.tid == board.pid);
    let bytes = tables.bytes() + times.len() * ROW + name.len();
    let process = (&*term(board.name.raw()), board.pid, &*tid, main);
    Some((bytes, one(&name, process, samples, tables, &json!(null))))
}

/// A thread with its tables, as the form has them: columns beside their length.
fn one(
    name: &str,
    (process, pid, tid, main): (&str, u64, &str, bool),
    samples: Value,
    mut tables: Tables,
    markers: &Value,
) -> Value {
    let nothing = |length: usize| vec![Value::Null; length];
    // A file that is not known is none.
    let none = tables.text(String::new());
    let (functions, frames, stacks) = (&tables.functions, &tables.frames, &tables.stacks);
    let (f, n, s) = (functions.len(), frames.len(), stacks.len());
    let category = |stack: &(usize, Option<usize>)| frames.get(stack.0).map_or(2, |frame| frame.2);
    let empty = json!({ "data": [], "name": [], "startTime": [], "endTime": [], "phase": [], "category": [], "length": 0 });
    json!({
        "name": name, "processName": process, "processType": "default", "isMainThread": main,
        "pid": pid.to_string(), "tid": tid, "processStartupTime": 0, "processShutdownTime": null,
        "registerTime": 0, "unregisterTime": null, "pausedRanges": [],
        "samples": samples,
        "markers": if markers.is_null() { &empty } else { markers },
        "stackTable": {
            "frame": stacks.iter().map(|stack| stack.0).collect::<Vec<_>>(),
            "prefix": stacks.iter().map(|stack| stack.1).collect::<Vec<_>>(),
            "category": stacks.iter().map(category).collect::<Vec<_>>(),
            "subcategory": vec![0; s], "length": s,
        },
        "frameTable": {
            "address": vec![-1; n], "inlineDepth": vec![0; n],
            "category": frames.iter().map(|frame| frame.2).collect::<Vec<_>>(),
            "subcategory": vec![0; n],
            "func": frames.iter().map(|frame| frame.0).collect::<Vec<_>>(),
            "nativeSymbol": nothing(n), "innerWindowID": nothing(n), "implementation": nothing(n),
            "line": frames.iter().map(|frame| (frame.1 > 0).then_some(frame.1)).collect::<Vec<_>>(),
            "column": nothing(n), "length": n,
        },
        "funcTable": {
            "isJS": vec![false; f], "relevantForJS": vec![false; f],
            "name": functions.iter().map(|function| function.0).collect::<Vec<_>>(),
            "resource": vec![-1; f],
            "fileName": functions.iter().map(|function| Some(function.1).filter(|&file| file != none)).collect::<Vec<_>>(),
            "lineNumber": nothing(f), "columnNumber": nothing(f), "length": f,
        },
        "resourceTable": { "lib": [], "name": [], "host": [], "type": [], "length": 0 },
        "nativeSymbols": { "libIndex": [], "address": [], "name": [], "functionSize": [], "length": 0 },
        "stringArray": tables.texts,
    })
}

/// How an operation's marker is shown.
fn schema() -> Value {
    json!({
        "name": "Operation", "tooltipLabel": "{marker.data.label}", "tableLabel": "{marker.data.label}",
        "chartLabel": "{marker.data.label}", "display": ["marker-chart", "marker-table", "timeline-overview"],
        "data": [
            { "key": "label", "label": "Label", "format": "string", "searchable": true },
            { "key": "id", "label": "Id", "format": "string", "searchable": true },
            { "key": "outcome", "label": "Outcome", "format": "string", "searchable": true },
            { "key": "peer", "label": "Peer", "format": "string", "searchable": true },
        ],
    })
}

/// The operations of a board as a thread of markers.
fn operations(course: &Course, beside: &Beside, board: u32) -> Option<Value> {
    let info = course.tally.boards.get(board as usize)?;
    let all: Vec<_> = beside
        .operations
        .iter()
        .filter(|(of, _)| *of == board)
        .map(|(_, operation)| operation)
        .collect();
    if all.is_empty() {
        return None;
    }
    let mut tables = Tables::default();
    let start = course.tally.wall_ns;
    let ms = |wall_ns: u64| wall_ns.saturating_sub(start) as f64 / 1e6;
    let names: Vec<usize> = all.iter().map(|one| tables.text(term(one.op.kind.raw()))).collect();
    let text =
        |label: &Option<crate::words::label::Label>| label.as_ref().map(|label| term(label.raw()));
    let data: Vec<Value> = all
        .iter()
        .map(|one| {
            json!({ "type": "Operation", "label": text(&one.op.label).unwrap_or_default(), "id": one.op.id,
                    "outcome": one.outcome.unwrap_or("in flight"), "peer": text(&one.op.peer).unwrap_or_default() })
        })
        .collect();
    let ends = all
        .iter()
        .map(|one| one.ended_wall_ns.unwrap_or(one.begun_wall_ns.saturating_add(one.op.age_ns)));
    let markers = json!({
        "data": data, "name": names, "length": all.len(),
        "startTime": all.iter().map(|one| ms(one.begun_wall_ns)).collect::<Vec<_>>(),
        "endTime": ends.map(ms).collect::<Vec<_>>(),
        "phase": vec![1; all.len()], "category": vec![2; all.len()],
    });
    let samples =
        json!({ "stack": [], "time": [], "weight": [], "weightType": "samples", "length": 0 });
    Some(one(
        "operations",
        (&term(info.name.raw()), info.pid, &format!("{}-operations", info.pid), false),
        samples,
        tables,
        &markers,
    ))
}
