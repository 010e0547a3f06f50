//! Answers of many hosts as one: rows with their endpoint, in one order.

use std::cmp::Reverse;

use serde_json::{Value, json};

use super::documents::{Hosted, Ops, OpsOf};
use super::hosts::Reply;
use super::standing::Standing;
use crate::capacity;
use crate::model::{Op, WaitsDocument};
use crate::why::Answer;

/// Findings of an answer, and bytes of them: it is for a program that reads all of it.
const FINDINGS: usize = 10;
const BYTES: usize = 5_000;

/// How all endpoints stand, and what those said that have something to say.
pub fn apart<T>(replies: Vec<Reply<T>>) -> (Vec<Standing>, Vec<(Standing, T)>) {
    let mut said = Vec::new();
    let mut all = Vec::new();
    for Reply { standing, document } in replies {
        if let Some(document) = document {
            said.push((standing.clone(), document));
        }
        all.push(standing);
    }
    (all, said)
}

fn of<T>(standing: &Standing, row: T) -> Hosted<T> {
    Hosted { endpoint: standing.endpoint.clone(), row }
}

/// Operations in one order, with ages of now, and how many there are that were asked for.
pub fn ops(said: Vec<(Standing, Ops)>, sort: &str, ended: bool) -> (u64, Vec<Hosted<OpsOf>>) {
    let (mut total, mut all) = (0u64, Vec::new());
    for (standing, ops) in said {
        total = total.saturating_add(ops.total);
        let since = standing.age_ns.unwrap_or(0);
        all.extend(ops.ops.into_iter().map(|row| of(&standing, aged(row, since, ended))));
    }
    order(&mut all, sort, ended);
    (total, all)
}

/// What was so old when its host looked is older by now, unless it ended.
fn aged(mut row: OpsOf, since: u64, ended: bool) -> OpsOf {
    let op = &mut row.op;
    let more = |age: &mut Option<u64>| {
        if let Some(age) = age {
            *age = age.saturating_add(since);
        }
    };
    if ended {
        more(&mut op.ended_ago_ns);
    } else {
        op.age_ns = op.age_ns.saturating_add(since);
        [&mut op.active_ns, &mut op.status_age_ns, &mut op.turned_ns].into_iter().for_each(more);
    }
    row
}

/// One order over all. Each host's own are in it already, and stay so among equals.
fn order(all: &mut [Hosted<OpsOf>], sort: &str, ended: bool) {
    let active = |op: &Op| (!op.leaked, Reverse(op.active_ns));
    match sort {
        "age" => all.sort_by_key(|one| Reverse(one.row.op.age_ns)),
        "status" => {
            all.sort_by_key(|one| (one.row.op.status.clone(), Reverse(one.row.op.status_age_ns)));
        }
        "kind" => all.sort_by_key(|one| (one.row.op.kind.clone(), active(&one.row.op))),
        _ if ended => all.sort_by_key(|one| one.row.op.ended_ago_ns),
        _ => all.sort_by_key(|one| active(&one.row.op)),
    }
}

/// Deadlocks, circles, chains, locks and queues of all hosts.
pub fn waits(said: Vec<(Standing, WaitsDocument)>) -> Value {
    let (mut cycles, mut chains, mut locks) = (Vec::new(), Vec::new(), Vec::new());
    let (mut circles, mut queues) = (Vec::new(), Vec::new());
    for (standing, document) in said {
        let all = document.waits;
        cycles.extend(all.cycles.into_iter().map(|row| of(&standing, row)));
        chains.extend(all.chains.into_iter().map(|row| of(&standing, row)));
        locks.extend(all.locks.into_iter().map(|row| of(&standing, row)));
        circles.extend(all.circles.into_iter().map(|row| of(&standing, row)));
        queues.extend(all.queues.into_iter().map(|row| of(&standing, row)));
    }
    chains.sort_by_key(|one| Reverse(one.row.behind_ns));
    json!({ "cycles": cycles, "circles": circles, "chains": chains, "locks": locks, "queues": queues })
}

/// What is wrong at all hosts, the worst first, within its bounds.
pub fn why(mut said: Vec<(Standing, Answer)>) -> Value {
    said.retain(|(_, answer)| !answer.boards.is_empty());
    worst_first(&mut said);
    let verdict = said.first().map_or_else(
        || "no board".to_owned(),
        |(standing, answer)| format!("{}: {}", standing.short(), answer.verdict),
    );
    let (mut boards, mut findings, mut not_known, mut more) =
        (Vec::new(), Vec::new(), Vec::new(), 0);
    let mut looked_at = Vec::new();
    for (standing, answer) in said {
        boards.extend(answer.boards.into_iter().map(|row| of(&standing, row)));
        findings.extend(answer.findings.into_iter().map(|row| of(&standing, row)));
        not_known.extend(answer.not_known);
        for rule in answer.looked_at {
            if !looked_at.contains(&rule) {
                looked_at.push(rule);
            }
        }
        more += answer.more;
    }
    findings.sort_by_key(|one| Reverse(one.row.severity));
    not_known.sort_unstable();
    not_known.dedup();
    not_known.truncate(FINDINGS);
    let all = findings.len();
    findings.truncate(FINDINGS);
    let fits = |all: &Vec<_>| serde_json::to_vec(all).is_ok_and(|bytes| bytes.len() <= BYTES);
    while !fits(&findings) && findings.pop().is_some() {}
    more += all - findings.len();
    json!({
        "verdict": verdict, "boards": boards, "findings": findings, "more": more,
        "looked_at": looked_at, "not_known": not_known,
    })
}

/// The worst host first; of equals in the order of the list.
pub fn worst_first(said: &mut [(Standing, Answer)]) {
    said.sort_by_key(|(_, answer)| Reverse(answer.findings.first().map(|one| one.severity)));
}

/// Groups of all hosts.
pub fn capacity(said: Vec<(Standing, capacity::Answer)>) -> Value {
    let groups: Vec<Hosted<capacity::Group>> = said
        .into_iter()
        .flat_map(|(standing, answer)| {
            answer.groups.into_iter().map(move |row| of(&standing, row)).collect::<Vec<_>>()
        })
        .collect();
    json!({ "groups": groups })
}
