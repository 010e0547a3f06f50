//! What rows take, in memory and as JSON: their texts as often as they say them. Whatever a board's bytes are, no more is
//! said of it than there is room for, and what a person or a program gets to read is bounded with it.

use crate::model::{
    Holder, LineReport, Op, OpKind, OpStatus, OpTotal, OpTrace, Place, Queue, StatusTotal,
    ThreadReport,
};
use crate::snapshot::Size;
use crate::words::label::Label;

/// A row without its texts: its fields' names, and the longest numbers that may stand behind them.
const fn row<T>(told: usize) -> Size {
    Size { held: size_of::<T>(), told }
}

const THREAD: Size = row::<ThreadReport>(760);
const PLACE: Size = row::<Place>(100);
const HOLDER: Size = row::<Holder>(110);
const OP: Size = row::<Op>(830);
const STATUS: Size = row::<OpStatus>(120);
const TOTAL: Size = row::<OpTotal>(45);
/// With its ids, in a box.
const TRACE: Size = Size { held: size_of::<OpTrace>() + 64, told: 190 };
const LINE: Size = row::<LineReport>(130);
/// Of the largest kind: two distributions, each over two stretches.
const NUMBER: Size = row::<Queue>(1_300);
/// A label's key and value, in a tree.
const PAIR: Size = Size { held: 64, told: 2 };
const KIND: Size = row::<OpKind>(420);
const STATUS_TOTAL: Size = row::<StatusTotal>(230);
/// Of a list of texts, which are said elsewhere too.
const NAME: Size = Size { held: size_of::<Label>(), told: 1 };

impl Size {
    fn and(self, other: Self) -> Self {
        Self { held: self.held + other.held, told: self.told + other.told }
    }

    fn text(self, text: &Label) -> Self {
        self.and(Self { held: text.raw().len(), told: text.in_json() })
    }

    fn texts<const N: usize>(self, texts: [&Option<Label>; N]) -> Self {
        texts.into_iter().flatten().fold(self, Self::text)
    }

    fn all<T>(self, rows: impl IntoIterator<Item = T>, of: fn(T) -> Self) -> Self {
        rows.into_iter().fold(self, |sum, row| sum.and(of(row)))
    }
}

pub(super) fn thread(row: &ThreadReport) -> Size {
    let size = THREAD.text(&row.name).texts([&row.file, &row.function, &row.label]);
    let size =
        size.all(&row.held_by, |at: &Holder| HOLDER.text(&at.thread).texts([&at.file, &at.queue]));
    size.all(&row.stack, place).all(&row.trail, place)
}

fn place(at: &Place) -> Size {
    PLACE.texts([&at.file, &at.function, &at.label])
}

pub(super) fn op(row: &Op) -> Size {
    let texts = [&row.label, &row.peer, &row.status, &row.thread, &row.file, &row.begun_file];
    let status = |at: &OpStatus| STATUS.text(&at.status).all(&at.place, place);
    let size = OP.text(&row.kind).texts(texts).all(&row.trace, |_| TRACE);
    size.all(&row.history, status).all(&row.totals, |at: &OpTotal| TOTAL.text(&at.status))
}

pub(super) fn line(row: &LineReport) -> Size {
    LINE.texts([&row.file, &row.function, &row.label])
}

/// A named number, with so many bytes of buckets in memory, and the names that it is computed of.
pub(super) fn number<'a>(
    (name, unit, help): (&Label, &Option<Label>, &Option<Label>),
    labels: impl IntoIterator<Item = (&'a Label, &'a Label)>,
    buckets: usize,
    names: impl IntoIterator<Item = &'a Label>,
) -> Size {
    let size = NUMBER.and(Size { held: buckets, told: 0 }).text(name).texts([unit, help]);
    let size = size.all(labels, |(key, value)| PAIR.text(key).text(value));
    // Each is there once, however many numbers are computed of it.
    size.all(names, |name: &Label| Size { told: NAME.told + name.in_json(), ..NAME })
}

pub(super) fn kind(row: &OpKind) -> Size {
    KIND.text(&row.kind)
}

pub(super) fn status_total(row: &StatusTotal) -> Size {
    STATUS_TOTAL.text(&row.status)
}

pub(super) fn fact(key: &Label, value: &Label) -> Size {
    PAIR.text(key).text(value)
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;
    use crate::model::{OpEnds, OpRates, Windows};

    const MOST: u64 = u64::MAX;

    /// What is said of a row is at least what it comes to on a line, with the longest numbers, and not far more.
    #[track_caller]
    fn is_enough(row: &impl Serialize, size: Size) {
        let line = crate::render::json::line(row).expect("serializes").len() + 1;
        assert!(line <= size.told, "{line} bytes, {} said", size.told);
        assert!(size.told < 3 * line, "{line} bytes, {} said", size.told);
    }

    /// Texts of controls, of which each is an escape; of one that looks like an escape; of three bytes a character.
    fn texts() -> [Label; 3] {
        ["\u{1}\u{7f}\u{85}\u{200b}\u{e0041}", "a\\\"b", "\u{202e}größe"].map(Label::from)
    }

    fn place_of(text: &Label) -> Place {
        let text = || Some(text.clone());
        Place {
            file: text(),
            line: Some(u32::MAX),
            function: text(),
            label: text(),
            arg: Some(MOST),
        }
    }

    fn thread_of(text: &Label) -> ThreadReport {
        let load = Some(0.123_456_789_012_345_67);
        let place = place_of(text);
        ThreadReport {
            name: text.clone(),
            tid: MOST,
            file: place.file.clone(),
            line: place.line,
            column: place.line,
            function: place.function.clone(),
            label: place.label.clone(),
            arg: Some(MOST),
            since_ns: Some(MOST),
            standing: Some("again"),
            trail: vec![place.clone(); 2],
            stack: vec![place.clone(); 3],
            load: Windows { s1: load, s10: load, s60: load },
            load_covered_ns: Windows { s1: Some(MOST), s10: Some(MOST), s60: Some(MOST) },
            exists: Some(false),
            held_by: Some(Holder {
                thread: text.clone(),
                tid: MOST,
                file: place.file.clone(),
                line: place.line,
                queue: Some(text.clone()),
            }),
            jobs: Some(MOST),
            ..ThreadReport::for_tests("", Some("work"))
        }
    }

    fn op_of(text: &Label) -> Op {
        let some = || Some(text.clone());
        let status = OpStatus {
            status: text.clone(),
            class: Some("work"),
            at_ns: MOST,
            for_ns: MOST,
            place: Some(place_of(text)),
        };
        let id = || "16463-72057594037927935".to_owned();
        Op {
            id: id(),
            kind: text.clone(),
            label: some(),
            peer: some(),
            parent: Some(id()),
            trace: Some(Box::new(OpTrace {
                trace_id: "0".repeat(32),
                span_id: "0".repeat(16),
                parent_span_id: Some("0".repeat(16)),
                ..OpTrace::default()
            })),
            age_ns: MOST,
            active_ns: Some(MOST),
            status: some(),
            status_age_ns: Some(MOST),
            thread: some(),
            tid: Some(MOST),
            turned_ns: Some(MOST),
            file: some(),
            line: Some(u32::MAX),
            begun_file: some(),
            begun_line: Some(u32::MAX),
            served: MOST,
            outcome: Some("cancelled"),
            ended_ago_ns: Some(MOST),
            totals: vec![OpTotal { status: text.clone(), ns: MOST }; 6],
            history: vec![status; 5],
            ..Op::default()
        }
    }

    #[test]
    fn what_is_said_of_a_row_is_enough_and_not_far_more() {
        for text in texts() {
            is_enough(&thread_of(&text), thread(&thread_of(&text)));
            is_enough(&op_of(&text), op(&op_of(&text)));
            let ends = OpEnds { ok: MOST, error: MOST, cancelled: MOST, panicked: MOST };
            let per_s = OpEnds {
                ok: 123_456_789.12,
                error: 123_456_789.12,
                cancelled: 123_456_789.12,
                panicked: 123_456_789.12,
            };
            let rates = Some(OpRates { per_s, over_ns: MOST });
            let row = OpKind {
                kind: text.clone(),
                in_flight: MOST,
                oldest_ns: Some(MOST),
                rates,
                since_start: ends,
            };
            is_enough(&row, kind(&row));
            let row = StatusTotal {
                status: text.clone(),
                idle: false,
                in_parts: false,
                counted_ns: MOST,
                in_flight: MOST,
                oldest_ns: Some(MOST),
                taken: MOST,
                total_ns: MOST,
            };
            is_enough(&row, status_total(&row));
            let Place { file, line: number, function, label, .. } = place_of(&text);
            let row = LineReport {
                file,
                line: number,
                function,
                label,
                class: Some("idle"),
                hits: Some(MOST),
                threads: MOST,
            };
            is_enough(&row, line(&row));
        }
    }
}
