//! What is acknowledged is kept: drained on a signal, on disk before the reply if asked for.

mod support;

use std::collections::BTreeMap;

use nix::sys::signal::Signal;
use support::{Daemon, eventually, pack};

#[test]
fn the_queue_is_drained_on_a_signal() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let data = tempfile::tempdir().expect("a directory");
        // Slow commits, so that there is something to drain.
        let daemon = Daemon::start(data.path(), &["--slow-commit", "100ms"]);
        let mut client = daemon.connect();
        for n in 0..2000 {
            client.send(&["SET", &format!("key{n}"), &n.to_string()]);
        }
        for _ in 0..2000 {
            assert_eq!(client.reply().as_deref(), Some("OK"));
        }
        assert!(daemon.end(signal).success());
        let daemon = Daemon::start(data.path(), &[]);
        let mut client = daemon.connect();
        assert_eq!(client.call(&["DBSIZE"]), "2000");
        assert_eq!(client.call(&["GET", "key1999"]), "1999");
    }
}

#[test]
fn what_is_acknowledged_durably_survives_kill_9() {
    let data = tempfile::tempdir().expect("a directory");
    let mut acknowledged: BTreeMap<String, String> = BTreeMap::new();
    for round in 0..4 {
        let daemon = Daemon::start(data.path(), &["--ack", "durable"]);
        let mut client = daemon.connect();
        for (key, value) in &acknowledged {
            assert_eq!(&client.call(&["GET", key]), value);
        }
        // Writers run until they are cut off; what was answered until then counts.
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                let mut client = daemon.connect();
                std::thread::spawn(move || {
                    let mut mine = BTreeMap::new();
                    for n in 0.. {
                        // Two writes of each key: the second supersedes the first.
                        let pair = |i: usize| {
                            (format!("w{writer}.{}", (n + i / 2) % 50), format!("{round}.{n}.{i}"))
                        };
                        let bytes: Vec<u8> = (0..8)
                            .map(pair)
                            .flat_map(|(key, value)| pack(&["SET", &key, &value]))
                            .collect();
                        let sent = client.send_raw(&bytes).is_ok();
                        for i in 0..8 {
                            let (key, value) = pair(i);
                            if !sent || client.reply().as_deref() != Some("OK") {
                                // Unknown from here on: written perhaps.
                                (i..8).for_each(|i| drop(mine.remove(&pair(i).0)));
                                return mine;
                            }
                            mine.insert(key, value);
                        }
                    }
                    mine
                })
            })
            .collect();
        eventually("some commits", || client.info("last_commit") > 10 * (round + 1));
        daemon.end(Signal::SIGKILL);
        let of_all: Vec<_> =
            writers.into_iter().map(|writer| writer.join().expect("no panic")).collect();
        acknowledged.clear();
        of_all.into_iter().for_each(|mine| acknowledged.extend(mine));
        assert!(!acknowledged.is_empty());
    }
}

#[test]
fn a_full_disk_refuses_writes_and_loses_nothing() {
    let data = tempfile::tempdir().expect("a directory");
    let mut acknowledged = Vec::new();
    let daemon = Daemon::start_limited(
        data.path(),
        4 * 2048,
        &["--ack", "durable", "--drain-timeout", "1s"],
    );
    let mut client = daemon.connect();
    let value = "x".repeat(50_000);
    let error = loop {
        let key = format!("key{}", acknowledged.len());
        match client.call(&["SET", &key, &value]).as_str() {
            "OK" => acknowledged.push(key),
            error => break error.to_owned(),
        }
        assert!(acknowledged.len() < 1000, "the limit does not work");
    };
    assert!(error.starts_with("-MISCONF cannot write the data file: "), "{error}");
    assert!(!acknowledged.is_empty());
    // It goes on reading, and says what is wrong.
    assert_eq!(client.call(&["GET", "key0"]), value);
    assert!(client.call(&["SET", "other", "1"]).starts_with("-MISCONF"));
    eventually("it says so", || daemon.said().contains("cannot commit: "));
    let status = daemon.end(Signal::SIGTERM);
    assert_eq!(status.code(), Some(1));

    let daemon = Daemon::start(data.path(), &[]);
    let mut client = daemon.connect();
    for key in &acknowledged {
        assert_eq!(client.call(&["STRLEN", key]), "50000");
    }
    assert_eq!(client.call(&["SET", "other", "1"]), "OK");
}
