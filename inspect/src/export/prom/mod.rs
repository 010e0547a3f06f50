//! Numbers for Prometheus and whoever reads its text: the board's own under `scoreboard_`, the program's under
//! the board's name.
//!
//! How many series there can be is bounded ([`MOST`] in all, [`MOST_OF_ONE`] under one name), and two of them say
//! how many there are and how many were left out. Text of a daemon stands in labels and help alone, made harmless
//! for a terminal and then escaped; a name is made of letters, digits and `_`.

mod exposition;
mod names;
mod native;
mod own;
mod powers;
mod program;

pub use exposition::{Dialect, MOST, MOST_OF_ONE};
pub use native::NATIVE_TYPE;

use std::collections::HashMap;

use crate::liveness::State;
use crate::model::BoardReport;
use crate::words::label::Label;
pub(super) use exposition::{Exposition, Family, Kind, Value};

/// Some boards as text. Boards of one name and pid (in two containers) are told apart by a label `run`.
pub fn prom(boards: &[BoardReport], dialect: Dialect) -> String {
    prom_beside(boards, None, dialect)
}

/// The same as protocol buffers ([`NATIVE_TYPE`]), with native histograms beside the classic ones.
pub fn prom_native(boards: &[BoardReport]) -> Vec<u8> {
    prom_native_beside(boards, None)
}

/// As [`prom`], beside `unread` boards of which nothing but their number can be said; nothing where they were not counted.
pub fn prom_beside(boards: &[BoardReport], unread: Option<usize>, dialect: Dialect) -> String {
    exposition(boards, unread).text(dialect)
}

/// As [`prom_native`], with the same.
pub fn prom_native_beside(boards: &[BoardReport], unread: Option<usize>) -> Vec<u8> {
    native::families(&exposition(boards, unread))
}

fn exposition(boards: &[BoardReport], unread: Option<usize>) -> Exposition {
    let mut all = Exposition::default();
    let mut same: HashMap<(&Label, u64), usize> = HashMap::new();
    for board in boards {
        *same.entry((&board.name, board.pid)).or_default() += 1;
    }
    for board in boards {
        let mut labels = vec![
            ("board".to_owned(), board.name.raw().to_owned()),
            ("pid".to_owned(), board.pid.to_string()),
        ];
        if same.get(&(&board.name, board.pid)) > Some(&1) {
            labels.push(("run".to_owned(), format!("{:016x}", board.instance)));
        }
        board_into(&mut all, board, &labels);
    }
    let say = "Boards in this answer.";
    all.add_reserved(("scoreboard_boards", Kind::Gauge, say), &[], boards.len().to_string());
    if let Some(unread) = unread {
        let say = "Boards that cannot be read: it is not permitted, or they are damaged.";
        all.add_reserved(("scoreboard_boards_unread", Kind::Gauge, say), &[], unread.to_string());
    }
    let kept = all.series() + 2;
    let left_out = all.left_out;
    let say = "Series of this answer.";
    all.add_reserved(("scoreboard_series", Kind::Gauge, say), &[], kept.to_string());
    let say = "Series that found no room in this answer, or no name of their own.";
    all.add_reserved(("scoreboard_series_left_out", Kind::Gauge, say), &[], left_out.to_string());
    all
}

/// One board's numbers with these labels.
pub(super) fn board_into(all: &mut Exposition, board: &BoardReport, labels: &[(String, String)]) {
    own::add(all, board, labels);
    if board.state != State::Dead {
        program::add(all, board, labels);
    }
}

#[cfg(test)]
mod tests;
