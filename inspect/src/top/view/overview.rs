//! A little of everything on one screen: threads, queues, the hottest lines and the busiest counters.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::page::{Ink, Page};
use super::{lines, numbers, queues, threads};
use crate::top::state::State;
use crate::top::watch::Seen;

/// Columns from which lines and counters stand side by side.
const SIDE_BY_SIDE: usize = 150;

/// Draws; the answer is the thread that is selected.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    seen: &Seen,
    state: &mut State,
    ink: Ink,
) -> Option<u64> {
    let columns = usize::from(area.width);
    let height = usize::from(area.height);
    let threads = threads::page(seen, state, ink, columns);
    let queues = queues::page(seen, state, ink, columns);
    let beside = columns >= SIDE_BY_SIDE;
    let half = if beside { columns / 2 } else { columns };
    let hot = lines::page(seen, state, ink, half);
    let busy = numbers::busiest(seen, state, ink, columns - if beside { half + 1 } else { 0 });
    // Threads have half of the screen if they need it, and what the rest leaves.
    // A heading alone says nothing.
    let wanted = |page: &Page<'_>| if page.ids.is_empty() { 0 } else { page.height() };
    let queue_rows = wanted(&queues).min(height / 5);
    let busy_rows = if beside { 0 } else { wanted(&busy) };
    let others = queue_rows + hot.height() + busy_rows;
    let most = height.saturating_sub(others).max(height / 2);
    let thread_rows = threads.height().min(most);
    let rest = height.saturating_sub(thread_rows + queue_rows);
    // Of a short rest the lines have more than half: they are the headline.
    let hot_rows = if beside {
        rest
    } else {
        hot.height().min(rest.saturating_sub(busy_rows).max(rest - rest / 3))
    };
    let mut y = area.y;
    let mut part = |rows: usize| {
        let rows = rows.min(usize::from(area.bottom() - y)) as u16;
        let part = Rect { y, height: rows, ..area };
        y += rows;
        part
    };
    let place = part(thread_rows);
    let rows = threads.room(place);
    let mut cursor = state.cursor().clone();
    cursor.follow(&threads.ids, rows);
    threads.draw(frame, place, cursor.top, Some(cursor.index));
    queues.draw(frame, part(queue_rows), 0, None);
    if beside {
        let both = part(rest);
        let left = Rect { width: half as u16, ..both };
        let right =
            Rect { x: both.x + half as u16 + 1, width: both.width - half as u16 - 1, ..both };
        hot.draw(frame, left, 0, None);
        busy.draw(frame, right, 0, None);
    } else {
        hot.draw(frame, part(hot_rows), 0, None);
        busy.draw(frame, part(busy_rows.min(rest - hot_rows)), 0, None);
    }
    let selected = threads.ids.get(cursor.index).copied();
    state.page = rows.max(1);
    *state.cursor() = cursor;
    selected
}
