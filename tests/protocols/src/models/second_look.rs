//! Where a thread is, looked at again by a reader that knows where it was.

use super::super::atomics::AtomicU64;
use super::super::protocol::{occupancy, published, stack};
use super::super::run::explore;
use super::stack::Frames;
use super::{beside, get, set};

/// A second look that trusts the first as long as the count of pushes stands, while the same site is
/// entered again under another scope: no line is shown in scopes that it was not reached in.
pub fn stack_second_look() {
    explore("stack: a second look", Some(3), &[0, 32, 40], |seen| {
        let seen = seen.clone();
        let frames = Frames::<4>::new();
        frames.push(2, 16, 0);
        frames.push(3, 24, 0);
        frames.tag(3, 32);
        let pushes = get(&frames.0[0][stack::SCOPE]);
        beside(
            frames,
            |frames| {
                frames.tag(3, 40);
                frames.pop(3);
                frames.pop(2);
                frames.push(2, 48, 0);
                frames.push(3, 24, 0);
                frames.tag(3, 56);
            },
            move |frames| {
                let load = |frame: usize, word: usize| {
                    frames.0.get(frame).map_or(0, |frame| get(&frame[word]))
                };
                let line = stack::read_again(load, pushes, [16, 24].into_iter());
                assert!([None, Some(32), Some(40)].contains(&line), "{line:?} in the first scopes");
                seen.note(line.unwrap_or(0));
            },
        );
    });
}

/// A second look never shows what the reader knows to be over: scopes that were closed, or that had been
/// announced at the first look and were opened since.
pub fn stack_second_look_is_not_stale() {
    explore("stack: a second look is not stale", None, &[1, 8], |seen| {
        let seen = seen.clone();
        let (opened, closed) = (Frames::<4>::new(), Frames::<4>::new());
        for frames in [&opened, &closed] {
            frames.push(2, 16, 0);
            frames.tag(2, 8);
        }
        stack::count_push(&opened.0[0][stack::SCOPE]);
        let pushes = [&opened, &closed].map(|frames| get(&frames.0[0][stack::SCOPE]));
        beside(
            (AtomicU64::new(0), [opened, closed]),
            |(flag, [opened, closed])| {
                stack::open(&opened.0[3][stack::SCOPE], &opened.0[3][stack::LINE], 24);
                closed.pop(2);
                published::publish(flag, 1);
            },
            move |(flag, both)| {
                let over = published::seen(|| get(flag)) == 1;
                for (frames, pushes) in both.iter().zip(pushes) {
                    let load = |frame: usize, word: usize| get(&frames.0[frame][word]);
                    let line = stack::read_again(load, pushes, [16].into_iter());
                    assert!(line.is_none() || !over && line == Some(8), "{line:?}, over: {over}");
                    seen.note(line.unwrap_or(over.into()));
                }
            },
        );
    });
}

/// The same when a new occupant begins where the first one stood: its line is never the first one's.
pub fn stack_second_look_at_an_occupant() {
    explore("stack: a second look at a occupant", None, &[0, 8, 16], |seen| {
        let seen = seen.clone();
        let (state, frames) = (AtomicU64::new(0), Frames::<3>::new());
        occupancy::begin(&state, 1);
        occupancy::publish(&state, 1);
        frames.tag(1, 8);
        beside(
            (state, frames),
            |(state, frames)| {
                frames.tag(1, 16);
                occupancy::end(state, 1);
                // As `thread::fill` does it: the count of pushes goes on, the rest begins anew.
                occupancy::begin(state, 2);
                set(&frames.0[1][stack::LINE], 0);
                occupancy::publish(state, 2);
                frames.tag(1, 24);
            },
            move |(state, frames)| {
                let load = |frame: usize, word: usize| get(&frames.0[frame][word]);
                let line = stack::read_again(load, 0, [].into_iter());
                let line = line.filter(|_| get(state) == occupancy::state(1, occupancy::LIVE));
                assert!([None, Some(8), Some(16)].contains(&line), "{line:?} is the first one's");
                seen.note(line.unwrap_or(0));
            },
        );
    });
}
