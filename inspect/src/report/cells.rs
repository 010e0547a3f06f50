//! The samples of each thread in each stack, bounded, and the names of both.

use std::sync::OnceLock;

use probe::layout::Class;

use super::tally::{Cell, Tally};
use crate::recording::SiteInfo;
use crate::words::label::Label;

/// Bytes of names that a profile in any form may spell out: stacks repeat their frames, so that a small recording
/// could make gigabytes. A test makes do with less.
pub(crate) const SPELLED: usize = if cfg!(test) { 4 << 20 } else { 128 << 20 };

/// Frames of a stack that are told; no probe nests deeper.
pub(crate) const DEEPEST: usize = 256;

/// What there was no room to tell apart.
pub(crate) const OTHER: &str = "(other)";

/// The cells that count, the thread's first, each with its frames, outermost first. Beyond [`SPELLED`] those with
/// the fewest samples are one cell, `(other)`: sums stay what they are.
pub(crate) fn cells(tally: &Tally) -> impl Iterator<Item = (Cell, Vec<&SiteInfo>)> {
    static REST: OnceLock<SiteInfo> = OnceLock::new();
    let mut cells: Vec<&Cell> =
        tally.cells.iter().filter(|cell| cell.row.is_some() && cell.samples > 0).collect();
    cells.sort_by_key(|cell| std::cmp::Reverse(cell.samples));
    let mut left = SPELLED;
    let mut rest: Option<Cell> = None;
    let mut kept: Vec<(Cell, Vec<&SiteInfo>)> = Vec::new();
    for cell in cells {
        let sites = cell.stack.and_then(|stack| tally.stacks.get(stack as usize));
        let known = |&site: &u32| tally.sites.get(site as usize);
        let sites: Vec<&SiteInfo> =
            sites.into_iter().flatten().take(DEEPEST).filter_map(known).collect();
        let spelled = |site: &&SiteInfo| {
            site.file.raw().len() + site.function.raw().len() + site.label.raw().len() + 64
        };
        let bytes = 128 + sites.iter().map(spelled).sum::<usize>();
        match (left.checked_sub(bytes), &mut rest) {
            (Some(room), None) => {
                left = room;
                kept.push((cell.clone(), sites));
            }
            (_, Some(rest)) => rest.samples = rest.samples.saturating_add(cell.samples),
            // No stack has this number, and it is not torn.
            (None, rest) => {
                let mut other = cell.clone();
                other.stack = Some(u32::MAX);
                *rest = Some(other);
            }
        }
    }
    let none = || Label::from("");
    let other = REST.get_or_init(|| SiteInfo {
        board: 0,
        file: none(),
        line: 0,
        column: 0,
        function: none(),
        label: Label::from(OTHER),
        class: Class::Work,
        scope: false,
        counted: false,
    });
    kept.sort_by_key(|(cell, _)| (cell.thread, std::cmp::Reverse(cell.samples), cell.stack));
    kept.into_iter().chain(rest.map(|rest| (rest, vec![other])))
}
