//! Boards in pieces that know when they changed, so that a stream says only what did. Ages would change all the
//! time: a piece says when something began instead, and whoever shows it has a clock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;

use super::pieces::{self, KINDS, Moments, New};
use super::shown::{HOST, Shown};
use crate::clock::{Moment, rfc3339};
use crate::endpoints::Standing;
use crate::render::json;
use crate::target::parse_name;
use crate::words::glob::glob;

/// Moments that differ by less are the same: two clocks were read one after the other.
const SAME_MS: u64 = 25;
/// Ticks after which what went away is forgotten; who missed them gets everything anew.
const REMEMBERED: u64 = 64;

/// One piece.
#[derive(Clone, Debug)]
struct Piece {
    text: Arc<str>,
    /// Moments that are part of it, ms.
    moments: Moments,
    seq: u64,
}

/// Pieces of one kind, by key, and those that went.
#[derive(Clone, Debug, Default)]
struct Section {
    pieces: BTreeMap<Arc<str>, Piece>,
    gone: VecDeque<(u64, Arc<str>)>,
}

/// One board.
#[derive(Clone, Debug, Default)]
struct Board {
    since: u64,
    sections: [Section; KINDS.len()],
}

/// All of them.
#[derive(Debug)]
pub(super) struct Parts {
    seq: u64,
    moment: Moment,
    /// Before it nothing is known of what went.
    from: u64,
    boards: BTreeMap<String, Board>,
    gone: VecDeque<(u64, String)>,
    /// How the endpoints stand, as JSON, where the boards are of other hosts.
    endpoints: Option<String>,
    /// What was said already: most clients ask the same.
    said: Mutex<Vec<(u64, Option<String>, Bytes)>>,
}

impl Parts {
    /// The pieces of these boards, after those of the look before.
    pub(super) fn next(
        before: Option<&Self>,
        seq: u64,
        moment: Moment,
        shown: &[Arc<Shown>],
    ) -> Self {
        let old = seq.saturating_sub(REMEMBERED);
        let mut boards = BTreeMap::new();
        let mut gone = before.map(|before| before.gone.clone()).unwrap_or_default();
        gone.retain(|(at, _)| *at >= old);
        for one in shown {
            let key = one.key();
            let known = before.and_then(|before| before.boards.get(&key));
            let mut board =
                known.cloned().unwrap_or_else(|| Board { since: seq, ..Board::default() });
            board.take(one, seq, old);
            boards.insert(key, board);
        }
        for key in before.into_iter().flat_map(|before| before.boards.keys()) {
            if !boards.contains_key(key) {
                gone.push_back((seq, key.clone()));
            }
        }
        let from = before.map_or(seq, |before| before.from).max(old);
        Self { seq, moment, from, boards, gone, endpoints: None, said: Mutex::default() }
    }

    /// The same, with the endpoints beside.
    pub(super) fn beside(self, endpoints: &[Standing]) -> Self {
        Self { endpoints: json::line(&endpoints).ok(), ..self }
    }

    /// What changed since a look, as an event: of all boards, or those of a name, a pid or a key.
    pub(super) fn since(&self, seen: u64, name: Option<&str>) -> Bytes {
        // Of what went before, nothing is known: everything anew.
        let seen = if seen < self.from { 0 } else { seen };
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let known = said.iter().find(|(at, of, _)| *at == seen && of.as_deref() == name);
        if let Some((_, _, bytes)) = known {
            return bytes.clone();
        }
        let bytes: Bytes = self.written(seen, &|key| name.is_none_or(|name| is(key, name))).into();
        said.push((seen, name.map(str::to_owned), bytes.clone()));
        bytes
    }

    fn written(&self, seen: u64, wanted: &dyn Fn(&str) -> bool) -> String {
        let (seq, taken_at, now) =
            (self.seq, rfc3339(self.moment.wall_ns), self.moment.mono_ns / 1_000_000);
        let whole = seen == 0;
        let mut out = format!(
            "id: {seq}\nevent: look\ndata: {{\"seq\":{seq},\"taken_at\":\"{taken_at}\",\"now_ms\":{now},\"whole\":{whole},\"boards\":{{"
        );
        let mut first = true;
        for (key, board) in self.boards.iter().filter(|(key, _)| wanted(key)) {
            board.write(&mut out, &mut first, key, seen);
        }
        out.push_str("},\"gone\":");
        let gone = self.gone.iter().filter(|(at, key)| *at > seen && wanted(key));
        let gone: BTreeSet<&String> = gone
            .map(|(_, key)| key)
            .filter(|key| seen > 0 && !self.boards.contains_key(*key))
            .collect();
        out.push_str(&json::line(&gone).unwrap_or_else(|_| "[]".to_owned()));
        if let Some(endpoints) = &self.endpoints {
            let _ = write!(out, ",\"endpoints\":{endpoints}");
        }
        out.push_str("}\n\n");
        out
    }
}

/// Whether a board's key is of a name, a pid, or that key.
fn is(key: &str, text: &str) -> bool {
    let of = |(name, pid, _): (&str, u32, u64)| glob(text, name) || text.parse() == Ok(pid);
    let board = key.rsplit(HOST).next().unwrap_or(key);
    key == text || parse_name(board).is_some_and(of)
}

impl Board {
    /// Takes what is said of it now.
    fn take(&mut self, shown: &Shown, seq: u64, old: u64) {
        for (section, new) in self.sections.iter_mut().zip(pieces::of(shown)) {
            section.take(new, seq, old);
        }
    }

    fn write(&self, out: &mut String, first: &mut bool, key: &str, seen: u64) {
        // One that came since is new to whoever asks, whatever was of its name before.
        let seen = if self.since > seen { 0 } else { seen };
        let mut inside = String::new();
        for (kind, section) in KINDS.iter().zip(&self.sections) {
            section.write(&mut inside, kind, seen);
        }
        if inside.is_empty() {
            return;
        }
        let comma = if std::mem::replace(first, false) { "" } else { "," };
        let key = json::line(&key).unwrap_or_default();
        let _ = write!(out, "{comma}{key}:{{\"new\":{}{inside}}}", seen == 0);
    }
}

impl Section {
    fn take(&mut self, new: Vec<New<'_>>, seq: u64, old: u64) {
        self.gone.retain(|(at, _)| *at >= old);
        let mut pieces = BTreeMap::new();
        for New { key, mut moments, text } in new {
            let known = self.pieces.get(&key);
            if let Some(known) = known {
                for (new, old) in moments.iter_mut().zip(known.moments) {
                    if let (Some(now), Some(before)) = (*new, old)
                        && now.abs_diff(before) < SAME_MS
                    {
                        *new = old;
                    }
                }
            }
            let text = text(moments);
            let seq = known.filter(|known| *known.text == *text).map_or(seq, |known| known.seq);
            pieces.insert(key, Piece { text: text.into(), moments, seq });
        }
        for key in self.pieces.keys().filter(|key| !pieces.contains_key(*key)) {
            self.gone.push_back((seq, Arc::clone(key)));
        }
        self.pieces = pieces;
    }

    fn write(&self, out: &mut String, kind: &str, seen: u64) {
        let changed = || self.pieces.iter().filter(|(_, piece)| piece.seq > seen);
        let gone: BTreeSet<&Arc<str>> = self
            .gone
            .iter()
            .filter(|(at, key)| seen > 0 && *at > seen && !self.pieces.contains_key(key))
            .map(|(_, key)| key)
            .collect();
        if changed().next().is_none() && gone.is_empty() {
            return;
        }
        let _ = write!(out, ",\"{kind}\":{{\"set\":{{");
        for (index, (key, piece)) in changed().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            let key = json::line(&key.as_ref()).unwrap_or_default();
            let _ = write!(out, "{comma}{key}:{}", piece.text);
        }
        out.push('}');
        if !gone.is_empty() {
            let gone: Vec<&str> = gone.into_iter().map(|key| &**key).collect();
            let _ = write!(out, ",\"gone\":{}", json::line(&gone).unwrap_or_default());
        }
        out.push('}');
    }
}
