//! Many hosts: the table, `list`, `ops`, `waits`, `why`, `check` over several `inspect serve`, and what becomes of
//! those that are down, slow, of another version, or hostile.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::fake::{Fake, Say};
use tests::merged::{answered, ask, ask_all, hosts, json_of, op, ops, standing, text};
use tests::program::{self, inspect};
use tests::served::{self, Serve};
use tests::wait;

/// What a deadline of a second becomes on a machine that has more to do, beside the start of a program.
const SOON: Duration = Duration::from_millis(2_500);

#[test]
fn three_servers_are_one_view_and_one_that_ends_is_a_row_with_the_reason() {
    let name = program::name("hosts");
    let program = served::behave(&name, &["operations"]);
    let folder = tempfile::tempdir().expect("a folder");
    served::give(folder.path());
    let socket = format!("unix:{}", folder.path().join("serve.sock").display());
    let unix = Serve::run(&["--listen", &socket]);
    let (one, two) = (Serve::start(&[]), Serve::start(&[]));
    let urls =
        [socket.clone(), format!("http://{}", one.address), format!("http://{}", two.address)];
    let list = urls.join(",");

    let document = ask_all(&list, &["list", &name]);
    assert_eq!(hosts(&document["boards"]), urls);
    for url in &urls {
        assert_eq!(standing(&document, url), ("ok".to_owned(), String::new()));
    }
    // All clocks are this host's.
    for endpoint in document["endpoints"].as_array().expect("endpoints") {
        let (skew, age) = (endpoint["skew_ns"].as_i64(), endpoint["age_ns"].as_u64());
        assert!(skew.expect("a skew").abs() < 500_000_000, "{endpoint}");
        assert!(age.expect("an age") < 2_000_000_000, "{endpoint}");
    }
    let whole = ask_all(&list, &["-n", &name]);
    assert_eq!(hosts(&whole["boards"]), urls);
    let direct = &program::boards(&["-p", &program.pid().to_string()])[0];
    for board in whole["boards"].as_array().expect("boards") {
        assert_eq!(board["facts"], direct["facts"]);
        assert_eq!(board["ops"].as_array().map(Vec::len), direct["ops"].as_array().map(Vec::len));
    }
    let ops = ask_all(&list, &["ops", &name]);
    assert_eq!((hosts(&ops["ops"]).len(), ops["total"].as_u64()), (18, Some(18)));
    let ages: Vec<u64> = ask_all(&list, &["ops", &name, "--sort", "age"])["ops"]
        .as_array()
        .expect("operations")
        .iter()
        .map(|op| op["age_ns"].as_u64().expect("an age"))
        .collect();
    assert!(ages.is_sorted_by(|a, b| a >= b), "{ages:?}");
    // The worst first, and each looked by itself.
    let why = ask_all(&list, &["why", &name]);
    let mut of = hosts(&why["boards"]);
    of.sort_unstable();
    let mut all: Vec<&str> = urls.iter().map(String::as_str).collect();
    all.sort_unstable();
    assert_eq!(of, all);
    assert!(ask_all(&list, &["waits", &name])["chains"].is_array());
    assert!(ask_all(&list, &["capacity", "-d", "200ms", &name])["groups"].is_array());
    let table = text(&answered(&["capacity", "-d", "200ms", &name, "--endpoints", &list]));
    assert_eq!(table.matches("no queue is declared").count(), 3, "{table}");
    let checked = answered(&["check", &name, "--oldest", "1h", "--endpoints", &list]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked));

    // What a person sees: hosts in a column.
    let table = text(&answered(&["ops", &name, "--endpoints", &list]));
    assert!(table.starts_with("HOST ") && table.matches(&one.address).count() == 6, "{table}");
    let table = text(&answered(&["--endpoints", &list]));
    assert!(table.matches(&name[..10]).count() >= 3, "{table}");
    // On a narrow terminal names are cut, and what state a board is in is not.
    let mut narrow = std::process::Command::new(program::debug("inspect"));
    narrow.args(["list", &name, "--endpoints", &list]).env("COLUMNS", "40");
    let table = text(&narrow.output().expect("it runs"));
    let rows = table.lines().skip(1).filter(|row| row.contains(" live"));
    assert_eq!(rows.filter(|row| row.contains(&program.pid().to_string())).count(), 3, "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 40), "{table}");
    let table = text(&answered(&[&name, "--endpoints", &list]));
    assert_eq!(table.matches(&format!("{}\n{name}", one.address)).count(), 1, "{table}");

    drop(two);
    let document = ask_all(&list, &["list", &name]);
    assert_eq!(hosts(&document["boards"]).len(), 2);
    let (state, error) = standing(&document, &urls[2]);
    assert_eq!((state.as_str(), error.as_str()), ("down", "connection refused"));
    let checked = answered(&["check", &name, "--endpoints", &list]);
    assert_eq!(checked.status.code(), Some(3), "{}", text(&checked));
    assert!(text(&checked).contains("connection refused"), "{}", text(&checked));
    drop(unix);
    let (state, error) = standing(&ask_all(&list, &["list"]), &urls[0]);
    assert_eq!((state.as_str(), error.as_str()), ("down", "connection refused"));
    // Nobody has it: as of a board that is not there.
    let missing = answered(&["nobody-at-all", "--endpoints", &urls[1]]);
    assert_eq!(missing.status.code(), Some(3), "{}", String::from_utf8_lossy(&missing.stderr));
    let checked = answered(&["check", "nobody-at-all", "--endpoints", &urls[1]]);
    assert_eq!(checked.status.code(), Some(2), "{}", text(&checked));
}

#[test]
fn capacity_of_a_host_says_whose_its_rows_are() {
    let name = program::name("rows");
    let program = served::behave(&name, &["duty", "20", "10000"]);
    let serve = Serve::start(&[]);
    let endpoint = format!("http://{}", serve.address);
    let of = format!(" {name}  pid {}", program.pid());
    wait::until("a row below its process", Duration::from_secs(20), || {
        let table = text(&inspect(&["capacity", "-d", "200ms", &name, "--endpoints", &endpoint]));
        (table.matches(&of).count() == 1 && table.contains(" jobs ")).then_some(())
    });
}

#[test]
fn whoever_is_slow_hostile_or_of_another_version_delays_nobody_and_says_why() {
    let good = Fake::start(|_| Say::Answer(200, ops(json!([op("1-1", "good", 3.0)]))));
    let silent = Fake::start(|_| Say::Nothing);
    let other = Fake::start(|_| Say::Answer(200, json!({ "schema": 2, "ops": [] }).to_string()));
    let page = Fake::start(|_| Say::Answer(404, "<html>not here</html>".to_owned()));
    let nonsense = Fake::start(|_| Say::Raw(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()));
    let redis = Fake::start(|_| Say::Raw(b"-ERR wrong number of arguments for 'get'\r\n".to_vec()));
    let gone = Fake::start(|_| Say::Raw(Vec::new()));
    let endless = Fake::start(|_| Say::Endless);
    let wrong = Fake::start(|_| Say::Answer(200, ops(json!([{ "id": 5 }]))));
    let deep = Fake::start(|_| Say::Answer(200, "[".repeat(200_000)));
    let locked = Fake::start(|_| {
        Say::Answer(
            401,
            json!({ "schema": 1, "error": "this needs the token\u{1b}[31m" }).to_string(),
        )
    });
    let old = Fake::start(|_| {
        Say::Answer(404, json!({ "schema": 1, "error": "no such path; /openapi.json" }).to_string())
    });
    let all = [
        (&good, "ok", ""),
        (&silent, "slow", "no answer within"),
        (&other, "version", "schema 2"),
        (&page, "version", "no `inspect serve`"),
        (&nonsense, "version", "what it answers is not HTTP: is it https:// there"),
        (&redis, "version", "what it answers is not HTTP"),
        (&gone, "down", "without an answer"),
        (&endless, "version", "larger than"),
        (&wrong, "version", "cannot be read"),
        (&deep, "version", "not that of"),
        (&locked, "refused", "needs the token\\x1b[31m; --endpoints-token FILE"),
        (&old, "version", "of a version without /api/v1/ops"),
    ];
    let list: Vec<String> = all.iter().map(|(fake, ..)| fake.url()).collect();
    let list = list.join(",");
    program::debug("inspect");
    let began = Instant::now();
    let document = ask(&list, &["ops"]);
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    assert_eq!(document["ops"].as_array().map(Vec::len), Some(1));
    assert_eq!(document["ops"][0]["endpoint"], good.url());
    for (fake, state, error) in &all {
        let (said, why) = standing(&document, &fake.url());
        assert!(said == *state && why.contains(error), "{said}: {why}, and not {state}: {error}");
    }
    let table = inspect(&["ops", "--endpoints", &list]);
    assert!(text(&table).chars().all(|char| char == '\n' || !char.is_control()));
    assert!(text(&table).contains("slow     no answer within"), "{}", text(&table));
    // TLS is asked of one that has none.
    let https = good.url().replace("http:", "https:");
    let (state, why) =
        standing(&json_of(&inspect(&["ops", "--json", "--endpoints", &https])), &https);
    assert!(state == "down" && why.contains("is it http:// there?"), "{state}: {why}");
    // Nobody answers at all: that is no empty answer.
    let nobody = inspect(&["ops", "--endpoints", &silent.url()]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("no endpoint answered"));
}

#[test]
fn labels_of_another_host_are_harmless_on_a_terminal() {
    let hostile = "\u{1b}]0;x\u{7}\u{202e}\u{9b}31m\n<b>";
    let rows = json!([{ "board": hostile, "pid": 7, "id": hostile, "kind": hostile, "label": hostile,
        "age_ns": u64::MAX, "active_ns": u64::MAX, "status": hostile, "status_age_ns": 1,
        "outcome": hostile, "thread": hostile, "file": hostile, "line": 7 }]);
    let body = ops(rows);
    let fake = Fake::start(move |_| Say::Answer(200, body.clone()));
    for words in [&["ops"][..], &["ops", "--json"]] {
        let output = inspect(&[words, &["--endpoints", &fake.url()]].concat());
        let text = text(&output);
        assert!(output.status.success() && text.contains("x1b"), "{text}");
        let bad = |char: &char| *char != '\n' && (char.is_control() || *char == '\u{202e}');
        assert_eq!(text.chars().find(bad), None, "{text:?}");
    }
}

#[test]
fn what_is_asked_for_is_left_out_by_the_host_and_the_oldest_of_all_stand_first() {
    let a =
        Fake::start(|_| Say::Answer(200, ops(json!([op("1-1", "a", 9.0), op("2-1", "a", 1.0)]))));
    let b = Fake::start(|_| Say::Answer(200, ops(json!([op("1-1", "b", 5.0)]))));
    let list = format!("{},{}", a.url(), b.url());
    let words = ["ops", "recordd", "--over", "500ms", "--filter", "GET*", "--sort", "age"];
    let document = ask(&list, &words);
    let boards: Vec<&Value> =
        document["ops"].as_array().expect("rows").iter().map(|row| &row["board"]).collect();
    assert_eq!(boards, ["a", "b", "a"]);
    let path = &a.asked()[0].path;
    for part in ["board=recordd", "over=500000us", "filter=GET*", "sort=age", "limit=1000"] {
        assert!(path.contains(part), "{path}");
    }
    // A connection is kept from one question to the next.
    let output = inspect(&["ops", "--endpoints", &list, "--interval", "100ms", "--count", "5"]);
    assert!(output.status.success());
    assert_eq!((a.connections(), a.asked().len()), (2, 6));
}

#[test]
fn a_cancel_request_travels_to_the_host_that_has_the_operation() {
    let has = Fake::start(|asked| {
        match asked.method.as_str() {
        "POST" => Say::Answer(
            200,
            json!({ "schema": 1, "ended": true, "outcome": "cancelled", "after_ns": 5_000_000 }).to_string(),
        ),
        _ => Say::Answer(
            200,
            json!({ "schema": 1, "taken_at": "2026-01-31T12:00:00.000Z", "op": op("12-1", "b", 1.0) }).to_string(),
        ),
    }
    });
    let none = Fake::start(|_| {
        Say::Answer(404, json!({ "schema": 1, "error": "no such operation" }).to_string())
    });
    let token = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(token.path(), "0123456789abcdef-hosts\n").expect("written");
    let token = token.path().to_str().expect("UTF-8");
    let list = format!("{},{}", none.url(), has.url());
    let words = ["ops", "cancel", "12-1", "--endpoints", &list, "--endpoints-token", token];
    let output = inspect(&words);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(text(&output).contains("cancelled, 5.00ms after the request"), "{}", text(&output));
    assert!(none.asked().iter().all(|asked| asked.method == "GET"));
    let posts: Vec<_> = has.asked().into_iter().filter(|asked| asked.method == "POST").collect();
    assert_eq!(posts.len(), 1);
    assert!(posts[0].path.starts_with("/api/v1/ops/7/12-1/cancel?timeout="), "{posts:?}");
    let bearer = "authorization: Bearer 0123456789abcdef-hosts";
    assert!(posts[0].lines.iter().any(|line| line == bearer), "{posts:?}");
    // Two have one of that number: nobody is asked.
    let both = format!("{0},{1}", has.url(), has.url().replace("127.0.0.1", "localhost"));
    let output = inspect(&["ops", "cancel", "12-1", "--endpoints", &both]);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    let nobody = inspect(&["ops", "cancel", "12-1", "--endpoints", &none.url()]);
    assert_eq!(nobody.status.code(), Some(1));
    // No such board anywhere is what it is without hosts.
    let nobody = inspect(&["ops", "cancel", "12-1", "nix", "--endpoints", &none.url()]);
    assert_eq!(nobody.status.code(), Some(3));
}

#[test]
fn a_daemon_that_cannot_answer_a_cancel_request_is_no_lack_of_a_right() {
    for (status, code) in [(504, 1), (502, 1), (401, 4), (403, 4)] {
        let has = Fake::start(move |asked| {
            match asked.method.as_str() {
            "POST" => Say::Answer(status, json!({ "schema": 1, "error": "why not" }).to_string()),
            _ => Say::Answer(
                200,
                json!({ "schema": 1, "taken_at": "2026-01-31T12:00:00.000Z", "op": op("12-1", "b", 1.0) })
                    .to_string(),
            ),
        }
        });
        let output = inspect(&["ops", "cancel", "12-1", "--endpoints", &has.url()]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{status}: {said}");
        assert!(said.contains("why not"), "{said}");
    }
}

#[test]
fn why_a_host_does_not_answer_is_whole_on_a_narrow_terminal() {
    let why = "a reason of many words that no narrow terminal has in one line";
    let says = json!({ "schema": 1, "error": why }).to_string();
    let refuses = Fake::start(move |_| Say::Answer(401, says.clone()));
    for columns in [20, 40, 80, 200] {
        let mut command = std::process::Command::new(program::debug("inspect"));
        command.args(["list", "--endpoints", &refuses.url()]).env("COLUMNS", columns.to_string());
        let said = text(&command.output().expect("it runs"));
        let words: Vec<&str> = said.split_whitespace().collect();
        assert!(words.join(" ").contains(why), "{columns}: {said}");
        assert!(said.lines().all(|line| line.chars().count() <= columns), "{columns}: {said}");
    }
}

#[test]
fn a_file_of_endpoints_is_read_again_when_it_changed() {
    let (a, b) = (
        Fake::start(|_| Say::Answer(200, ops(json!([op("1-1", "a", 1.0)])))),
        Fake::start(|_| Say::Answer(200, ops(json!([op("1-1", "b", 1.0)])))),
    );
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("hosts");
    std::fs::write(&file, format!("# of the test\n{}\n", a.url())).expect("written");
    served::give(&file);
    served::give(folder.path());
    let list = format!("@{}", file.display());
    let mut command = std::process::Command::new(program::debug("inspect"));
    command.args(["ops", "--jsonl", "--interval", "50ms", "--endpoints", &list]);
    let mut child = command.stdout(std::process::Stdio::null()).spawn().expect("it runs");
    wait::until("a", Duration::from_secs(10), || (!a.asked().is_empty()).then_some(()));
    assert!(b.asked().is_empty());
    let next = folder.path().join("next");
    std::fs::write(&next, format!("{}\n", b.url())).expect("written");
    served::give(&next);
    std::fs::rename(&next, &file).expect("renamed");
    wait::until("b", Duration::from_secs(10), || (!b.asked().is_empty()).then_some(()));
    let _ = child.kill();
    let _ = child.wait();
}

#[test]
fn a_wrong_list_is_refused_with_what_would_be_right() {
    let folder = tempfile::tempdir().expect("a folder");
    served::give(folder.path());
    let path = folder.path().join("hosts");
    std::fs::write(&path, "http://a:1\n# two\nhttp://b:2 ftp://y\n").expect("written");
    served::give(&path);
    let file = format!("@{}", path.display());
    for (list, says) in [
        ("", "no endpoint"),
        ("ftp://x", "http://HOST:PORT"),
        ("http://x:99999", "is no port"),
        ("@/nonexistent/hosts", "No such file"),
        ("unix:serve.sock", "from / on"),
        ("::::", "`::::`: an address with colons stands in brackets"),
        ("http://x:", "no port stands behind the colon"),
        ("http://x:1/api", "nothing stands beside host and port"),
        ("@", "no file is named behind the @"),
        (file.as_str(), "hosts, line 3: `ftp://y`: an endpoint is http://HOST:PORT"),
    ] {
        let output = inspect(&["list", "--endpoints", list]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains(says), "{list}: {said}");
    }
    let output = inspect(&["list", "--endpoints-token", "/x"]);
    assert_eq!(output.status.code(), Some(2));
    let output = inspect(&["-f", "/x", "--endpoints", "http://x"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn why_slow_over_hosts_is_refused_in_a_line_and_nobody_is_asked() {
    let fake = Fake::start(|_| Say::Nothing);
    let output = inspect(&["ops", "--why-slow", "request", "--endpoints", &fake.url()]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.lines().count() == 1 && said.contains("--why-slow does nothing with --endpoints"));
    assert!(output.stdout.is_empty() && fake.asked().is_empty());
}

#[test]
fn where_nobody_has_what_was_named_no_table_stands_beside_the_error() {
    let serve = Serve::start(&[]);
    let url = format!("http://{}", serve.address);
    for words in [
        &["nosuch"][..],
        &["list", "nosuch"],
        &["ops", "nosuch"],
        &["ops", "--by", "kind", "nosuch"],
        &["waits", "nosuch"],
        &["why", "nosuch"],
        &["capacity", "-d", "100ms", "nosuch"],
    ] {
        let output = answered(&[words, &["--endpoints", &url]].concat());
        assert_eq!((output.status.code(), text(&output)), (Some(3), String::new()), "{words:?}");
    }
    // The same at home.
    let output = answered(&["list", "nosuch"]);
    assert_eq!((output.status.code(), text(&output)), (Some(3), String::new()));
}

#[test]
fn what_has_just_begun_has_not_lasted_nothing() {
    let fake = Fake::start(|_| Say::Answer(200, ops(json!([op("1-1", "a", 0.0)]))));
    let table = text(&inspect(&["ops", "--endpoints", &fake.url()]));
    assert!(table.contains(" <1us ") && !table.contains(" 0ns"), "{table}");
}
