//! The list that a daemon writes to stderr on a signal.

use std::io::BufRead;

/// The next one, its last line included.
///
/// # Panics
/// When the daemon ends before it has written one.
#[track_caller]
pub fn next(stderr: &mut impl BufRead) -> Vec<String> {
    let mut block = Vec::new();
    for line in stderr.lines().map_while(Result::ok) {
        // What else is said there stands before it.
        if line.starts_with("probe: pid") || !block.is_empty() {
            let last = line == "probe: end";
            block.push(line);
            if last {
                return block;
            }
        }
    }
    panic!("no list: {block:?}");
}
