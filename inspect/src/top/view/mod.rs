//! From what was seen to what is drawn. A view is a page: a heading and rows that are made only when
//! they are in sight. A new view is a file here, a line in `page` and one in `state::TABS`.

mod head;
mod help;
mod lines;
mod numbers;
mod ops;
mod overview;
mod queues;
mod thread;
mod threads;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

use super::state::{Over, State, View};
use super::watch::Seen;
use crate::words::term::{cut, width};

/// How things stand out. Colour says again what words and signs say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ink {
    /// Colours are used.
    pub color: bool,
}

impl Ink {
    fn of(self, color: Color) -> Style {
        if self.color { Style::new().fg(color) } else { Style::new() }
    }

    fn good(self) -> Style {
        self.of(Color::Green)
    }

    fn warn(self) -> Style {
        self.of(Color::Yellow)
    }

    fn bad(self) -> Style {
        self.of(Color::Red).add_modifier(Modifier::BOLD)
    }

    fn bar(self) -> Style {
        self.of(Color::Cyan)
    }

    fn faint(self) -> Style {
        if self.color { Style::new().fg(Color::DarkGray) } else { Style::new() }
    }

    fn title(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    fn turned(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// A thread's class: work, wait or idle.
    fn class(self, class: &str) -> Style {
        match class {
            "work" => self.good(),
            "wait" => self.warn(),
            _ => self.faint(),
        }
    }
}

/// Lines of the middle from which on one is spared for what a number means.
const TOLD_FROM: u16 = 6;

/// Makes a row.
type Row<'a> = Box<dyn Fn(usize) -> Line<'static> + 'a>;

/// A list or a text.
struct Page<'a> {
    /// Above the rows, always in sight; wide enough texts are cut.
    head: Vec<Line<'static>>,
    /// What each row is, so that a selection stays with it.
    ids: Vec<u64>,
    /// Makes the row of an index.
    row: Row<'a>,
}

impl Page<'_> {
    /// A text of lines.
    fn text(head: Vec<Line<'static>>, lines: Vec<Line<'static>>) -> Page<'static> {
        let ids = (0..lines.len() as u64).collect();
        Page { head, ids, row: Box::new(move |index| lines[index].clone()) }
    }

    /// Rows that the whole page takes.
    fn height(&self) -> usize {
        self.head.len() + self.ids.len()
    }

    /// Draws as many rows as there is room for, from `top` on, one of them selected.
    fn draw(&self, frame: &mut Frame<'_>, area: Rect, top: usize, selected: Option<usize>) {
        let rows = (0..self.ids.len()).skip(top).map(|index| {
            let row = (self.row)(index);
            if selected == Some(index) { turned(row) } else { row }
        });
        let lines = self.head.iter().cloned().chain(rows);
        for (y, line) in (area.top()..area.bottom()).zip(lines) {
            frame.render_widget(line, Rect { y, height: 1, ..area });
        }
    }

    /// Rows in sight in an area.
    fn room(&self, area: Rect) -> usize {
        usize::from(area.height).saturating_sub(self.head.len())
    }
}

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
    let below = u16::from(area.height >= 4);
    let parts = [Constraint::Length(above), Constraint::Min(0), Constraint::Length(below)];
    let [top, middle, bottom] = Layout::vertical(parts).areas(area);
    for (y, line) in (top.top()..top.bottom()).zip(head) {
        frame.render_widget(line, Rect { y, height: 1, ..top });
    }
    body(frame, middle, seen, state, ink);
    if bottom.height > 0 {
        frame.render_widget(head::foot(state, ink, columns), bottom);
    }
}

fn body(frame: &mut Frame<'_>, area: Rect, seen: &Seen, state: &mut State, ink: Ink) {
    frame.render_widget(Clear, area);
    let columns = usize::from(area.width);
    let over = match state.over {
        Over::Nothing => None,
        Over::Help => Some(help::page(ink)),
        Over::Thread(tid) => Some(thread::page(seen, state, ink, columns, tid)),
        Over::Op(number) => Some(ops::detail(seen, ink, columns, number)),
    };
    if let Some(page) = over {
        let rows = page.room(area);
        state.page = rows.max(1);
        state.text.scroll(page.ids.len(), rows);
        return page.draw(frame, area, state.text.top, None);
    }
    let selected = match state.view() {
        View::Overview => Some(overview::draw(frame, area, seen, state, ink)),
        view => {
            let page = page(view, seen, state, ink, columns);
            // What the selected number means has the last line, where there are enough of them.
            let told = view == View::Numbers && area.height >= TOLD_FROM;
            let all = area;
            let area = Rect { height: area.height - u16::from(told), ..area };
            let rows = page.room(area);
            state.page = rows.max(1);
            let mut cursor = state.cursor().clone();
            cursor.settle(&page.ids, rows);
            page.draw(frame, area, cursor.top, Some(cursor.index));
            let chosen = page.ids.get(cursor.index).copied();
            *state.cursor() = cursor;
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
    state.opening = false;
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

/// A row that is selected: one bar, whatever colours it had.
fn turned(row: Line<'static>) -> Line<'static> {
    let text: String = row.spans.iter().map(|span| span.content.as_ref()).collect();
    Line::styled(text, Modifier::REVERSED)
}

/// A heading of columns.
fn heading(ink: Ink, text: &str, columns: usize) -> Line<'static> {
    Line::styled(cut(text, columns), ink.title())
}

/// Pieces of text with their styles, cut to the columns.
#[derive(Default)]
struct Pieces {
    spans: Vec<Span<'static>>,
    used: usize,
}

impl Pieces {
    fn add(&mut self, text: impl Into<String>, style: Style) -> &mut Self {
        let text = text.into();
        self.used += width(&text);
        self.spans.push(Span::styled(text, style));
        self
    }

    fn plain(&mut self, text: impl Into<String>) -> &mut Self {
        self.add(text, Style::new())
    }

    /// The line, filled up so that a selection goes across the screen.
    fn line(mut self, columns: usize) -> Line<'static> {
        let mut room = columns;
        let mut spans = Vec::with_capacity(self.spans.len() + 1);
        for span in self.spans.drain(..) {
            if room == 0 {
                break;
            }
            let text = cut(&span.content, room);
            room -= width(&text).min(room);
            spans.push(Span::styled(text, span.style));
        }
        spans.push(Span::raw(" ".repeat(room)));
        Line::from(spans)
    }
}
