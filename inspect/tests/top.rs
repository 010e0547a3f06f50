//! Claims about the pictures of `top`: what stands where at which size, and that nothing of a board, no
//! key and no size breaks them. (On a real terminal: `tests/tests/top.rs`.)
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use common::{report, sample};
use inspect::State as Life;
use inspect::model::BoardReport;
use inspect::render::Sort;
use inspect::report::Spot;
use inspect::top::histogram::{Histogram, Line};
use inspect::top::history::History;
use inspect::top::state::{Over, State, TABS};
use inspect::top::view::{Ink, draw};
use inspect::top::watch::Seen;
use probe::layout::Class;
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::KeyCode;
use ratatui::style::Color;

/// What there is to see of a board, with two lines that were sampled and a minute gone by.
fn seen(report: BoardReport) -> Seen {
    let spot = |label: &str, line, class| {
        Spot::new("src/store.rs".into(), line, "demo::store::commit".into(), label.into(), class)
    };
    let line = |label, number, class, samples, hits_per_s| Line {
        spot: spot(label, number, class),
        threads: vec![(100, samples)],
        samples,
        hits_per_s,
    };
    let mut history = History::default();
    let start = Instant::now();
    for second in 0..60 {
        history.take(&report, start + Duration::from_secs(second));
    }
    let gone = report.state == Life::Dead;
    Seen {
        report,
        histogram: Histogram {
            lines: vec![
                line("write", 12, Class::Work, 700, Some(1_234.5)),
                line("lock", 40, Class::Wait, 290, None),
                line("no job", 30, Class::Idle, 5_000, None),
            ],
            nowhere: 3,
            torn: 10,
            ticks: 10_000,
            missed: 0,
            over_ns: 10_000_000_000,
        },
        history: Rc::new(history),
        cpu_pct: Some(42.0),
        board: (0, 2),
        trouble: None,
        waiting: gone.then(|| "recordd".to_owned()),
    }
}

fn picture(seen: &Seen, state: &mut State, columns: u16, rows: u16) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| draw(frame, seen, state, Ink { color: true })).unwrap();
    terminal.backend().buffer().clone()
}

fn text(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width).max(1);
    let rows = buffer.content.chunks(width).map(|row| {
        let row: String = row.iter().map(|cell| cell.symbol()).collect();
        row.trim_end().to_owned() + "\n"
    });
    rows.collect()
}

fn state() -> State {
    State::new(Sort::Slot, None, false)
}

fn press(state: &mut State, keys: &str) {
    for char in keys.chars() {
        let code = match char {
            '\n' => KeyCode::Enter,
            '\x1b' => KeyCode::Esc,
            char => KeyCode::Char(char),
        };
        state.key(code.into());
    }
}

/// Compares with a kept picture; `UPDATE_GOLDEN=1` rewrites it, for a person to read the difference.
fn golden(name: &str, found: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == found, "{name} differs; it is now:\n{found}");
}

#[test]
fn the_views_look_as_kept() {
    let live = seen(report(sample().finish(), Life::Live).unwrap());
    for (name, keys, columns, rows) in [
        ("top-overview-80x24.txt", "1", 80, 24),
        ("top-overview-160x40.txt", "1", 160, 40),
        ("top-queues-120x12.txt", "3", 120, 12),
        ("top-numbers-100x30.txt", "4", 100, 30),
        ("top-lines-80x12.txt", "5", 80, 12),
        ("top-thread-80x24.txt", "2\n", 80, 24),
    ] {
        let mut state = state();
        press(&mut state, keys);
        golden(name, &text(&picture(&live, &mut state, columns, rows)));
    }
}

#[test]
fn the_dead_are_shown_as_they_were_with_a_verdict_and_who_is_waited_for() {
    let dead = seen(report(sample().finish(), Life::Dead).unwrap());
    let shown = text(&picture(&dead, &mut state(), 100, 24));
    assert!(shown.contains("DEAD") && shown.contains("killed (no end recorded"), "{shown}");
    assert!(shown.contains("waiting for another recordd"), "{shown}");
    assert!(shown.contains("store.rs:12"), "{shown}");
}

#[test]
fn a_filter_leaves_in_every_view_what_has_it() {
    let live = seen(report(sample().finish(), Life::Live).unwrap());
    for (keys, there, gone) in [
        ("2", "waiter", "core "),
        ("2", "holder", "lost "),
        ("4", "jobs_submitted", "jobs_superseded"),
        ("5", "write", "290"),
    ] {
        let mut state = state();
        press(&mut state, &format!("{keys}/{}\n", there.to_uppercase()));
        let shown = text(&picture(&live, &mut state, 100, 30));
        // Below the lines about the whole.
        let rows: String = shown.lines().skip(4).collect::<Vec<_>>().join("\n");
        assert!(rows.contains(there) && !rows.contains(gone), "{there}: {shown}");
    }
}

#[test]
fn idle_counts_when_asked_and_only_then() {
    let live = seen(report(sample().finish(), Life::Live).unwrap());
    let mut state = state();
    press(&mut state, "5");
    let shown = text(&picture(&live, &mut state, 100, 20));
    // 700 of 700 + 290 + 10 that could not be read.
    assert!(shown.contains("70.0%") && shown.contains("5,000 idle left out"), "{shown}");
    press(&mut state, "i");
    let shown = text(&picture(&live, &mut state, 100, 20));
    assert!(shown.contains("83.3%") && shown.contains("idle too"), "{shown}");
}

#[test]
fn the_selection_stays_with_its_thread_when_the_order_changes() {
    let live = seen(report(sample().finish(), Life::Live).unwrap());
    let selected = |buffer: &Buffer| {
        let turned = |row: &u16| {
            let cell = &buffer[(1, *row)];
            cell.modifier.contains(ratatui::style::Modifier::REVERSED)
        };
        let row = (4..buffer.area.height).find(turned).unwrap();
        (0..12).map(|x| buffer[(x, row)].symbol().to_owned()).collect::<String>()
    };
    let mut state = state();
    press(&mut state, "2j");
    assert!(selected(&picture(&live, &mut state, 100, 20)).contains("waiter"));
    for _ in 0..6 {
        press(&mut state, "sr");
        assert!(selected(&picture(&live, &mut state, 100, 20)).contains("waiter"));
    }
    press(&mut state, "\n");
    assert!(text(&picture(&live, &mut state, 100, 20)).contains("thread waiter, tid 101"));
    assert_eq!(state.over, Over::Thread(101));
}

#[test]
fn without_colour_there_is_none() {
    let live = seen(report(sample().finish(), Life::Live).unwrap());
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
    for tab in TABS {
        let mut state = state();
        press(&mut state, &tab.key.to_string());
        terminal.draw(|frame| draw(frame, &live, &mut state, Ink { color: false })).unwrap();
        let buffer = terminal.backend().buffer();
        assert!(
            buffer.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset)
        );
    }
}

#[test]
fn every_view_is_drawn_at_every_size() {
    for life in [Life::Live, Life::Dead] {
        let seen = seen(report(sample().finish(), life).unwrap());
        for columns in (0..30).step_by(3).chain([1, 2, 79, 80, 149, 150, 200, 500]) {
            for rows in (0..12).chain([24, 60]) {
                for keys in ["1", "2", "3", "4", "5", "6", "?", "2\n", "6\n", "/x"] {
                    let mut state = state();
                    press(&mut state, keys);
                    let shown = text(&picture(&seen, &mut state, columns, rows));
                    if columns >= 12 && rows > 0 {
                        assert!(shown.starts_with("recordd"), "{columns}x{rows} {keys}:\n{shown}");
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn no_board_no_keys_and_no_size_break_the_picture(
        words in proptest::collection::vec(
            (any::<prop::sample::Index>(), prop_oneof![
                any::<u64>(), Just(0), Just(u64::MAX), 0u64..70_000, Just(1 << 32), Just(2 << 8 | 2),
            ]),
            0..60,
        ),
        keys in "[1-6jkgGsraiwWp?/ab\n\x1b\\[\\]]{0,20}",
        columns in 0u16..220,
        rows in 0u16..70,
    ) {
        let mut board = sample().finish();
        let reach = board.len();
        for (index, word) in words {
            let at = index.index(reach);
            // The header stays: a board without one is refused before it is drawn.
            if at > 0x700 / 8 {
                board[at] = word;
            }
        }
        for life in [Life::Live, Life::Dead] {
            let Ok(report) = report(board.clone(), life) else { continue };
            let seen = seen(report);
            let mut state = state();
            for key in keys.chars() {
                press(&mut state, &key.to_string());
                let picture = picture(&seen, &mut state, columns, rows);
                let mut cells = picture.content.iter().flat_map(|cell| cell.symbol().chars());
                prop_assert!(cells.all(|char| !char.is_control()));
            }
        }
    }
}

/// A number's unit and help are below the list, of the selected one, at every size that has the lines.
#[test]
fn the_selected_number_says_what_it_means() {
    let live = seen(report(sample().finish(), Life::Live).unwrap());
    for (columns, rows) in [(40, 15), (80, 24), (200, 50)] {
        let mut state = state();
        press(&mut state, "4/submitted\n");
        picture(&live, &mut state, columns, rows);
        press(&mut state, "j");
        let shown = text(&picture(&live, &mut state, columns, rows));
        assert!(shown.contains("jobs_submitted, counter in jobs"), "{columns}: {shown}");
    }
}
