//! Is the writer of a board alive? Several witnesses, one verdict; each alone has been shown wrong.

use serde::{Deserialize, Serialize};

/// What the writer of a board is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It runs.
    Live,
    /// It exists and is held: by SIGSTOP or a debugger.
    Stopped,
    /// It is gone for good.
    Dead,
    /// Nothing here can tell, or the board may not be read.
    Unreachable,
}

impl State {
    /// The word for it, as in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Stopped => "stopped",
            Self::Dead => "dead",
            Self::Unreachable => "unreachable",
        }
    }

    /// Whether the process exists.
    pub fn exists(self) -> bool {
        matches!(self, Self::Live | Self::Stopped)
    }
}

/// What was seen of the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The board is of this boot of the machine.
    pub same_boot: bool,
    /// Somebody holds the writer's lock; `None` where that cannot be asked.
    pub lock: Option<bool>,
    /// Process ids on the board mean what they mean here (or were translated).
    pub pids_seen: bool,
    /// State letter of the process with the board's pid and start time.
    pub process: Option<char>,
    /// The file was named by the user and stands outside the places where boards live, so it may be
    /// a copy: a copy carries no lock.
    pub may_be_copy: bool,
}

/// The verdict, with its reason in words.
pub fn judge(witness: &Witness) -> (State, String) {
    let verdict = |state: State, text: &str| (state, text.to_owned());
    if !witness.same_boot {
        return verdict(State::Dead, "dead: written before the machine was last started");
    }
    if !witness.pids_seen {
        return match witness.lock {
            Some(true) => verdict(State::Live, "live by its lock; its pid is not visible here"),
            Some(false) => verdict(State::Dead, "dead; its pid is not visible here"),
            None => verdict(State::Unreachable, "neither its lock nor its pid can be seen here"),
        };
    }
    let held = matches!(witness.process, Some('T' | 't'));
    let gone = matches!(witness.process, None | Some('Z' | 'X' | 'x'));
    let zombie = witness.process == Some('Z');
    match (gone, witness.lock) {
        (true, Some(true)) => verdict(State::Dead, "dead; a child still holds its lock"),
        (true, _) if zombie => verdict(State::Dead, "dead; its parent has not collected it yet"),
        (true, _) => verdict(State::Dead, "dead"),
        (false, Some(false)) if witness.may_be_copy => verdict(
            State::Unreachable,
            "a copy of the board of a process that still runs, as old as the copy",
        ),
        (false, lock) if held => match (witness.process, lock) {
            (Some('t'), _) => verdict(State::Stopped, "stopped by a debugger (t)"),
            (_, Some(false)) => verdict(State::Stopped, "stopped (T), its lock is lost"),
            _ => verdict(State::Stopped, "stopped (T)"),
        },
        (false, Some(true)) => verdict(State::Live, "live"),
        (false, Some(false)) => verdict(State::Live, "live, its lock is lost"),
        (false, None) => verdict(State::Live, "live by its pid; this file system has no locks"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_of_witnesses_has_its_verdict() {
        let seen = Witness {
            same_boot: true,
            lock: Some(true),
            pids_seen: true,
            process: Some('S'),
            may_be_copy: false,
        };
        let free = Witness { lock: Some(false), ..seen };
        let blind = Witness { pids_seen: false, process: None, ..seen };
        let cases = [
            (seen, State::Live, "live"),
            (Witness { process: Some('T'), ..seen }, State::Stopped, "stopped (T)"),
            (Witness { process: Some('t'), ..seen }, State::Stopped, "stopped by a debugger (t)"),
            (free, State::Live, "live, its lock is lost"),
            (Witness { process: None, ..seen }, State::Dead, "dead; a child still holds its lock"),
            (Witness { process: None, ..free }, State::Dead, "dead"),
            (
                Witness { process: Some('Z'), ..free },
                State::Dead,
                "dead; its parent has not collected it yet",
            ),
            (Witness { same_boot: false, ..seen }, State::Dead, "dead: written before"),
            (blind, State::Live, "live by its lock"),
            (Witness { lock: Some(false), ..blind }, State::Dead, "dead; its pid"),
            (Witness { lock: None, ..blind }, State::Unreachable, "neither"),
            (Witness { lock: None, ..seen }, State::Live, "live by its pid"),
            (Witness { may_be_copy: true, ..free }, State::Unreachable, "a copy"),
            (Witness { may_be_copy: true, ..seen }, State::Live, "live"),
        ];
        for (witness, state, text) in cases {
            let (found, verdict) = judge(&witness);
            assert_eq!(found, state, "{witness:?}");
            assert!(verdict.starts_with(text), "{witness:?}: {verdict}");
        }
    }
}
