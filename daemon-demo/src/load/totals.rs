//! What a load has done, and how a client process tells it to the one that started it.

use std::fmt;

use super::mix::KINDS;

/// Commands of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// Handed to the socket; counted before.
    pub(super) sent: u64,
    /// Replies, errors included.
    pub(super) replies: u64,
    /// Error replies.
    pub(super) errors: u64,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.replies += other.replies;
        self.errors += other.errors;
    }
}

/// All commands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    /// By kind, as in [`KINDS`].
    pub(super) kinds: [Count; KINDS.len()],
    /// Why a connection was lost, if one was.
    pub(super) lost: Option<String>,
}

impl Totals {
    /// Adds those of another client.
    pub(super) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.kinds.iter_mut().zip(other.kinds) {
            mine.add(theirs);
        }
        self.lost = self.lost.take().or_else(|| other.lost.clone());
    }

    /// The sum of all kinds.
    pub(super) fn all(&self) -> Count {
        let mut all = Count::default();
        self.kinds.iter().for_each(|&count| all.add(count));
        all
    }

    /// Reads what [`fmt::Display`] wrote. What is not understood is left out.
    pub(super) fn read(text: &str) -> Self {
        let mut totals = Self::default();
        for line in text.lines() {
            if let Some(why) = line.strip_prefix("lost ") {
                totals.lost = Some(why.to_owned());
            }
            let mut words = line.split(' ');
            let kind = words.next().unwrap_or_default();
            let mut number = || words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
            if let Some((_, count)) =
                KINDS.iter().zip(&mut totals.kinds).find(|(name, _)| **name == kind)
            {
                *count = Count { sent: number(), replies: number(), errors: number() };
            }
        }
        totals
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, count) in KINDS.iter().zip(&self.kinds) {
            writeln!(f, "{kind} {} {} {}", count.sent, count.replies, count.errors)?;
        }
        if let Some(why) = &self.lost {
            writeln!(f, "lost {}", why.replace('\n', " "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_survive_the_pipe() {
        let mut totals = Totals::default();
        totals.kinds[1] = Count { sent: 3, replies: 2, errors: 1 };
        totals.lost = Some("gone".to_owned());
        assert_eq!(Totals::read(&totals.to_string()), totals);
        let mut twice = totals.clone();
        twice.merge(&totals);
        assert_eq!(twice.all(), Count { sent: 6, replies: 4, errors: 2 });
    }
}
