//! Commands about records as such: whether they exist, how long they live, and tables as a whole.

use super::refusal::Refusal;
use super::spec::{After, Context, Held, Outcome};
use crate::resp::reply;
use crate::resp::request::{Request, integer};
use crate::store::{Decision, Record, TABLES, Update, now_ms};

/// `DEL key..`
pub(super) fn del(context: &mut Context<'_>, request: &Request<'_>) -> Outcome {
    probe::tag!(hits, "DEL", request.len() - 1);
    let mut deleted = 0_u32;
    for key in request.words_from(1) {
        deleted += u32::from(change(context, key, |_| Update::Delete)?);
    }
    reply::count(context.out, deleted);
    Ok(After::Next)
}

/// `EXISTS key..`
pub(super) fn exists(context: &mut Context<'_>, request: &Request<'_>) -> Outcome {
    probe::tag!(hits, "EXISTS");
    let mut found = 0_u32;
    for key in request.words_from(1) {
        let record = context.shared.store.read(context.reader, context.session.table, key)?;
        found += u32::from(record.is_some());
    }
    reply::count(context.out, found);
    Ok(After::Next)
}

/// `EXPIRE key seconds`
pub(super) fn expire(context: &mut Context<'_>, request: &Request<'_>) -> Outcome {
    probe::tag!(hits, "EXPIRE");
    live_for(context, request, 1000, "expire")
}

/// `PEXPIRE key milliseconds`
pub(super) fn pexpire(context: &mut Context<'_>, request: &Request<'_>) -> Outcome {
    probe::tag!(hits, "PEXPIRE");
    live_for(context, request, 1, "pexpire")
}

fn live_for(context: &mut Context<'_>, request: &Request<'_>, scale: i64, name: &str) -> Outcome {
    let amount = integer(request.word(2)).ok_or_else(Refusal::not_an_integer)?;
    let now = i64::try_from(now_ms()).unwrap_or(i64::MAX);
    let at = amount.checked_mul(scale).and_then(|amount| amount.checked_add(now));
    let at =
        at.ok_or_else(|| Refusal::new(format!("ERR invalid expire time in '{name}' command")))?;
    let found = change(context, request.word(1), |record| match u64::try_from(at) {
        Ok(at) if amount > 0 => Update::Put(Record { value: record.value.clone(), expires_ms: at }),
        _ => Update::Delete,
    })?;
    reply::integer(context.out, i64::from(found));
    Ok(After::Next)
}

/// `PERSIST key`
pub(super) fn persist(context: &mut Context<'_>, request: &Request<'_>) -> Outcome {
    probe::tag!(hits, "PERSIST");
    let key = request.word(1);
    let (had, generation) =
        context.shared.store.update(context.reader, context.session.table, key, |current| {
            let mortal = current.filter(|record| record.expires_ms != 0);
            let change = mortal
                .map(|record| Update::Put(Record { value: record.value.clone(), expires_ms: 0 }));
            Decision { answer: change.is_some(), change }
        })?;
    if let Some(generation) = generation {
        context.wrote(generation);
    }
    reply::integer(context.out, i64::from(had));
    Ok(After::Next)
}

/// `TTL key`
pub(super) fn ttl(context: &mut Context<'_>, request: &Request<'_>) -> Outcome {
    probe::tag!(hits, "TTL");
    let left_ms = left_ms(context, request.word(1))?;
    reply::integer(
        context.out,
        if left_ms > 0 { left_ms.saturating_add(500) / 1000 } else { left_ms },
    );
    Ok(After::Next)
}

/// `PTTL key`
pub(super) fn pttl(context: &mut Context<'_>, request: &Request<'_>) -> Outcome {
    probe::tag!(hits, "PTTL");
    let left_ms = left_ms(context, request.word(1))?;
    reply::integer(context.out, left_ms);
    Ok(After::Next)
}

/// -2: no record; -1: it lives for ever.
fn left_ms(context: &mut Context<'_>, key: &[u8]) -> Result<i64, Refusal> {
    Ok(match context.shared.store.read(context.reader, context.session.table, key)? {
        None => -2,
        Some(Record { expires_ms: 0, .. }) => -1,
        Some(record) => {
            i64::try_from(record.expires_ms.saturating_sub(now_ms())).unwrap_or(i64::MAX)
        }
    })
}

/// Changes a record if it exists. Returns whether it does.
fn change(
    context: &mut Context<'_>,
    key: &[u8],
    to: impl Fn(&Record) -> Update,
) -> Result<bool, Refusal> {
    let (found, generation) =
        context.shared.store.update(context.reader, context.session.table, key, |current| {
            Decision { change: current.map(&to), answer: current.is_some() }
        })?;
    if let Some(generation) = generation {
        context.wrote(generation);
    }
    Ok(found)
}

/// `DBSIZE`: waits for the commit of what is queued, for only then it is known which keys were new.
pub(super) fn dbsize(context: &mut Context<'_>, _: &Request<'_>) -> Outcome {
    probe::tag!(hits, "DBSIZE");
    let table = context.session.table;
    if !context.session.waited
        && let Some(generation) = context.shared.store.counted_by(table)
    {
        return Ok(After::Wait(Held::Commit(generation)));
    }
    let rows = context.shared.store.rows().get(table).copied().unwrap_or(0);
    reply::count(context.out, rows);
    Ok(After::Next)
}

/// `FLUSHDB [ASYNC|SYNC]`
pub(super) fn flushdb(context: &mut Context<'_>, request: &Request<'_>) -> Outcome {
    probe::tag!(hits, "FLUSHDB", context.session.table);
    flush_mode(request)?;
    if let Some(generation) = context.shared.store.flush(context.session.table) {
        context.wrote(generation);
    }
    reply::ok(context.out);
    Ok(After::Next)
}

/// `FLUSHALL [ASYNC|SYNC]`
pub(super) fn flushall(context: &mut Context<'_>, request: &Request<'_>) -> Outcome {
    probe::tag!(hits, "FLUSHALL");
    flush_mode(request)?;
    for table in 0..TABLES {
        if let Some(generation) = context.shared.store.flush(table) {
            context.wrote(generation);
        }
    }
    reply::ok(context.out);
    Ok(After::Next)
}

fn flush_mode(request: &Request<'_>) -> Result<(), Refusal> {
    let known =
        |word: &[u8]| word.eq_ignore_ascii_case(b"ASYNC") || word.eq_ignore_ascii_case(b"SYNC");
    match request.len() {
        1 => Ok(()),
        2 if known(request.word(1)) => Ok(()),
        _ => Err(Refusal::syntax()),
    }
}
