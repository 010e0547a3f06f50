//! The terminal: taken over, and given back as it was on every way out: return, panic, signal, Ctrl-Z.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::panic::{self, PanicHookInfo};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::Command;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::event::KeyEvent;
use ratatui::crossterm::style::ResetColor;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};

use super::keys::Keys;

/// Signals that are asked for beside the keys, so that none of them leaves the terminal as it is.
const SIGNALS: [Signal; 7] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGTSTP,
    Signal::SIGCONT,
    Signal::SIGWINCH,
];

/// Whether the terminal is ours now: leaving twice must not undo what came after.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// The last panic of a thread that has no screen.
static PANICKED: Mutex<Option<String>> = Mutex::new(None);

/// What happened while waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The time is up.
    Time,
    /// A key.
    Key(KeyEvent),
    /// The screen has to be drawn anew: another size, or somebody else drew on it.
    Redraw,
    /// Somebody wants the process stopped: Ctrl-Z from outside.
    Suspend,
    /// Somebody wants the end.
    End(Signal),
    /// There is something to be read where [`Screen::wait_for`] looked.
    News,
}

type Hook = dyn Fn(&PanicHookInfo<'_>) + Send + Sync;

/// The way to the terminal. One that hung up takes everything: [`Screen::wait`] notices, and ratatui's
/// `Terminal` would report the failure of its last words on a stderr that is gone too, and panic.
struct Out(File);

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.raw_os_error() == Some(Errno::EIO as i32) => Ok(bytes.len()),
            result => result,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The terminal as a screen of ours. Dropping it gives the terminal back.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Out>>>,
    signals: SignalFd,
    keys: Keys,
    typed: VecDeque<KeyEvent>,
    mask: SigSet,
    hook: Arc<Hook>,
}

impl Screen {
    /// Takes the terminal on stdin and stdout. Signals are asked for from here on, by this thread and
    /// those that it starts.
    ///
    /// # Errors
    /// The terminal cannot do what is needed.
    pub fn enter() -> io::Result<Self> {
        let mut wanted = SigSet::empty();
        SIGNALS.into_iter().for_each(|signal| wanted.add(signal));
        let mask = wanted.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        let signals = SignalFd::with_flags(&wanted, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC);
        // A descriptor of its own: stdout may be locked by whoever called.
        let out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let terminal = Terminal::new(CrosstermBackend::new(BufWriter::new(Out(out))))?;
        let hook = give_back_on_panic();
        let mut screen = Self {
            terminal,
            signals: signals?,
            keys: Keys::default(),
            typed: VecDeque::new(),
            mask,
            hook,
        };
        screen.take()?;
        Ok(screen)
    }

    fn take(&mut self) -> io::Result<()> {
        TAKEN.store(true, Ordering::SeqCst);
        enable_raw_mode()?;
        say(&[&EnterAlternateScreen, &Hide])?;
        self.forget()
    }

    /// Draws.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw(&mut self, draw: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(draw).map(|_| ())
    }

    /// Draws every cell at the next time, whatever is there.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn forget(&mut self) -> io::Result<()> {
        // `clear` would ask the terminal where its cursor is, and wait for an answer among the keys.
        let size = self.terminal.size()?;
        self.terminal.resize(size.into())
    }

    /// Gives the terminal back, stops the process as Ctrl-Z does, and takes it again when the process
    /// is continued.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        let mut stop = SigSet::empty();
        stop.add(Signal::SIGTSTP);
        // Not SIGSTOP: where no shell would continue it the kernel lets this one pass.
        stop.thread_unblock()?;
        let raised = raise(Signal::SIGTSTP);
        stop.thread_block()?;
        raised?;
        self.take()
    }

    /// Takes the terminal again after a stop that was not asked for here.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn resume(&mut self) -> io::Result<()> {
        give_back();
        self.take()
    }

    /// Waits for a key, a signal or the moment.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn wait(&mut self, until: Instant) -> io::Result<Event> {
        self.wait_for(until, None)
    }

    /// The same, and until there is something to read at this descriptor.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn wait_for(&mut self, until: Instant, also: Option<BorrowedFd<'_>>) -> io::Result<Event> {
        loop {
            if let Some(key) = self.typed.pop_front() {
                return Ok(Event::Key(key));
            }
            let left = until.saturating_duration_since(Instant::now());
            // Up to the next whole millisecond: waking before the moment would only wake again.
            let timeout = match left.is_zero() {
                true => PollTimeout::ZERO,
                false => PollTimeout::try_from(left + Duration::from_micros(999))
                    .unwrap_or(PollTimeout::MAX),
            };
            let input = io::stdin();
            let known = [input.as_fd(), self.signals.as_fd()].into_iter().chain(also);
            let mut fds: Vec<PollFd<'_>> =
                known.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
            match poll(&mut fds, timeout) {
                Ok(0) if left.is_zero() => {
                    self.keys.forget();
                    return Ok(Event::Time);
                }
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
            let came =
                |at: usize| fds.get(at).and_then(PollFd::revents).unwrap_or(PollFlags::empty());
            let [input, signals, news] = [0, 1, 2].map(came);
            if !signals.is_empty()
                && let Some(event) = self.signal()?
            {
                return Ok(event);
            }
            let gone = PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL;
            if input.intersects(gone) || input.contains(PollFlags::POLLIN) && !self.type_in()? {
                return Ok(Event::End(Signal::SIGHUP));
            }
            if !news.is_empty() && self.typed.is_empty() {
                return Ok(Event::News);
            }
        }
    }

    /// What the next signal asks for.
    fn signal(&mut self) -> io::Result<Option<Event>> {
        let Some(signal) = self.signals.read_signal()? else { return Ok(None) };
        let signal = i32::try_from(signal.ssi_signo).ok().map(Signal::try_from);
        Ok(match signal {
            Some(Ok(Signal::SIGWINCH)) => Some(Event::Redraw),
            Some(Ok(Signal::SIGTSTP)) => Some(Event::Suspend),
            Some(Ok(Signal::SIGCONT)) => {
                self.resume()?;
                Some(Event::Redraw)
            }
            Some(Ok(signal)) => Some(Event::End(signal)),
            _ => None,
        })
    }

    /// Reads what was typed; does not block after `poll` said that there is something. False: nothing
    /// will ever be typed here again.
    fn type_in(&mut self) -> io::Result<bool> {
        let mut bytes = [0; 1024];
        match nix::unistd::read(io::stdin(), &mut bytes) {
            Ok(0) | Err(Errno::EIO) => Ok(false),
            Ok(read) => {
                self.typed.extend(self.keys.read(&bytes[..read]));
                Ok(true)
            }
            Err(Errno::EINTR | Errno::EAGAIN) => Ok(true),
            Err(errno) => Err(errno.into()),
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
        if !thread::panicking() {
            let hook = Arc::clone(&self.hook);
            panic::set_hook(Box::new(move |info| hook(info)));
        }
        // The mask of a thread that ends is nobody's, and there is nobody to tell.
        let _ = self.mask.thread_set_mask();
    }
}

/// Gives the terminal back before a panic of this thread is reported; another thread's is kept for
/// [`panicked`], because its report would go across the screen. Returns the hook before.
fn give_back_on_panic() -> Arc<Hook> {
    let before: Arc<Hook> = panic::take_hook().into();
    let owner = thread::current().id();
    let hook = Arc::clone(&before);
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() == owner {
            give_back();
            hook(info);
        } else {
            *PANICKED.lock().unwrap_or_else(PoisonError::into_inner) = Some(info.to_string());
        }
    }));
    before
}

/// The report of a panic in a thread without a screen, once.
pub fn panicked() -> Option<String> {
    PANICKED.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Gives the terminal back as it was. Nothing happens when it is not ours.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // When the terminal itself is gone there is nothing to give back.
        let _ = say(&[&ResetColor, &Show, &LeaveAlternateScreen]);
        let _ = disable_raw_mode();
    }
}

/// A command of a terminal.
trait Say {
    fn say(&self, to: &mut String) -> std::fmt::Result;
}

impl<C: Command> Say for C {
    fn say(&self, to: &mut String) -> std::fmt::Result {
        self.write_ansi(to)
    }
}

/// Writes commands at once, past every lock: a panicking thread may hold them.
fn say(commands: &[&dyn Say]) -> io::Result<()> {
    let mut text = String::new();
    for command in commands {
        // Writing to a string does not fail.
        let _ = command.say(&mut text);
    }
    nix::unistd::write(io::stdout(), text.as_bytes())?;
    Ok(())
}
