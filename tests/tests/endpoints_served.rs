//! One server that asks others: every row says of which host it is, a cancel request goes to the right one, and fifty
//! cost little.
#![expect(clippy::print_stdout, reason = "figures for whoever runs it with --nocapture")]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::fake::{Fake, Say};
use tests::merged::{hosts, op, ops, standing};
use tests::program;
use tests::served::{self, Serve};
use tests::{alone, wait};

/// A file that its owner alone may read.
fn secret(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), text).expect("written");
    served::give(file.path());
    file
}

#[test]
fn a_server_of_other_hosts_says_of_every_row_whose_it_is() {
    let _turn = alone::turn();
    let name = program::name("merged");
    let program = served::behave(&name, &["operations"]);
    let (one, two) = (Serve::start(&[]), Serve::start(&[]));
    let urls = [format!("http://{}", one.address), format!("http://{}", two.address)];
    let silent = Fake::start(|_| Say::Nothing);
    let list = format!("{},{},{}", urls[0], urls[1], silent.url());
    let merged = Serve::start(&["--endpoints", &list]);
    // On a machine that has much to do the others may be slow at times as well.
    let get = |path: &str| {
        wait::until("both to answer", Duration::from_secs(60), || {
            let answer = merged.get(path);
            urls.iter().all(|url| standing(&answer, url).0 == "ok").then_some(answer)
        })
    };

    let boards = get(&format!("/api/v1/boards?name={name}"));
    assert_eq!(hosts(&boards["boards"]), urls);
    assert_eq!(standing(&boards, &silent.url()).0, "slow");
    let rows = get(&format!("/api/v1/boards?summary=true&name={name}"));
    assert_eq!(hosts(&rows["boards"]), urls);
    let ops = get(&format!("/api/v1/ops?board={name}&limit=3"));
    assert_eq!((ops["total"].as_u64(), hosts(&ops["ops"]).len()), (Some(12), 3));
    assert_eq!(standing(&ops, &silent.url()).0, "slow");
    let why = get(&format!("/api/v1/why?board={name}"));
    let mut of = hosts(&why["boards"]);
    of.sort_unstable();
    let mut all: Vec<&str> = urls.iter().map(String::as_str).collect();
    all.sort_unstable();
    assert_eq!(of, all);
    assert!(get("/api/v1/waits")["chains"].is_array());
    assert_eq!(merged.ask("GET", "/metrics", &[]).status, 404);
    // Neither keeps a past: rows with the reason.
    let past = merged.get("/api/v1/history");
    assert_eq!(standing(&past, &silent.url()).0, "slow");
    assert_eq!(past["boards"].as_array().map(Vec::len), Some(0), "{past}");
    for wrong in ["/api/v1/ops?sort=load", "/api/v1/ops?bord=x", "/api/v1/profile?seconds=1"] {
        assert_eq!(merged.ask("GET", wrong, &[]).status, 400, "{wrong}");
    }
    // By its key a board is one of one host, also where all others are the same.
    let (mut events, event) =
        wait::until("both in the first event", Duration::from_secs(60), || {
            let mut events = merged.stream(&format!("/api/v1/stream?board={name}"));
            let event = events.next_event();
            (event["boards"].as_object()?.len() == 2).then_some((events, event))
        });
    let boards = event["boards"].as_object().expect("boards");
    let keys: Vec<&String> = boards.keys().collect();
    assert_eq!(keys.len(), 2, "{keys:?}");
    assert_eq!(event["endpoints"].as_array().map(Vec::len), Some(3));
    let of_two = keys.iter().find(|key| key.starts_with(&two.address)).expect("its key");
    let head = &boards[*of_two]["head"]["set"][""];
    assert_eq!((&head["endpoint"], &head["pid"]), (&json!(urls[1]), &json!(program.pid())));
    let ops = merged.get(&format!("/api/v1/ops?board={of_two}"));
    assert_eq!((ops["total"].as_u64(), &ops["ops"][0]["endpoint"]), (Some(6), &json!(urls[1])));
    let id = ops["ops"][0]["id"].as_str().expect("an id");
    let op = merged.get(&format!("/api/v1/ops/{of_two}/{id}"));
    assert_eq!(op["op"]["endpoint"], urls[1]);
    assert_eq!(merged.ask("GET", &format!("/api/v1/ops/{name}/{id}"), &[]).status, 409);
    let profile = merged.get(&format!("/api/v1/profile?board={of_two}&seconds=0.2&idle=true"));
    assert!(profile["samples"].as_u64() > Some(0) && profile["endpoint"] == urls[1], "{profile}");

    drop(two);
    wait::until("its end", Duration::from_secs(10), || {
        let event = events.next_event();
        let gone = event["gone"].as_array().is_some_and(|gone| !gone.is_empty());
        let down = standing(&event, &urls[1]).0 == "down";
        (gone && down).then_some(())
    });
}

#[test]
fn a_server_of_other_hosts_hands_a_cancel_request_to_the_right_one_with_its_own_token() {
    let _turn = alone::turn();
    let answer = |asked: &tests::fake::Asked| match asked.method.as_str() {
        "POST" => Say::Answer(
            200,
            json!({ "schema": 1, "ended": true, "outcome": "cancelled", "after_ns": 1 })
                .to_string(),
        ),
        _ => Say::Answer(200, json!({ "schema": 1, "op": op("12-1", "b", 1.0) }).to_string()),
    };
    let (a, b) = (Fake::start(answer), Fake::start(answer));
    let (ours, theirs) = (secret("0123456789abcdef-ours\n"), secret("0123456789abcdef-theirs\n"));
    let path = |file: &tempfile::NamedTempFile| file.path().to_str().expect("UTF-8").to_owned();
    let list = format!("{},{}", a.url(), b.url());
    let merged = Serve::start(&[
        "--token-file",
        &path(&ours),
        "--endpoints",
        &list,
        "--endpoints-token",
        &path(&theirs),
    ]);
    let cancel = format!("/api/v1/ops/{}~b.7.1/12-1/cancel", b.address);
    assert_eq!(merged.ask("POST", &cancel, &[]).status, 401);
    let wrong = "Authorization: Bearer 0123456789abcdef-theirs";
    assert_eq!(merged.ask("POST", &cancel, &[wrong]).status, 401);
    assert_eq!((a.asked().len(), b.asked().len()), (0, 0), "nobody was asked");
    let bearer = "Authorization: Bearer 0123456789abcdef-ours";
    let done = merged.ask("POST", &cancel, &[bearer]);
    assert_eq!((done.status, &done.json()["endpoint"]), (200, &json!(b.url())), "{}", done.text());
    assert!(a.asked().is_empty());
    let posts: Vec<_> = b.asked().into_iter().filter(|asked| asked.method == "POST").collect();
    assert_eq!(posts.len(), 1);
    assert!(posts[0].path.starts_with("/api/v1/ops/b.7.1/12-1/cancel?timeout="), "{posts:?}");
    let line = "authorization: Bearer 0123456789abcdef-theirs";
    assert!(posts[0].lines.iter().any(|said| said == line), "{posts:?}");
    // Both have one of that number.
    assert_eq!(merged.ask("POST", "/api/v1/ops/b/12-1/cancel", &[bearer]).status, 409);
}

/// Whoever answers with something else does not have it: who has it is found all the same.
#[test]
fn an_answer_that_is_no_operation_stands_in_nobodys_way() {
    let _turn = alone::turn();
    let has = Fake::start(|asked| match asked.method.as_str() {
        "POST" => Say::Answer(200, json!({ "schema": 1, "ended": true }).to_string()),
        _ => Say::Answer(200, json!({ "schema": 1, "op": op("12-1", "b", 1.0) }).to_string()),
    });
    let other =
        Fake::start(|_| Say::Answer(200, json!({ "schema": 1, "ops": [1, 2] }).to_string()));
    let ours = secret("0123456789abcdef-ours\n");
    let token = ours.path().to_str().expect("UTF-8");
    let list = format!("{},{}", other.url(), has.url());
    let merged = Serve::start(&["--token-file", token, "--endpoints", &list]);
    let one = merged.get("/api/v1/ops/b/12-1");
    assert_eq!((&one["op"]["id"], &one["op"]["endpoint"]), (&json!("12-1"), &json!(has.url())));
    let bearer = "Authorization: Bearer 0123456789abcdef-ours";
    let done = merged.ask("POST", "/api/v1/ops/b/12-1/cancel", &[bearer]);
    assert_eq!(
        (done.status, &done.json()["endpoint"]),
        (200, &json!(has.url())),
        "{}",
        done.text()
    );
    assert!(other.asked().iter().all(|asked| asked.method == "GET"));
}

/// `ENDPOINTS=500 ENDPOINTS_SECONDS=60 cargo test -p tests --test endpoints_served fifty -- --nocapture` says more.
#[test]
fn fifty_endpoints_asked_each_second_cost_little() {
    let _turn = alone::turn();
    let of = |name: &str, default: usize| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (endpoints, seconds) = (of("ENDPOINTS", 50), of("ENDPOINTS_SECONDS", 8));
    let rows: Vec<Value> =
        (0..20).map(|at| op(&format!("{at}-1"), "recordd", f64::from(at))).collect();
    let body = ops(Value::Array(rows));
    let fakes: Vec<Fake> = (0..endpoints)
        .map(|_| {
            let body = body.clone();
            Fake::start(move |_| Say::Answer(200, body.clone()))
        })
        .collect();
    let list: Vec<String> = fakes.iter().map(Fake::url).collect();
    let file = secret(&list.join("\n"));
    let released = std::env::var_os("ENDPOINTS_RELEASE").is_some();
    let program = match released {
        true => tests::build::release("scoreboard-inspect", "inspect", &[]),
        false => program::debug("inspect"),
    };
    let mut command = std::process::Command::new(program);
    let list = format!("@{}", file.path().display());
    command.args(["ops", "--jsonl", "--interval", "1s", "--endpoints", &list]);
    let mut child = command.stdout(std::process::Stdio::null()).spawn().expect("it runs");
    let all = |times: usize| {
        wait::until("all of them", Duration::from_secs(30 + 3 * times as u64), || {
            fakes.iter().all(|fake| fake.asked().len() >= times).then_some(())
        });
    };
    // Connections are made once.
    all(2);
    let begin = (processor(child.id()), Instant::now());
    all(2 + seconds);
    let (used, over) = (processor(child.id()) - begin.0, begin.1.elapsed());
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("status");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: u64 =
        peak.and_then(|text| text.trim().split(' ').next()?.parse().ok()).expect("a size");
    let _ = child.kill();
    let _ = child.wait();
    let share = used / over.as_secs_f64() * 100.0;
    println!(
        "{endpoints} endpoints each second: {share:.1} % of a core, {peak} KiB, released: {released}"
    );
    // The naive way, a connection a question, would make as many as there are questions.
    assert!(fakes.iter().all(|fake| fake.connections() == 1));
    // What is built for debugging takes several times as long.
    let allowed = if released { 5.0 } else { 40.0 } * (endpoints as f64 / 50.0);
    // 64 MiB for fifty, and a quarter of one for each further one.
    let most = 65_536 + 256 * endpoints.saturating_sub(50) as u64;
    assert!(share < allowed && peak < most, "{share:.1} % of a core, {peak} KiB");
}

/// Processor time of a process so far, seconds.
fn processor(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives");
    let rest = stat.rsplit_once(") ").expect("a name").1;
    let ticks = rest.split(' ').skip(11).take(2).filter_map(|text| text.parse::<f64>().ok());
    // The kernel's unit is a hundredth of a second.
    ticks.sum::<f64>() / 100.0
}
