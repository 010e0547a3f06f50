//! A bottle graph (Du Bois, Sartor, Eyerman, Eeckhout, OOPSLA 2013): a box for each thread, as high as its part of the
//! time and as wide as the program was parallel while it worked, so that its area is the time that it worked. The most
//! parallel stand below; a long neck is work that nobody shares.

use std::fmt::Write;

use super::flame::title;
use super::page::{THEME, WIDTH, escape};
use crate::report::{Tally, Thread};
use crate::words::human::time;
use crate::words::term::{cut, label};

/// Pixels of the picture's middle line, of what is left and right of it, of all boxes together, and above them.
const MIDDLE: f64 = WIDTH / 2.0;
const HALF: f64 = WIDTH / 2.0 - 250.0;
const HIGH: f64 = 420.0;
const ABOVE: f64 = 56.0;
/// Below this a box has no text beside it.
const READABLE: f64 = 11.0;
/// Threads that are drawn.
const MOST: usize = 256;

/// The picture.
pub fn bottle(tally: &Tally) -> String {
    let mut shown: Vec<&Thread> = tally.threads.iter().filter(|one| one.worked > 0).collect();
    shown.sort_by(|a, b| b.parallel.total_cmp(&a.parallel));
    let left_out = shown.len().saturating_sub(MOST);
    shown.truncate(MOST);
    // The neck above.
    shown.sort_by(|a, b| wide(a).total_cmp(&wide(b)).then_with(|| b.name.cmp(&a.name)));
    let widest = shown.iter().map(|one| wide(one)).fold(1.0, f64::max);
    let tick_ns = tally.duration_ns as f64 / tally.ticks.max(1) as f64;
    let name = escape(&title(tally));
    let height = ABOVE + HIGH + 44.0;
    let mut out = format!(
        r##"<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<svg xmlns="http://www.w3.org/2000/svg" width="100%" viewBox="0 0 {WIDTH} {height}" font-family="ui-monospace,Menlo,Consolas,monospace" font-size="12">
<title>{name}</title>
<style>.b{{fill:#e8823a;stroke:#fff}}{THEME}@media(prefers-color-scheme:dark){{.b{{stroke:#222}}}}</style>
<rect class="page" width="100%" height="100%"/>
<text x="8" y="16" font-size="14" font-weight="bold">{name}</text>
<text class="dim" x="8" y="34">height: a thread's part of the {} in which somebody works; width: how many work while it does; area: the time that it works</text>
"##,
        time((tally.worked as f64 * tick_ns) as u64),
    );
    let y = boxes(&mut out, &shown, tally, widest);
    axis(&mut out, widest, y);
    if left_out > 0 {
        let _ =
            writeln!(out, r#"<text x="8" y="{:.1}">and {left_out} more threads</text>"#, y + 38.0);
    }
    out.push_str("</svg>\n");
    out
}

/// Threads at work while this one is, on average.
fn wide(thread: &Thread) -> f64 {
    thread.worked as f64 / thread.parallel.max(f64::MIN_POSITIVE)
}

/// The boxes, the first one above. Returns where they end.
fn boxes(out: &mut String, shown: &[&Thread], tally: &Tally, widest: f64) -> f64 {
    let all: f64 = shown.iter().map(|one| one.parallel).sum();
    let tick_ns = tally.duration_ns as f64 / tally.ticks.max(1) as f64;
    let mut y = ABOVE;
    for thread in shown {
        let high = thread.parallel / all.max(f64::MIN_POSITIVE) * HIGH;
        let half = wide(thread) / widest * HALF;
        let share = thread.parallel / tally.worked.max(1) as f64 * 100.0;
        let said = format!(
            "{}: {share:.1} % of the time, {:.2} at work meanwhile, worked {}",
            label(&thread.name),
            wide(thread),
            time((thread.worked as f64 * tick_ns) as u64)
        );
        let _ = writeln!(
            out,
            r#"<rect class="b" x="{:.1}" y="{y:.1}" width="{:.1}" height="{high:.1}"><title>{}</title></rect>"#,
            MIDDLE - half,
            2.0 * half,
            escape(&said)
        );
        if high >= READABLE {
            let text =
                format!("{} {share:.1}% x{:.2}", cut(&label(&thread.name), 15), wide(thread));
            let _ = writeln!(
                out,
                r#"<text x="{:.1}" y="{:.1}">{}</text>"#,
                MIDDLE + half + 6.0,
                y + high / 2.0 + 4.0,
                escape(&text)
            );
        }
        y += high;
    }
    y
}

/// How wide so many threads are, on both sides of the middle.
fn axis(out: &mut String, widest: f64, y: f64) {
    for count in 0..=4 {
        let part = widest * f64::from(count) / 4.0;
        for side in [-1.0, 1.0] {
            let x = MIDDLE + side * part / widest * HALF;
            let _ = writeln!(
                out,
                r#"<text class="dim" x="{x:.1}" y="{:.1}" text-anchor="middle">{part:.1}</text>"#,
                y + 18.0
            );
        }
    }
}
