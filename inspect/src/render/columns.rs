//! Headings and widths of columns that the table and the screen share, by the width of the terminal.

/// Columns from which headings are written out.
pub(crate) const ROOMY: usize = 100;

/// Columns of a thread's class.
pub(crate) const STATE: usize = 5;

/// The heading over how long a thread has been where it is, and that column's width on a screen of so many
/// columns. On a small one the place is worth more than a heading in two words.
pub(crate) fn last_change(columns: usize) -> (&'static str, usize) {
    if columns < ROOMY { ("CHANGED", 8) } else { ("LAST CHANGE", 12) }
}

/// What is told of a queue, but for its name: headings and their widths.
const QUEUE: [(&str, usize); 11] = queue_titles("COMPL/s", 8);
/// The same where there is room for words.
const QUEUE_ROOMY: [(&str, usize); 11] = queue_titles("COMPLETED/s", 12);

const fn queue_titles(rate: &'static str, wide: usize) -> [(&'static str, usize); 11] {
    [
        ("DEPTH", 7),
        ("OLDEST", 7),
        (rate, wide),
        ("WAITp50", 8),
        ("p99", 7),
        ("SERVp50", 8),
        ("p99", 7),
        ("1s", 5),
        ("10s", 5),
        ("60s", 5),
        ("MAX", 8),
    ]
}

/// Those that a screen of so many columns has room for; the highest depth goes first.
pub(crate) fn queue_columns(columns: usize) -> &'static [(&'static str, usize)] {
    match columns {
        ..90 => &QUEUE[..10],
        90..ROOMY => &QUEUE,
        ROOMY.. => &QUEUE_ROOMY,
    }
}

/// Columns of a queue's name.
pub(crate) const QUEUE_NAME: usize = 12;
