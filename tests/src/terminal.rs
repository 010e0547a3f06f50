//! A real terminal: a pseudo-terminal with a program on it, and an emulator that knows what would be on
//! its screen.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
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
    /// Away when the terminal was hung up.
    pty: Option<Arc<Pty>>,
    emulator: Arc<Mutex<vt100::Parser>>,
    reader: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    before: Termios,
}

fn size(columns: u16, rows: u16) -> (NonZeroU16, NonZeroU16) {
    let at_least_one = |number| NonZeroU16::new(number).unwrap_or(NonZeroU16::MIN);
    (at_least_one(rows), at_least_one(columns))
}

/// Shows what is written, until nobody has the terminal open any more or it is taken away.
fn show(from: &Pty, to: &Mutex<vt100::Parser>, stop: &AtomicBool) {
    let mut bytes = [0; 4096];
    while !stop.load(Ordering::Relaxed) {
        let mut fds = [PollFd::new(from.as_fd(), PollFlags::POLLIN)];
        if !poll(&mut fds, PollTimeout::from(20u8)).is_ok_and(|ready| ready > 0) {
            continue;
        }
        let mut from = from;
        // The end is an error.
        let Ok(read @ 1..) = from.read(&mut bytes) else { return };
        to.lock().unwrap_or_else(PoisonError::into_inner).process(&bytes[..read]);
    }
}

impl Terminal {
    fn pty(&self) -> &Pty {
        self.pty.as_ref().expect("the terminal was not hung up")
    }

    /// Starts a program on a new terminal, in colour whatever the surroundings say.
    ///
    /// # Panics
    /// When there is no terminal to be had, or no such program.
    #[track_caller]
    pub fn start(program: &Path, arguments: &[&str], columns: u16, rows: u16) -> Self {
        let (pty, pts) = open().expect("a pseudo-terminal");
        pty.resize(Size::new(rows, columns)).expect("its size");
        let before = tcgetattr(&pty).expect("its modes");
        // A test run behind `nohup` ignores SIGHUP, and whom it starts would too: a shell of a terminal does not.
        let command = Command::new("env").arg("--default-signal=HUP,INT,QUIT,TERM").arg(program);
        let command = command.args(arguments).env("TERM", "xterm-256color");
        let command = command.env_remove("NO_COLOR").env_remove("COLUMNS").env_remove("LINES");
        let child = command.spawn(pts).unwrap_or_else(|error| panic!("{program:?}: {error}"));
        let pty = Arc::new(pty);
        let (rows, columns) = size(columns, rows);
        let emulator = Arc::new(Mutex::new(vt100::Parser::new(rows, columns, 0)));
        let stop = Arc::new(AtomicBool::new(false));
        let (from, to, ends) = (Arc::clone(&pty), Arc::clone(&emulator), Arc::clone(&stop));
        let reader = std::thread::spawn(move || show(&from, &to, &ends));
        Self { child, pty: Some(pty), emulator, reader: Some(reader), stop, before }
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
        let mut pty = self.pty();
        pty.write_all(keys.as_bytes()).expect("the terminal takes keys");
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
        self.pty().resize(Size::new(rows, columns)).expect("its size");
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

    /// The process that the program has started, when it is a shell.
    pub fn inner(&self) -> Option<nix::unistd::Pid> {
        let shell = self.child.id();
        let path = format!("/proc/{shell}/task/{shell}/children");
        let children = std::fs::read_to_string(path).ok()?;
        children.split_whitespace().next()?.parse().ok().map(nix::unistd::Pid::from_raw)
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

    /// Takes the terminal away, as closing its window does.
    pub fn hang_up(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        self.pty = None;
    }

    /// Whether the terminal is as it was before the program: its modes, the screen and the cursor.
    ///
    /// # Panics
    /// When it is not, with what is wrong.
    #[track_caller]
    pub fn is_as_before(&self) {
        let now = tcgetattr(self.pty()).expect("its modes");
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
        let raw = tcgetattr(self.pty()).is_ok_and(|now| now != self.before);
        raw && self.screen(|screen| screen.alternate_screen() && screen.hide_cursor())
    }

    /// Whether the program has given the screen back.
    pub fn is_given_back(&self) -> bool {
        let cooked = tcgetattr(self.pty()).is_ok_and(|now| now == self.before);
        cooked && self.screen(|screen| !screen.alternate_screen() && !screen.hide_cursor())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
