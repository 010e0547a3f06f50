//! A real terminal: a pseudo-terminal with a program on it, and an emulator that knows what would be on
//! its screen.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::sys::termios::{Termios, tcgetattr};
use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};

use crate::wait;

/// How long a picture may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program on a terminal. Killed when dropped.
pub struct Terminal {
    /// The program.
    pub child: Child,
    pty: Arc<Pty>,
    emulator: Arc<Mutex<vt100::Parser>>,
    reader: Option<JoinHandle<()>>,
    before: Termios,
}

fn size(columns: u16, rows: u16) -> (NonZeroU16, NonZeroU16) {
    let at_least_one = |number| NonZeroU16::new(number).unwrap_or(NonZeroU16::MIN);
    (at_least_one(rows), at_least_one(columns))
}

impl Terminal {
    /// Starts a program on a new terminal, in colour whatever the surroundings say.
    ///
    /// # Panics
    /// When there is no terminal to be had, or no such program.
    #[track_caller]
    pub fn start(program: &Path, arguments: &[&str], columns: u16, rows: u16) -> Self {
        let (pty, pts) = open().expect("a pseudo-terminal");
        pty.resize(Size::new(rows, columns)).expect("its size");
        let before = tcgetattr(&pty).expect("its modes");
        let command = Command::new(program).args(arguments).env("TERM", "xterm-256color");
        let command = command.env_remove("NO_COLOR").env_remove("COLUMNS").env_remove("LINES");
        let child = command.spawn(pts).unwrap_or_else(|error| panic!("{program:?}: {error}"));
        let pty = Arc::new(pty);
        let (rows, columns) = size(columns, rows);
        let emulator = Arc::new(Mutex::new(vt100::Parser::new(rows, columns, 0)));
        let (from, to) = (Arc::clone(&pty), Arc::clone(&emulator));
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The end is an error: nobody has the terminal open any more.
            while let Ok(read @ 1..) = (&*from).read(&mut bytes) {
                to.lock().unwrap_or_else(PoisonError::into_inner).process(&bytes[..read]);
            }
        });
        Self { child, pty, emulator, reader: Some(reader), before }
    }

    /// What the emulator shows.
    pub fn screen<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.emulator.lock().unwrap_or_else(PoisonError::into_inner).screen())
    }

    /// The text on the screen.
    pub fn text(&self) -> String {
        self.screen(vt100::Screen::contents)
    }

    /// Types.
    ///
    /// # Panics
    /// When the terminal is gone.
    #[track_caller]
    pub fn press(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).expect("the terminal takes keys");
    }

    /// Another size, which the program is told.
    ///
    /// # Panics
    /// When the terminal is gone.
    #[track_caller]
    pub fn resize(&self, columns: u16, rows: u16) {
        let (high, wide) = size(columns, rows);
        let mut emulator = self.emulator.lock().unwrap_or_else(PoisonError::into_inner);
        emulator.set_size(high, wide);
        drop(emulator);
        self.pty.resize(Size::new(rows, columns)).expect("its size");
    }

    /// Waits until the text on the screen is as wanted; the text.
    ///
    /// # Panics
    /// When it does not come to be, with what is there instead.
    #[track_caller]
    pub fn until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let start = std::time::Instant::now();
        loop {
            let text = self.text();
            if wanted(&text) {
                return text;
            }
            assert!(start.elapsed() < PATIENCE, "waited for {what}, on the screen is\n{text}");
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    /// Waits until the screen shows a text.
    #[track_caller]
    pub fn shows(&self, text: &str) -> String {
        self.until(&format!("{text:?}"), |screen| screen.contains(text))
    }

    /// Sends the program a signal.
    ///
    /// # Panics
    /// When it is gone.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        let pid = nix::unistd::Pid::from_raw(self.child.id().cast_signed());
        nix::sys::signal::kill(pid, signal).expect("it is there");
    }

    /// Its state letter in `/proc`.
    pub fn state(&self) -> Option<char> {
        inspect::proc::process(self.child.id()).map(|process| process.state)
    }

    /// Waits for the program's end, and until everything that it wrote is on the screen.
    ///
    /// # Panics
    /// When it does not end.
    #[track_caller]
    pub fn end(&mut self) -> ExitStatus {
        let child = &mut self.child;
        let status = wait::until("its end", PATIENCE, || child.try_wait().ok().flatten());
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        status
    }

    /// Whether the terminal is as it was before the program: its modes, the screen and the cursor.
    ///
    /// # Panics
    /// When it is not, with what is wrong.
    #[track_caller]
    pub fn is_as_before(&self) {
        let now = tcgetattr(&*self.pty).expect("its modes");
        assert_eq!(now, self.before, "modes of the terminal");
        self.screen(|screen| {
            assert!(!screen.alternate_screen(), "the alternate screen is still there");
            assert!(!screen.hide_cursor(), "the cursor is still hidden");
            assert!(!screen.inverse() && !screen.bold(), "text is still drawn in a style");
            assert_eq!(screen.fgcolor(), vt100::Color::Default, "text is still coloured");
        });
    }

    /// Whether the program has the screen.
    pub fn is_taken(&self) -> bool {
        let raw = tcgetattr(&*self.pty).is_ok_and(|now| now != self.before);
        raw && self.screen(|screen| screen.alternate_screen() && screen.hide_cursor())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
