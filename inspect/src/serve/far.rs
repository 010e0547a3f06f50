//! The boards of other hosts, in place of this one's: one look at all of them is a question to every endpoint.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use tokio::runtime::Runtime;

use super::parts::Parts;
use super::shown::Shown;
use super::view::View;
use crate::clock::Moment;
use crate::endpoints::merged::apart;
use crate::endpoints::{Boards, Hosts, Question, Remote, Standing};
use crate::listed::Row;
use crate::liveness::State;
use crate::model::BoardReport;
use crate::target::{Candidate, parse_name};

/// Other hosts, and what was seen of them last.
pub(super) struct Far {
    hosts: Hosts,
    runtime: Runtime,
    seq: u64,
    parts: Option<Arc<Parts>>,
}

impl Far {
    pub(super) fn new(hosts: Hosts) -> io::Result<Self> {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.max_blocking_threads(16).enable_all().build()?;
        Ok(Self { hosts, runtime, seq: 0, parts: None })
    }

    pub(super) fn look(&mut self, streams: bool) -> View {
        let question = Question::get("boards");
        let (replies, _) = self.runtime.block_on(self.hosts.ask::<Boards>(&question, None));
        // Everything is of the moment at which the last one answered.
        let (taken, moment) = (Instant::now(), Moment::now(false));
        let (endpoints, said) = apart(replies);
        let mut boards = Vec::new();
        for (standing, document) in said {
            let document = document.corrected(standing.skew_ns);
            let one = |board| Arc::new(shown(&standing, board, moment.mono_ns));
            boards.extend(document.boards.into_iter().map(one));
        }
        // Stable: of one name in the order of the hosts.
        boards.sort_by_key(|one: &Arc<Shown>| (one.row.name.clone(), !one.exists()));
        self.seq += 1;
        self.parts = streams.then(|| {
            let parts = Parts::next(self.parts.as_deref(), self.seq, moment, &boards);
            parts.beside(&endpoints).into()
        });
        View {
            seq: self.seq,
            taken,
            wall_ns: moment.wall_ns,
            boards,
            left_out: 0,
            parts: self.parts.clone(),
            endpoints: Some(endpoints),
        }
    }
}

/// A board of another host, as one of this is shown.
fn shown(standing: &Standing, board: Remote, mono_ns: u64) -> Shown {
    let (row, report) = match board {
        Remote::Read(report) => (of(&report), Some(*report)),
        Remote::Unread(row) => (*row, None),
    };
    let file = row.path.rsplit('/').next().and_then(parse_name);
    let candidate = Candidate {
        name: file.map_or_else(|| row.name.clone(), |(name, ..)| name.to_owned()),
        pid: file.map_or_else(|| u32::try_from(row.pid).unwrap_or(0), |(_, pid, _)| pid),
        start: file.map_or(0, |(.., start)| start),
        path: row.path.clone().into(),
        id: (0, 0),
        held: false,
    };
    // Ages are of the look there, which was so long ago.
    let then_ns = mono_ns.saturating_sub(standing.age_ns.unwrap_or(0));
    let now_ms = i64::try_from(then_ns / 1_000_000).ok().filter(|_| row.state == State::Live);
    Shown::new(candidate, row, report, false, now_ms).at(standing)
}

fn of(report: &BoardReport) -> Row {
    // Users have other numbers there.
    Row { owner: report.uid.to_string(), ..Row::about(report, 0) }
}
