//! The words for places and shares that the tables of a report have in common.

use probe::layout::Class;

use super::row::{By, Key, Spot};
use crate::render::{Look, Paint};
use crate::words::place::{base, leaf};
use crate::words::term::{cut, label, width};

/// A share in percent, to a tenth.
pub fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

/// Where a spot is: file and line, or its label when it has no file.
pub fn place(spot: &Spot) -> String {
    match spot.file.is_empty() {
        true => label(&spot.label),
        false => format!("{}:{}", base(&label(&spot.file)), spot.line),
    }
}

/// A place in so many columns: the file's name gives way, the line never does.
pub fn place_in(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    match text.rsplit_once(':') {
        Some((file, line))
            if !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            let room = columns.saturating_sub(line.len() + 1).max(2);
            format!("{}:{line}", cut(file, room))
        }
        _ => cut(text, columns),
    }
}

/// The text columns of a row: place, function, label.
pub(super) fn columns(key: &Key) -> [String; 3] {
    match key {
        Key::Line(spot) => {
            let text = if spot.file.is_empty() { String::new() } else { label(&spot.label) };
            [place(spot), leaf(&label(&spot.function)).to_owned(), text]
        }
        Key::Function(file, function, _) => {
            [base(&label(file)).to_owned(), label(function), String::new()]
        }
        Key::Label(text, _) => [label(text), String::new(), String::new()],
        Key::Thread(name, pid, tid) => [label(name), format!("tid {tid}"), format!("pid {pid}")],
        Key::Stack(spots) => {
            let outer = spots.iter().rev().skip(1).rev().map(frame).collect::<Vec<_>>();
            let inner = spots.last().map(place).unwrap_or_default();
            let text = spots.last().map(|spot| label(&spot.label)).unwrap_or_default();
            [inner, outer.join(" > "), text]
        }
        Key::Torn => ["(torn)".into(), String::new(), "changed at every try".into()],
    }
}

/// A scope in a word: its label, else its function.
pub fn frame(spot: &Spot) -> String {
    match spot.label.is_empty() {
        true => leaf(&label(&spot.function)).to_owned(),
        false => label(&spot.label),
    }
}

/// Colour by share: red from a quarter on, yellow from a twentieth.
pub fn heat(look: &Look, share: f64, text: String) -> String {
    let paint = match share {
        share if share >= 0.25 => Paint::Bad,
        share if share >= 0.05 => Paint::Warn,
        _ => Paint::Plain,
    };
    look.paint(paint, &text)
}

/// The word for the class of a row.
pub(super) fn class_word(class: Option<Class>) -> &'static str {
    class.map_or("", crate::derive::threads::word)
}

/// The word for what the rows are.
pub(super) fn by_word(by: By) -> &'static str {
    match by {
        By::Line => "line",
        By::Function => "function",
        By::Thread => "thread",
        By::Label => "label",
        By::Stack => "stack",
    }
}
