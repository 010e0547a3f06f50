//! A flame graph of two profiles: widths are the mean of the shares before and after, so that what went
//! away is seen too; red grew, blue shrank, and the difference stands in every frame in percentage points.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use super::cells::{OTHER, TORN, cells, frame_name};
use super::flame::title;
use super::page::{Frame, page};
use crate::recording::SiteInfo;
use crate::report::words::percent;
use crate::report::{Cell, Tally};
use crate::words::human::whole;

/// Samples before and after, and those inside, by name.
#[derive(Debug, Default)]
struct Node {
    samples: [u64; 2],
    inner: BTreeMap<String, Node>,
}

/// The graph.
pub fn difference(before: &Tally, after: &Tally) -> String {
    let names = names(before, after);
    let mut root = Node::default();
    for (side, tally) in [before, after].into_iter().enumerate() {
        for (cell, sites) in cells(tally) {
            let mut path = vec![thread(tally, &cell)];
            // A line that moved is one frame, called as it is now.
            let name = |site: &SiteInfo| match side {
                0 => names.get(site).cloned().unwrap_or_else(|| frame_name(site)),
                _ => frame_name(site),
            };
            path.extend(sites.iter().map(|site| name(site)));
            if cell.stack.is_none() {
                path.push(TORN.to_owned());
            }
            let mut node = &mut root;
            node.samples[side] += cell.samples;
            for step in path {
                node = node.inner.entry(step).or_default();
                node.samples[side] += cell.samples;
            }
        }
    }
    let all = root.samples;
    let subtitle = format!(
        "{} samples before, {} after; red grew, blue shrank, points of 100; width: the mean of both",
        whole(all[0]),
        whole(all[1])
    );
    let most = greatest(&root, all);
    let title = format!("{} → {}", title(before), title(after));
    page(&title, &subtitle, &frame("all", &root, all, most))
}

/// Threads are the same by name: processes and their numbers change.
fn thread(tally: &Tally, cell: &Cell) -> String {
    if cell.stack == Some(u32::MAX) {
        return OTHER.to_owned();
    }
    let Some(thread) = tally.threads.get(cell.thread as usize) else { return String::new() };
    let several = tally.boards.iter().any(|board| board.name != tally.boards[0].name);
    match tally.boards.get(thread.board as usize).filter(|_| several) {
        Some(board) => format!("{} / {}", board.name.raw(), thread.name.raw()),
        None => thread.name.raw().to_owned(),
    }
}

/// What a place of the profile before is called after: the same place, or else the next one of its
/// function, label and class that is not in the profile before, in their order.
fn names(before: &Tally, after: &Tally) -> HashMap<SiteInfo, String> {
    let place = |site: &SiteInfo| SiteInfo { board: 0, column: 0, ..site.clone() };
    let mut free: Vec<SiteInfo> = after.sites.iter().map(place).collect();
    free.sort_by_key(|site| site.line);
    let mut old: Vec<&SiteInfo> = before.sites.iter().collect();
    old.sort_by_key(|site| site.line);
    let there: HashSet<SiteInfo> = free.iter().cloned().collect();
    let gone: HashSet<SiteInfo> = before.sites.iter().map(place).collect();
    let same =
        |site: &SiteInfo| (site.function.clone(), site.label.clone(), site.class, site.scope);
    let mut moved: HashMap<_, VecDeque<SiteInfo>> = HashMap::new();
    for site in free.into_iter().filter(|new| !gone.contains(new)) {
        moved.entry(same(&site)).or_default().push_back(site);
    }
    let mut names = HashMap::new();
    for site in old.into_iter().filter(|site| !there.contains(&place(site))) {
        if let Some(new) = moved.get_mut(&same(site)).and_then(VecDeque::pop_front) {
            names.insert(site.clone(), frame_name(&new));
        }
    }
    names
}

fn shares(node: &Node, all: [u64; 2]) -> [f64; 2] {
    [0, 1].map(|side| node.samples[side] as f64 / all[side].max(1) as f64)
}

/// The greatest difference below the threads: the darkest colour.
fn greatest(node: &Node, all: [u64; 2]) -> f64 {
    let inner = node.inner.values().map(|inner| greatest(inner, all));
    let [before, after] = shares(node, all);
    inner.fold((after - before).abs(), f64::max)
}

fn frame(name: &str, node: &Node, all: [u64; 2], most: f64) -> Frame {
    let [before, after] = shares(node, all);
    let by = after - before;
    // Not by colour alone.
    let mark = match (by * 1000.0).round() as i64 {
        0 => String::new(),
        _ => format!(" {:+.1}", by * 100.0),
    };
    Frame {
        name: format!("{name}{mark}"),
        says: format!(
            "{:+.1} percentage points, {} before, {} after",
            by * 100.0,
            percent(before),
            percent(after)
        ),
        fill: colour(by, most),
        weight: (before + after) / 2.0,
        inner: node.inner.iter().map(|(name, inner)| frame(name, inner, all, most)).collect(),
    }
}

fn colour(by: f64, most: f64) -> String {
    let strength = if most > 0.0 { (by.abs() / most).sqrt() } else { 0.0 };
    let light = 94.0 - 38.0 * strength;
    match by {
        by if by.abs() < 5e-4 => "hsl(0,0%,92%)".to_owned(),
        by if by > 0.0 => format!("hsl(4,85%,{light:.0}%)"),
        _ => format!("hsl(214,80%,{light:.0}%)"),
    }
}
