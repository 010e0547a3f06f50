//! What endpoints answer, as documents.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::clock::rfc3339;
use crate::listed::Row;
use crate::liveness::State;
use crate::model::{BoardReport, Op};
use crate::words::moment::from_rfc3339;

/// Something of a host.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Hosted<T> {
    /// The endpoint that said it.
    pub endpoint: String,
    /// What it said.
    #[serde(flatten)]
    pub row: T,
}

/// Boards in a line each.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct List {
    /// The rows.
    pub boards: Vec<Row>,
}

/// Operations over all boards of a host.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Ops {
    /// How many there are that were asked for.
    pub total: u64,
    /// The first of them.
    pub ops: Vec<OpsOf>,
}

/// An operation with its process.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OpsOf {
    /// Its board.
    pub board: String,
    /// Its process.
    pub pid: u64,
    /// The operation.
    #[serde(flatten)]
    pub op: Op,
}

/// A board of another host.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Remote {
    /// As it was read there.
    Read(Box<BoardReport>),
    /// It could not be read, there or here: its row, with the reason.
    Unread(Box<Row>),
}

/// Whole boards.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Boards {
    /// They.
    #[serde(deserialize_with = "each")]
    pub boards: Vec<Remote>,
}

/// Each by itself: one that is odd is a row, and the others are read.
fn each<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Remote>, D::Error> {
    let all = <Vec<Box<RawValue>>>::deserialize(from)?;
    all.into_iter().map(|raw| remote(&raw).map_err(serde::de::Error::custom)).collect()
}

fn remote(raw: &RawValue) -> serde_json::Result<Remote> {
    match serde_json::from_str::<BoardReport>(raw.get()) {
        Ok(report) => Ok(Remote::Read(Box::new(report))),
        Err(why) => {
            let unread: Unread = serde_json::from_str(raw.get())?;
            Ok(Remote::Unread(Box::new(unread.row(&why))))
        }
    }
}

/// What is said of one that cannot be read.
#[derive(Deserialize)]
struct Unread {
    name: String,
    pid: u64,
    uid: Option<u64>,
    state: State,
    verdict: String,
    path: String,
    size_bytes: Option<u64>,
}

impl Unread {
    fn row(self, why: &serde_json::Error) -> Row {
        // One that could be read there is of another version.
        let odd = self.state != State::Unreachable;
        let verdict = if odd { format!("it cannot be read here: {why}") } else { self.verdict };
        Row {
            name: self.name,
            pid: self.pid,
            uid: self.uid,
            owner: self.uid.map_or_else(|| "-".to_owned(), |uid| uid.to_string()),
            state: State::Unreachable,
            verdict,
            headline: None,
            uptime_ns: None,
            heartbeat_age_ns: None,
            threads: None,
            size_bytes: self.size_bytes,
            build: None,
            path: self.path,
        }
    }
}

impl Boards {
    /// With moments by this host's clock, of which the other is `skew_ns` ahead.
    pub fn corrected(mut self, skew_ns: Option<i64>) -> Self {
        for one in &mut self.boards {
            if let Remote::Read(report) = one {
                correct(report, skew_ns.unwrap_or(0));
            }
        }
        self
    }
}

fn correct(report: &mut BoardReport, skew_ns: i64) {
    let shift = |text: &mut String| {
        let Some(there) = from_rfc3339(text) else { return };
        let here = i128::from(there) - i128::from(skew_ns);
        *text = rfc3339(u64::try_from(here).unwrap_or(0));
    };
    shift(&mut report.started_at);
    shift(&mut report.seen_at);
    let end = report.end.as_mut().and_then(|end| end.at.as_mut());
    let panic = report.last_panic.as_mut().map(|panic| &mut panic.at);
    let moments = [report.ended_at.as_mut(), report.saved_at.as_mut(), end, panic];
    moments.into_iter().flatten().for_each(shift);
    report.started_wall_ns = from_rfc3339(&report.started_at).unwrap_or(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_comes_back_as_it_went_but_for_the_clock() {
        let mut report = BoardReport::for_tests("recordd", 0);
        report.started_at = "2026-01-31T12:00:00.500Z".to_owned();
        report.lost.insert("ops", 3);
        let text = format!(
            "{{\"boards\":[{},{{\"name\":\"x\",\"pid\":2,\"uid\":0,\"state\":\"unreachable\",\"verdict\":\"damaged\",\"path\":\"/p\",\"threads\":[],\"headline\":null}}]}}",
            serde_json::to_string(&report).expect("JSON")
        );
        let boards: Boards = serde_json::from_str(&text).expect("boards");
        let boards = boards.corrected(Some(1_500_000_000));
        let [Remote::Read(read), Remote::Unread(row)] = &boards.boards[..] else {
            panic!("{boards:?}")
        };
        assert_eq!(read.started_at, "2026-01-31T11:59:59.000Z");
        assert_eq!((read.lost["ops"], row.verdict.as_str()), (3, "damaged"));
        report.started_at.clone_from(&read.started_at);
        let (ours, theirs) = (serde_json::to_value(&report), serde_json::to_value(read));
        assert_eq!(ours.expect("JSON"), theirs.expect("JSON"));
    }
}
