//! The last tags of a thread in a ring, for one who looks at any moment, or when the thread is long dead.
//!
//! The newest stands before the first empty entry, or last where none is empty. So the entry after the newest is emptied
//! before the newest is stored; behind the last one stands one more word for that, and who comes to the end empties the
//! first: otherwise there would be two stores between which the oldest looked like the newest.
//!
//! A tag in a signal handler that comes in the middle of another one leaves an entry empty behind the two, until the ring
//! comes there again. Which of the gaps is the newest one's cannot be told then, and nothing is.

use super::super::atomics::{AtomicU64, Ordering, fence};

/// Notes a tag in the entry that is next; `behind` is the word after it.
#[inline(always)]
pub fn note(entry: &AtomicU64, behind: &AtomicU64, tag: u64) {
    behind.store(0, Ordering::Relaxed);
    // Release: who finds the new tag finds the zero behind it.
    fence(Ordering::Release);
    entry.store(tag, Ordering::Relaxed);
}

/// The last entry was noted, the next one is the first: there is none before it that could say so.
#[inline]
pub fn wrap(first: &AtomicU64) {
    first.store(0, Ordering::Relaxed);
    // Release: who finds the second one empty, as the next note leaves it, finds the first one changed.
    fence(Ordering::Release);
}

/// The tags of a ring, the newest first, and how many there are: none while there are two gaps. What the thread overwrote
/// while it was looked at is left out.
pub fn read<const N: usize>(mut load: impl FnMut(usize) -> u64) -> ([u64; N], usize) {
    let before: [u64; N] = core::array::from_fn(|at| {
        let tag = load(at);
        // Acquire: pairs with the fences above; whoever found a new tag finds the zero behind it.
        fence(Ordering::Acquire);
        tag
    });
    let after: [u64; N] = core::array::from_fn(load);
    let of = |all: &[u64; N], at: usize| all.get(at % N).copied().unwrap_or(0);
    let still = |at: usize| of(&before, at) == 0 && of(&after, at) == 0;
    let gaps = (0..N).filter(|&at| still(at) && (at == 0 || !still(at - 1))).count();
    if gaps > 1 {
        return ([0; N], 0);
    }
    let empty = before.iter().position(|tag| *tag == 0).unwrap_or(N);
    // What was noted since, and the zero behind it: it stands where the oldest were.
    let noted = (0..N).take_while(|step| of(&after, empty + step) != 0).count();
    let went_on = of(&after, empty) != 0 && of(&after, empty) != of(&before, empty);
    let kept = if went_on { N.saturating_sub(noted + 1) } else { N };
    let mut tags = [0; N];
    let mut count = 0;
    for (step, to) in tags.iter_mut().enumerate().take(kept) {
        let at = empty + 2 * N - 1 - step;
        let tag = of(&before, at);
        if tag == 0 || tag != of(&after, at) {
            break;
        }
        *to = tag;
        count += 1;
    }
    (tags, count)
}
