//! Who waits at a condition variable, by numbers in the order in which they came, and whose turn has come.

use core::ops::Range;

/// Numbers below `released` may go. Whoever has the number `released` waits, or nobody has it yet: so a turn is never
/// given to one who gave up.
#[derive(Debug)]
pub(super) struct Turns {
    next: u64,
    released: u64,
    /// Numbers that gave up behind one who still waits, in order. Neighbours are one run: there are no more runs than
    /// there are who wait, and none is allocated where only the first ever gives up.
    gone: Vec<Range<u64>>,
}

impl Turns {
    pub(super) const fn new() -> Self {
        Self { next: 0, released: 0, gone: Vec::new() }
    }

    /// One more waits, by this number.
    pub(super) fn join(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// Whether the turn of a number has come.
    pub(super) fn may_go(&self, number: u64) -> bool {
        number < self.released
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> u64 {
        let gone: u64 = self.gone.iter().map(|run| run.end - run.start).sum();
        self.next - self.released - gone
    }

    /// The first who waits may go; false when nobody waits.
    pub(super) fn release_one(&mut self) -> bool {
        if self.released == self.next {
            return false;
        }
        self.pass_one();
        true
    }

    /// All who wait may go; tells how many.
    pub(super) fn release_all(&mut self) -> u64 {
        let waiting = self.waiting();
        self.released = self.next;
        self.gone.clear();
        waiting
    }

    /// A number whose turn has not come gives up.
    pub(super) fn give_up(&mut self, number: u64) {
        if number == self.released {
            return self.pass_one();
        }
        let at = self.gone.partition_point(|run| run.end < number);
        match self.gone.get_mut(at) {
            Some(run) if run.end == number => run.end += 1,
            Some(run) if run.start == number + 1 => run.start = number,
            _ => self.gone.insert(at, number..number + 1),
        }
        self.join_runs(at);
    }

    /// Makes one of a run and the next, where they touch.
    fn join_runs(&mut self, at: usize) {
        let Some(end) = self.gone.get(at).map(|run| run.end) else { return };
        if self.gone.get(at + 1).is_some_and(|next| next.start == end) {
            let next = self.gone.remove(at + 1);
            if let Some(run) = self.gone.get_mut(at) {
                run.end = next.end;
            }
        }
    }

    /// Past the first number, and past those that are gone behind it.
    fn pass_one(&mut self) {
        self.released += 1;
        if self.gone.first().is_some_and(|run| run.start == self.released) {
            self.released = self.gone.remove(0).end;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    #[test]
    fn a_turn_goes_to_one_who_still_waits() {
        let mut turns = Turns::new();
        let [first, second, third] = [turns.join(), turns.join(), turns.join()];
        turns.give_up(first);
        assert!(turns.release_one() && turns.may_go(second) && !turns.may_go(third));
        assert_eq!(turns.waiting(), 1);
        turns.give_up(third);
        assert!(!turns.release_one() && turns.release_all() == 0);
    }

    /// Numbers in the order in which they came, each by itself.
    #[derive(Default)]
    struct Plain(VecDeque<u64>);

    /// Does one thing, chosen by `choice`, to both, and holds them against each other.
    fn step(turns: &mut Turns, plain: &mut Plain, choice: u64) {
        match choice % 8 {
            0..=3 => plain.0.push_back(turns.join()),
            4 | 5 if !plain.0.is_empty() => {
                let at = (choice / 8) as usize % plain.0.len();
                let number = plain.0.remove(at).expect("one of them");
                turns.give_up(number);
            }
            6 | 7 if (choice / 8).is_multiple_of(16) => {
                assert_eq!(turns.release_all(), plain.0.len() as u64);
                plain.0.clear();
            }
            _ => {
                let first = plain.0.pop_front();
                assert_eq!(turns.release_one(), first.is_some());
                assert!(first.is_none_or(|number| turns.may_go(number)));
            }
        }
        assert_eq!(turns.waiting(), plain.0.len() as u64);
        assert!(plain.0.iter().all(|&number| !turns.may_go(number)));
        assert!(turns.gone.len() <= plain.0.len(), "{turns:?}");
    }

    #[test]
    fn in_any_order_turns_are_those_of_a_plain_line() {
        for seed in 1..=200_u64 {
            let (mut turns, mut plain) = (Turns::new(), Plain::default());
            let mut state = seed;
            for _ in 0..400 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(seed | 1);
                step(&mut turns, &mut plain, state >> 33);
            }
        }
    }
}
