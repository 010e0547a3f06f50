//! A record with one occupant after the other (a thread's slot, a family's member): the state word holds
//! a generation and a status, and a reader that finds it changed throws away what it read between.

use super::super::atomics::{AtomicU64, Ordering, fence};

/// Status of a record that nobody holds.
pub const FREE: u64 = 0;
/// Status of a record that is being filled.
pub const CLAIMING: u64 = 1;
/// Status of a record in use.
pub const LIVE: u64 = 2;

/// The state word of a generation.
pub const fn state(generation: u64, status: u64) -> u64 {
    generation << 8 | status
}

/// Begins an occupancy: from here to [`publish`] the record may be filled. The claim itself was made in
/// private memory; `generation` is private too and higher than the last one's.
#[inline]
pub fn begin(word: &AtomicU64, generation: u64) {
    // Release: who sees that another has the record sees what the last occupant did elsewhere, as in `end`.
    word.store(state(generation, CLAIMING), Ordering::Release);
    // Release: who meets a store that fills the record finds the state moved when it looks again.
    fence(Ordering::Release);
}

/// The record is filled.
#[inline]
pub fn publish(word: &AtomicU64, generation: u64) {
    // Release: pairs with the first fence in `read`.
    word.store(state(generation, LIVE), Ordering::Release);
}

/// Ends an occupancy. What the record holds is no longer anybody's.
#[inline]
pub fn end(word: &AtomicU64, generation: u64) {
    // Release: nobody reads a record that he finds free, but who sees that a thread has given up its slot
    // sees what it did elsewhere before, such as handing an operation on (`holding::is_gone`). The
    // next occupant's stores come later by the release of the claim.
    word.store(state(generation, FREE), Ordering::Release);
}

/// Ends an occupancy and leaves the record to be read, with a status that says how it ended, until the next.
#[inline]
pub fn close(word: &AtomicU64, generation: u64, status: u64) {
    // Release: who sees the status sees what was written last.
    word.store(state(generation, status), Ordering::Release);
}

/// Whether the occupant of this generation has ended, by the state word.
pub const fn has_ended(state: u64, generation: u64) -> bool {
    state >> 8 > generation || state >> 8 == generation && state & 0xff == FREE
}

/// What one reading of a record came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading<T> {
    /// Nobody holds it, or it is being filled.
    Vacant,
    /// What `body` read, all of it of the occupant with this generation.
    Live(u64, T),
    /// Occupants changed during every try.
    Torn,
}

/// Reads a record under one occupancy. `body` gets the generation and may be run several times.
pub fn read<T>(
    load_state: impl FnMut() -> u64,
    mut body: impl FnMut(u64) -> T,
    retries: &mut u64,
) -> Reading<T> {
    read_if(|status| status == LIVE, load_state, |generation, _| body(generation), retries)
}

/// Reads a record under one occupancy, or as it was closed: where `wanted` says so of its status, which is
/// [`LIVE`] or how it was closed. `body` gets generation and status and may be run several times.
pub fn read_if<T>(
    wanted: impl Fn(u64) -> bool,
    mut load_state: impl FnMut() -> u64,
    mut body: impl FnMut(u64, u64) -> T,
    retries: &mut u64,
) -> Reading<T> {
    for _ in 0..super::TRIES {
        let before = load_state();
        // Acquire: pairs with the release store in `publish` and `close`.
        fence(Ordering::Acquire);
        if before & 0xff < LIVE || !wanted(before & 0xff) {
            return Reading::Vacant;
        }
        let value = body(before >> 8, before & 0xff);
        // Acquire: pairs with the release fence in `begin`.
        fence(Ordering::Acquire);
        if load_state() == before {
            return Reading::Live(before >> 8, value);
        }
        *retries += 1;
    }
    Reading::Torn
}
