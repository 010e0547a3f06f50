//! `inspect top` on a real terminal: what it shows, what keys do, and how it leaves the terminal.

use std::path::PathBuf;
use std::process::Stdio;

use nix::sys::signal::Signal;
use tests::program::{self, Program};
use tests::terminal::Terminal;

fn inspect() -> PathBuf {
    program::debug("inspect")
}

/// `top` of a board, on a terminal of this size, once it shows the board.
fn top(board: &str, columns: u16, rows: u16) -> Terminal {
    let terminal = Terminal::start(&inspect(), &["top", board], columns, rows);
    terminal.shows("LIVE");
    terminal
}

#[test]
fn every_view_shows_what_the_board_says() {
    let name = program::name("top-views");
    let (program, _) = Program::behave(&name, &["shares", "700"]);
    let terminal = top(&name, 120, 40);
    terminal.shows(&format!("{name}  pid {}  LIVE", program.pid()));
    terminal.press("5");
    // The truth is 60, 30 and 10 %; what is tested is that the lines are told in their order.
    let lines = terminal.until("three lines", |screen| {
        // The overview has counters of these names, too.
        let shown = ["sixty", "thirty", "ten", "idle left out"];
        screen.contains("by samples") && shown.iter().all(|text| screen.contains(text))
    });
    assert!(lines.contains("SHARE") && lines.contains("idle left out"), "{lines}");
    terminal.press("2");
    terminal.shows("by first");
    terminal.press("\r");
    let detail = terminal.shows("STACK, outermost first");
    assert!(detail.contains("round") && detail.contains("LINES of the last"), "{detail}");
    terminal.press("\x1b");
    terminal.until("the list again", |screen| !screen.contains("STACK"));
    terminal.press("?");
    terminal.shows("KEYS AND COLUMNS");
    terminal.press("\x1b/no-such-thing\r");
    let none = terminal.shows("filter no-such-thing");
    assert!(!none.contains("fixture-behave  "), "{none}");
}

#[test]
fn the_numbers_of_a_board_are_told_and_its_control_characters_are_not_obeyed() {
    let name = program::name("top-numbers");
    let (_program, _) = Program::behave(&name, &["numbers"]);
    let terminal = top(&name, 100, 45);
    terminal.press("4");
    let screen = terminal.shows("FACTS");
    for (number, value) in [("counted", "1,000"), ("half", "50.0%"), ("loaded", "of 40, 75%")] {
        let found = screen.lines().any(|line| line.contains(number) && line.contains(value));
        assert!(found, "{number} {value} in\n{screen}");
    }
    assert!(screen.contains("look, don't touch\\x1b[31m"), "{screen}");
    // Every second job is overdue sooner or later: nobody beats twice.
    terminal.shows("overdue heartbeat often");
}

#[test]
fn q_and_its_like_end_it_and_leave_the_terminal_as_it_was() {
    let name = program::name("top-quits");
    let (_program, _) = Program::behave(&name, &["idle"]);
    for keys in ["q", "Q", "\x03", "?q", "\x1bq"] {
        let mut terminal = top(&name, 80, 24);
        assert!(terminal.is_taken(), "{keys:?}");
        terminal.press(keys);
        assert_eq!(terminal.end().code(), Some(0), "{keys:?}");
        terminal.is_as_before();
    }
    let arguments = ["top", &name, "--interval", "100ms", "--count", "3"];
    let mut terminal = Terminal::start(&inspect(), &arguments, 80, 24);
    assert_eq!(terminal.end().code(), Some(0));
    terminal.is_as_before();
}

#[test]
fn signals_end_it_with_the_terminal_as_it_was() {
    use std::os::unix::process::ExitStatusExt;
    let name = program::name("top-signals");
    let (_program, _) = Program::behave(&name, &["idle"]);
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT] {
        let mut terminal = top(&name, 80, 24);
        terminal.signal(signal);
        assert_eq!(terminal.end().signal(), Some(signal as i32), "{signal}");
        terminal.is_as_before();
    }
    let mut terminal = top(&name, 80, 24);
    terminal.signal(Signal::SIGINT);
    assert_eq!(terminal.end().code(), Some(0));
    terminal.is_as_before();
}

#[test]
fn a_window_that_is_closed_ends_it() {
    use std::os::unix::process::ExitStatusExt;
    let name = program::name("top-hangup");
    let (_program, _) = Program::behave(&name, &["idle"]);
    let mut terminal = top(&name, 80, 24);
    terminal.hang_up();
    let end = terminal.end();
    assert_eq!(end.signal(), Some(Signal::SIGHUP as i32), "{end}");
}

#[test]
fn neither_half_a_key_nor_a_long_paste_makes_it_deaf() {
    use std::os::unix::process::ExitStatusExt;
    let name = program::name("top-pastes");
    let (_program, _) = Program::behave(&name, &["idle"]);
    let mut terminal = top(&name, 80, 24);
    // Letters that mean nothing, more than one read takes.
    terminal.press(&"x".repeat(3_000));
    terminal.press("?");
    terminal.shows("KEYS AND COLUMNS");
    terminal.press("\x1b[");
    terminal.signal(Signal::SIGTERM);
    assert_eq!(terminal.end().signal(), Some(Signal::SIGTERM as i32));
    terminal.is_as_before();
}

#[test]
fn stopped_it_gives_the_terminal_to_the_shell_and_continued_it_takes_it_again() {
    let name = program::name("top-stops");
    let (_program, _) = Program::behave(&name, &["idle"]);
    // A shell with job control: what follows a command runs when the command ends or stops.
    let again = "echo the shell has it; read go; fg >/dev/null; ";
    let script = format!("set -m; \"$0\" top {name}; {again}{again}exit $?");
    let inspect = inspect();
    let program = inspect.to_str().expect("a path");
    let shell = std::path::Path::new("/bin/sh");
    let mut terminal = Terminal::start(shell, &["-c", &script, program], 80, 24);
    for stop in ["key", "signal"] {
        terminal.until("the screen", |text| terminal.is_taken() && text.contains("LIVE"));
        match stop {
            "key" => terminal.press("\x1a"),
            _ => {
                let top = terminal.inner().expect("the shell has started it");
                nix::sys::signal::kill(top, Signal::SIGTSTP).expect("it is there");
            }
        }
        terminal.until("the shell", |text| {
            terminal.is_given_back() && text.contains("the shell has it")
        });
        terminal.is_as_before();
        terminal.press("\n");
    }
    terminal.until("the screen", |text| terminal.is_taken() && text.contains("LIVE"));
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
    terminal.is_as_before();
}

#[test]
fn where_nobody_would_continue_it_it_does_not_stop() {
    let name = program::name("top-orphan");
    let (_program, _) = Program::behave(&name, &["idle"]);
    let terminal = top(&name, 80, 24);
    terminal.press("\x1a?");
    terminal.shows("KEYS AND COLUMNS");
    assert!(terminal.is_taken());
    // Stopped and continued from outside, unasked, it draws on.
    terminal.signal(Signal::SIGSTOP);
    terminal.signal(Signal::SIGCONT);
    terminal.press("\x1b");
    terminal.until("the view", |text| terminal.is_taken() && text.contains("THREAD"));
}

#[test]
fn a_panic_leaves_the_terminal_as_it_was_and_its_message_where_it_is_read() {
    let panics = program::debug("panics");
    let mut terminal = Terminal::start(&panics, &[], 80, 24);
    terminal.shows("the screen is taken");
    assert!(terminal.is_taken());
    terminal.press("x");
    assert_eq!(terminal.end().code(), Some(101));
    terminal.is_as_before();
    assert!(terminal.text().contains("with the screen taken"), "{}", terminal.text());
    // Another thread's message does not go across the screen; it is told at the end.
    let mut terminal = Terminal::start(&panics, &["beside"], 80, 24);
    terminal.shows("the screen is taken");
    terminal.press("x");
    let screen = terminal.shows("the screen is still taken");
    assert!(terminal.is_taken() && !screen.contains("panicked"), "{screen}");
    terminal.press("x");
    assert_eq!(terminal.end().code(), Some(0));
    terminal.is_as_before();
    assert!(terminal.text().contains("beside the screen"), "{}", terminal.text());
}

#[test]
fn it_is_drawn_at_every_size() {
    let name = program::name("top-sizes");
    let (_program, _) = Program::behave(&name, &["crowd", "60"]);
    let mut terminal = top(&name, 80, 24);
    for (columns, rows) in [(200, 60), (80, 24), (20, 5), (1, 1), (3, 200), (400, 3), (120, 40)] {
        terminal.resize(columns, rows);
        for view in ["1", "2", "3", "4", "5", "6", "?", "\x1b"] {
            terminal.press(view);
            if columns >= 20 && rows >= 5 {
                // Its name comes first, whatever is cut.
                terminal.until("its name", |text| text.starts_with(&name[..name.len().min(15)]));
            }
        }
    }
    let screen = terminal.shows("? help");
    assert_eq!(screen.lines().count(), 40, "{screen}");
    terminal.press("2G");
    terminal.shows("crowd-59");
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
    terminal.is_as_before();
}

#[test]
fn it_shows_the_death_and_goes_on_with_the_next_of_that_name() {
    let name = program::name("top-dies");
    let (mut first, _) = Program::behave(&name, &["lock"]);
    let mut terminal = top(&name, 100, 30);
    terminal.shows("wants the ledger");
    first.kill();
    let screen = terminal.shows("DEAD");
    assert!(screen.contains("killed (no end recorded"), "{screen}");
    assert!(screen.contains(&format!("waiting for another {name}")), "{screen}");
    assert!(screen.contains("wants the ledger"), "its last lines are still there\n{screen}");
    let (second, _) = Program::behave(&name, &["shares", "700"]);
    let screen = terminal.shows(&format!("pid {}", second.pid()));
    assert!(screen.contains("LIVE") && !screen.contains("waiting for"), "{screen}");
    terminal.press("5");
    terminal.shows("sixty");
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
}

#[test]
fn a_pause_holds_the_picture_and_not_the_watch() {
    let name = program::name("top-pauses");
    let (mut program, _) = Program::behave(&name, &["idle"]);
    let [paused, moving] = [(); 2].map(|()| top(&name, 100, 30));
    paused.press("p");
    paused.shows("PAUSED");
    program.kill();
    moving.shows("DEAD");
    let held = paused.text();
    assert!(held.contains("LIVE") && held.contains("PAUSED"), "{held}");
    // What happened meanwhile is there at once.
    paused.press("p");
    paused.shows("DEAD");
}

#[test]
fn without_a_terminal_it_says_so_in_one_line() {
    let name = program::name("top-nowhere");
    let output = std::process::Command::new(inspect())
        .args(["top", &name])
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.lines().count() == 1 && said.contains("needs a terminal"), "{said}");
    assert!(output.stdout.is_empty());
    assert_eq!(program::inspect(&["top", "--json", &name]).status.code(), Some(2));
    // On a terminal, a target that is not there is told as everywhere.
    let mut terminal = Terminal::start(&inspect(), &["top", &name], 80, 24);
    assert_eq!(terminal.end().code(), Some(3));
    terminal.is_as_before();
}

#[test]
fn colours_are_left_out_when_asked() {
    let name = program::name("top-colours");
    let (_program, _) = Program::behave(&name, &["lock"]);
    let coloured = |terminal: &Terminal| {
        terminal.screen(|screen| {
            let cells = (0..24).flat_map(|y| (0..80).map(move |x| (y, x)));
            let mut cells = cells.filter_map(|(y, x)| screen.cell(y, x));
            cells.any(|cell| cell.fgcolor() != vt100::Color::Default)
        })
    };
    let plain = Terminal::start(&inspect(), &["top", &name, "--color", "never"], 80, 24);
    plain.shows("THREAD");
    assert!(!coloured(&plain));
    let bright = top(&name, 80, 24);
    bright.until("colours", |_| coloured(&bright));
    // Without colour the class is still a word.
    assert!(plain.text().contains(" wait "), "{}", plain.text());
}
