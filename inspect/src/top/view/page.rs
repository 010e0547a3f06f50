//! What views are made of: pages, pieces of text, and how things stand out.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use crate::words::term::{cut, width};

/// How things stand out. Colour says again what words and signs say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ink {
    /// Colours are used.
    pub color: bool,
}

impl Ink {
    pub(super) fn of(self, color: Color) -> Style {
        if self.color { Style::new().fg(color) } else { Style::new() }
    }

    pub(super) fn good(self) -> Style {
        self.of(Color::Green)
    }

    pub(super) fn warn(self) -> Style {
        self.of(Color::Yellow)
    }

    pub(super) fn bad(self) -> Style {
        self.of(Color::Red).add_modifier(Modifier::BOLD)
    }

    pub(super) fn bar(self) -> Style {
        self.of(Color::Cyan)
    }

    pub(super) fn faint(self) -> Style {
        if self.color { Style::new().fg(Color::DarkGray) } else { Style::new() }
    }

    pub(super) fn title(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub(super) fn turned(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// A thread's class: work, wait or idle.
    pub(super) fn class(self, class: &str) -> Style {
        match class {
            "work" => self.good(),
            "wait" => self.warn(),
            _ => self.faint(),
        }
    }
}

/// Makes a row.
pub(super) type Row<'a> = Box<dyn Fn(usize) -> Line<'static> + 'a>;

/// A list or a text.
pub(super) struct Page<'a> {
    /// Above the rows, always in sight; wide enough texts are cut.
    pub(super) head: Vec<Line<'static>>,
    /// What each row is, so that a selection stays with it.
    pub(super) ids: Vec<u64>,
    /// Makes the row of an index.
    pub(super) row: Row<'a>,
}

impl Page<'_> {
    /// A text of lines.
    pub(super) fn text(head: Vec<Line<'static>>, lines: Vec<Line<'static>>) -> Page<'static> {
        let ids = (0..lines.len() as u64).collect();
        Page { head, ids, row: Box::new(move |index| lines[index].clone()) }
    }

    /// Rows that the whole page takes.
    pub(super) fn height(&self) -> usize {
        self.head.len() + self.ids.len()
    }

    /// Draws as many rows as there is room for, from `top` on, one of them selected.
    pub(super) fn draw(
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

    /// Rows in sight in an area.
    pub(super) fn room(&self, area: Rect) -> usize {
        usize::from(area.height).saturating_sub(self.head.len())
    }
}

/// A row that is selected: one bar, whatever colours it had.
pub(super) fn turned(row: Line<'static>) -> Line<'static> {
    let text: String = row.spans.iter().map(|span| span.content.as_ref()).collect();
    Line::styled(text, Modifier::REVERSED)
}

/// A heading of columns.
pub(super) fn heading(ink: Ink, text: &str, columns: usize) -> Line<'static> {
    Line::styled(cut(text, columns), ink.title())
}

/// Pieces of text with their styles, cut to the columns.
#[derive(Default)]
pub(super) struct Pieces {
    spans: Vec<Span<'static>>,
    pub(super) used: usize,
}

impl Pieces {
    pub(super) fn add(&mut self, text: impl Into<String>, style: Style) -> &mut Self {
        let text = text.into();
        self.used += width(&text);
        self.spans.push(Span::styled(text, style));
        self
    }

    pub(super) fn plain(&mut self, text: impl Into<String>) -> &mut Self {
        self.add(text, Style::new())
    }

    /// The line, filled up so that a selection goes across the screen.
    pub(super) fn line(mut self, columns: usize) -> Line<'static> {
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
