//! Why a kind of operation is slow, as text.

use super::look::{Look, Paint};
use super::place::line;
use crate::model::WhySlow;
use crate::words::human::{or_none, time, whole};
use crate::words::place::short_file;
use crate::words::term::{label, left, right, width};

/// The widest that a status gets.
const WIDEST: usize = 24;

/// A line for each status and line, of all and of the slowest tenth.
pub fn why_slow(slow: &WhySlow, look: &Look) -> String {
    let mut out = String::new();
    let (some, are) = match slow.slowest {
        1 => ("the slowest one".to_owned(), "took"),
        n => (format!("the slowest {}", whole(n)), "from"),
    };
    let text = format!(
        " {} operations {} ({} in flight): half took {}, {some} {are} {}",
        whole(slow.operations),
        label(&slow.kind),
        whole(slow.in_flight),
        time(slow.median_ns),
        time(slow.slowest_from_ns)
    );
    line(&mut out, look, &text);
    let names: Vec<String> = slow.statuses.iter().map(|row| label(&row.status)).collect();
    let wide = names.iter().map(|name| width(name)).max().unwrap_or(6).clamp(6, WIDEST);
    let heading = format!(
        " {} {} {} {} {} {}  WHERE",
        left("STATUS", wide),
        right("ALL", 6),
        right("MEAN", 7),
        right("SLOWEST", 8),
        right("MEAN", 7),
        right("TIMES", 6)
    );
    line(&mut out, look, &look.paint(Paint::Strong, &heading));
    for (row, name) in slow.statuses.iter().zip(&names) {
        let place = row.file.as_ref().zip(row.line);
        let place = place.map(|(file, line)| format!("{}:{line}", short_file(&label(file))));
        let times = (row.all.mean_ns > 0)
            .then(|| row.slowest.mean_ns as f64 / row.all.mean_ns as f64)
            .map(|times| format!("{times:.1}x"));
        let text = format!(
            " {} {} {} {} {} {}  {}",
            left(name, wide),
            right(&format!("{:.1}%", row.all.share * 100.0), 6),
            right(&time(row.all.mean_ns), 7),
            right(&format!("{:.1}%", row.slowest.share * 100.0), 8),
            right(&time(row.slowest.mean_ns), 7),
            right(&or_none(times, |times| times), 6),
            or_none(place, |place| place)
        );
        line(&mut out, look, text.trim_end());
    }
    out
}
