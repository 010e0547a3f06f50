//! Where a thread is.

use super::super::atomics::AtomicU64;
use super::super::protocol::stack;
use super::super::run::explore;
use super::{beside, get, set, words};

/// A thread's block of `N` frames: the counts, the base, and the scopes in it.
pub(super) struct Frames<const N: usize>(pub(super) [[AtomicU64; 4]; N]);

impl<const N: usize> Frames<N> {
    pub(super) fn new() -> Self {
        Self(core::array::from_fn(|_| words()))
    }

    /// As `local::push_into` does it.
    pub(super) fn push(&self, frame: usize, site: u64, argument: u64) {
        stack::count_push(&self.0[0][stack::SCOPE]);
        let frame = &self.0[frame];
        set(&frame[stack::SCOPE_ARG], argument);
        stack::open(&frame[stack::SCOPE], &frame[stack::LINE], site);
    }

    /// As `local::pop` does it.
    pub(super) fn pop(&self, frame: usize) {
        stack::close(&self.0[frame][stack::SCOPE]);
    }

    /// As `local::at` does it.
    pub(super) fn tag(&self, frame: usize, site: u64) {
        stack::tag(&self.0[frame][stack::LINE], site);
    }

    /// As `local::at_with` does it.
    pub(super) fn tag_with(&self, frame: usize, site: u64, argument: u64) {
        let (head, frame) = (&self.0[0], &self.0[frame]);
        stack::tag_with(
            &head[stack::LINE],
            &frame[stack::LINE],
            &frame[stack::ARG],
            site,
            argument,
        );
    }

    pub(super) fn read(&self) -> Option<Vec<stack::Level>> {
        let mut levels = [stack::Level::default(); N];
        let load = |frame: usize, word: usize| get(&self.0[frame][word]);
        let depth = stack::read(load, &mut levels[1..], &mut 0)?;
        Some(levels[1..=depth].to_vec())
    }

    pub(super) fn last(&self) -> Option<(u64, Option<u64>)> {
        stack::last(|frame: usize, word: usize| get(&self.0[frame][word]))
    }

    /// A second look at the innermost frame, with these scopes open.
    pub(super) fn again(&self, scopes: &[u64]) -> Option<u64> {
        let load =
            |frame: usize, word: usize| self.0.get(frame).map_or(0, |frame| get(&frame[word]));
        stack::read_again(load, load(0, stack::SCOPE), scopes.iter().copied())
    }

    /// Scope, scope argument and line of each level.
    pub(super) fn read_lines(&self) -> Option<Vec<(u64, u64, u64)>> {
        let levels = self.read()?;
        Some(levels.iter().map(|level| (level.scope, level.scope_arg, level.line)).collect())
    }
}

/// Checks what a reader of a stack accepted against the stacks that existed, and notes which it was.
fn note_stack<const N: usize>(
    frames: &Frames<N>,
    existed: &[&[(u64, u64, u64)]],
    seen: &super::super::run::Seen,
) {
    if let Some(stack) = frames.read_lines() {
        let at = existed.iter().position(|existed| **existed == *stack);
        let at = at.unwrap_or_else(|| panic!("{stack:?} never existed"));
        seen.note(at as u64);
    }
}

/// A line, a scope in it, and the same frame opened again after the line has moved: no scope is
/// shown under a line that it was not entered from, and no scope with another's line or argument.
pub fn stack_scope_after_scope() {
    const EXISTED: [&[(u64, u64, u64)]; 6] = [
        &[(0, 0, 8)],
        &[(0, 0, 8), (16, 1, 0)],
        &[(0, 0, 8), (16, 1, 24)],
        &[(0, 0, 32)],
        &[(0, 0, 32), (40, 2, 0)],
        &[(0, 0, 32), (40, 2, 48)],
    ];
    explore("stack: a scope after a scope", Some(3), &[0, 1, 2, 3, 4, 5], |seen| {
        let seen = seen.clone();
        let frames = Frames::<3>::new();
        frames.tag(1, 8);
        beside(
            frames,
            |frames| {
                frames.push(2, 16, 1);
                frames.tag(2, 24);
                frames.pop(2);
                frames.tag(1, 32);
                frames.push(2, 40, 2);
                frames.tag(2, 48);
            },
            move |frames| note_stack(frames, &EXISTED, &seen),
        );
    });
}

/// Scopes inside scopes: the innermost of three levels is never shown under a middle one that it
/// was not entered from.
pub fn stack_scope_in_scope() {
    const EXISTED: [&[(u64, u64, u64)]; 6] = [
        &[(0, 0, 8), (16, 0, 0)],
        &[(0, 0, 8), (16, 0, 0), (24, 0, 0)],
        &[(0, 0, 8)],
        &[(0, 0, 8), (32, 0, 0)],
        &[(0, 0, 8), (32, 0, 40)],
        &[(0, 0, 8), (32, 0, 40), (48, 0, 0)],
    ];
    explore("stack: a scope in a scope", Some(2), &[0, 1, 2, 3, 4, 5], |seen| {
        let seen = seen.clone();
        let frames = Frames::<4>::new();
        frames.tag(1, 8);
        frames.push(2, 16, 0);
        beside(
            frames,
            |frames| {
                frames.push(3, 24, 0);
                frames.pop(3);
                frames.pop(2);
                frames.push(2, 32, 0);
                frames.tag(2, 40);
                frames.push(3, 48, 0);
            },
            move |frames| note_stack(frames, &EXISTED, &seen),
        );
    });
}

/// Lines with arguments, the same line again with another one: a line is never shown with another
/// line's argument.
pub fn stack_arguments() {
    explore("stack: lines and their arguments", Some(3), &[1, 2, 3], |seen| {
        let seen = seen.clone();
        let frames = Frames::<2>::new();
        frames.tag_with(1, 8, 1);
        beside(
            frames,
            |frames| {
                frames.tag_with(1, 16, 2);
                frames.tag_with(1, 8, 3);
            },
            move |frames| {
                let Some(levels) = frames.read() else { return };
                let level = levels[0];
                assert!([8, 16].contains(&level.line), "{level:?}");
                if let Some(argument) = level.arg {
                    let existed = [(8, 1), (16, 2), (8, 3)];
                    assert!(existed.contains(&(level.line, argument)), "{level:?}");
                    seen.note(argument);
                }
            },
        );
    });
}

/// What a thread did last: nothing before its first scope, nothing while one is open, then the line that the
/// scope had reached, with that line's argument.
pub fn stack_what_was_left() {
    explore("stack: what was left", Some(3), &[0, 1], |seen| {
        let seen = seen.clone();
        let frames = Frames::<3>::new();
        assert_eq!(frames.last(), None);
        frames.push(2, 16, 0);
        assert_eq!((frames.last(), frames.again(&[16])), (None, Some(0)));
        assert_eq!(frames.read_lines(), Some(vec![(0, 0, 0), (16, 0, 0)]));
        frames.tag_with(2, 24, 5);
        assert_eq!((frames.last(), frames.again(&[16])), (None, Some(24)));
        frames.pop(2);
        assert_eq!(frames.again(&[16]), None);
        assert_eq!(frames.last(), Some((24, Some(5))));
        beside(
            frames,
            |frames| {
                frames.push(2, 40, 0);
                frames.tag_with(2, 48, 6);
            },
            move |frames| match frames.last() {
                None => seen.note(0),
                // Its argument may be in flux, and is never the next line's.
                Some((line, argument)) => {
                    assert!([24, 40, 48].contains(&line), "{line}");
                    assert!([None, Some(5)].contains(&argument) || line == 48, "{argument:?}");
                    seen.note(1);
                }
            },
        );
    });
}
