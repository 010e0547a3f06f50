//! What the readers of a scenario accepted, over all its executions.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What was accepted so far. Lives outside the checker's world.
#[derive(Clone, Debug, Default)]
pub struct Seen(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    executions: u64,
    values: BTreeSet<u64>,
}

impl Seen {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A reader accepted this.
    pub fn note(&self, value: u64) {
        self.inner().values.insert(value);
    }

    pub(crate) fn count_execution(&self) {
        self.inner().executions += 1;
    }

    /// One line on how much was explored; cargo shows it with `--nocapture`.
    #[cfg(not(miri))]
    #[expect(clippy::print_stdout, reason = "the figure is for whoever runs the check")]
    pub(crate) fn report(&self, name: &str, preemptions: Option<usize>) {
        let bound = preemptions.map_or(String::new(), |n| format!(", at most {n} preemptions"));
        let inner = self.inner();
        println!("loom: {name}: {} executions{bound}", inner.executions);
    }

    /// # Panics
    /// When one of `must` was never accepted: the scenario would pass without proving anything.
    #[cfg(not(miri))]
    pub(crate) fn require(&self, name: &str, must: &[u64]) {
        let inner = self.inner();
        for value in must {
            assert!(
                inner.values.contains(value),
                "{name}: {value} was never seen, only {:?}",
                inner.values
            );
        }
    }
}
