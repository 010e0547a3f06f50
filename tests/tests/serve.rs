//! `inspect serve`: what is asked by real HTTP is what `inspect --json` says, and boards come and go meanwhile.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tests::program::{self, named};
use tests::served::{self, Serve};
use tests::wait;

fn boards(document: &Value) -> &Vec<Value> {
    document["boards"].as_array().expect("boards")
}

/// Every name in a document, wherever it stands: `threads[].name`.
fn names(value: &Value, at: &str, into: &mut std::collections::BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let at = format!("{at}.{name}");
                into.insert(at.clone());
                names(value, &at, into);
            }
        }
        Value::Array(values) => {
            values.iter().for_each(|value| names(value, &format!("{at}[]"), into))
        }
        _ => {}
    }
}

/// The operation of a label.
#[track_caller]
fn op_of<'a>(ops: &'a Value, label: &str) -> &'a Value {
    let found = ops.as_array().and_then(|ops| ops.iter().find(|op| op["label"] == label));
    found.unwrap_or_else(|| panic!("no {label} in {ops:#}"))
}

#[test]
fn a_board_is_the_json_of_the_command_line() {
    let name = program::name("served");
    let program = served::behave(&name, &["operations"]);
    let serve = Serve::start(&[]);
    let by_name = serve.get(&format!("/api/v1/boards/{name}"));
    let by_pid = serve.get(&format!("/api/v1/boards/{}", program.pid()));
    let direct = program::document(&["-p", &program.pid().to_string()]);
    for served in [&by_name, &by_pid] {
        assert_eq!((&served["schema"], boards(served).len()), (&1.into(), 1));
        let (mut ours, mut theirs) = (Default::default(), Default::default());
        names(&boards(served)[0], "", &mut ours);
        names(&boards(&direct)[0], "", &mut theirs);
        // What depends on who looks, and on the moment: root sees more in `/proc`.
        for set in [&mut ours, &mut theirs] {
            set.retain(|at: &String| !at.starts_with(".vitals") && !at.starts_with(".fd_trend"));
        }
        assert_eq!(ours, theirs);
        assert_eq!(boards(served)[0]["facts"], boards(&direct)[0]["facts"]);
        assert_eq!(boards(served)[0]["state"], "live");
        assert_eq!(op_of(&boards(served)[0]["ops"], "GET /user/42")["status"], "lock");
    }
    assert!(boards(&serve.get("/api/v1/boards")).iter().any(|one| one["name"] == *name));
    let rows = serve.get("/api/v1/boards?summary=true");
    let row = named(&rows["boards"], &name);
    assert_eq!((&row["state"], &row["threads"].is_u64()), (&"live".into(), &true));
    let missing = serve.ask("GET", "/api/v1/boards/nobody-at-all", &[]);
    assert_eq!(missing.status, 404, "{}", missing.text());
    assert_eq!(serve.get("/healthz")["status"], "ok");
}

/// A file named like a board that is none.
struct Damaged(std::path::PathBuf);

impl Damaged {
    fn new(name: &str) -> Self {
        let path = std::path::PathBuf::from(format!("/dev/shm/{name}.4711.1"));
        std::fs::write(&path, vec![7u8; 8192]).expect("written");
        Self(path)
    }
}

impl Drop for Damaged {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn boards_come_and_go_and_a_damaged_one_is_a_row_with_the_reason() {
    let (name, bad) = (program::name("come"), program::name("damaged"));
    let serve = Serve::start(&[]);
    let of = |name: &str| {
        let all = serve.get("/api/v1/boards");
        let of = boards(&all).iter().filter(|one| one["name"] == *name);
        of.map(|one| one["state"].as_str().expect("a state").to_owned()).collect::<Vec<_>>()
    };
    assert!(of(&name).is_empty());
    let damaged = Damaged::new(&bad);
    let mut program = served::behave(&name, &["operations"]);
    wait::until("both", Duration::from_secs(10), || {
        (of(&name) == ["live"] && of(&bad) == ["unreachable"]).then_some(())
    });
    let row = serve.get(&format!("/api/v1/boards/{bad}"))["boards"][0].clone();
    assert!(row["verdict"].as_str().expect("a reason").contains("not a board"), "{row}");
    assert_eq!((&row["threads"], &row["uptime_ns"]), (&Value::Array(vec![]), &Value::Null));

    let scraped = |query: &str| serve.ask("GET", &format!("/metrics{query}"), &[]).text();
    assert!(scraped(&format!("?board={bad}")).contains("\nscoreboard_boards_unread 1\n"));
    assert!(!scraped("").contains("\nscoreboard_boards_unread 0\n"));
    assert!(!scraped(&format!("?board={name}")).contains("scoreboard_boards_unread"));

    // Held: nothing is asked of it, so nothing waits for it.
    program.signal(nix::sys::signal::Signal::SIGSTOP);
    wait::until("stopped", Duration::from_secs(10), || (of(&name) == ["stopped"]).then_some(()));
    let pid = program.pid();
    program.kill();
    wait::until("dead", Duration::from_secs(10), || (of(&name) == ["dead"]).then_some(()));
    let dead = serve.get(&format!("/api/v1/boards/{pid}"));
    assert_eq!(op_of(&dead["boards"][0]["ops"], "GET /user/42")["status"], "lock");
    // The next of its name comes first; the one before is still there.
    let _next = served::behave(&name, &["operations"]);
    wait::until("the next", Duration::from_secs(10), || {
        (of(&name) == ["live", "dead"]).then_some(())
    });
    assert_eq!(boards(&serve.get(&format!("/api/v1/boards/{name}"))).len(), 1);
    drop(damaged);
    wait::until("gone", Duration::from_secs(10), || of(&bad).is_empty().then_some(()));
}

/// Naively a heartbeat that moved since the look before is a sign of life, however long ago that look was: a scrape every
/// quarter of a minute told of a dead daemon that it lived.
#[test]
fn who_died_since_a_look_long_ago_is_dead_at_the_next() {
    let name = program::name("served-unseen");
    let mut program = served::behave(&name, &["numbers"]);
    let serve = Serve::start(&[]);
    let path = format!("/api/v1/boards?summary=true&name={name}");
    let state = || boards(&serve.get(&path))[0]["state"].as_str().map(str::to_owned);
    assert_eq!(state().as_deref(), Some("live"));
    // Longer than a heartbeat stands still for.
    std::thread::sleep(Duration::from_millis(300));
    program.kill();
    std::thread::sleep(Duration::from_millis(2_300));
    assert_eq!(state().as_deref(), Some("dead"));
}

#[test]
fn operations_are_picked_sorted_and_told_with_their_history() {
    let name = program::name("picked");
    let program = served::behave(&name, &["operations"]);
    let serve = Serve::start(&[]);
    let ops = |query: &str| {
        let answer = serve.get(&format!("/api/v1/ops?board={name}{query}"));
        let ops = answer["ops"].as_array().expect("operations").clone();
        (ops, answer["total"].as_u64().expect("a number"))
    };
    let (all, total) = ops("");
    assert_eq!((all.len(), total), (6, 6));
    assert!(all.iter().all(|op| op["board"] == *name && op["pid"] == program.pid()));
    assert_eq!(ops("&kind=request").0.len(), ops("&filter=request").0.len());
    let (one, total) = ops("&limit=1&sort=age");
    let oldest = all.iter().map(|op| op["age_ns"].as_u64()).max().expect("some");
    assert!(one[0]["age_ns"].as_u64() >= oldest && total == 6 && one.len() == 1);
    let (over, _) = ops("&over=1ms");
    assert!(over.len() == 5 && over.iter().all(|op| op["kind"] != "connection"), "{over:#?}");
    assert!(ops("&over=1h").0.is_empty());
    assert_eq!(ops("&ended=true").0[0]["label"], "as told");

    let id = op_of(&Value::Array(all), "GET /user/42")["id"].as_str().expect("an id").to_owned();
    let one = serve.get(&format!("/api/v1/ops/{name}/{id}"));
    let statuses: Vec<&str> = one["op"]["history"]
        .as_array()
        .expect("a history")
        .iter()
        .map(|status| status["status"].as_str().expect("a name"))
        .collect();
    assert_eq!(statuses, ["parse", "lock"]);
    for (path, status) in [
        (format!("/api/v1/ops/{name}/999-1"), 404),
        (format!("/api/v1/ops/{name}/x"), 400),
        (format!("/api/v1/ops?board={name}&over=soon"), 400),
        (format!("/api/v1/ops?board={name}&limit=0"), 400),
        (format!("/api/v1/ops?board={name}&sort=load"), 400),
        ("/api/v1/ops?bord=x".to_owned(), 400),
        ("/api/v1/ops?board=nobody-at-all".to_owned(), 404),
        // No name of a board, and no text.
        ("/api/v1/boards/%ff".to_owned(), 400),
        ("/api/v1/ops/%ff/1-1".to_owned(), 400),
        (format!("/api/v1/ops/{name}/%ff"), 400),
    ] {
        let answer = serve.ask("GET", &path, &[]);
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert!(answer.json()["error"].is_string(), "{path}");
    }
}

#[test]
fn the_stream_says_everything_once_and_then_what_changed() {
    let name = program::name("stream");
    let mut program = served::behave(&name, &["operations"]);
    let serve = Serve::start(&[]);
    let mut events = serve.stream(&format!("/api/v1/stream?board={name}"));
    let first = events.next_event();
    assert_eq!(first["whole"], true);
    let key = first["boards"].as_object().expect("boards").keys().next().expect("one").clone();
    let ops = first["boards"][&key]["ops"]["set"].as_object().expect("operations");
    assert_eq!(
        (ops.len(), ops.values().filter(|op| op["label"] == "GET /user/42").count()),
        (6, 1)
    );
    // What stands still is not said again, though its age grows.
    for _ in 0..3 {
        let next = events.next_event();
        assert_eq!(
            (&next["whole"], next["seq"].as_u64() > first["seq"].as_u64()),
            (&false.into(), true)
        );
        assert_eq!(next["boards"][&key]["ops"], Value::Null, "{next:#}");
        assert_eq!(next["boards"][&key]["facts"], Value::Null, "{next:#}");
    }
    program.kill();
    wait::until("its end", Duration::from_secs(10), || {
        (events.next_event()["boards"][&key]["head"]["set"][""]["state"] == "dead").then_some(())
    });
    program::remove_boards(&name);
    wait::until("it went", Duration::from_secs(10), || {
        (events.next_event()["gone"][0] == *key).then_some(())
    });
}

#[test]
fn it_ends_when_told_to_and_with_it_its_streams_and_its_socket() {
    let serve = Serve::start(&[]);
    let mut events = serve.stream("/api/v1/stream?board=nobody");
    events.next_event();
    let before = std::time::Instant::now();
    assert_eq!(serve.stop(), (Some(0), String::new()));
    assert!(before.elapsed() < Duration::from_secs(5), "{:?}", before.elapsed());

    let folder = tempfile::tempdir().expect("a folder");
    served::give(folder.path());
    let socket = folder.path().join("serve.sock");
    let at = format!("unix:{}", socket.display());
    let serve = Serve::run(&["--listen", &at]);
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(&socket).expect("there").permissions(),
    );
    assert_eq!(mode & 0o777, 0o600, "its user's alone");
    let mut stream = std::os::unix::net::UnixStream::connect(&socket).expect("it listens");
    std::io::Write::write_all(&mut stream, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .expect("sent");
    let head = tests::http::head(&mut std::io::BufReader::new(stream)).expect("an answer");
    assert_eq!(head.status, 200);
    assert_eq!(serve.stop(), (Some(0), String::new()));
    assert!(!socket.exists());
    // One that was left behind by a kill is no obstacle; one at which somebody listens is.
    drop(Serve::run(&["--listen", &at]));
    assert!(socket.exists());
    let serve = Serve::run(&["--listen", &at]);
    assert!(socket.exists());
    drop(serve);
}

#[test]
fn what_is_scraped_is_what_export_prom_says() {
    let name = program::name("scraped");
    let program = served::behave(&name, &["operations"]);
    let serve = Serve::start(&[]);
    let path = format!("/metrics?board={name}");
    let classic = serve.ask("GET", &path, &[]);
    assert!(
        classic.header("content-type").expect("a type").starts_with("text/plain; version=0.0.4")
    );
    let open = serve.ask(
        "GET",
        &path,
        &["Accept: application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1"],
    );
    assert!(
        open.header("content-type").expect("a type").starts_with("application/openmetrics-text")
    );
    assert!(open.text().ends_with("# EOF\n") && !classic.text().contains("# EOF"));
    // The same series, whatever their values.
    let series = |text: &str| {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines
            .filter_map(|line| line.rsplit_once(' '))
            .map(|(series, _)| series.to_owned())
            .collect::<std::collections::BTreeSet<_>>()
    };
    let direct = program::inspect(&["export", "prom", "-p", &program.pid().to_string()]);
    let direct = series(&String::from_utf8(direct.stdout).expect("UTF-8"));
    let served = series(&classic.text());
    assert!(served.len() > 20 && served.is_subset(&direct), "{:#?}", served.difference(&direct));
}

#[test]
fn the_past_is_kept_beside_and_asked_for() {
    let name = program::name("past");
    let directory = tempfile::tempdir().expect("a folder");
    served::give(directory.path());
    let mut program = served::behave(&name, &["operations"]);
    let kept = directory.path().join("history");
    // One that only shows it may begin before there is any.
    let beside = Serve::start(&["--history-from", kept.to_str().expect("UTF-8")]);
    let early = beside.ask("GET", "/api/v1/history", &[]);
    assert_eq!((early.status, early.text().contains("no history is there yet")), (404, true));
    let serve = Serve::start(&["--history", kept.to_str().expect("UTF-8")]);
    let past = || serve.get(&format!("/api/v1/history?board={name}&since=1m&by=kind&points=3600"));
    let points = |past: &Value| past["boards"][0]["points"].as_array().map_or(0, Vec::len);
    wait::until("seconds", Duration::from_secs(20), || (points(&past()) >= 2).then_some(()));
    program.kill();
    // Its last words stand there; nobody streams.
    let ended = wait::until("its end", Duration::from_secs(20), || {
        let past = past();
        past["boards"][0]["end"].is_object().then_some(past)
    });
    let active = ended["boards"][0]["points"][0]["active"].as_object().expect("kinds");
    assert!(active.contains_key("request"), "{active:?}");
    let shown = beside.get(&format!("/api/v1/history?board={name}&since=1m&by=kind&points=3600"));
    assert_eq!(shown["boards"][0]["end"], ended["boards"][0]["end"]);
    for wrong in ["since=yesterday", "by=moon", "points=0", "since=1s&until=1m", "since=0"] {
        let answer = serve.ask("GET", &format!("/api/v1/history?{wrong}"), &[]);
        assert_eq!(answer.status, 400, "{wrong}");
    }
    assert_eq!(Serve::start(&[]).ask("GET", "/api/v1/history", &[]).status, 404);
    assert_eq!(serve.stop(), (Some(0), String::new()));
    let read = program::inspect(&[
        "history",
        "--history",
        kept.to_str().expect("UTF-8"),
        "--since",
        "1m",
        "--json",
        &name,
    ]);
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
}

/// KiB of a process's own memory.
fn own_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("its memory");
    line.split_whitespace().next().and_then(|kib| kib.parse().ok()).expect("a number")
}

/// Naively a segment that may not be read is as good as none: "no board was recorded".
#[test]
fn a_past_that_may_not_be_read_is_not_one_in_which_nothing_was() {
    let name = program::name("past-shut");
    let directory = tempfile::tempdir().expect("a folder");
    served::give(directory.path());
    let kept = directory.path().join("history");
    let path = kept.to_str().expect("UTF-8");
    let _program = served::behave(&name, &["operations"]);
    let recorder = Serve::start(&["--history", path]);
    wait::until("seconds", Duration::from_secs(20), || {
        let past = recorder.get("/api/v1/history?since=1m");
        (!boards(&past).is_empty()).then_some(())
    });
    drop(recorder);
    for entry in std::fs::read_dir(&kept).expect("it").flatten() {
        std::fs::set_permissions(entry.path(), Permissions::from_mode(0o000)).expect("shut");
    }
    let beside = Serve::start(&["--history-from", path]);
    for path in ["/api/v1/history?since=1m", "/api/v1/heat?since=1m"] {
        let answer = beside.ask("GET", path, &[]);
        assert_eq!((answer.status, answer.text().contains("may not be read")), (403, true));
    }
    let mut command = Command::new(program::debug("inspect"));
    command.args(["history", "--history", path, "--since", "1m"]);
    let said = served::unprivileged(&mut command).output().expect("inspect");
    let why = String::from_utf8_lossy(&said.stderr).into_owned();
    assert_eq!((said.status.code(), why.contains("may read it")), (Some(4), true), "{why}");
}

#[test]
fn what_large_boards_took_is_given_back_when_they_are_gone() {
    let name = program::name("large");
    let serve = Serve::start(&[]);
    let look = || serve.get("/api/v1/ops?limit=1");
    look();
    let pid = serve.child.id();
    let before = own_kib(pid);
    // Somebody streams: the pieces of what is shown lie everywhere.
    let address = serve.address.clone();
    std::thread::spawn(move || {
        let mut stream = std::net::TcpStream::connect(&address).expect("it listens");
        let request = format!("GET /api/v1/stream HTTP/1.1\r\nHost: {address}\r\n\r\n");
        std::io::Write::write_all(&mut stream, request.as_bytes()).expect("sent");
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let programs: Vec<_> =
        (0..3).map(|n| served::behave(&format!("{name}-{n}"), &["wide"])).collect();
    let much = wait::until("their operations", Duration::from_secs(60), || {
        look();
        let now = own_kib(pid);
        (now > before + (20 << 10)).then_some(now)
    });
    drop(programs);
    wait::until("what they took", Duration::from_secs(60), || {
        look();
        let _ = program::inspect(&["clean", "-n", &format!("{name}*")]);
        (own_kib(pid) < before + (much - before) / 2).then_some(())
    });
}

#[test]
fn sources_are_shown_of_files_that_probes_are_in_and_of_no_others() {
    let name = program::name("sources");
    let _program = served::behave(&name, &["nested"]);
    let folder = tempfile::tempdir().expect("a folder");
    let source = "tests/fixtures/behave/src/threads.rs";
    let text = std::fs::read_to_string(tests::build::root().join(source)).expect("the fixture");
    for (path, text) in [(source, text.as_str()), ("tests/fixtures/behave/src/other.rs", "other")] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    served::give(folder.path());
    let all = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), all).expect("readable");
    let serve = Serve::start(&["--source", folder.path().to_str().expect("UTF-8")]);
    let path = |file: &str| format!("/api/v1/source?board={name}&file={file}");
    let said = serve.get(&path(source));
    let lines: Vec<&str> = text.lines().take(2_000).collect();
    assert_eq!(said["lines"], Value::from(lines));
    let probes = said["probes"].as_array().expect("probes");
    let inner = probes.iter().find(|probe| probe["label"] == "innermost").expect("a probe");
    let at = inner["line"].as_u64().expect("a line") as usize;
    assert!(text.lines().nth(at - 1).is_some_and(|line| line.contains("innermost")), "{inner}");
    // There, but no probe is in it; named by a probe, but not there; and what is no name at all.
    for other in [
        "tests/fixtures/behave/src/other.rs",
        "tests/fixtures/behave/src/main.rs",
        "/etc/passwd",
        "..%2F..%2Fetc%2Fpasswd",
    ] {
        assert_eq!(serve.ask("GET", &path(other), &[]).status, 404, "{other}");
    }
    let without = Serve::start(&[]);
    let answer = without.ask("GET", &path(source), &[]);
    assert_eq!(answer.status, 404);
    assert!(answer.text().contains("--source"), "{}", answer.text());
}
