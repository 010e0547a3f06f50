//! A flame graph: threads are at the top, then scopes, then lines; widths are shares of the samples that
//! count.

use std::collections::BTreeMap;

use probe::layout::Class;

use super::cells::{TORN, cells, frame_name, is_line, thread_name};
use super::page::{Frame, page};
use crate::report::Tally;
use crate::report::words::percent;
use crate::words::human::{time, whole};

/// What a frame is, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Root,
    Thread,
    Scope,
    Line(Class),
    Torn,
}

/// A frame and those inside it, by name.
#[derive(Debug, Default)]
struct Node {
    samples: u64,
    inner: BTreeMap<(String, Kind), Node>,
}

/// The flame graph.
pub fn svg(tally: &Tally) -> String {
    let mut root = Node::default();
    for (cell, sites) in cells(tally) {
        let mut path = vec![(thread_name(tally, &cell), Kind::Thread)];
        path.extend(
            sites
                .iter()
                .map(|site| (frame_name(site), is_line(site).map_or(Kind::Scope, Kind::Line))),
        );
        if cell.stack.is_none() {
            path.push((TORN.to_owned(), Kind::Torn));
        }
        let mut node = &mut root;
        node.samples += cell.samples;
        for step in path {
            node = node.inner.entry(step).or_default();
            node.samples += cell.samples;
        }
    }
    let subtitle = format!(
        "{} samples in {}; orange work, blue wait, grey idle, yellow scope",
        whole(root.samples),
        time(tally.duration_ns)
    );
    let name = ("all".to_owned(), Kind::Root);
    page(&title(tally), &subtitle, &frame(&name, &root, root.samples))
}

/// The processes that were sampled.
pub(super) fn title(tally: &Tally) -> String {
    let named =
        |board: &crate::recording::BoardInfo| format!("{} (pid {})", board.name.raw(), board.pid);
    tally.boards.iter().map(named).collect::<Vec<_>>().join(", ")
}

fn frame((name, kind): &(String, Kind), node: &Node, all: u64) -> Frame {
    let share = node.samples as f64 / all.max(1) as f64;
    Frame {
        name: name.clone(),
        says: format!("{} samples, {}", whole(node.samples), percent(share)),
        fill: colour(*kind, name),
        weight: node.samples as f64,
        inner: node.inner.iter().map(|(name, inner)| frame(name, inner, all)).collect(),
    }
}

/// The same name has the same colour everywhere; the hue says the kind.
fn colour(kind: Kind, name: &str) -> String {
    let digest = name.bytes().fold(7u32, |digest, byte| digest.wrapping_mul(31) ^ u32::from(byte));
    let light = 58 + digest % 17;
    match kind {
        Kind::Root => "#ddd".to_owned(),
        Kind::Thread => format!("hsl(140,30%,{light}%)"),
        Kind::Scope => format!("hsl({},85%,{light}%)", 44 + digest % 12),
        Kind::Line(class) => line_colour(class, digest, light),
        Kind::Torn => "#a66".to_owned(),
    }
}

/// Orange for work, blue for wait, grey for idle.
fn line_colour(class: Class, digest: u32, light: u32) -> String {
    match class {
        Class::Work => format!("hsl({},85%,{light}%)", 14 + digest % 16),
        Class::Wait => format!("hsl({},70%,{light}%)", 200 + digest % 20),
        Class::Idle => format!("hsl(0,0%,{light}%)"),
    }
}
