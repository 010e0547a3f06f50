//! A sink on a thread of its own: who samples hands entries over and goes on. What takes long (packing a second into a
//! chunk, a disk) is done beside the next ticks, not between them.

use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::entry::{Entry, Sink};

/// Entries that are handed over at once, and for how long they are kept back at most.
const BATCH: usize = 4096;
const BATCH_NS: u64 = 100_000_000;
/// Batches that may wait. When there are as many, whoever samples waits too: then ticks are missed, and counted.
const WAITING: usize = 64;

/// Hands entries to a sink, in order. The thread begins with the first entry: with the rights and the signals
/// that its caller has then.
#[derive(Debug)]
pub struct Behind<S> {
    batch: Vec<Said>,
    /// Moment of the tick from which on the batch is handed over.
    due_ns: u64,
    with: With<S>,
}

/// Who has the sink.
#[derive(Debug)]
enum With<S> {
    Us(S),
    Thread { to: SyncSender<Vec<Said>>, thread: JoinHandle<(S, io::Result<()>)> },
    Nobody,
}

/// An entry, small where there are many.
#[derive(Debug)]
enum Said {
    At { thread: u32, stack: u32 },
    Torn { thread: u32 },
    Ticks { at_ns: u64, count: u64 },
    Other(Box<Entry>),
}

impl From<&Entry> for Said {
    fn from(entry: &Entry) -> Self {
        match *entry {
            Entry::At { thread, stack } => Self::At { thread, stack },
            Entry::Torn { thread } => Self::Torn { thread },
            Entry::Ticks { at_ns, count } => Self::Ticks { at_ns, count },
            ref other => Self::Other(Box::new(other.clone())),
        }
    }
}

impl From<Said> for Entry {
    fn from(said: Said) -> Self {
        match said {
            Said::At { thread, stack } => Self::At { thread, stack },
            Said::Torn { thread } => Self::Torn { thread },
            Said::Ticks { at_ns, count } => Self::Ticks { at_ns, count },
            Said::Other(entry) => *entry,
        }
    }
}

impl<S: Sink + Send + 'static> Behind<S> {
    /// Hands everything to `sink`.
    pub fn new(sink: S) -> Self {
        Self { batch: Vec::new(), due_ns: 0, with: With::Us(sink) }
    }

    /// Waits until the sink has taken everything, and gives it back.
    ///
    /// # Errors
    /// It refused something, or a call before this said so already.
    pub fn finish(mut self) -> io::Result<S> {
        self.hand_over()?;
        self.end()
    }
}

impl<S> Behind<S> {
    /// The sink, once it has taken what was handed over; the thread has ended then.
    fn end(&mut self) -> io::Result<S> {
        match std::mem::replace(&mut self.with, With::Nobody) {
            With::Us(sink) => Ok(sink),
            With::Thread { to, thread } => {
                drop(to);
                let (sink, took) = thread.join().map_err(|_| died())?;
                took.map(|()| sink)
            }
            With::Nobody => Err(died()),
        }
    }
}

impl<S: Sink + Send + 'static> Behind<S> {
    fn begin(sink: S) -> io::Result<With<S>> {
        let (to, batches) = sync_channel::<Vec<Said>>(WAITING);
        let work = move || {
            let mut sink = sink;
            let took = batches.iter().flatten().try_for_each(|said| sink.put(&Entry::from(said)));
            (sink, took)
        };
        let thread = std::thread::Builder::new().name("writer".to_owned()).spawn(work)?;
        Ok(With::Thread { to, thread })
    }

    fn hand_over(&mut self) -> io::Result<()> {
        if self.batch.is_empty() {
            return Ok(());
        }
        if let With::Us(_) = self.with
            && let With::Us(sink) = std::mem::replace(&mut self.with, With::Nobody)
        {
            self.with = Self::begin(sink)?;
        }
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        match &self.with {
            With::Thread { to, .. } if to.send(batch).is_ok() => Ok(()),
            // It takes no more: it says why.
            _ => Err(self.end().err().unwrap_or_else(died)),
        }
    }
}

impl<S: Sink + Send + 'static> Sink for Behind<S> {
    fn put(&mut self, entry: &Entry) -> io::Result<()> {
        self.batch.push(Said::from(entry));
        let due = match entry {
            Entry::Ticks { at_ns, .. } if *at_ns >= self.due_ns => {
                self.due_ns = at_ns + BATCH_NS;
                true
            }
            Entry::Ticks { .. } => self.batch.len() >= BATCH,
            Entry::Start { .. } | Entry::End { .. } => true,
            _ => false,
        };
        if due { self.hand_over() } else { Ok(()) }
    }
}

/// What was handed over is taken, also where somebody gave up in the middle.
impl<S> Drop for Behind<S> {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

fn died() -> io::Error {
    io::Error::other("the thread that writes ended")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Ticks with threads that move, in the middle of everything else.
    fn entries(ticks: u64) -> Vec<Entry> {
        let mut all = vec![Entry::Start { rate_mhz: 1_000_000, wall_ns: 7 }, Entry::Stack(vec![])];
        for tick in 0..ticks {
            all.push(Entry::At { thread: 0, stack: (tick % 5) as u32 });
            all.push(Entry::Torn { thread: 1 });
            all.push(Entry::Missed(tick));
            all.push(Entry::Ticks { at_ns: tick * 1_000_000, count: 1 });
        }
        all.push(Entry::End { duration_ns: 9, why: "done".into() });
        all
    }

    #[test]
    fn everything_arrives_in_order() {
        let said = entries(20_000);
        let mut behind = Behind::new(Vec::new());
        said.iter().try_for_each(|entry| behind.put(entry)).expect("taken");
        assert_eq!(behind.finish().expect("taken"), said);
    }

    #[test]
    fn what_was_handed_over_is_taken_by_who_gives_up() {
        struct Counting(Arc<AtomicUsize>);
        impl Sink for Counting {
            fn put(&mut self, _: &Entry) -> io::Result<()> {
                self.0.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
        }
        let taken = Arc::new(AtomicUsize::new(0));
        let mut behind = Behind::new(Counting(Arc::clone(&taken)));
        let said = entries(10_000);
        said.iter().try_for_each(|entry| behind.put(entry)).expect("taken");
        drop(behind);
        assert_eq!(taken.load(Ordering::Relaxed), said.len());
    }

    /// Takes so many, then no more.
    struct Full(usize);

    impl Sink for Full {
        fn put(&mut self, _: &Entry) -> io::Result<()> {
            self.0 = self.0.checked_sub(1).ok_or_else(|| io::Error::other("no space left"))?;
            Ok(())
        }
    }

    #[test]
    fn who_refuses_is_heard_sooner_or_at_the_end() {
        for room in [0, 3, 70_000] {
            let mut behind = Behind::new(Full(room));
            let taken = entries(20_000).iter().try_for_each(|entry| behind.put(entry));
            let error = taken.and_then(|()| behind.finish().map(drop)).expect_err("refused");
            assert_eq!(error.to_string(), "no space left", "{room}");
        }
    }

    #[test]
    fn nothing_said_starts_no_thread() {
        assert_eq!(Behind::new(Vec::new()).finish().expect("nothing"), []);
    }
}
