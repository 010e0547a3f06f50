//! The past of many hosts: one picture of those that keep it, and a row for each that does not; clocks that are off.

use std::time::Duration;

use serde_json::{Value, json};
use tests::fake::{Fake, Say};
use tests::merged::{ask, hosts, standing, text};
use tests::program::{self, inspect};
use tests::served::{self, Serve};
use tests::wait;

/// Two servers that keep a history, one that keeps none, one that is not there: of the same board, so that all is twice.
#[test]
fn the_past_of_hosts_is_one_picture_and_who_has_none_is_a_row_with_the_reason() {
    let name = program::name("past");
    let _program = served::behave(&name, &["operations"]);
    let folders: Vec<tempfile::TempDir> =
        (0..2).map(|_| tempfile::tempdir().expect("a folder")).collect();
    let keeping: Vec<Serve> = folders
        .iter()
        .map(|folder| {
            served::give(folder.path());
            Serve::start(&["--history", folder.path().to_str().expect("a path")])
        })
        .collect();
    let without = Serve::start(&[]);
    let mut urls: Vec<String> =
        keeping.iter().chain([&without]).map(|one| format!("http://{}", one.address)).collect();
    // Nobody listens there.
    urls.push("http://127.0.0.1:9".to_owned());
    let list = urls.join(",");
    let past = |more: &[&str]| {
        ask(&list, &[&["history", "-n", &name, "--since", "1m", "--points", "60"], more].concat())
    };
    let document = wait::until("a second of both", Duration::from_secs(30), || {
        let document = past(&[]);
        let points = document["together"][0]["points"].as_array()?;
        let both = |point: &&Value| point["hosts"] == 2 && point["active"]["lock"] == 2.0;
        points.iter().any(|point| both(&point)).then_some(document)
    });
    let both = &document["together"][0];
    assert_eq!(
        (&both["name"], both["hosts"].as_array().map(Vec::len)),
        (&name.as_str().into(), Some(2))
    );
    let mut of = hosts(&document["boards"]);
    of.sort_unstable();
    let mut expected = urls[..2].to_vec();
    expected.sort_unstable();
    assert_eq!(of, expected);
    let (state, error) = standing(&document, &urls[2]);
    assert!(state == "refused" && error.contains("no history is kept"), "{state}: {error}");
    assert_eq!(standing(&document, &urls[3]).0, "down");
    // Hosts as keys.
    let document = past(&["--by", "host"]);
    let points = document["together"][0]["points"].as_array().expect("points");
    let apart = |point: &Value| keeping.iter().all(|one| point["active"][&one.address].is_number());
    assert!(points.iter().any(apart), "{document}");
    // A table, and a picture.
    let words = ["history", "-n", &name, "--since", "1m", "--endpoints", &list];
    let table = text(&inspect(&words));
    for part in ["at 2 hosts", "HOSTS", "lock", "no history is kept", "connection refused"] {
        assert!(table.contains(part), "{part}: {table}");
    }
    // A host is told apart by its end.
    let table = text(&inspect(&[&words[..], &["--by", "host"]].concat()));
    let heads = table.lines().find(|line| line.contains("HOSTS")).expect("heads");
    assert!(keeping.iter().all(|one| heads.contains(&one.address)), "{table}");
    let picture = folders[0].path().join("hosts.svg");
    let drawn = inspect(
        &[&words[..], &["--by", "host", "--svg", picture.to_str().expect("a path")]].concat(),
    );
    assert!(drawn.status.success(), "{drawn:?}");
    let picture = std::fs::read_to_string(picture).expect("a picture");
    assert!(keeping.iter().all(|one| picture.contains(&one.address)), "{picture}");
    // What each host has for itself is refused in a line, and who is nowhere is not found.
    for (more, code, word) in [
        (&["--heat"][..], 2, "--heat does nothing with --endpoints"),
        (&["--against", "2m"], 2, "--against does nothing"),
        (&["--points", "5000"], 2, "at most 3600"),
        (
            &["--until", "2020-01-01T00:00:00Z", "--since", "2019-12-31T23:59:00Z"],
            3,
            "was recorded",
        ),
    ] {
        let plain = ["history", "--endpoints", &list];
        let output = inspect(&[&plain[..], more].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(code) && said.contains(word), "{more:?}: {said}");
    }
    // A server of other hosts says the same.
    let merged = Serve::start(&["--endpoints", &list]);
    let document = merged.get(&format!("/api/v1/history?board={name}&since=1m&by=host"));
    assert_eq!(document["together"][0]["hosts"].as_array().map(Vec::len), Some(2), "{document}");
    let key = format!("{}~{name}", keeping[0].address);
    let document = merged.get(&format!("/api/v1/history?board={key}&since=1m"));
    assert_eq!(document["together"][0]["hosts"], json!([keeping[0].address]), "{document}");
}

/// A host whose clock is a minute and a half ahead is asked for the time that is meant, by its own clock, and is in the
/// picture of the last seconds as any other.
#[test]
fn a_host_whose_clock_is_off_is_asked_for_the_same_time() {
    const AHEAD: Duration = Duration::from_secs(90);
    let now = || {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        u64::try_from(now.expect("after 1970").as_nanos()).expect("before 2500")
    };
    let ahead = u64::try_from(AHEAD.as_nanos()).expect("a while");
    for (ahead, times) in [(i64::try_from(ahead).expect("a while"), 2), (0, 1)] {
        let fake = Fake::start(move |asked| {
            let there = now().saturating_add_signed(ahead);
            let path = asked.path.replace("%3A", ":");
            let of = |name: &str| {
                let at = path.find(&format!("{name}=")).expect("it is said") + name.len() + 1;
                path[at..].split('&').next().unwrap_or_default().to_owned()
            };
            // Moments of one form are in the order of their letters.
            let at = inspect::clock::rfc3339(there / 1_000_000_000 * 1_000_000_000 - 4_000_000_000);
            let kept = of("since") <= at && at <= of("until");
            let points = if kept {
                json!([{ "at": at, "seconds": 1, "active": { "lock": 2.0 } }])
            } else {
                json!([])
            };
            let body = json!({ "schema": 1, "from": of("since"), "to": of("until"), "gaps": [],
                "step_ns": 1_000_000_000, "boards": [{ "name": "recordd", "pid": 7, "cores": 2, "points": points }] });
            let body = body.to_string();
            let head = format!(
                "HTTP/1.1 200 X\r\nContent-Type: application/json\r\nConnection: close\r\n\
                 scoreboard-time: {there} {there}\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            Say::Raw([head, body].concat().into_bytes())
        });
        let document = ask(&fake.url(), &["history", "--since", "20s"]);
        let points = &document["together"][0]["points"];
        assert_eq!(points[0]["active"]["lock"], 2.0, "{ahead}: {document:#}");
        assert_eq!(fake.asked().len(), times, "{:?}", fake.asked());
    }
}
