//! Who waits for whom among tasks: `tokio`'s read-write lock, semaphore and channels.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tests::program::{self, Program};
use tests::wait;

fn locks(name: &str, what: &str) -> Program {
    let mut command = Command::new(program::debug("fixture-locks"));
    let mut program = Program::start(command.args([name, what]), name);
    program.until_ready();
    program
}

/// Kinds of operations, by their id.
fn kinds(name: &str) -> BTreeMap<String, String> {
    let document = program::document(&["ops", "-n", name]);
    let ops = document["boards"][0]["ops"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    ops.iter().map(|op| (text(&op["id"]), text(&op["kind"]))).collect()
}

/// Waiter's kind, mode, what for, holder's kind, whether that is certain: of every wait.
fn edges(waits: &Value, kinds: &BTreeMap<String, String>) -> Vec<[String; 5]> {
    let kind = |party: &Value| {
        party["op"].as_str().and_then(|id| kinds.get(id)).cloned().unwrap_or("-".to_owned())
    };
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let chains = waits["chains"].as_array().cloned().unwrap_or_default();
    let edges =
        chains.iter().flat_map(|chain| chain["edges"].as_array().cloned().unwrap_or_default());
    let mut all: Vec<_> = edges
        .map(|edge| {
            let name = text(&edge["for"]["name"]);
            let name = name.rsplit('/').next().unwrap_or_default();
            let name = name.split(':').next().unwrap_or_default().to_owned();
            let sure = edge["confirmed"].to_string();
            [
                kind(&edge["waiter"]),
                text(&edge["for"]["mode"]),
                name,
                kind(&edge["held_by"][0]),
                sure,
            ]
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn one_who_holds_a_table_permits_and_ends_of_channels_is_named_by_all_who_wait() {
    let name = program::name("held-by-one");
    let mut program = locks(&name, "held-by-one");
    let row = |waiter: &str, mode: &str, what: &str| {
        [waiter, mode, what, "holder", "true"].map(str::to_owned)
    };
    let wanted = vec![
        row("reader", "shared", "table"),
        row("receiver", "receive", "asynchronous.rs"),
        row("sender", "send", "asynchronous.rs"),
        row("taker", "shared", "permits"),
        row("writer", "exclusive", "table"),
    ];
    let waits = wait::until("five waits", Duration::from_secs(20), || {
        let waits = program::document(&["waits", "-n", &name]);
        (edges(&waits, &kinds(&name)).len() == wanted.len()).then_some(waits)
    });
    assert_eq!(edges(&waits, &kinds(&name)), wanted);
    assert_eq!(waits["cycles"], serde_json::json!([]), "{waits:#}");
    let locks = program::document(&["waits", "-n", &name, "--by", "lock"]);
    let locks = locks["locks"].as_array().expect("locks").clone();
    let of = |kind: &str| locks.iter().find(|lock| lock["kind"] == kind).expect("a lock").clone();
    assert_eq!(
        (of("rwlock")["waiters"].as_u64(), of("semaphore")["waiters"].as_u64()),
        (Some(2), Some(1))
    );
    assert_eq!(
        (of("rwlock")["library"].as_str(), of("semaphore")["name"].as_str()),
        (Some("tokio"), Some("permits"))
    );
    assert!(of("semaphore")["readers"][0]["op"].is_string(), "{locks:#?}");
    // The same of the dead.
    program.kill();
    let dead = wait::until("its end", Duration::from_secs(10), || {
        let waits = program::document(&["waits", "-n", &name]);
        (waits["looks"] == 1).then_some(waits)
    });
    assert_eq!(edges(&dead, &kinds(&name)).len(), 5, "{dead:#}");
}

#[test]
fn a_reader_and_a_writer_who_have_what_the_other_wants_are_a_deadlock() {
    let name = program::name("table-deadlock");
    let _program = locks(&name, "table-deadlock");
    let waits = wait::until("a deadlock", Duration::from_secs(20), || {
        let waits = program::document(&["waits", "-n", &name]);
        waits["cycles"][0].is_object().then_some(waits)
    });
    let members = waits["cycles"][0]["members"].as_array().expect("members").clone();
    assert_eq!(members.len(), 2, "{waits:#}");
    let kinds = kinds(&name);
    for member in &members {
        let (waiter, holder) = (&member["waiter"]["op"], &member["held_by"][0]["op"]);
        let kind = |op: &Value| kinds.get(op.as_str().unwrap_or_default()).cloned();
        assert!(kind(waiter).is_some() && kind(holder).is_some() && waiter != holder, "{member:#}");
        assert!(member["waiter"]["line"].is_number(), "{member:#}");
    }
}

/// Naively two requests that both give up after a second and end well were a deadlock for certain, which rang.
#[test]
fn who_gives_up_after_a_while_is_in_no_certain_deadlock() {
    let name = program::name("gives-up");
    let _program = locks(&name, "gives-up");
    let mut seen = 0;
    wait::until("ten looks at a circle", Duration::from_secs(40), || {
        let answer = program::document(&["why", "-n", &name]);
        let findings = answer["findings"].as_array().expect("findings");
        assert!(findings.iter().all(|finding| finding["severity"] != "critical"), "{answer:#}");
        let circle = findings.iter().find(|finding| finding["id"] == "deadlock");
        seen += usize::from(circle.is_some());
        assert!(circle.is_none_or(|found| found["confidence"].as_f64() < Some(0.8)), "{answer:#}");
        (seen == 10).then_some(())
    });
    let check = program::inspect(&["check", "-n", &name, "--deadlock"]);
    assert_ne!(check.status.code(), Some(2), "{}", String::from_utf8_lossy(&check.stdout));
}

/// Permits may be added by anybody: such a circle is told as chains, and not as a deadlock.
#[test]
fn who_waits_for_permits_in_a_circle_is_no_proved_deadlock() {
    let name = program::name("permits-between");
    let _program = locks(&name, "permits-between");
    for _ in 0..20 {
        let waits = wait::until("two waits", Duration::from_secs(20), || {
            let waits = program::document(&["waits", "-n", &name]);
            (waits["chains"].as_array().map_or(0, Vec::len) == 2).then_some(waits)
        });
        assert_eq!(waits["cycles"], serde_json::json!([]), "{waits:#}");
        assert!(
            waits["chains"].as_array().expect("chains").iter().all(|one| one["end"] == "unknown")
        );
    }
}
