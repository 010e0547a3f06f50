//! Commands that read and write values.

use super::refusal::Refusal;
use super::spec::{After, Context, Outcome};
use crate::resp::reply;
use crate::resp::request::{Request, integer};
use crate::store::{Decision, Record, Update, now_ms};

/// `GET key`
pub(super) fn get(context: &mut Context<'_>, request: &Request<'_>) -> Outcome {
    probe::tag!(hits, "GET");
    let record =
        context.shared.store.read(context.reader, context.session.table, request.word(1))?;
    match record {
        Some(record) => reply::bulk(context.out, &record.value),
        None => reply::nil(context.out),
    }
    Ok(After::Next)
}

/// `STRLEN key`
pub(super) fn strlen(context: &mut Context<'_>, request: &Request<'_>) -> Outcome {
    probe::tag!(hits, "STRLEN");
    let record =
        context.shared.store.read(context.reader, context.session.table, request.word(1))?;
    reply::count(context.out, record.map_or(0, |record| record.value.len()));
    Ok(After::Next)
}

/// `MGET key..`
pub(super) fn mget(context: &mut Context<'_>, request: &Request<'_>) -> Outcome {
    probe::tag!(hits, "MGET", request.len() - 1);
    let start = context.out.len();
    reply::array(context.out, request.len() - 1);
    for key in request.words_from(1) {
        match context.shared.store.read(context.reader, context.session.table, key)? {
            Some(record) => reply::bulk(context.out, &record.value),
            None => reply::nil(context.out),
        }
        // A small request must not make the daemon hold a huge reply.
        if context.out.len() - start > context.shared.limits.request_bytes {
            return Err(Refusal::new("ERR the reply would be too large, ask for fewer keys"));
        }
    }
    Ok(After::Next)
}

/// `MSET key value..`: all in one commit.
pub(super) fn mset(context: &mut Context<'_>, request: &Request<'_>) -> Outcome {
    probe::tag!(hits, "MSET", request.len() / 2);
    if request.len().is_multiple_of(2) {
        return Err(Refusal::new("ERR wrong number of arguments for 'mset' command"));
    }
    let records = (1..request.len()).step_by(2).map(|n| {
        (request.word(n).into(), Record { value: request.word(n + 1).into(), expires_ms: 0 })
    });
    let generation = context.shared.store.put(context.session.table, records);
    context.wrote(generation);
    reply::ok(context.out);
    Ok(After::Next)
}

/// What SET is told beside key and value.
#[derive(Debug, Default)]
struct SetOptions {
    expires_ms: u64,
    if_absent: bool,
    if_present: bool,
    keep_ttl: bool,
    get: bool,
}

impl SetOptions {
    fn parse(request: &Request<'_>) -> Result<Self, Refusal> {
        let mut options = Self::default();
        let mut words = request.words_from(3);
        while let Some(word) = words.next() {
            match word.to_ascii_uppercase().as_slice() {
                b"NX" if !options.if_present => options.if_absent = true,
                b"XX" if !options.if_absent => options.if_present = true,
                b"KEEPTTL" if options.expires_ms == 0 => options.keep_ttl = true,
                b"GET" => options.get = true,
                unit @ (b"EX" | b"PX") if options.expires_ms == 0 && !options.keep_ttl => {
                    let amount = integer(words.next().ok_or_else(Refusal::syntax)?);
                    let amount = amount.ok_or_else(Refusal::not_an_integer)?;
                    let scale = if unit == b"EX" { 1000 } else { 1 };
                    options.expires_ms = u64::try_from(amount)
                        .ok()
                        .filter(|&amount| amount > 0)
                        .and_then(|amount| amount.checked_mul(scale)?.checked_add(now_ms()))
                        .filter(|&at| i64::try_from(at).is_ok())
                        .ok_or_else(|| Refusal::new("ERR invalid expire time in 'set' command"))?;
                }
                _ => return Err(Refusal::syntax()),
            }
        }
        Ok(options)
    }

    fn is_plain(&self) -> bool {
        !(self.if_absent || self.if_present || self.keep_ttl || self.get)
    }
}

/// `SET key value [NX|XX] [GET] [EX s|PX ms|KEEPTTL]`
pub(super) fn set(context: &mut Context<'_>, request: &Request<'_>) -> Outcome {
    probe::tag!(hits, "SET");
    let options = SetOptions::parse(request)?;
    let record = Record { value: request.word(2).into(), expires_ms: options.expires_ms };
    let (table, key) = (context.session.table, request.word(1));
    if options.is_plain() {
        let generation = context.shared.store.put(table, std::iter::once((key.into(), record)));
        context.wrote(generation);
        reply::ok(context.out);
        return Ok(After::Next);
    }
    let ((done, old), generation) =
        context.shared.store.update(context.reader, table, key, |current| {
            let allowed = current.map_or(!options.if_present, |_| !options.if_absent);
            let expires_ms = match current {
                Some(current) if options.keep_ttl => current.expires_ms,
                _ => record.expires_ms,
            };
            let change =
                allowed.then(|| Update::Put(Record { value: record.value.clone(), expires_ms }));
            Decision { change, answer: (allowed, current.cloned()) }
        })?;
    if let Some(generation) = generation {
        context.wrote(generation);
    }
    match (options.get, old) {
        (true, Some(old)) => reply::bulk(context.out, &old.value),
        (false, _) if done => reply::ok(context.out),
        _ => reply::nil(context.out),
    }
    Ok(After::Next)
}

/// `INCR key`
pub(super) fn incr(context: &mut Context<'_>, request: &Request<'_>) -> Outcome {
    probe::tag!(hits, "INCR");
    add(context, request.word(1), 1)
}

/// `INCRBY key number`
pub(super) fn incrby(context: &mut Context<'_>, request: &Request<'_>) -> Outcome {
    probe::tag!(hits, "INCRBY");
    let by = integer(request.word(2)).ok_or_else(Refusal::not_an_integer)?;
    add(context, request.word(1), by)
}

/// `DECR key`
pub(super) fn decr(context: &mut Context<'_>, request: &Request<'_>) -> Outcome {
    probe::tag!(hits, "DECR");
    add(context, request.word(1), -1)
}

/// `DECRBY key number`
pub(super) fn decrby(context: &mut Context<'_>, request: &Request<'_>) -> Outcome {
    probe::tag!(hits, "DECRBY");
    let by = integer(request.word(2)).ok_or_else(Refusal::not_an_integer)?;
    let by = by.checked_neg().ok_or_else(|| Refusal::new("ERR decrement would overflow"))?;
    add(context, request.word(1), by)
}

fn add(context: &mut Context<'_>, key: &[u8], by: i64) -> Outcome {
    let (sum, generation) =
        context.shared.store.update(context.reader, context.session.table, key, |current| {
            let (old, expires_ms) = match current {
                Some(record) => (integer(&record.value), record.expires_ms),
                None => (Some(0), 0),
            };
            let sum = old.ok_or_else(Refusal::not_an_integer).and_then(|old| {
                old.checked_add(by)
                    .ok_or_else(|| Refusal::new("ERR increment or decrement would overflow"))
            });
            let change = sum.as_ref().ok().map(|sum| {
                Update::Put(Record { value: sum.to_string().into_bytes().into(), expires_ms })
            });
            Decision { change, answer: sum }
        })?;
    let sum = sum?;
    if let Some(generation) = generation {
        context.wrote(generation);
    }
    reply::integer(context.out, sum);
    Ok(After::Next)
}
