//! A terminal's screen as an SVG picture: text in a monospaced font on a background of its own, so that
//! it is read on light and dark pages alike.

use std::fmt::Write;

use vt100::{Cell, Color, Screen};

/// Pixels of a cell. Every run of text is stretched to its columns, whatever font there is.
const WIDE: f64 = 8.4;
const HIGH: f64 = 18.0;
/// Pixels around the screen.
const PAD: f64 = 14.0;
/// Background, and text that has no colour.
const DARK: &str = "#14181f";
const LIGHT: &str = "#d6dae0";
/// The sixteen colours of a terminal.
const COLORS: [&str; 16] = [
    "#14181f", "#ff7b72", "#6bd07f", "#e3b341", "#79a8ff", "#d2a8ff", "#5ccfe6", "#d6dae0",
    "#7d8590", "#ffa198", "#8ee59b", "#f2cc60", "#a5c8ff", "#e2c5ff", "#8be9fd", "#ffffff",
];

/// How a run of cells looks.
#[derive(Clone, Debug, PartialEq)]
struct Style {
    text: String,
    back: Option<String>,
    bold: bool,
}

fn color(color: Color) -> Option<String> {
    match color {
        Color::Default => None,
        Color::Idx(index) => COLORS.get(usize::from(index)).map(|color| (*color).to_owned()),
        Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
    }
}

fn style(cell: &Cell) -> Style {
    let (text, back) = (color(cell.fgcolor()), color(cell.bgcolor()));
    let bold = cell.bold();
    if cell.inverse() {
        let back = Some(text.unwrap_or_else(|| LIGHT.to_owned()));
        return Style { text: DARK.to_owned(), back, bold };
    }
    Style { text: text.unwrap_or_else(|| LIGHT.to_owned()), back, bold }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Cells of one row that look the same: first column, columns, text.
struct Run {
    from: u16,
    columns: u16,
    text: String,
    style: Style,
}

fn runs(screen: &Screen, row: u16, columns: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for column in 0..columns {
        let Some(cell) = screen.cell(row, column) else { continue };
        if cell.is_wide_continuation() {
            if let Some(run) = runs.last_mut() {
                run.columns += 1;
            }
            continue;
        }
        let text = if cell.has_contents() { cell.contents() } else { " " };
        let style = style(cell);
        match runs.last_mut() {
            // Gaps begin a new run, so that a stretched font does not drift.
            Some(run) if run.style == style && (run.text.ends_with(' ') == (text == " ")) => {
                run.text.push_str(text);
                run.columns += 1;
            }
            _ => runs.push(Run { from: column, columns: 1, text: text.to_owned(), style }),
        }
    }
    runs
}

/// The picture.
pub fn svg(screen: &Screen, title: &str) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let width = f64::from(columns) * WIDE + 2.0 * PAD;
    let height = f64::from(rows) * HIGH + 2.0 * PAD;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         width=\"{width:.0}\" height=\"{height:.0}\" font-family=\"ui-monospace,SFMono-Regular,Menlo,\
         Consolas,'DejaVu Sans Mono',monospace\" font-size=\"14\">\n<title>{}</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{DARK}\" stroke=\"#7d8590\"/>\n\
         <style>text{{white-space:pre}}.b{{font-weight:bold}}</style>\n",
        escape(title)
    );
    for row in 0..rows {
        let y = PAD + f64::from(row) * HIGH;
        for run in runs(screen, row, columns) {
            let x = PAD + f64::from(run.from) * WIDE;
            let wide = f64::from(run.columns) * WIDE;
            if let Some(back) = &run.style.back {
                let _ = writeln!(
                    out,
                    "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{HIGH}\" fill=\"{back}\"/>",
                    // A little over the next one: no seams.
                    wide + 0.6
                );
            }
            if run.text.trim().is_empty() {
                continue;
            }
            let bold = if run.style.bold { " class=\"b\"" } else { "" };
            let fill = match run.style.text.as_str() {
                LIGHT => String::new(),
                color => format!(" fill=\"{color}\""),
            };
            let text = escape(&run.text);
            let base = y + 13.5;
            let _ = writeln!(
                out,
                "<text x=\"{x:.1}\" y=\"{base:.1}\" textLength=\"{wide:.1}\" \
                 lengthAdjust=\"spacingAndGlyphs\"{bold}{fill}>{text}</text>"
            );
        }
    }
    // Text without a colour of its own.
    out = out.replacen("font-size=\"14\">", &format!("font-size=\"14\" fill=\"{LIGHT}\">"), 1);
    out.push_str("</svg>\n");
    out
}
