//! The boards that are sampled together, and what is asked of all of them.

use std::io;

use super::board_sampler::BoardSampler;
use super::names::Numbers;
use super::subject::Subject;
use crate::recording::{Entry, Sink};
use crate::words::label::Label;

struct Watched {
    subject: Subject,
    sampler: BoardSampler,
}

impl Watched {
    /// Why it is over; `None` while its process lives.
    fn ended(&mut self, now: u64) -> Option<String> {
        match (self.subject.life)(&self.subject.board, now) {
            None if self.subject.board.source.lost_pages() => Some("its board was cut".to_owned()),
            ended => ended,
        }
    }

    /// The last that is said of it.
    fn leave(&mut self, verdict: &str, sink: &mut dyn Sink) -> io::Result<()> {
        self.sampler.blame(sink)?;
        self.sampler.hits(&self.subject.board, false, sink)?;
        self.sampler.leave_all(sink)?;
        let verdict = Label::from(verdict);
        sink.put(&Entry::BoardEnd { board: self.sampler.board, verdict })
    }
}

/// Those whose process lives: what ended is let go of, its file too.
#[derive(Default)]
pub(super) struct Boards {
    all: Vec<Watched>,
    numbers: Numbers,
}

impl Boards {
    /// Takes boards in.
    pub(super) fn join(&mut self, subjects: Vec<Subject>, sink: &mut dyn Sink) -> io::Result<()> {
        for subject in subjects {
            let opened = BoardSampler::open(&subject.board, &mut self.numbers, sink)?;
            if let Some(mut sampler) = opened {
                sampler.hits(&subject.board, true, sink)?;
                self.all.push(Watched { subject, sampler });
            }
        }
        Ok(())
    }

    /// Whether a process still lives.
    pub(super) fn any_alive(&self) -> bool {
        !self.all.is_empty()
    }

    /// Boards whose process lives, and threads in sight.
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.all.len(), self.all.iter().map(|one| one.sampler.threads()).sum())
    }

    /// One look at every thread; how many those were.
    pub(super) fn look(&mut self, sink: &mut dyn Sink) -> io::Result<u64> {
        let mut samples = 0;
        let Self { all, numbers } = self;
        for one in all {
            one.sampler.look(&one.subject.board, numbers, sink)?;
            samples += one.sampler.threads() as u64;
        }
        Ok(samples)
    }

    /// Looks which threads rest where nobody told what they do.
    pub(super) fn rest(&mut self, sink: &mut dyn Sink) -> io::Result<()> {
        let Self { all, numbers } = self;
        for one in all {
            one.sampler.rest(&one.subject.board, numbers, sink)?;
        }
        Ok(())
    }

    /// Notices processes that ended.
    pub(super) fn check(&mut self, now: u64, sink: &mut dyn Sink) -> io::Result<()> {
        let mut said = Ok(());
        self.all.retain_mut(|one| {
            let Some(verdict) = one.ended(now) else { return true };
            if said.is_ok() {
                said = one.leave(&verdict, sink);
            }
            false
        });
        said
    }

    /// Says how many threads are out of sight.
    pub(super) fn count(&mut self, sink: &mut dyn Sink) -> io::Result<()> {
        for one in &mut self.all {
            let Watched { subject, sampler, .. } = one;
            if let Some(process_threads) = &mut subject.process_threads {
                process_threads.count(&subject.board, sampler, sink)?;
            }
        }
        Ok(())
    }

    /// Asks for one thread's name of each board: all of them in turn.
    pub(super) fn names(&mut self, sink: &mut dyn Sink) -> io::Result<()> {
        for one in &mut self.all {
            if let Some(process_threads) = &mut one.subject.process_threads {
                process_threads.name(&mut one.sampler, sink)?;
            }
        }
        Ok(())
    }

    /// Says who kept whom waiting.
    pub(super) fn blame(&mut self, sink: &mut dyn Sink) -> io::Result<()> {
        self.all.iter_mut().try_for_each(|one| one.sampler.blame(sink))
    }

    /// Says how often sites were passed.
    pub(super) fn hits(&mut self, all: bool, sink: &mut dyn Sink) -> io::Result<()> {
        for one in &mut self.all {
            one.sampler.hits(&one.subject.board, all, sink)?;
        }
        Ok(())
    }
}
