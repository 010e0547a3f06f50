//! What was seen of all hosts, and of the one row that is looked at closely.

use crate::endpoints::{Hosted, OpsOf, Remote, Standing};
use crate::listed::Row;
use crate::target::parse_name;
use crate::top::history::name_id;

/// Everything that one screenful is drawn from. It does not change while the screen is paused.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// How every endpoint stands, in the order of the list.
    pub endpoints: Vec<Standing>,
    /// Boards, by name and then by host.
    pub boards: Vec<Hosted<Row>>,
    /// Operations in flight of all hosts, more than there is room for.
    pub total: u64,
    /// The first of them.
    pub ops: Vec<Hosted<OpsOf>>,
    /// Those that ended, where they were asked for.
    pub ended: Vec<Hosted<OpsOf>>,
    /// The row that is looked at closely, with all there is of it.
    pub whole: Option<(Whole, Close)>,
    /// What is wrong with the list of endpoints.
    pub remark: Option<String>,
}

/// A row that is looked at closely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// Its number on the screen.
    pub number: u64,
    /// Its host.
    pub endpoint: String,
    /// Which.
    pub of: Of,
}

/// What of a host is looked at closely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    /// A board, by the word that its host knows it by.
    Board(String),
    /// An operation.
    Op {
        /// Of this process.
        pid: u64,
        /// Its id.
        id: String,
    },
}

/// All there is of it.
#[derive(Clone, Debug)]
pub enum Close {
    /// A board.
    Board(Box<Remote>),
    /// An operation.
    Op(Box<OpsOf>),
    /// It is not there, or its host does not say: why.
    Missing(String),
}

/// The number of a board on the screen.
pub(super) fn board_number(one: &Hosted<Row>) -> u64 {
    name_id(&format!("board {} {} {}", one.endpoint, one.row.pid, one.row.path))
}

/// The number of an operation on the screen.
pub(super) fn op_number(one: &Hosted<OpsOf>) -> u64 {
    name_id(&format!("op {} {} {}", one.endpoint, one.row.pid, one.row.op.id))
}

/// The number of a host on the screen.
pub(super) fn host_number(one: &Standing) -> u64 {
    name_id(&format!("host {}", one.endpoint))
}

impl Seen {
    /// What a host is called in a table.
    pub fn short<'a>(&'a self, endpoint: &'a str) -> &'a str {
        let known = self.endpoints.iter().find(|one| one.endpoint == endpoint);
        known.map_or(endpoint, Standing::short)
    }

    /// The operation of a number.
    pub fn op(&self, number: u64) -> Option<&Hosted<OpsOf>> {
        self.ops.iter().chain(&self.ended).find(|one| op_number(one) == number)
    }

    /// What is to be asked for, to see the row of a number closely. A host is all there.
    pub fn whole_of(&self, number: u64) -> Option<Whole> {
        let whole = |endpoint: &str, of| Whole { number, endpoint: endpoint.to_owned(), of };
        if let Some(one) = self.op(number) {
            let of = Of::Op { pid: one.row.pid, id: one.row.op.id.clone() };
            return Some(whole(&one.endpoint, of));
        }
        let one = self.boards.iter().find(|one| board_number(one) == number)?;
        // By its file's name it is one of several of a pid, such as the runs of containers.
        let file = one.row.path.rsplit('/').next().unwrap_or_default();
        let named = parse_name(file).map(|(name, pid, start)| format!("{name}.{pid}.{start}"));
        let word = named.unwrap_or_else(|| one.row.pid.to_string());
        Some(whole(&one.endpoint, Of::Board(word)))
    }
}
