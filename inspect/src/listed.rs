//! A board in one line, also one that cannot be read: for lists of all there are.

use serde::{Deserialize, Serialize};

use crate::error::OpenError;
use crate::liveness::State;
use crate::model::{BoardReport, Headline};
use crate::target::Candidate;
use crate::words::term::term;

/// One line of a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Row {
    /// Board name.
    pub name: String,
    /// Process id, in the writer's pid namespace.
    pub pid: u64,
    /// User id of the writer; of a board that cannot be read, of its file; null where that is not told either.
    pub uid: Option<u64>,
    /// That user's name, or the number; `-` where it is not known.
    #[serde(default)]
    pub owner: String,
    /// What the writer is doing; `unreachable` for a board that cannot be read.
    pub state: State,
    /// The same in words; why, when it cannot be read.
    pub verdict: String,
    /// What a person should read first; null when it cannot be read.
    pub headline: Option<Headline>,
    /// From the board's making to now, or to the last sign of life.
    pub uptime_ns: Option<u64>,
    /// Age of the keeper's last beat; null without a keeper.
    pub heartbeat_age_ns: Option<u64>,
    /// Slots in use.
    pub threads: Option<u64>,
    /// Bytes of the board.
    pub size_bytes: Option<u64>,
    /// What was built.
    pub build: Option<String>,
    /// Where it was found.
    pub path: String,
}

impl Row {
    /// The line of a board that was read, whose file belongs to `owner`.
    pub fn of(report: BoardReport, owner: u32) -> Self {
        Self::about(&report, owner)
    }

    /// The same of a report that goes on being used.
    pub fn about(report: &BoardReport, owner: u32) -> Self {
        Self {
            name: report.name.raw().to_owned(),
            pid: report.pid,
            uid: Some(report.uid),
            owner: user(owner),
            state: report.state,
            verdict: report.verdict.clone(),
            headline: Some(report.headline.clone()),
            uptime_ns: Some(report.uptime_ns),
            heartbeat_age_ns: report.heartbeat_age_ns,
            threads: report.capacity.get("threads").map(|threads| threads.used),
            size_bytes: Some(report.size_bytes),
            build: report.build.as_ref().map(|build| build.raw().to_owned()),
            path: report.path.clone(),
        }
    }

    /// The line of one that cannot be read.
    pub fn unread(candidate: &Candidate, error: &OpenError) -> Self {
        let answers = crate::patience::answers(&candidate.path);
        let facts = answers.and_then(|()| std::fs::metadata(&candidate.path)).ok();
        let uid = facts.as_ref().map(std::os::unix::fs::MetadataExt::uid);
        Self {
            name: candidate.name.clone(),
            pid: candidate.pid.into(),
            uid: uid.map(u64::from),
            owner: uid.map_or_else(|| "-".to_owned(), user),
            state: State::Unreachable,
            verdict: reason(candidate, error),
            headline: None,
            uptime_ns: None,
            heartbeat_age_ns: None,
            threads: None,
            size_bytes: facts.map(|facts| facts.len()),
            build: None,
            path: candidate.path.display().to_string(),
        }
    }
}

/// Why a board cannot be read, without the path, which has a field of its own.
fn reason(candidate: &Candidate, error: &OpenError) -> String {
    let text = term(&error.sentence());
    let prefix = term(&format!("{}: ", candidate.path.display()));
    text.strip_prefix(&prefix).map(str::to_owned).unwrap_or(text)
}

/// The user's name, or the number.
pub(crate) fn user(uid: u32) -> String {
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(uid));
    user.ok().flatten().map_or_else(|| uid.to_string(), |user| user.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locate::Target;

    #[test]
    fn whose_a_file_is_that_does_not_show_is_not_made_up() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("gone.board");
        std::fs::write(&path, b"x").expect("written");
        let [candidate] = &crate::locate::find(&Target::File(path.clone())).expect("found")[..]
        else {
            panic!("a file that is named is one");
        };
        std::fs::remove_file(&path).expect("removed");
        let error = crate::board_file::BoardFile::open(&path, crate::board_file::Trust::Named)
            .expect_err("not there");
        let row = Row::unread(candidate, &error);
        assert_eq!((row.uid, &*row.owner), (None, "-"));
        assert_eq!(serde_json::to_value(&row).expect("serializes")["uid"], serde_json::Value::Null);
    }
}
