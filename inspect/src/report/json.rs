//! A report as JSON, schema 1.

use serde_json::{Value, json};

use super::answer::{Answer, Row};
use super::cells;
use super::row::{Key, Spot, Weight};
use super::tally::{Cell, Tally};
use super::words::{by_word, class_word};
use crate::clock::rfc3339;
use crate::render::json::Streamed;
use crate::words::label::Label;

fn text(label: &Label) -> Value {
    if label.is_empty() { Value::Null } else { json!(label) }
}

fn spot(spot: &Spot) -> Value {
    json!({
        "file": text(&spot.file),
        "line": if spot.file.is_empty() { Value::Null } else { json!(spot.line) },
        "function": text(&spot.function),
        "label": text(&spot.label),
    })
}

/// The fields that say what a row is.
fn fields(key: &Key) -> Value {
    let none = json!({ "file": null, "line": null, "function": null, "label": null });
    let with = |pairs: &[(&str, Value)]| {
        let mut fields = none.clone();
        pairs.iter().for_each(|(name, value)| fields[*name] = value.clone());
        fields
    };
    match key {
        Key::Line(line) => spot(line),
        Key::Function(file, function, _) => {
            with(&[("file", text(file)), ("function", text(function))])
        }
        Key::Label(label, _) => with(&[("label", text(label))]),
        Key::Thread(name, pid, tid) => {
            with(&[("thread", text(name)), ("pid", json!(pid)), ("tid", json!(tid))])
        }
        Key::Stack(spots) => {
            let mut fields = spots.last().map_or(none, spot);
            fields["frames"] = spots.iter().map(spot).collect();
            fields
        }
        Key::Torn => with(&[("label", json!("(torn)")), ("torn", json!(true))]),
    }
}

/// A number to six digits behind the point.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// One row.
pub fn row(tally: &Tally, answer: &Answer, row: &Row) -> Value {
    let mut value = fields(&row.key);
    let class = class_word(row.key.class());
    value["class"] = if class.is_empty() { Value::Null } else { json!(class) };
    let board = |index: &u32| tally.boards.get(*index as usize);
    let pids: Vec<u64> = row.boards.iter().filter_map(board).map(|board| board.pid).collect();
    value["pids"] = json!(pids);
    value["samples"] = json!(row.samples);
    value["share"] = json!(rounded(row.share));
    let whole = row.samples as f64 / answer.whole().max(1) as f64;
    value["share_of_whole"] = json!(rounded(whole));
    if tally.options().weight == Weight::Parallel {
        let plain = row.samples as f64 / answer.denominator.max(1) as f64;
        value["share_of_samples"] = json!(rounded(plain));
        value["speedup_bound"] = json!(row.bound.map(rounded));
    }
    value["share_low"] = json!(rounded(row.low));
    value["share_high"] = json!(rounded(row.high));
    value["hits"] = json!(row.hits);
    value["ns_per_hit"] = json!(row.ns_per_hit.map(f64::round));
    value
}

/// The whole report. Threads, rows and stacks are made while it is written: there may be as many as a recording has
/// bytes, or more.
pub fn report<'a>(tally: &'a Tally, answer: &'a Answer) -> Streamed<'a> {
    let [work, wait, idle] = answer.classes;
    Streamed::new()
        .with("schema", 1)
        .with("started_at", rfc3339(tally.wall_ns))
        .with("by", by_word(tally.options().by))
        .with("blame", tally.options().blame)
        .with("unblamed_samples", json!(tally.options().blame.then_some(tally.unblamed)))
        .with("weight", weight_word(tally.options().weight))
        .with("rate_hz", tally.rate_mhz as f64 / 1e3)
        .with("achieved_hz", rounded(answer.achieved_hz))
        .with("ticks", tally.ticks)
        .with("missed_ticks", tally.missed)
        .with("duration_ns", tally.duration_ns)
        .with("torn", answer.torn)
        .with("samples", answer.denominator)
        .with("work_samples", work)
        .with("wait_samples", wait)
        .with("idle_samples", idle)
        .with("idle_counted", tally.options().idle)
        .with("no_line_samples", answer.nowhere)
        .with("whole_samples", answer.whole())
        .with("threads_unseen", json!(answer.unseen))
        .with("threads_without_room", json!(answer.without_room))
        .with("ended", json!(tally.why))
        .list("boards", boards(tally))
        .list("threads", threads(tally))
        .list("lines", answer.rows.iter().map(|one| row(tally, answer, one)))
        .list("stacks", stacks(tally))
        .list("stalls", tally.stalls.iter().map(|stall| self::stall(tally, stall)))
}

fn weight_word(weight: Weight) -> &'static str {
    match weight {
        Weight::Samples => "samples",
        Weight::Parallel => "parallel",
    }
}

fn boards(tally: &Tally) -> impl Iterator<Item = Value> {
    (0u32..).zip(&tally.boards).map(|(index, board)| {
        let end = tally.ends.iter().find(|(of, _)| *of == index).map(|(_, how)| how);
        json!({ "name": board.name, "pid": board.pid, "build": text(&board.build),
                "program": text(&board.program), "instance": board.instance, "ended": end })
    })
}

fn threads(tally: &Tally) -> impl Iterator<Item = Value> {
    let mut of_threads = vec![0u64; tally.threads.len()];
    for cell in &tally.cells {
        if let Some(sum) = of_threads.get_mut(cell.thread as usize) {
            *sum += cell.samples;
        }
    }
    tally.threads.iter().zip(of_threads).map(|(thread, samples)| {
        let pid = tally.boards.get(thread.board as usize).map(|board| board.pid);
        json!({ "name": thread.name, "tid": thread.tid, "pid": pid, "samples": samples })
    })
}

fn stall(tally: &Tally, stall: &super::stall::Stall) -> Value {
    let stack = tally.cells.get(stall.cell).and_then(|cell| cell.stack);
    let mut value =
        stack.and_then(|stack| tally.leaf(stack)).map_or(json!({}), |site| spot(&site.into()));
    let thread = tally.threads.get(stall.thread as usize);
    value["thread"] = json!(thread.map(|thread| &thread.name));
    value["tid"] = json!(thread.map(|thread| thread.tid));
    let board = thread.and_then(|thread| tally.boards.get(thread.board as usize));
    value["pid"] = json!(board.map(|board| board.pid));
    value["hits"] = json!(stall.passes);
    value["start_ns"] = json!(stall.start_ns);
    value["length_ns"] = json!(stall.length_ns);
    value["open"] = json!(stall.open);
    value
}

/// Every thread's stacks, the most frequent first. Those that there is no room for ([`cells::SPELLED`]) are one, of no
/// thread, at `(other)`.
fn stacks(tally: &Tally) -> impl Iterator<Item = Value> {
    let mut all: Vec<_> = cells::cells(tally).collect();
    let other = |cell: &Cell| cell.stack == Some(u32::MAX);
    all.sort_by_key(|(cell, _)| {
        (other(cell), std::cmp::Reverse(cell.samples), cell.thread, cell.stack)
    });
    all.into_iter().map(move |(cell, sites)| {
        let frames: Vec<Value> = sites.into_iter().map(|site| spot(&site.into())).collect();
        let thread = tally.threads.get(cell.thread as usize).filter(|_| !other(&cell));
        json!({ "thread": thread.map(|thread| &thread.name), "frames": frames,
                "samples": cell.samples, "torn": cell.stack.is_none() })
    })
}
