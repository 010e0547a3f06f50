//! Looks at threads that only enter scopes, leave them and tag lines, as fast as both can: no stack is shown that could not
//! have been, and what could not be read is counted. A naive reader, which takes the same words as they come, shows some.
//!
//! `LOOKS=1000000000 cargo test --release -p tests --test oracle -- --nocapture` for the full figure.
#![expect(clippy::print_stdout, reason = "figures for whoever runs it with --nocapture")]

use std::collections::HashMap;
use std::io;
use std::time::{Duration, Instant};

use inspect::recording::{Entry, Sink};
use inspect::sampler::{BoardSampler, Numbers};
use inspect::snapshot::{Board, Depth, Snapshot};
use tests::naive;
use tests::program::{self, Program};

/// Every stack that a thread of the fixture's can have: `tests/fixtures/behave/src/stacks.rs`. None yet at its
/// beginning.
const POSSIBLE: &[&str] = &[
    "", "out", "a", "a a1", "a b", "a b b1", "a b d", "a b d d1", "a a2", "a c", "a c c1",
    "a c c2", "a a3", "e", "e f", "e f f1",
];

/// What the sampler said.
#[derive(Default)]
struct Said {
    labels: Vec<String>,
    stacks: Vec<String>,
    /// How often each stack was come to.
    came: Vec<u64>,
    torn: u64,
}

impl Sink for Said {
    fn put(&mut self, entry: &Entry) -> io::Result<()> {
        match entry {
            Entry::Site(site) => self.labels.push(site.label.raw().to_owned()),
            Entry::Stack(sites) => {
                let labels: Vec<&str> =
                    sites.iter().map(|&site| self.labels[site as usize].as_str()).collect();
                self.stacks.push(labels.join(" "));
                self.came.push(0);
            }
            Entry::At { stack, .. } => self.came[*stack as usize] += 1,
            Entry::Torn { .. } => self.torn += 1,
            _ => {}
        }
        Ok(())
    }
}

/// Labels of all sites of a board, by address.
fn labels(board: &Board) -> HashMap<u64, String> {
    let snapshot = Snapshot::take(board, Depth::Full).expect("a board");
    let label = |site: &probe::layout::SiteCopy| {
        snapshot.strings.get(site.label).map(|label| label.raw().to_owned())
    };
    snapshot.sites.iter().filter_map(|(&at, site)| Some((at, label(site)?))).collect()
}

#[test]
fn of_all_looks_none_shows_a_stack_that_could_not_be() {
    let looks: u64 = std::env::var("LOOKS").ok().and_then(|n| n.parse().ok()).unwrap_or(500_000);
    let name = program::name("stacks");
    let programs: Vec<_> = (0..2).map(|_| Program::behave(&name, &["stacks", "2"]).0).collect();
    let target = inspect::Target::Name(name);
    let boards = inspect::open(&target).expect("boards");
    assert_eq!(boards.len(), programs.len());
    let (mut said, mut numbers) = (Said::default(), Numbers::default());
    let mut samplers: Vec<_> = boards
        .iter()
        .map(|one| BoardSampler::open(&one.board, &mut numbers, &mut said).expect("heard"))
        .map(|sampler| sampler.expect("threads"))
        .collect();
    let known: Vec<_> = boards.iter().map(|one| labels(&one.board)).collect();
    let start = Instant::now();
    let (mut ours, mut theirs, mut wrong) = (0, 0, 0);
    // The control goes on until it has failed, which it does soon.
    while ours < looks || wrong == 0 {
        assert!(
            wrong > 0 || theirs < 200_000_000,
            "a naive reader is never wrong: nothing is tried here"
        );
        for (one, sampler) in boards.iter().zip(&mut samplers) {
            sampler.look(&one.board, &mut numbers, &mut said).expect("heard");
            ours += sampler.threads() as u64;
        }
        if wrong == 0 || theirs < looks / 10 {
            for (one, labels) in boards.iter().zip(&known) {
                for slot in 0..2 {
                    let Some(stack) = naive::stack(&one.board, slot, labels) else { continue };
                    theirs += 1;
                    wrong += u64::from(!POSSIBLE.contains(&stack.join(" ").as_str()));
                }
            }
        }
    }
    let took = start.elapsed().max(Duration::from_millis(1));
    let moves: u64 = said.came.iter().sum();
    let possible = |stack: &String| POSSIBLE.contains(&stack.as_str());
    let shown = said.stacks.iter().zip(&said.came);
    let impossible: Vec<_> = shown.filter(|(stack, _)| !possible(stack)).collect();
    println!(
        "{ours} looks in {:.0} s, {moves} at another stack than the one before, {} torn, {} impossible; \
         a naive reader: {wrong} impossible of {theirs}",
        took.as_secs_f64(),
        said.torn,
        impossible.len()
    );
    assert!(impossible.is_empty(), "{impossible:?}");
    let seen = |stack: &&&str| said.stacks.iter().any(|known| known == **stack);
    assert!(POSSIBLE.iter().filter(seen).count() > POSSIBLE.len() / 2, "{:?}", said.stacks);
    assert!(moves > 1_000, "{moves}");
}
