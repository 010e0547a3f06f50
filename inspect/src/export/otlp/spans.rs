//! Operations as spans. Their ids are derived from what no other operation ever has: the run of the process and the
//! operation's own id. So whoever exports one again says the same ids, and a collector knows it. The trace is the one
//! that its program said, with the caller's span above; where none was said it is derived likewise.

use std::collections::HashMap;

use super::attributes::{About, Of, attribute, scope};
use crate::derive::traces::{self, mixed};
use crate::export::operations::Operation;
use crate::export::protobuf::Message;
use crate::words::label::Label;
use crate::words::term::term;

/// Operations whose place in a trace is remembered for those that are a part of them.
const MOST_KNOWN: usize = 100_000;

/// The trace of each operation, for those that are part of it.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    traces: HashMap<(u64, String), [u8; 16]>,
}

impl Ids {
    /// The trace of an operation, and remembers it for its parts: that which it said, or that of what it is part of,
    /// or one that is derived from the whole.
    fn trace(&mut self, operation: &Operation) -> [u8; 16] {
        let (instance, op) = (operation.instance, &operation.op);
        let said =
            op.trace.as_ref().and_then(|trace| u128::from_str_radix(&trace.trace_id, 16).ok());
        let known = || self.traces.get(&(instance, op.parent.clone()?)).copied();
        let trace = said.map(u128::to_be_bytes).or_else(known).unwrap_or_else(|| {
            let whole = op.parent.as_ref().unwrap_or(&op.id);
            let [high, low] = [1, 2].map(|purpose| mixed(instance, whole, purpose));
            (u128::from(high) << 64 | u128::from(low)).to_be_bytes()
        });
        if self.traces.len() >= MOST_KNOWN {
            self.traces.clear();
        }
        self.traces.insert((instance, op.id.clone()), trace);
        trace
    }
}

/// The id of an operation's span.
fn span_id(instance: u64, id: &str) -> [u8; 8] {
    traces::span_id(instance, id).to_be_bytes()
}

/// The span that an operation is part of: that of an operation, or a caller's.
fn parent_of(operation: &Operation) -> Option<[u8; 8]> {
    let caller = operation.op.trace.as_ref().filter(|trace| trace.remote);
    match caller {
        Some(trace) => {
            let span = u64::from_str_radix(trace.parent_span_id.as_ref()?, 16).ok()?;
            Some(span.to_be_bytes())
        }
        None => operation.op.parent.as_ref().map(|id| span_id(operation.instance, id)),
    }
}

/// The flags of a span, where its trace has some: whether that is kept, and that the span above is known to be
/// another process's, or not.
fn flags(operation: &Operation) -> Option<u32> {
    const KNOWN: u32 = 0x100;
    const REMOTE: u32 = 0x200;
    let trace = operation.op.trace.as_ref()?;
    let remote = if trace.remote { REMOTE } else { 0 };
    Some(u32::from(trace.sampled) | KNOWN | remote)
}

/// What a span is.
const SERVER: u64 = 2;
const INTERNAL: u64 = 1;

/// How it went.
const WELL: u64 = 1;
const FAILED: u64 = 2;

/// A request message with operations that ended, by process; with each the number of operations of that process
/// that nobody can export any more.
pub fn spans(all: &[(About, Vec<&Operation>, u64)], ids: &mut Ids) -> Vec<u8> {
    request(all, |operation| {
        let trace = ids.trace(operation);
        let end = operation.ended_wall_ns.unwrap_or(operation.begun_wall_ns);
        let id = span_id(operation.instance, &operation.op.id);
        let parent = parent_of(operation);
        let served =
            operation.op.peer.is_some() || operation.op.trace.as_ref().is_some_and(|t| t.remote);
        let mut span = Message::default();
        span.bytes(1, &trace).bytes(2, &id);
        if let Some(parent) = parent {
            span.bytes(4, &parent);
        }
        span.text(5, &term(operation.op.kind.raw()));
        span.number(6, if served { SERVER } else { INTERNAL });
        span.fixed(7, operation.begun_wall_ns).fixed(8, end);
        about(&mut span, operation);
        let mut status = Message::default();
        match operation.outcome {
            Some("ok") => _ = status.number(3, WELL),
            // Nobody knows.
            Some("unknown") | None => {}
            Some(other) => _ = status.text(2, other).number(3, FAILED),
        }
        span.message(15, &status);
        if let Some(flags) = flags(operation) {
            span.fixed32(16, flags);
        }
        span
    })
}

/// A request message with operations that are in flight: of each a child of no length, at this moment, with what
/// it went through so far. Its own span comes when it ends.
pub fn pending(all: &[(About, Vec<&Operation>, u64)], ids: &mut Ids, now_ns: u64) -> Vec<u8> {
    request(all, |operation| {
        let trace = ids.trace(operation);
        let parent = span_id(operation.instance, &operation.op.id);
        let id = mixed(operation.instance, &operation.op.id, now_ns | 1 << 63).to_be_bytes();
        let mut span = Message::default();
        span.bytes(1, &trace).bytes(2, &id).bytes(4, &parent);
        span.text(5, &format!("{} (in flight)", term(operation.op.kind.raw())));
        span.number(6, INTERNAL).fixed(7, now_ns).fixed(8, now_ns);
        span.message(9, &attribute("scoreboard.pending", &Of::Yes(true)));
        span.message(9, &attribute("scoreboard.op.age_ns", &Of::Number(operation.op.age_ns)));
        about(&mut span, operation);
        span
    })
}

fn request(
    all: &[(About, Vec<&Operation>, u64)],
    mut one: impl FnMut(&Operation) -> Message,
) -> Vec<u8> {
    let mut request = Message::default();
    for (about, operations, missed) in all {
        let mut of_scope = Message::default();
        of_scope.message(1, &scope(&[("scoreboard.ops.not_exported", Of::Number(*missed))]));
        for operation in operations {
            of_scope.message(2, &one(operation));
        }
        let mut resource = Message::default();
        resource.message(1, &about.resource()).message(2, &of_scope);
        request.message(1, &resource);
    }
    request.0
}

/// What is known of an operation, as attributes and events.
fn about(span: &mut Message, operation: &Operation) {
    let op = &operation.op;
    let texts: [(&str, Option<&Label>); 5] = [
        ("scoreboard.label", op.label.as_ref()),
        ("scoreboard.peer", op.peer.as_ref()),
        ("scoreboard.status", op.status.as_ref()),
        ("thread.name", op.thread.as_ref()),
        ("code.file.path", op.file.as_ref()),
    ];
    span.message(9, &attribute("scoreboard.op.id", &Of::Text(&op.id)));
    for (key, label) in texts {
        if let Some(label) = label {
            span.message(9, &attribute(key, &Of::Text(label.raw())));
        }
    }
    let numbers = [("code.line.number", op.line.map(u64::from)), ("thread.id", op.tid)];
    for (key, number) in numbers {
        if let Some(number) = number {
            span.message(9, &attribute(key, &Of::Number(number)));
        }
    }
    if let Some(outcome) = operation.outcome {
        span.message(9, &attribute("scoreboard.outcome", &Of::Text(outcome)));
    }
    if operation.cut_short {
        span.message(9, &attribute("scoreboard.process_ended", &Of::Yes(true)));
    }
    for status in operation.statuses.values() {
        let mut event = Message::default();
        event.fixed(1, operation.begun_wall_ns.saturating_add(status.at_ns));
        event.text(2, &term(status.status.raw()));
        event.message(3, &attribute("scoreboard.for_ns", &Of::Number(status.for_ns)));
        if let Some(class) = status.class {
            event.message(3, &attribute("scoreboard.class", &Of::Text(class)));
        }
        span.message(11, &event);
    }
}
