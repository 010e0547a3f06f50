//! Rounds of pairs, until it is known well enough.

use crate::ratio::{Interval, median};

/// Rounds that are always made, and the most of them.
const LEAST: usize = 15;
const MOST: usize = 151;

/// One thing beside the yardstick.
#[derive(Clone, Copy, Debug)]
pub struct Compared {
    /// What it took, the middle of all rounds, in whatever unit it was told.
    pub took: f64,
    /// Its ratio to the yardstick of the same round.
    pub ratio: Interval,
    /// The yardstick beside itself: what the machine can tell apart.
    pub control: Interval,
    /// Rounds that were made.
    pub rounds: usize,
}

/// Times `what` and `yardstick` (which say what they took) one right after the other, in alternating order, and the
/// yardstick once more: until the control's interval reaches no farther than `resolve` from its middle, or 151 times.
pub fn compared(
    mut what: impl FnMut() -> f64,
    mut yardstick: impl FnMut() -> f64,
    resolve: f64,
) -> Compared {
    let (mut times, mut ratios, mut controls) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..MOST {
        let (took, base, again);
        if round % 2 == 0 {
            (took, base, again) = (what(), yardstick(), yardstick());
        } else {
            again = yardstick();
            base = yardstick();
            took = what();
        }
        times.push(took);
        ratios.push(took / base);
        controls.push(again / base);
        if times.len() >= LEAST && Interval::of(&controls).reach() <= resolve {
            break;
        }
    }
    Compared {
        took: median(&times),
        ratio: Interval::of(&ratios),
        control: Interval::of(&controls),
        rounds: times.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, compared};

    #[test]
    fn it_ends_when_the_control_is_narrow_and_gives_up_when_it_never_is() {
        let even = compared(|| 3.0, || 2.0, 0.01);
        assert_eq!((even.rounds, even.took, even.ratio.middle), (15, 3.0, 1.5));
        let mut turn = 0;
        let uneven = compared(
            || 3.0,
            || {
                turn += 1;
                f64::from(turn % 7 + 1)
            },
            0.01,
        );
        assert_eq!(uneven.rounds, MOST);
    }
}
