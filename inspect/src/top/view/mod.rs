//! From what was seen to what is drawn. A view is a page: a heading and rows that are made only when
//! they are in sight. A new view is a file here, a line in `page` and one in `state::TABS`.

pub(super) mod head;
mod help;
mod lines;
mod numbers;
mod ops;
mod overview;
pub(super) mod page;
mod queues;
mod thread;
mod threads;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::Clear;

pub use page::Ink;
use page::Page;

use super::state::{Over, State, View};
use super::watch::Seen;
use crate::words::term::cut;

/// Lines of the middle from which on one is spared for what a number means.
const TOLD_FROM: u16 = 6;

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, seen: &Seen, state: &mut State, ink: Ink) {
    let area = frame.area();
    let columns = usize::from(area.width);
    let head = head::lines(seen, state, ink, columns);
    // On a screen with next to no lines the board comes first, then the rows.
    let above = match area.height {
        0..4 => area.height.min(1),
        4..8 => 2,
        _ => head.len() as u16,
    };
    let [middle, bottom] = below_head(frame, above, head);
    body(frame, middle, seen, state, ink);
    if bottom.height > 0 {
        frame.render_widget(head::foot(state, ink, columns), bottom);
    }
}

/// Draws so many lines of a head; what is left for rows, and for a foot where there is room.
pub(super) fn below_head<'a>(
    frame: &mut Frame<'_>,
    above: u16,
    head: impl IntoIterator<Item = Line<'a>>,
) -> [Rect; 2] {
    let area = frame.area();
    let below = u16::from(area.height >= 4);
    let parts = [Constraint::Length(above), Constraint::Min(0), Constraint::Length(below)];
    let [top, middle, bottom] = Layout::vertical(parts).areas(area);
    for (y, line) in (top.top()..top.bottom()).zip(head) {
        frame.render_widget(line, Rect { y, height: 1, ..top });
    }
    [middle, bottom]
}

fn body(frame: &mut Frame<'_>, area: Rect, seen: &Seen, state: &mut State, ink: Ink) {
    frame.render_widget(Clear, area);
    let columns = usize::from(area.width);
    let over = match state.over {
        Over::Nothing => None,
        Over::Help => Some(help::page(ink, columns)),
        Over::Thread(tid) => Some(thread::page(seen, state, ink, columns, tid)),
        Over::Op(number) => Some(ops::detail(seen, ink, columns, number)),
        // That of a screen over hosts.
        Over::Row(_) => None,
    };
    if let Some(page) = over {
        return page.text_over(frame, area, state);
    }
    let selected = match state.view() {
        View::Overview => Some(overview::draw(frame, area, seen, state, ink)),
        view => {
            let page = page(view, seen, state, ink, columns);
            // What the selected number means has the last line, where there are enough of them.
            let told = view == View::Numbers && area.height >= TOLD_FROM;
            let all = area;
            let area = Rect { height: area.height - u16::from(told), ..area };
            let chosen = page.list(frame, area, state);
            if let Some(text) = chosen.and_then(|row| numbers::meaning(&seen.report, row))
                && told
            {
                let line = Line::styled(cut(&text, columns), ink.faint());
                frame.render_widget(line, Rect { y: area.bottom(), height: 1, ..all });
            }
            Some(chosen).filter(|_| matches!(view, View::Threads | View::Ops))
        }
    };
    if state.open(selected.flatten()) {
        body(frame, area, seen, state, ink);
    }
    // Enter where there is nothing to open is forgotten.
    (state.opening, state.cancelling) = (false, false);
}

/// The page of a view.
fn page<'a>(view: View, seen: &'a Seen, state: &State, ink: Ink, columns: usize) -> Page<'a> {
    match view {
        View::Overview | View::Threads => threads::page(seen, state, ink, columns),
        View::Queues => queues::page(seen, state, ink, columns),
        View::Numbers => numbers::page(seen, state, ink, columns),
        View::Lines => lines::page(seen, state, ink, columns),
        View::Ops => ops::page(seen, state, ink, columns),
    }
}
