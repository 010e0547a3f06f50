//! A flame graph: one SVG file that needs nothing else, searchable and zoomable by a small script
//! inside. Threads are at the top, then scopes, then lines; widths are shares of the samples that count.

use std::collections::BTreeMap;
use std::fmt::Write;

use probe::layout::Class;

use super::{TORN, cells, frame_name, is_line, thread_name};
use crate::render::human::{time, whole};
use crate::render::term::term;
use crate::report::Tally;
use crate::report::text::percent;

/// Pixels of the whole width.
const WIDTH: f64 = 1200.0;
/// Pixels of a frame's height.
const HEIGHT: usize = 18;
/// Pixels above the first frame.
const ABOVE: usize = 44;
/// Narrower frames are left out: a hundredth of a pixel is never seen, also zoomed.
const NARROWEST: f64 = 0.01;

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
        let mut path = vec![(thread_name(tally, cell), Kind::Thread)];
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
    let levels = depth(&root);
    let height = ABOVE + levels * HEIGHT + 30;
    let names: Vec<String> = tally
        .boards
        .iter()
        .map(|board| format!("{} (pid {})", board.name.raw(), board.pid))
        .collect();
    let title = escape(&names.join(", "));
    let mut out = format!(
        r##"<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" font-family="ui-monospace,Menlo,Consolas,monospace" font-size="12">
<title>{title}</title>
<style>.f{{cursor:pointer}}.f rect{{stroke:#fff;stroke-width:.5}}.f:hover rect{{stroke:#000;stroke-width:1}}.f text{{pointer-events:none}}.hit rect{{fill:#d050d0!important}}.past rect{{opacity:.45}}.b{{cursor:pointer;fill:#06c}}</style>
<rect width="100%" height="100%" fill="#fff"/>
<text x="8" y="16" font-size="14" font-weight="bold">{title}</text>
<text x="8" y="34" fill="#555">{} samples in {}; orange work, blue wait, grey idle, yellow scope</text>
<text id="reset" class="b" x="{}" y="16" text-anchor="end" visibility="hidden">reset zoom</text>
<text id="search" class="b" x="{}" y="16" text-anchor="end">search (/)</text>
<text id="found" x="{}" y="34" text-anchor="end" fill="#a0a"></text>
<g id="frames">
"##,
        whole(root.samples),
        time(tally.duration_ns),
        WIDTH - 100.0,
        WIDTH - 8.0,
        WIDTH - 8.0,
    );
    let scale = WIDTH / root.samples.max(1) as f64;
    let name = ("all".to_owned(), Kind::Root);
    draw(&mut out, &name, &root, 0, 0, scale, root.samples);
    let _ = writeln!(
        out,
        "</g>\n<text id=\"says\" x=\"8\" y=\"{}\" fill=\"#333\"></text>\n<script><![CDATA[\n{}\n]]></script>\n</svg>",
        height - 10,
        include_str!("flame.js").trim_end()
    );
    out
}

fn depth(node: &Node) -> usize {
    1 + node.inner.values().map(depth).max().unwrap_or(0)
}

fn draw(
    out: &mut String,
    (name, kind): &(String, Kind),
    node: &Node,
    level: usize,
    start: u64,
    scale: f64,
    all: u64,
) {
    let (x, width) = (start as f64 * scale, node.samples as f64 * scale);
    if width < NARROWEST {
        return;
    }
    let y = ABOVE + level * HEIGHT;
    let share = node.samples as f64 / all.max(1) as f64;
    let name = escape(name);
    // A character of this font is about 7.3 pixels wide.
    let room = ((width - 6.0) / 7.3).max(0.0) as usize;
    let shown = if room >= 3 {
        escape(&crate::render::term::cut(&unescaped(&name), room))
    } else {
        String::new()
    };
    let _ = writeln!(
        out,
        r#"<g class="f" data-x="{x:.3}" data-w="{width:.3}" data-l="{level}" data-n="{name}"><title>{name}: {} samples, {}</title><rect x="{x:.3}" y="{y}" width="{width:.3}" height="{HEIGHT}" fill="{}"/><text x="{:.3}" y="{}">{shown}</text></g>"#,
        whole(node.samples),
        percent(share),
        colour(*kind, &name),
        x + 3.0,
        y + 13,
    );
    let mut at = start;
    for (inner_name, inner) in &node.inner {
        draw(out, inner_name, inner, level + 1, at, scale, all);
        at += inner.samples;
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
        Kind::Line(Class::Work) => format!("hsl({},85%,{light}%)", 14 + digest % 16),
        Kind::Line(Class::Wait) => format!("hsl({},70%,{light}%)", 200 + digest % 20),
        Kind::Line(Class::Idle) => format!("hsl(0,0%,{light}%)"),
        Kind::Torn => "#a66".to_owned(),
    }
}

/// Text that XML takes as text: names come from the daemon.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in term(text).chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            char => out.push(char),
        }
    }
    out
}

/// Takes back what [`escape`] did, so that a name is cut by its own length.
fn unescaped(text: &str) -> String {
    let pairs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}
