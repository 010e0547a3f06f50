//! What the demo says, on stderr, without ever waiting for a reader: lines go to a thread of their own, which may
//! stand still before a full pipe. What finds no room there is counted, and told when there is room again.

use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// Lines that wait for stderr.
const LINES: usize = 256;
/// The end of the process waits this long for what was said before.
const PATIENCE: Duration = Duration::from_millis(500);

enum Word {
    Line(String),
    /// Everything before was written.
    Done(SyncSender<()>),
}

static WORDS: OnceLock<Option<SyncSender<Word>>> = OnceLock::new();
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// Says a line, formatted as by `eprintln!`.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::say::line(format!("daemon-demo: {}\n", format_args!($($text)*)))
    };
}
pub(crate) use say;

/// Says a line as it is.
pub(crate) fn line(line: String) {
    let sent = words().is_some_and(|words| words.try_send(Word::Line(line)).is_ok());
    if !sent {
        DROPPED.fetch_add(1, Ordering::Relaxed);
    }
}

/// Waits, not for long, until what was said is written.
pub(crate) fn finish() {
    let (done, wait) = sync_channel(1);
    if let Some(Some(words)) = WORDS.get()
        && words.try_send(Word::Done(done)).is_ok()
    {
        let _ = wait.recv_timeout(PATIENCE);
    }
}

fn words() -> Option<&'static SyncSender<Word>> {
    let start = || {
        let (words, said) = sync_channel(LINES);
        let thread = std::thread::Builder::new().name("log".to_owned()).stack_size(128 << 10);
        thread.spawn(move || write(&said)).ok().map(|_| words)
    };
    WORDS.get_or_init(start).as_ref()
}

/// Not through std's handle: that has a lock, and a thread that panics would wait for it.
fn write(said: &Receiver<Word>) {
    // Signals are for the thread that waits for them.
    let _ = nix::sys::signal::SigSet::all().thread_block();
    let stderr = std::io::stderr().as_fd().try_clone_to_owned();
    let mut stderr = stderr.ok().map(std::fs::File::from);
    let mut put = |text: &str| {
        // Nobody there is no reason to end.
        if let Some(stderr) = &mut stderr {
            let _ = stderr.write_all(text.as_bytes());
        }
    };
    loop {
        probe::tag!(idle, "wait for lines");
        let Ok(word) = said.recv() else { return };
        probe::tag!(wait, "stderr");
        match word {
            Word::Line(line) => put(&line),
            Word::Done(done) => _ = done.try_send(()),
        }
        let dropped = DROPPED.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            put(&format!("daemon-demo: {dropped} lines were not written: nobody read them\n"));
        }
    }
}
