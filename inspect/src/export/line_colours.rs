//! Colours of lines in a time line: the hue says the class, and no two lines that follow each other on a thread
//! have the same colour, as far as there are enough.

use std::collections::{BTreeMap, BTreeSet};

use probe::layout::Class;

use crate::report::Key;
use crate::report::timeline::Bin;

/// Hue and lightness of each colour, so far apart that the eye tells any two of a class.
const WORK: [(u32, u32); 8] =
    [(16, 50), (40, 62), (8, 66), (30, 44), (46, 48), (22, 74), (4, 46), (34, 78)];
const WAIT: [(u32, u32); 8] =
    [(205, 50), (230, 68), (190, 40), (218, 80), (245, 56), (196, 66), (225, 42), (185, 76)];

/// The colour of each line that is drawn.
pub(super) struct LineColours<'a>(BTreeMap<&'a Key, usize>);

impl<'a> LineColours<'a> {
    /// Colours for these threads' stretches. A line's first choice is its own, in every picture; where a neighbour
    /// has it, it takes the next that none has.
    pub(super) fn of(rows: &[&'a [Bin]]) -> Self {
        let mut beside: BTreeMap<&Key, BTreeSet<&Key>> = BTreeMap::new();
        for row in rows {
            let mut keys = row.iter().filter_map(|bin| bin.most().map(|(key, _)| key));
            let Some(mut last) = keys.next() else { continue };
            beside.entry(last).or_default();
            for key in keys {
                if key != last {
                    beside.entry(key).or_default().insert(last);
                    beside.entry(last).or_default().insert(key);
                }
                last = key;
            }
        }
        // Those with the most neighbours have the least choice.
        let mut order: Vec<&Key> = beside.keys().copied().collect();
        order.sort_by_key(|key| (std::cmp::Reverse(beside[key].len()), *key));
        let mut colours: BTreeMap<&Key, usize> = BTreeMap::new();
        for key in order {
            let near = beside[key].iter().filter(|other| other.class() == key.class());
            let taken: Vec<usize> = near.filter_map(|other| colours.get(other).copied()).collect();
            let own = digest(key) as usize % WORK.len();
            let choices = (0..WORK.len()).map(|step| (own + step) % WORK.len());
            let used = |colour: &usize| taken.iter().filter(|one| *one == colour).count();
            let best = choices.min_by_key(used).unwrap_or(own);
            colours.insert(key, best);
        }
        Self(colours)
    }

    /// The colour of a line.
    pub(super) fn colour(&self, key: &Key) -> String {
        let colour = self.0.get(key).copied().unwrap_or(0) % WORK.len();
        let (table, full) = match key.class() {
            None => return "#a66".to_owned(),
            Some(Class::Idle) => return "hsl(0,0%,80%)".to_owned(),
            Some(Class::Work) => (&WORK, 85),
            Some(Class::Wait) => (&WAIT, 70),
        };
        let (hue, light) = table[colour];
        format!("hsl({hue},{full}%,{light}%)")
    }
}

fn digest(key: &Key) -> u32 {
    let Some(spot) = key.spot() else { return 0 };
    let text = format!("{}{}{}", spot.file.raw(), spot.line, spot.label.raw());
    text.bytes().fold(7u32, |digest, byte| digest.wrapping_mul(31) ^ u32::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Spot;

    fn key(line: u32, class: Class) -> Key {
        Key::Line(Spot {
            file: "src/a.rs".into(),
            line,
            function: "f".into(),
            label: "".into(),
            class,
        })
    }

    fn bin(key: &Key) -> Bin {
        Bin { samples: 1, lines: BTreeMap::from([(key.clone(), 1)]), ..Bin::default() }
    }

    #[test]
    fn lines_beside_each_other_differ_whatever_they_are_called() {
        // Each of fifty lines beside the next four, in both classes.
        for class in [Class::Work, Class::Wait] {
            let keys: Vec<Key> = (1..=50).map(|line| key(line, class)).collect();
            let near =
                |step: usize| keys.windows(step + 1).flat_map(move |some| [&some[0], &some[step]]);
            let row: Vec<Bin> = (1..=3).flat_map(near).map(bin).collect();
            let colours = LineColours::of(&[&row]);
            let mut same = 0;
            for pair in row.windows(2) {
                let [a, b] = [&pair[0], &pair[1]].map(|bin| bin.most().expect("a line").0);
                same += usize::from(a != b && colours.colour(a) == colours.colour(b));
            }
            assert_eq!(same, 0, "{class:?}");
            // By name alone they would not.
            let by_name = row.windows(2).filter(|pair| {
                let [a, b] = [&pair[0], &pair[1]].map(|bin| bin.most().expect("a line").0);
                a != b && digest(a) % 8 == digest(b) % 8
            });
            assert!(by_name.count() > 0);
        }
        assert_ne!(
            LineColours::of(&[]).colour(&key(1, Class::Work)),
            LineColours::of(&[]).colour(&key(1, Class::Wait))
        );
    }
}
