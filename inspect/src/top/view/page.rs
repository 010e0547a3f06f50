//! What views are made of: pages, pieces of text, and how things stand out.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use crate::top::state::State;
use crate::words::term::{cut, left, width, wrapped};

/// How things stand out. Colour says again what words and signs say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ink {
    /// Colours are used.
    pub color: bool,
}

impl Ink {
    pub(crate) fn of(self, color: Color) -> Style {
        if self.color { Style::new().fg(color) } else { Style::new() }
    }

    pub(crate) fn good(self) -> Style {
        self.of(Color::Green)
    }

    pub(crate) fn warn(self) -> Style {
        self.of(Color::Yellow)
    }

    pub(crate) fn bad(self) -> Style {
        self.of(Color::Red).add_modifier(Modifier::BOLD)
    }

    pub(crate) fn bar(self) -> Style {
        self.of(Color::Cyan)
    }

    pub(crate) fn faint(self) -> Style {
        if self.color { Style::new().fg(Color::DarkGray) } else { Style::new() }
    }

    pub(crate) fn title(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub(crate) fn turned(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// A thread's class: work, wait or idle.
    pub(crate) fn class(self, class: &str) -> Style {
        match class {
            "work" => self.good(),
            "wait" => self.warn(),
            _ => self.faint(),
        }
    }
}

/// Columns of a key, and those of a screen that has room for what it means beside it.
const KEYS: usize = 22;
const BESIDE: usize = 60;

/// Makes a row.
pub(crate) type Row<'a> = Box<dyn Fn(usize) -> Line<'static> + 'a>;

/// A list or a text.
pub(crate) struct Page<'a> {
    /// Above the rows, always in sight; wide enough texts are cut.
    pub(crate) head: Vec<Line<'static>>,
    /// What each row is, so that a selection stays with it.
    pub(crate) ids: Vec<u64>,
    /// Makes the row of an index.
    pub(crate) row: Row<'a>,
}

impl Page<'_> {
    /// A text of lines.
    pub(crate) fn text(head: Vec<Line<'static>>, lines: Vec<Line<'static>>) -> Page<'static> {
        let ids = (0..lines.len() as u64).collect();
        Page { head, ids, row: Box::new(move |index| lines[index].clone()) }
    }

    /// Keys or words, and what each means: beside it, or below where there is little room. None of it is cut.
    pub(crate) fn meanings(
        title: &str,
        meanings: &[(&str, &str)],
        ink: Ink,
        columns: usize,
    ) -> Page<'static> {
        let beside = columns >= BESIDE;
        let indent = if beside { KEYS + 1 } else { 4 };
        let mut lines = Vec::new();
        for (key, what) in meanings {
            let text = wrapped(what, columns.saturating_sub(indent).max(8));
            let mut parts = text.lines();
            let mut line = Pieces::default();
            line.plain(" ");
            match beside {
                true => {
                    line.add(left(key, KEYS), ink.title()).plain(parts.next().unwrap_or_default())
                }
                false => line.add(*key, ink.title()),
            };
            lines.push(line.line(columns));
            lines.extend(parts.map(|part| Line::raw(format!("{}{part}", " ".repeat(indent)))));
        }
        Page::text(vec![heading(ink, title, columns)], lines)
    }

    /// Rows that the whole page takes.
    pub(crate) fn height(&self) -> usize {
        self.head.len() + self.ids.len()
    }

    /// Draws as many rows as there is room for, from `top` on, one of them selected.
    pub(crate) fn draw(
        &self,
        frame: &mut Frame<'_>,
        area: Rect,
        top: usize,
        selected: Option<usize>,
    ) {
        let rows = (0..self.ids.len()).skip(top).map(|index| {
            let row = (self.row)(index);
            if selected == Some(index) { turned(row) } else { row }
        });
        let lines = self.head.iter().cloned().chain(rows);
        for (y, line) in (area.top()..area.bottom()).zip(lines) {
            frame.render_widget(line, Rect { y, height: 1, ..area });
        }
    }

    /// Draws a list of a view, and says what is selected in it.
    pub(crate) fn list<V: Copy + PartialEq>(
        &self,
        frame: &mut Frame<'_>,
        area: Rect,
        state: &mut State<V>,
    ) -> Option<u64> {
        let rows = self.room(area);
        state.page = rows.max(1);
        let cursor = state.cursor();
        cursor.follow(&self.ids, rows);
        self.draw(frame, area, cursor.top, Some(cursor.index));
        self.ids.get(cursor.index).copied()
    }

    /// Draws a text that is laid over a view.
    pub(crate) fn text_over<V>(&self, frame: &mut Frame<'_>, area: Rect, state: &mut State<V>) {
        let rows = self.room(area);
        state.page = rows.max(1);
        state.text.scroll(self.ids.len(), rows);
        self.draw(frame, area, state.text.top, None);
    }

    /// Rows in sight in an area.
    pub(crate) fn room(&self, area: Rect) -> usize {
        usize::from(area.height).saturating_sub(self.head.len())
    }
}

/// A row that is selected: one bar, whatever colours it had.
pub(crate) fn turned(row: Line<'static>) -> Line<'static> {
    let text: String = row.spans.iter().map(|span| span.content.as_ref()).collect();
    Line::styled(text, Modifier::REVERSED)
}

/// A heading of columns.
pub(crate) fn heading(ink: Ink, text: &str, columns: usize) -> Line<'static> {
    Line::styled(cut(text, columns), ink.title())
}

/// Pieces of text with their styles, cut to the columns.
#[derive(Default)]
pub(crate) struct Pieces {
    spans: Vec<Span<'static>>,
    pub(crate) used: usize,
}

impl Pieces {
    pub(crate) fn add(&mut self, text: impl Into<String>, style: Style) -> &mut Self {
        let text = text.into();
        self.used += width(&text);
        self.spans.push(Span::styled(text, style));
        self
    }

    pub(crate) fn plain(&mut self, text: impl Into<String>) -> &mut Self {
        self.add(text, Style::new())
    }

    /// The line, filled up so that a selection goes across the screen.
    pub(crate) fn line(mut self, columns: usize) -> Line<'static> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_key_means_is_whole_at_every_width() {
        let what =
            "a board, an operation or a host in detail; Esc leads back to where it was before";
        for columns in [20, 40, 59, 60, 80, 200] {
            let meanings = [("Enter", what), ("", ""), ("q", "quit")];
            let page = Page::meanings(" KEYS", &meanings, Ink { color: false }, columns);
            let rows: Vec<String> =
                (0..page.ids.len()).map(|index| (page.row)(index).to_string()).collect();
            let words = rows.join(" ");
            let words: Vec<&str> = words.split_whitespace().collect();
            assert_eq!(words.join(" "), format!("Enter {what} q quit"), "{columns}");
            assert!(rows.iter().all(|row| width(row) <= columns), "{columns}: {rows:?}");
        }
    }
}
