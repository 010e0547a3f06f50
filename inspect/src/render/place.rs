//! Where something is, in words; and a line of a table.

use std::fmt::Write;

use super::look::Look;
use crate::model::{Place, ThreadReport};
use crate::words::label::Label;
use crate::words::place::{short_file, short_function};
use crate::words::term::{cut, label};

/// One line, cut to the terminal.
pub(super) fn line(out: &mut String, look: &Look, text: &str) {
    let _ = writeln!(out, "{}", cut(text, look.columns));
}

/// One step of a trail: `file:line`.
pub(super) fn step(place: &Place) -> String {
    match (&place.file, place.line) {
        (Some(file), Some(line)) => format!("{}:{line}", short_file(&label(file))),
        _ => place.label.as_ref().map(label).unwrap_or_default(),
    }
}

/// `file:line function "label" argument`, and who holds what is waited for.
pub fn place(thread: &ThreadReport) -> String {
    if thread.torn {
        return "(moved at every look)".to_owned();
    }
    if thread.class.is_none() && !thread.left {
        return "(no line yet)".to_owned();
    }
    let mut text = String::new();
    if thread.left {
        text.push_str("last at ");
    }
    if let (Some(file), Some(line)) = (&thread.file, thread.line) {
        let _ = write!(text, "{}:{line}", short_file(&label(file)));
    }
    text.push_str(&names(thread.function.as_ref(), thread.label.as_ref(), thread.arg));
    if let Some(holder) = &thread.held_by {
        let file = holder.file.as_ref().map(label).unwrap_or_default();
        let _ = write!(
            text,
            ", {} by {} at {}:{}",
            if holder.queue.is_some() { "served" } else { "held" },
            label(&holder.thread),
            short_file(&file),
            holder.line.unwrap_or(0)
        );
    }
    text.trim_start().to_owned()
}

/// `file:line function "label" argument` of a scope or a line.
pub fn place_of(place: &Place) -> String {
    let mut text = String::new();
    if let (Some(file), Some(line)) = (&place.file, place.line) {
        let _ = write!(text, "{}:{line}", short_file(&label(file)));
    }
    text.push_str(&names(place.function.as_ref(), place.label.as_ref(), place.arg));
    text.trim_start().to_owned()
}

/// ` function "label" argument`, as far as there are any.
fn names(function: Option<&Label>, name: Option<&Label>, arg: Option<u64>) -> String {
    let mut text = String::new();
    if let Some(function) = function {
        let _ = write!(text, " {}", short_function(&label(function)));
    }
    if let Some(found) = name {
        let _ = write!(text, " {}", label(found));
    }
    if let Some(arg) = arg {
        // Small numbers are tables and peers; large ones are addresses.
        let _ = if arg < 1 << 20 { write!(text, " {arg}") } else { write!(text, " {arg:#x}") };
    }
    text
}
