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
    // Of those in flight nobody knows how long they will have taken.
    let (flight, so_far) = match slow.in_flight {
        0 => ("ended".to_owned(), ""),
        all if all == slow.operations => ("all in flight".to_owned(), " so far"),
        some => (format!("{} in flight", whole(some)), " so far"),
    };
    let text = format!(
        " {} operations {} ({flight}): half took {}{so_far}, {some} {are} {}{so_far}",
        whole(slow.operations),
        label(&slow.kind),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::label::Label;

    /// Nobody knows how long those in flight will have taken.
    #[test]
    fn of_what_is_in_flight_it_is_said_so_far() {
        let said = |operations: u64, in_flight: u64| {
            let slow = WhySlow {
                board: Label::from("recordd"),
                pid: 1,
                kind: Label::from("command"),
                operations,
                in_flight,
                slowest: 1,
                median_ns: 5_000_000,
                slowest_from_ns: 9_000_000,
                statuses: Vec::new(),
            };
            why_slow(&slow, &Look::default())
        };
        assert!(said(3, 0).contains("(ended): half took 5.00ms, the slowest one took 9.00ms\n"));
        assert!(said(3, 1).contains("(1 in flight): half took 5.00ms so far, "), "{}", said(3, 1));
        assert!(said(2, 2).contains("(all in flight): half took 5.00ms so far, "));
    }
}
