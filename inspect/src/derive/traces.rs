//! Operations as others' traces have them: the trace that they said, or that what they are part of said, and the id
//! that the span of an operation has wherever it is exported.

use std::collections::HashMap;

use probe::layout::op_id;

use crate::model::OpTrace;
use crate::snapshot::{OpRead, TraceRead};

/// Operations between one and the whole that said a trace.
const DEEPEST: usize = 32;

/// The operations of a board by their ids, when one of them said a trace; else nothing, at no cost.
pub(super) struct Traces<'a> {
    instance: u64,
    known: HashMap<u64, &'a OpRead>,
}

impl<'a> Traces<'a> {
    pub(super) fn new(instance: u64, operations: &'a [OpRead]) -> Self {
        let known = match operations.iter().any(|one| one.trace.is_some()) {
            true => operations.iter().map(|one| (id(one), one)).collect(),
            false => HashMap::new(),
        };
        Self { instance, known }
    }

    /// The trace of an operation.
    pub(super) fn of(&self, read: &OpRead) -> Option<OpTrace> {
        let mut whole = *self.known.get(&id(read))?;
        for _ in 0..DEEPEST {
            if let Some(said) = whole.trace {
                let own = core::ptr::eq(whole, *self.known.get(&id(read))?);
                return Some(self.placed(read, said, own));
            }
            whole = self.known.get(&whole.record.parent)?;
        }
        None
    }

    fn placed(&self, read: &OpRead, said: TraceRead, own: bool) -> OpTrace {
        let parent = match own {
            true => (said.span != 0).then_some(said.span),
            false => probe::layout::from_op_id(read.record.parent)
                .map(|(index, generation)| span_id(self.instance, &name(index as u64, generation))),
        };
        OpTrace {
            trace_id: format!("{:032x}", said.trace),
            span_id: format!("{:016x}", span_id(self.instance, &name(read.index, read.generation))),
            parent_span_id: parent.map(|span| format!("{span:016x}")),
            remote: own,
            sampled: said.sampled,
        }
    }
}

fn id(read: &OpRead) -> u64 {
    op_id(read.index as usize, read.generation)
}

/// An operation's id, as people see it.
fn name(index: u64, generation: u64) -> String {
    format!("{index}-{generation}")
}

/// The id of an operation's span: of a run and an operation there, so that whoever exports it says the same.
pub fn span_id(instance: u64, id: &str) -> u64 {
    mixed(instance, id, 3)
}

/// 64 bits of a run, an operation and a purpose, never 0 and the same for ever.
pub fn mixed(instance: u64, id: &str, purpose: u64) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64 ^ purpose;
    for byte in instance.to_le_bytes().into_iter().chain(id.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    // Neighbours differ in all bits.
    for (shift, factor) in [(30, 0xbf58_476d_1ce4_e5b9u64), (27, 0x94d0_49bb_1331_11eb)] {
        hash = (hash ^ (hash >> shift)).wrapping_mul(factor);
    }
    (hash ^ (hash >> 31)).max(1)
}
