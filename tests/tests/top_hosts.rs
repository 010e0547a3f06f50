//! `inspect top --endpoints` on a real terminal: boards and operations of all hosts, a row for each that does not
//! answer, keys while a host hangs, and a cancel request that goes to one host alone.

use std::path::PathBuf;

use serde_json::{Value, json};
use tests::fake::{Asked, Fake, Say};
use tests::program::{self, Program};
use tests::served::{self, Serve};
use tests::terminal::Terminal;

fn inspect() -> PathBuf {
    program::debug("inspect")
}

fn op(id: &str, board: &str, age_s: f64, cancellable: bool) -> Value {
    let ns = (age_s * 1e9) as u64;
    json!({ "board": board, "pid": 7, "id": id, "kind": "request", "label": format!("GET /{board}/{id}"),
        "age_ns": ns, "active_ns": ns, "status": "lock", "status_age_ns": ns, "working": false,
        "leaked": false, "cancellable": cancellable, "outcome": null })
}

/// A host with these operations, which takes cancel requests.
fn host(ops: Vec<Value>) -> Fake {
    Fake::start(move |asked: &Asked| {
        let path = asked.path.split('?').next().unwrap_or_default();
        let said = match (asked.method.as_str(), path) {
            ("POST", _) => {
                json!({ "schema": 1, "ended": true, "outcome": "cancelled", "after_ns": 5_000_000 })
            }
            (_, "/api/v1/boards") => json!({ "schema": 1, "boards": [] }),
            (_, "/api/v1/ops") if asked.path.contains("ended=true") => {
                json!({ "schema": 1, "total": 0, "ops": [] })
            }
            (_, "/api/v1/ops") => json!({ "schema": 1, "total": ops.len(), "ops": ops }),
            _ => json!({ "schema": 1, "op": ops[0] }),
        };
        Say::Answer(200, said.to_string())
    })
}

fn top(list: &str, more: &[&str], columns: u16, rows: u16) -> Terminal {
    let words = [&["top", "--interval", "200ms", "--endpoints", list], more].concat();
    Terminal::start(&inspect(), &words, columns, rows)
}

/// Places of these texts on the screen, in lines.
fn lines_of(screen: &str, texts: &[&str]) -> Vec<usize> {
    let line = |text: &&str| screen.lines().position(|line| line.contains(*text));
    texts.iter().map(|text| line(text).unwrap_or_else(|| panic!("{text}:\n{screen}"))).collect()
}

#[test]
fn operations_of_all_hosts_are_one_list_and_one_that_hangs_is_a_row_and_holds_no_key_up() {
    let a = host(vec![op("1-1", "a", 9.0, true), op("2-1", "a", 1.0, true)]);
    let b = host(vec![op("1-1", "b", 5.0, true)]);
    let silent = Fake::start(|_| Say::Nothing);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let down = format!("http://{}", nobody.local_addr().expect("an address"));
    drop(nobody);
    let list = [a.url(), b.url(), silent.url(), down.clone()].join(",");
    let mut terminal = top(&list, &[], 130, 24);
    // While the first look waits for the slow one, keys already count.
    terminal.press("?");
    terminal.shows("KEYS AND WORDS");
    terminal.press("\x1b");
    let screen = terminal.shows("/b/1-1");
    let places = lines_of(
        &screen,
        &["/a/1-1", "/b/1-1", "/a/2-1", "slow     no answer", "down     connection refused"],
    );
    assert!(places.is_sorted(), "{places:?}\n{screen}");
    assert!(screen.starts_with("4 hosts: 2 ok 1 slow 1 down"), "{screen}");
    let row = screen.lines().find(|line| line.contains("/b/1-1")).expect("a row");
    assert!(row.starts_with(&b.address), "{row}");
    // By host's name, too.
    terminal.press(&format!("/{}\r", b.address));
    terminal.until("one host", |screen| screen.contains("/b/1-1") && !screen.contains("/a/1-1"));
    terminal.press("\x1b3");
    let screen = terminal.shows("CLOCK");
    assert!(
        screen.lines().any(|line| line.starts_with(&silent.address) && line.contains("slow")),
        "{screen}"
    );
    terminal.press("1ssssr");
    terminal.shows("by host, reversed");
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
    terminal.is_as_before();
}

#[test]
fn a_cancel_request_waits_for_a_yes_and_goes_to_one_host_once_with_the_token() {
    let a = host(vec![op("1-1", "a", 9.0, true)]);
    let b = host(vec![op("1-1", "b", 5.0, true)]);
    let list = format!("{},{}", a.url(), b.url());
    let token = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(token.path(), "0123456789abcdef-hosts\n").expect("written");
    let token = token.path().to_str().expect("UTF-8");
    let terminal = top(&list, &["--endpoints-token", token], 130, 24);
    terminal.shows("/b/1-1");
    let posts = |fake: &Fake| {
        let asked = fake.asked().into_iter();
        asked.filter(|one| one.method == "POST").collect::<Vec<_>>()
    };
    // The second row is that of the other host; anything but a yes is a no.
    terminal.press("jc");
    terminal.shows(&format!("cancel 1-1 request GET /b/1-1 on {}?", b.address));
    terminal.press("n");
    terminal.until("no question", |screen| !screen.contains("any other key"));
    terminal.press("c");
    terminal.shows("any other key");
    terminal.press("y");
    terminal.shows(&format!("on {}: cancelled, 5.00ms after the request", b.address));
    assert!(posts(&a).is_empty());
    let posts = posts(&b);
    assert_eq!(posts.len(), 1);
    assert!(posts[0].path.starts_with("/api/v1/ops/7/1-1/cancel?timeout="), "{posts:?}");
    let bearer = "authorization: Bearer 0123456789abcdef-hosts";
    assert!(posts[0].lines.iter().any(|line| line == bearer), "{posts:?}");
}

#[test]
fn boards_of_real_hosts_are_seen_closely_and_one_that_ends_and_comes_back_is_a_row_meanwhile() {
    let name = program::name("top-hosts");
    let program = served::behave(&name, &["operations"]);
    let (one, two) = (Serve::start(&[]), Serve::start(&[]));
    let address = two.address.clone();
    let list = format!("http://{},http://{address}", one.address);
    let mut terminal = top(&list, &[&name], 130, 40);
    let screen = terminal.shows("2 hosts: 2 ok  boards 2");
    assert!(screen.contains("in flight 12"), "{screen}");
    terminal.press("2");
    terminal.shows("VERDICT");
    terminal.press("\r");
    let screen = terminal.shows(&format!("pid {}", program.pid()));
    assert!(screen.contains(&one.address) && screen.contains("THREAD"), "{screen}");
    terminal.press("\x1b1\r");
    terminal.shows("begun at");
    terminal.press("\x1b");
    drop(two);
    let screen = terminal.shows("1 ok 1 down");
    assert!(screen.contains("in flight 6"), "{screen}");
    let again = Serve::run(&["--listen", &address]);
    terminal.shows("2 hosts: 2 ok");
    drop(again);
    terminal.press("\x03");
    assert_eq!(terminal.end().code(), Some(0));
    terminal.is_as_before();
}

#[test]
fn it_is_drawn_at_every_size_and_what_other_hosts_say_is_not_obeyed() {
    let hostile = "\u{1b}]0;x\u{7}\u{202e}\u{9b}31m";
    let mut one = op("1-1", "a", 9.0, true);
    for field in ["kind", "label", "status", "board", "id"] {
        one[field] = hostile.into();
    }
    let fake = host(vec![one]);
    let mut terminal = top(&fake.url(), &[], 130, 24);
    terminal.shows("\\x1b]0;x");
    for (columns, rows) in [(200, 60), (20, 5), (1, 1), (3, 200), (400, 3), (130, 24)] {
        terminal.resize(columns, rows);
        for keys in ["1", "2", "3", "?", "\x1b", "\r", "\x1b", "1c", "n"] {
            terminal.press(keys);
        }
    }
    terminal.press("1");
    let screen = terminal.shows("\\x1b]0;x");
    assert_eq!(screen.lines().count(), 24, "{screen}");
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
}

#[test]
fn what_would_do_nothing_is_refused_and_a_count_ends_it() {
    for (more, says) in [
        (&["--rate", "500"][..], "--rate does nothing for `top --endpoints`"),
        (&["--sort", "load"], "--sort does nothing"),
        (&["--json"], "--json does nothing"),
        (&["-f", "/x"], "a file is on this host"),
    ] {
        let words = [&["top", "--endpoints", "http://127.0.0.1:9"], more].concat();
        let mut terminal = Terminal::start(&inspect(), &words, 100, 24);
        assert_eq!(terminal.end().code(), Some(2), "{more:?}");
        assert!(terminal.text().contains(says), "{}", terminal.text());
        terminal.is_as_before();
    }
    let fake = host(vec![op("1-1", "a", 9.0, false)]);
    let mut terminal = top(&fake.url(), &["--count", "3"], 100, 24);
    assert_eq!(terminal.end().code(), Some(0));
    assert_eq!(fake.asked().iter().filter(|one| one.path.contains("summary")).count(), 3);
    terminal.is_as_before();
}

/// Kept for what it shows: the screen of one board is another one.
#[test]
fn without_endpoints_it_is_the_screen_of_a_board() {
    let name = program::name("top-here");
    let (_program, _) = Program::behave(&name, &["idle"]);
    let terminal = Terminal::start(&inspect(), &["top", &name], 100, 24);
    terminal.shows("1 overview");
}
