//! Findings on their way: the worst of them, and how many more there are. A board may say of thousands of things that
//! each is wrong, and only a few are told.

use std::cmp::Reverse;

use super::finding::Finding;

/// Ids in the order of cause and effect: what stands further up explains what stands below.
pub(super) const ORDER: [&str; 35] = [
    "crash-loop",
    "dead",
    "process-stopped",
    "cpu-throttled",
    "memory-limit",
    "deadlock",
    "queue-circle",
    "thread-died",
    "blocked-executor",
    "thread-hot",
    "thread-starved",
    "slow-wait",
    "thread-blocked",
    "thread-stalled",
    "long-hold",
    "lock-convoy",
    "descriptor-limit",
    "overdue-heartbeat",
    "retry-storm",
    "one-saturated",
    "all-saturated",
    "standing-queue",
    "bursty-queue",
    "lost-wake-up",
    "operations-wait",
    "operations-slow",
    "error-burst",
    "cancellations",
    "leaked-operations",
    "threads-grow",
    "descriptors-grow",
    "memory-grows",
    "sockets-unclosed",
    "unreachable",
    "keeper-silent",
];
/// Findings that are kept; twice as many are held until they are ranked.
const KEPT: usize = 128;

/// What rules found so far.
#[derive(Default)]
pub(super) struct Found {
    kept: Vec<Finding>,
    more: usize,
}

impl Found {
    /// One more.
    pub(super) fn push(&mut self, finding: Finding) {
        self.kept.push(finding);
        if self.kept.len() >= 2 * KEPT {
            self.leave(KEPT);
        }
    }

    /// The worst first, so many of them, and how many more there are.
    pub(super) fn ranked(mut self, most: usize) -> (Vec<Finding>, usize) {
        self.leave(most);
        (self.kept, self.more)
    }

    fn leave(&mut self, most: usize) {
        rank(&mut self.kept);
        self.more += self.kept.len().saturating_sub(most);
        self.kept.truncate(most);
    }
}

/// The worst first, of equals what causes before what follows.
pub(super) fn rank(findings: &mut [Finding]) {
    let place = |id: &str| ORDER.iter().position(|known| *known == id).unwrap_or(ORDER.len());
    findings.sort_by_key(|finding| (Reverse(finding.severity), !finding.first, place(finding.id)));
}

#[cfg(test)]
mod tests {
    use super::super::finding::Weight;
    use super::*;

    #[test]
    fn of_thousands_the_worst_are_kept_and_the_rest_is_counted() {
        let mut found = Found::default();
        for number in 0..5_000 {
            let (id, weight) = match number {
                4_321 => ("deadlock", Weight::Critical),
                _ => ("operations-slow", Weight::Warning),
            };
            found.push(Finding::new(id, weight, 1.0, number.to_string()));
            assert!(found.kept.len() < 2 * KEPT);
        }
        let (kept, more) = found.ranked(3);
        let titles: Vec<&str> = kept.iter().map(|one| &*one.title).collect();
        assert_eq!((titles, more), (vec!["4321", "0", "1"], 4_997));
    }
}
