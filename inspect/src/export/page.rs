//! The page of a flame graph: one SVG file that needs nothing else, searchable and zoomable by a small
//! script inside. What the frames are, how wide and in which colour, is said by others.

use std::fmt::Write;

use crate::words::term::{cut, term};

/// Pixels of the whole width.
pub(super) const WIDTH: f64 = 1200.0;
/// Page, text and what stands back, for a light and a dark screen: a picture in a document follows its reader.
pub(super) const THEME: &str = ".page{fill:#fff}text{fill:#111}.dim{fill:#555}.mark{fill:#a0a}\
@media(prefers-color-scheme:dark){.page{fill:#1c1c1e}text{fill:#eee}.dim{fill:#aaa}.mark{fill:#f8f}}";
/// Pixels of a frame's height.
const HEIGHT: usize = 18;
/// Pixels above the first frame.
const ABOVE: usize = 44;
/// Narrower frames are left out: a hundredth of a pixel is never seen, also zoomed.
const NARROWEST: f64 = 0.01;

/// A frame and those inside it.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// What stands in it.
    pub(super) name: String,
    /// What is said of it beside its name.
    pub(super) says: String,
    /// Its colour.
    pub(super) fill: String,
    /// Its width, in any unit: those inside it have at most as much together.
    pub(super) weight: f64,
    /// Those inside it, from left to right.
    pub(super) inner: Vec<Frame>,
}

impl Frame {
    fn depth(&self) -> usize {
        1 + self.inner.iter().map(Frame::depth).max().unwrap_or(0)
    }
}

/// The page of a tree.
pub(super) fn page(title: &str, subtitle: &str, root: &Frame) -> String {
    let height = ABOVE + root.depth() * HEIGHT + 30;
    let (title, subtitle) = (escape(title), escape(subtitle));
    let mut out = format!(
        r##"<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<svg xmlns="http://www.w3.org/2000/svg" width="100%" viewBox="0 0 {WIDTH} {height}" font-family="ui-monospace,Menlo,Consolas,monospace" font-size="12">
<title>{title}</title>
<style>.f{{cursor:pointer}}.f rect{{stroke:#fff;stroke-width:.5}}.f:hover rect{{stroke:#000;stroke-width:1}}.f text{{pointer-events:none}}.hit rect{{fill:#d050d0!important}}.past rect{{opacity:.45}}.b{{cursor:pointer;fill:#06c}}{THEME}.f text{{fill:#111}}@media(prefers-color-scheme:dark){{.b{{fill:#6bf}}.f rect{{stroke:#1c1c1e}}.f:hover rect{{stroke:#fff}}}}</style>
<rect class="page" width="100%" height="100%"/>
<text x="8" y="16" font-size="14" font-weight="bold">{title}</text>
<text class="dim" x="8" y="34">{subtitle}</text>
<text id="reset" class="b" x="{}" y="16" text-anchor="end" visibility="hidden">reset zoom</text>
<text id="search" class="b" x="{}" y="16" text-anchor="end">search (/)</text>
<text id="found" x="{}" y="34" text-anchor="end" class="mark"></text>
<g id="frames">
"##,
        WIDTH - 100.0,
        WIDTH - 8.0,
        WIDTH - 8.0,
    );
    let scale = WIDTH / if root.weight > 0.0 { root.weight } else { 1.0 };
    draw(&mut out, root, 0, 0.0, scale);
    let _ = writeln!(
        out,
        "</g>\n<text id=\"says\" x=\"8\" y=\"{}\" class=\"dim\"></text>\n<script><![CDATA[\n{}\n]]></script>\n</svg>",
        height - 10,
        include_str!("flame.js").trim_end()
    );
    out
}

fn draw(out: &mut String, frame: &Frame, level: usize, start: f64, scale: f64) {
    let (x, width) = (start * scale, frame.weight * scale);
    if width < NARROWEST {
        return;
    }
    let y = ABOVE + level * HEIGHT;
    let name = escape(&frame.name);
    // A character of this font is about 7.3 pixels wide.
    let room = ((width - 6.0) / 7.3).max(0.0) as usize;
    let shown = if room >= 3 { escape(&cut(&term(&frame.name), room)) } else { String::new() };
    let _ = writeln!(
        out,
        r#"<g class="f" data-x="{x:.3}" data-w="{width:.3}" data-l="{level}" data-n="{name}"><title>{name}: {}</title><rect x="{x:.3}" y="{y}" width="{width:.3}" height="{HEIGHT}" fill="{}"/><text x="{:.3}" y="{}">{shown}</text></g>"#,
        escape(&frame.says),
        frame.fill,
        x + 3.0,
        y + 13,
    );
    let mut at = start;
    for inner in &frame.inner {
        draw(out, inner, level + 1, at, scale);
        at += inner.weight;
    }
}

/// Text that XML takes as text: names come from the daemon.
pub(super) fn escape(text: &str) -> String {
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
