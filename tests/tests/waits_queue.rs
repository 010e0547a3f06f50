//! Who waits in a queue for one who serves it, of programs whose waits are known.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tests::asked::{DEADLINE, first_is, ids, is_sound, why};
use tests::demo::Demo;
use tests::program::{self, Program};
use tests::wait;

fn locks(name: &str, what: &[&str]) -> Program {
    let mut command = Command::new(program::debug("fixture-locks"));
    let mut program = Program::start(command.arg(name).args(what), name);
    program.until_ready();
    program
}

fn waits(name: &str) -> Value {
    program::document(&["waits", "-n", name])
}

fn until(name: &str, what: &str, found: impl Fn(&Value) -> bool) -> Value {
    wait::until(what, DEADLINE, || Some(waits(name)).filter(&found))
}

fn rows<'a>(of: &'a Value, what: &str) -> &'a [Value] {
    of[what].as_array().map_or(&[], Vec::as_slice)
}

/// A chain in words: who, for what, who serves or holds that; and how it ends.
fn words(chain: &Value) -> (Vec<String>, String) {
    let who = |party: &Value| {
        let called = party["thread"].as_str().or(party["op_label"].as_str());
        called.unwrap_or("?").to_owned()
    };
    let edges = rows(chain, "edges").iter().map(|edge| {
        let (what, name) = (&edge["for"]["what"], &edge["for"]["name"]);
        let by: Vec<String> = rows(edge, "held_by").iter().map(who).collect();
        let words = |value: &Value| value.as_str().unwrap_or("?").to_owned();
        format!("{} {} {} {}", who(&edge["waiter"]), words(what), words(name), by.join(","))
    });
    (edges.collect(), chain["end"].as_str().unwrap_or("?").to_owned())
}

/// The chain of whoever is called so.
fn of<'a>(said: &'a Value, who: &str) -> &'a Value {
    let begins = |chain: &&Value| {
        let waiter = &chain["edges"][0]["waiter"];
        waiter["thread"] == who || waiter["op_label"] == who
    };
    rows(said, "chains").iter().find(begins).unwrap_or_else(|| panic!("no {who} in {said:#}"))
}

fn severities(name: &str) -> Vec<(String, String)> {
    let (answer, bytes) = why(&["-n", name]);
    is_sound(&answer, bytes);
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    rows(&answer, "findings").iter().map(|one| (text(&one["id"]), text(&one["severity"]))).collect()
}

#[test]
fn a_chain_leads_through_the_queue_to_what_its_worker_waits_for() {
    let name = program::name("queued");
    let _program = locks(&name, &["queued"]);
    let said = until(&name, "all four", |said| rows(said, "chains").len() == 4);
    let to_disk = |who: &str| {
        let first = format!("{who} queue writes writer");
        (vec![first, "writer outside disk ".to_owned()], "outside".to_owned())
    };
    for who in ["SET user:41", "SET user:42", "client"] {
        let chain = of(&said, who);
        assert_eq!(words(chain), to_disk(who), "{chain:#}");
        assert_eq!(chain["edges"][0]["confirmed"], false, "told by hand");
        assert!(chain["edges"][0]["waiter"]["op"].is_string() && chain["age_ns"].is_number());
    }
    assert_eq!(of(&said, "SET user:41")["edges"][0]["waiter"]["thread"], Value::Null);
    // Nobody has ever served it, and nobody is named.
    let nobody = (vec!["author queue letters ".to_owned()], "unknown".to_owned());
    assert_eq!(words(of(&said, "author")), nobody);
    let queues = rows(&said, "queues");
    let of_writes = program::named(&said["queues"], "writes");
    assert_eq!((&of_writes["depth"], &of_writes["waiters"]), (&3.into(), &3.into()), "{queues:#?}");
    assert_eq!((&of_writes["servers"], &of_writes["at_work"]), (&1.into(), &1.into()));
    assert_eq!(of_writes["served_by"][0]["label"], "disk");
    let of_letters = program::named(&said["queues"], "letters");
    assert_eq!((&of_letters["waiters"], &of_letters["servers"]), (&1.into(), &0.into()));

    let text = |arguments: &[&str]| {
        let said = program::inspect(&[arguments, &["-n", &name]].concat());
        String::from_utf8(said.stdout).expect("text")
    };
    let chains = text(&["waits"]);
    assert!(chains.contains("queue writes"), "{chains}");
    assert!(chains.contains("served by writer at queued.rs:") && !chains.contains("held by"));
    let by_queue = text(&["waits", "--by", "queue"]);
    let row = |of: &str| by_queue.lines().find(|line| line.contains(of)).unwrap_or_default();
    assert!(row("writes").contains("1 of 1  writer at queued.rs:"), "{by_queue}");
    assert!(row("letters").ends_with("0 of 0  not known"), "{by_queue}");
    let table = text(&[]);
    assert!(table.contains("served by writer at "), "{table}");
}

/// Whom nobody serves hangs; who waits for one who stands is told with that one, and not as a convoy at a lock.
#[test]
fn why_tells_of_the_worker_and_of_whom_nobody_serves() {
    let name = program::name("why-queued");
    let _program = locks(&name, &["queued"]);
    let answer = wait::until("both", DEADLINE, || {
        let (answer, bytes) = why(&["-n", &name]);
        is_sound(&answer, bytes);
        (ids(&answer).iter().filter(|id| **id == "slow-wait").count() == 2).then_some(answer)
    });
    let titles: Vec<&str> = rows(&answer, "findings")
        .iter()
        .filter(|one| one["severity"] == "critical")
        .filter_map(|one| one["title"].as_str())
        .collect();
    assert_eq!(titles.len(), 2, "{answer:#}");
    assert!(titles.iter().any(|title| title.starts_with("thread writer waits in disk")));
    let alone = "thread author waits in queue letters; nobody is known who serves it now";
    assert!(titles.iter().any(|title| title.starts_with(alone)), "{titles:#?}");
    let waiting = rows(&answer, "findings").iter().find(|one| one["id"] == "operations-wait");
    let places = rows(waiting.expect("operations that wait"), "where");
    assert_eq!(places[1]["label"], "disk", "where the wait leads to: {places:#?}");
}

/// What another one waits for with a job in hand keeps nobody waiting as long as somebody is free to take the next.
#[test]
fn of_several_who_serve_a_queue_one_who_is_free_is_enough() {
    let name = program::name("free");
    let _program = locks(&name, &["one-of-two", "free"]);
    let said = until(&name, "all three", |said| rows(said, "chains").len() == 3);
    for who in ["GET /report", "caller"] {
        let (edges, end) = words(of(&said, who));
        let wanted = vec![format!("{who} queue jobs other,at-disk")];
        assert_eq!((edges, end.as_str()), (wanted, "holder"), "{said:#}");
    }
    let other = words(of(&said, "at-disk"));
    assert_eq!(other, (vec!["at-disk outside disk ".to_owned()], "outside".to_owned()));
    // He is served: he waits for his turn, and does not hang.
    wait::until("two seconds of it", DEADLINE, || {
        let age = of(&waits(&name), "caller")["age_ns"].as_u64();
        (age > Some(2_000_000_000)).then_some(())
    });
    let critical = severities(&name).into_iter().filter(|(_, severity)| severity == "critical");
    assert_eq!(critical.map(|(id, _)| id).collect::<Vec<_>>(), ["slow-wait"], "at-disk alone");
}

/// Where no item waits, it is being served: by one who has a job in hand, and not by one who rests.
#[test]
fn what_no_longer_waits_is_in_the_hands_of_one_who_works() {
    let name = program::name("in-hand");
    let _program = locks(&name, &["one-of-two"]);
    let said = until(&name, "both", |said| rows(said, "chains").len() == 2);
    for who in ["GET /report", "caller"] {
        let wanted = vec![format!("{who} queue jobs at-disk"), "at-disk outside disk ".to_owned()];
        assert_eq!(words(of(&said, who)), (wanted, "outside".to_owned()), "{said:#}");
    }
}

/// A client has the lock that its worker wants: no deadlock is said, since another one could serve it; but a circle is, while
/// nobody is known who does, and no wait in it ends by itself.
#[test]
fn a_circle_through_a_queue_is_told_as_what_it_is() {
    let name = program::name("held-in-queue");
    let mut program = locks(&name, &["held-in-queue"]);
    let said = until(&name, "a circle", |said| !rows(said, "circles").is_empty());
    assert_eq!(rows(&said, "cycles").len(), 0, "{said:#}");
    let members = rows(&said["circles"][0], "members");
    let who: Vec<&Value> = members.iter().map(|edge| &edge["waiter"]["thread"]).collect();
    assert_eq!(who, ["client", "worker"], "{said:#}");
    let by: Vec<&Value> = members.iter().map(|edge| &edge["held_by"][0]["thread"]).collect();
    assert_eq!(by, ["worker", "client"], "{said:#}");
    assert_eq!(said["circles"][0]["queues"], serde_json::json!(["jobs"]));
    assert!(rows(&said, "chains").is_empty(), "each is told once: {said:#}");
    let answer = first_is(&name, "queue-circle");
    let first = &answer["findings"][0];
    assert_eq!(first["severity"], "critical", "{answer:#}");
    let title = "2 wait for each other through queue jobs, which nobody else is known to serve";
    assert!(first["title"].as_str().is_some_and(|text| text.starts_with(title)), "{first:#}");
    let listed = program::document(&["list", "-n", &name]);
    let headline = &listed["boards"][0]["headline"];
    assert_eq!(headline["severity"], "critical", "{headline}");
    assert!(headline["text"].as_str().is_some_and(|text| text.starts_with(title)), "{headline}");
    let text = program::inspect(&["waits", "-n", &name]);
    let text = String::from_utf8(text.stdout).expect("text");
    assert!(text.contains(" CIRCLE for ") && text.contains("through queue jobs"), "{text}");
    // No deadlock: nobody has proved it.
    let check = program::inspect(&["check", "-n", &name, "--deadlock"]);
    assert_eq!(check.status.code(), Some(0));
    program.kill();
    let dead = until(&name, "its end", |said| said["looks"] == 1);
    assert_eq!(rows(&dead, "circles").len(), 1, "of the dead as well: {dead:#}");

    for how in ["timed", "free"] {
        let name = program::name(how);
        let _program = locks(&name, &["held-in-queue", how]);
        let old = |said: &Value| {
            let chains = rows(said, "chains").iter();
            let mut ages = chains.filter_map(|chain| chain["age_ns"].as_u64());
            ages.any(|age| age > 2_000_000_000)
        };
        let said = until(&name, how, old);
        assert_eq!(rows(&said, "circles").len(), 0, "{how}: {said:#}");
    }
}

/// Jobs whose parts are jobs of the same pool: when all workers wait for parts, nobody is left to do one.
#[test]
fn a_pool_that_waits_in_its_own_queue_is_a_circle_of_all_its_workers() {
    let name = program::name("pool");
    let _program = locks(&name, &["pool", "3", "3"]);
    let said = until(&name, "a circle", |said| !rows(said, "circles").is_empty());
    let members = rows(&said["circles"][0], "members");
    let mut who: Vec<&str> =
        members.iter().filter_map(|edge| edge["waiter"]["thread"].as_str()).collect();
    who.sort_unstable();
    assert_eq!(who, ["pool-0", "pool-1", "pool-2"], "{said:#}");
    assert_eq!((rows(&said, "circles").len(), rows(&said, "cycles").len()), (1, 0), "{said:#}");
    first_is(&name, "queue-circle");
}

/// Whether a worker of the pool is at a wait in its queue.
fn waits_in_it(report: &inspect::model::BoardReport, worker: u64) -> bool {
    let name = format!("pool-{worker}");
    report.threads.iter().any(|one| one.name.raw() == name && one.class == Some("wait"))
}

/// Of four workers three wait for parts at most, as often as the fourth does one: nobody ever hangs. Who looks at one after the
/// other sees all four wait, each at a moment of its own.
#[test]
fn a_pool_that_comes_on_is_no_circle_however_often_one_looks() {
    let name = program::name("busy-pool");
    let _program = locks(&name, &["pool", "4", "3"]);
    let mut boards = inspect::open(&inspect::Target::Name(name.clone())).expect("its board");
    let start = std::time::Instant::now();
    let (mut looks, mut naive, mut waiting, mut in_turn) = (0_u64, 0_u64, 0_u64, 0_u64);
    while start.elapsed() < Duration::from_secs(6) || naive == 0 && start.elapsed() < DEADLINE {
        let report = boards[0].report().expect("a report");
        assert!(report.waits.circles.is_empty(), "look {looks}: {:#?}", report.waits.circles);
        waiting += u64::from(
            report
                .waits
                .chains
                .iter()
                .any(|chain| chain.edges.iter().any(|edge| edge.target.what == "queue")),
        );
        in_turn = if waits_in_it(&report, looks % 4) { in_turn + 1 } else { 0 };
        naive += u64::from(in_turn >= 4);
        looks += 1;
    }
    eprintln!(
        "{looks} looks, {waiting} found somebody in the queue; all four, one after the other: {naive}"
    );
    assert!(waiting > 10, "{waiting} of {looks}");
    assert!(naive > 0, "of {looks} looks: nothing to be wrong about");
}

/// A write of the demo waits in its queue for the core thread, which waits for its disk.
#[test]
fn a_write_of_the_demo_leads_through_its_queue_to_the_disk() {
    let data = tempfile::tempdir().expect("a folder");
    let arguments = ["--show-keys", "--ack", "durable", "--slow-commit", "1h"];
    let demo = Demo::start(&program::name("demo-queue"), data.path(), &arguments);
    let mut clients = [demo.connect(), demo.connect()];
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(&["SET", &format!("user:{number}"), "1"]).expect("the daemon reads");
    }
    let both = |said: &Value| {
        let queued = |chain: &&Value| chain["edges"][0]["for"]["what"] == "queue";
        rows(said, "chains").iter().filter(queued).count() == 2
    };
    let said = until(&demo.board, "two writes in the queue", both);
    for who in ["SET user:0", "SET user:1"] {
        let first = format!("{who} queue updates store-core");
        let last = "store-core outside slow commit, as asked for ".to_owned();
        assert_eq!(words(of(&said, who)), (vec![first, last], "outside".to_owned()), "{said:#}");
    }
}
