//! The verdict: one table, the first row that fits decides. `docs/verdict.md` shows the same rows, by test.

use std::fmt::Write as _;

use super::state::{Proof, State};
use super::witness::{Beat, Process, Seen, Witness};

/// One row. An empty list means that the witness does not matter here.
#[derive(Debug)]
#[non_exhaustive]
pub struct Row {
    /// [`Witness::owner`].
    pub owner: &'static [Seen],
    /// [`Witness::lock`].
    pub lock: &'static [Seen],
    /// [`Witness::beat`].
    pub beat: &'static [Beat],
    /// [`Witness::process`].
    pub process: &'static [Process],
    /// [`Witness::mapped`].
    pub mapped: &'static [Seen],
    /// [`Witness::boot`].
    pub boot: &'static [Seen],
    /// [`Witness::pids`].
    pub pids: &'static [Seen],
    /// [`Witness::copy`].
    pub copy: &'static [Seen],
    /// What it means.
    pub state: State,
    /// What it proves.
    pub proof: Proof,
    /// The same in words.
    pub text: &'static str,
}

const ANY: Row = Row {
    owner: &[],
    lock: &[],
    beat: &[],
    process: &[],
    mapped: &[],
    boot: &[],
    pids: &[],
    copy: &[],
    state: State::Unreachable,
    proof: Proof::Nothing,
    text: "",
};

const YES: &[Seen] = &[Seen::Yes];
const NO: &[Seen] = &[Seen::No];
const UNKNOWN: &[Seen] = &[Seen::Unknown];
/// No lock is seen: it is free, or cannot be asked.
const NOT_HELD: &[Seen] = &[Seen::No, Seen::Unknown];
const THERE: &[Process] = &[Process::Runs, Process::Stopped];
const RUNS: &[Process] = &[Process::Runs];
const STOPPED: &[Process] = &[Process::Stopped];
const GONE: &[Process] = &[Process::Gone];
const HIDDEN: &[Process] = &[Process::Unknown];
const MOVES: &[Beat] = &[Beat::Moves];
const STILL: &[Beat] = &[Beat::Still];

/// A row that says alive.
const fn live(text: &'static str, row: Row) -> Row {
    Row { state: State::Live, proof: Proof::Life, text, ..row }
}

/// A row that says stopped.
const fn stopped(text: &'static str, row: Row) -> Row {
    Row { state: State::Stopped, proof: Proof::Life, text, ..row }
}

/// A row that proves the end.
const fn dead(text: &'static str, row: Row) -> Row {
    Row { state: State::Dead, proof: Proof::Death, text, ..row }
}

/// A row in which nothing can be told.
const fn open(text: &'static str, row: Row) -> Row {
    Row { state: State::Unreachable, proof: Proof::Nothing, text, ..row }
}

/// Every row, in order.
pub const TABLE: &[Row] = &[
    // Whoever may write the file may write anything into it, also a heartbeat.
    open("not this process's board: its file belongs to another user", Row { owner: NO, ..ANY }),
    // Somebody writes it: nothing else matters.
    live("live", Row { beat: MOVES, lock: YES, process: THERE, ..ANY }),
    live(
        "live by its lock and its heartbeat, though no process has its pid and start time",
        Row { beat: MOVES, lock: YES, process: GONE, ..ANY },
    ),
    live(
        "live by its lock and its heartbeat",
        Row { beat: MOVES, lock: YES, process: HIDDEN, ..ANY },
    ),
    live("live, its lock is lost", Row { beat: MOVES, lock: NO, ..ANY }),
    live("live by its heartbeat", Row { beat: MOVES, lock: UNKNOWN, ..ANY }),
    // The process has the board in its hands, whatever its keeper does.
    stopped("stopped", Row { mapped: YES, process: STOPPED, lock: YES, ..ANY }),
    stopped("stopped, its lock is lost", Row { mapped: YES, process: STOPPED, lock: NO, ..ANY }),
    stopped("stopped", Row { mapped: YES, process: STOPPED, lock: UNKNOWN, ..ANY }),
    live("live", Row { mapped: YES, process: RUNS, lock: YES, ..ANY }),
    live("live, its lock is lost", Row { mapped: YES, process: RUNS, lock: NO, ..ANY }),
    live("live by its pid", Row { mapped: YES, process: RUNS, lock: UNKNOWN, ..ANY }),
    open(
        "a copy of the board of a process that still runs, as old as the copy",
        Row { copy: YES, lock: NOT_HELD, process: THERE, ..ANY },
    ),
    dead(
        "dead; written before the machine was last started",
        Row { boot: NO, lock: NOT_HELD, process: &[Process::Gone, Process::Unknown], ..ANY },
    ),
    // The process is there, and its board is not in it.
    Row {
        mapped: NO,
        process: THERE,
        lock: YES,
        state: State::Dead,
        text: "dead: replaced by exec; a child still holds its lock",
        ..ANY
    },
    dead("dead: replaced by exec", Row { mapped: NO, process: THERE, lock: NOT_HELD, ..ANY }),
    // The process is there, and what it maps cannot be seen.
    stopped("stopped", Row { mapped: UNKNOWN, process: STOPPED, lock: YES, ..ANY }),
    live("live", Row { mapped: UNKNOWN, process: RUNS, lock: YES, ..ANY }),
    open(
        "its lock is lost, or it was replaced by exec",
        Row { mapped: UNKNOWN, process: THERE, lock: NO, ..ANY },
    ),
    open(
        "its heartbeat stands still, and its lock cannot be asked",
        Row { mapped: UNKNOWN, process: RUNS, lock: UNKNOWN, beat: STILL, ..ANY },
    ),
    stopped("stopped", Row { mapped: UNKNOWN, process: STOPPED, lock: UNKNOWN, ..ANY }),
    live("live by its pid", Row { mapped: UNKNOWN, process: RUNS, lock: UNKNOWN, ..ANY }),
    // The process is gone.
    Row {
        process: GONE,
        lock: YES,
        state: State::Dead,
        text: "dead; a child still holds its lock",
        ..ANY
    },
    dead("dead", Row { process: GONE, lock: NOT_HELD, ..ANY }),
    // The process cannot be seen.
    open(
        "its lock is held, its heartbeat stands still",
        Row { process: HIDDEN, lock: YES, beat: STILL, ..ANY },
    ),
    live("live by its lock", Row { process: HIDDEN, lock: YES, ..ANY }),
    dead(
        "dead; its lock is free and its heartbeat stands still",
        Row { process: HIDDEN, lock: NO, beat: STILL, pids: NO, ..ANY },
    ),
    open(
        "its lock is free, and nothing proves it dead or alive",
        Row { process: HIDDEN, lock: NO, ..ANY },
    ),
    open(
        "neither its lock nor its process can be seen",
        Row { process: HIDDEN, lock: UNKNOWN, ..ANY },
    ),
];

fn fits<T: PartialEq>(wanted: &[T], said: &T) -> bool {
    wanted.is_empty() || wanted.contains(said)
}

/// The row that decides; its number counts from 0.
pub fn row_of(witness: &Witness) -> Option<(usize, &'static Row)> {
    TABLE.iter().enumerate().find(|(_, row)| {
        fits(row.owner, &witness.owner)
            && fits(row.lock, &witness.lock)
            && fits(row.beat, &witness.beat)
            && fits(row.process, &witness.process)
            && fits(row.mapped, &witness.mapped)
            && fits(row.boot, &witness.boot)
            && fits(row.pids, &witness.pids)
            && fits(row.copy, &witness.copy)
    })
}

/// The verdict: state, what is proved, and words.
pub fn judge(witness: &Witness) -> (State, Proof, &'static str) {
    // The test over all combinations shows that there always is a row.
    row_of(witness)
        .map_or((State::Unreachable, Proof::Nothing, "nothing can be told"), |(_, row)| {
            (row.state, row.proof, row.text)
        })
}

/// The table as the documentation shows it.
pub fn markdown() -> String {
    fn cell<T: Copy>(wanted: &[T], word: impl Fn(T) -> &'static str) -> String {
        wanted.iter().map(|&one| word(one)).collect::<Vec<_>>().join(", ")
    }
    let mut text = String::from(
        "| owner | lock | heartbeat | process | maps it | this boot | our pids | copy | state | proves | in words |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in TABLE {
        let proves = match row.proof {
            Proof::Life => "life",
            Proof::Death => "death",
            Proof::Nothing => "",
        };
        let cells = [
            cell(row.owner, Seen::word),
            cell(row.lock, Seen::word),
            cell(row.beat, Beat::word),
            cell(row.process, Process::word),
            cell(row.mapped, Seen::word),
            cell(row.boot, Seen::word),
            cell(row.pids, Seen::word),
            cell(row.copy, Seen::word),
            row.state.word().to_owned(),
            proves.to_owned(),
            row.text.to_owned(),
        ];
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every combination of what the witnesses can say.
    fn all() -> impl Iterator<Item = Witness> {
        let seen = || Seen::ALL.into_iter();
        seen().flat_map(move |owner| {
            seen().flat_map(move |lock| {
                Beat::ALL.into_iter().flat_map(move |beat| {
                    Process::ALL.into_iter().flat_map(move |process| {
                        seen().flat_map(move |mapped| {
                            seen().flat_map(move |boot| {
                                seen().flat_map(move |pids| {
                                    [Seen::Yes, Seen::No].into_iter().map(move |copy| Witness {
                                        owner,
                                        lock,
                                        beat,
                                        process,
                                        mapped,
                                        boot,
                                        pids,
                                        copy,
                                    })
                                })
                            })
                        })
                    })
                })
            })
        })
    }

    #[test]
    fn every_combination_has_a_row_and_every_row_a_combination() {
        let mut used = vec![0; TABLE.len()];
        for witness in all() {
            let (index, _) = row_of(&witness).unwrap_or_else(|| panic!("no row for {witness:?}"));
            used[index] += 1;
        }
        assert_eq!(used.iter().sum::<u32>(), 7776);
        for (index, used) in used.into_iter().enumerate() {
            assert!(used > 0, "row {index} never decides: {:?}", TABLE[index]);
        }
    }

    #[test]
    fn a_heartbeat_that_moves_is_alive_whatever_else_is_said() {
        for witness in all().filter(|w| w.beat == Beat::Moves && w.owner != Seen::No) {
            let (state, proof, _) = judge(&witness);
            assert_eq!((state, proof), (State::Live, Proof::Life), "{witness:?}");
        }
    }

    #[test]
    fn nobody_is_dead_without_a_witness_of_the_death() {
        for witness in all() {
            let (state, proof, text) = judge(&witness);
            let there = matches!(witness.process, Process::Runs | Process::Stopped);
            let death = witness.process == Process::Gone
                || witness.boot == Seen::No && !there
                || there && witness.mapped == Seen::No
                || witness.pids == Seen::No && witness.beat == Beat::Still;
            assert!(state != State::Dead || death, "{witness:?}: {text}");
            // What may be removed: dead, and no lock held.
            if proof == Proof::Death {
                assert!(state == State::Dead && witness.lock != Seen::Yes, "{witness:?}");
            }
            assert_eq!(proof == Proof::Life, state.exists(), "{witness:?}");
        }
    }

    #[test]
    fn a_process_that_is_there_is_dead_only_when_its_maps_were_read() {
        for witness in all().filter(|w| matches!(w.process, Process::Runs | Process::Stopped)) {
            let (state, _, text) = judge(&witness);
            if witness.mapped != Seen::No {
                assert_ne!(state, State::Dead, "{witness:?}: {text}");
            }
            if state == State::Dead {
                assert!(text.contains("replaced by exec"), "{witness:?}: {text}");
            }
        }
    }

    #[test]
    fn whoever_sees_nothing_kills_nobody() {
        // As with `/proc` hidden or empty, or at the limit of descriptors: what is left is lock and
        // heartbeat.
        for witness in all() {
            let blind = Witness {
                owner: Seen::Unknown,
                process: Process::Unknown,
                mapped: Seen::Unknown,
                boot: Seen::Unknown,
                pids: Seen::Unknown,
                ..witness
            };
            assert_ne!(judge(&blind).0, State::Dead, "{blind:?}");
        }
    }

    #[test]
    fn a_lock_without_a_heartbeat_decides_where_the_process_is_hidden() {
        let hidden = Witness { lock: Seen::Yes, beat: Beat::Absent, ..Witness::SILENT };
        assert_eq!(judge(&hidden), (State::Live, Proof::Life, "live by its lock"));
        let still = Witness { beat: Beat::Still, ..hidden };
        assert_eq!(judge(&still).0, State::Unreachable);
        let free = Witness { lock: Seen::No, ..hidden };
        assert_eq!(judge(&free).0, State::Unreachable);
        // In a namespace of its own, too: without a heartbeat nothing proves the death.
        assert_eq!(judge(&Witness { pids: Seen::No, ..free }).1, Proof::Nothing);
    }

    #[test]
    fn the_old_way_called_the_living_dead() {
        // Whatever `/proc` did not show was gone.
        let naive = |witness: &Witness| match witness.process {
            Process::Gone | Process::Unknown => State::Dead,
            Process::Stopped => State::Stopped,
            Process::Runs => State::Live,
        };
        let wrong = all().filter(|w| w.beat == Beat::Moves && w.lock == Seen::Yes);
        let wrong = wrong.filter(|w| naive(w) == State::Dead).count();
        assert!(wrong > 0);
    }
}
