//! Backlog, hangs and wrong starts: the daemon slows writers, ends, or says what is wrong.

mod support;

use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;
use support::{Client, Daemon, PROGRAM, eventually, pack};

#[test]
fn writers_are_slowed_and_readers_are_not() {
    let data = tempfile::tempdir().expect("a directory");
    for limit in [["--backlog-jobs", "50"], ["--backlog-bytes", "8KiB"], ["--backlog-age", "20ms"]]
    {
        let daemon = Daemon::start(data.path(), &[&limit[..], &["--slow-commit", "50ms"]].concat());
        let mut writer = daemon.connect();
        let bytes: Vec<u8> =
            (0..500).flat_map(|n| pack(&["SET", &format!("key{n}"), "value"])).collect();
        writer.send_raw(&bytes).expect("the daemon reads");
        let mut reader = daemon.connect();
        let backlog: Vec<u64> = (0..20).map(|_| reader.info("backlog_jobs")).collect();
        assert!(backlog.iter().all(|&jobs| jobs <= 500), "{limit:?}: {backlog:?}");
        assert_eq!(reader.call(&["GET", "none"]), "nil");
        for _ in 0..500 {
            assert_eq!(writer.reply().as_deref(), Some("OK"), "{limit:?}");
        }
        // More than one commit was needed for what would have fitted into one.
        assert!(reader.info("last_commit") >= 2, "{limit:?}");
        assert_eq!(reader.call(&["FLUSHALL"]), "OK");
        assert!(daemon.end(Signal::SIGTERM).success());
    }
}

#[test]
fn a_hang_made_on_purpose_holds_up_others_until_the_end() {
    let data = tempfile::tempdir().expect("a directory");
    let daemon = Daemon::start(data.path(), &["--allow-debug", "--drain-timeout", "1s"]);
    let mut waiter = daemon.connect();
    assert_eq!(waiter.call(&["SET", "a", "1"]), "OK");
    let mut hanging = daemon.connect();
    hanging.send(&["DEBUG", "HANG"]);
    hanging.stream.set_read_timeout(Some(Duration::from_millis(300))).expect("a timeout");
    assert_eq!(hanging.reply(), None);
    let status = daemon.end(Signal::SIGTERM);
    assert_eq!(status.code(), Some(1));
}

#[test]
fn the_statistics_job_can_be_made_to_hang() {
    let data = tempfile::tempdir().expect("a directory");
    let daemon = Daemon::start(data.path(), &["--hang-after", "1ms", "--drain-timeout", "1s"]);
    let hangs = |mut client: Client| {
        client.stream.set_read_timeout(Some(Duration::from_millis(200))).expect("a timeout");
        client.send(&["SET", "a", "1"]);
        client.reply().is_none()
    };
    eventually("it hangs", || hangs(daemon.connect()));
    assert_eq!(daemon.end(Signal::SIGTERM).code(), Some(1));
}

#[test]
fn a_panic_ends_the_daemon_and_writes_what_is_queued() {
    let data = tempfile::tempdir().expect("a directory");
    let mut daemon = Daemon::start(data.path(), &["--allow-debug"]);
    let mut client = daemon.connect();
    assert_eq!(client.call(&["SET", "a", "1"]), "OK");
    client.send(&["DEBUG", "PANIC"]);
    assert_eq!(daemon.wait().code(), Some(1));
    eventually("it says so", || daemon.said().contains("a thread panicked"));
    let daemon = Daemon::start(data.path(), &[]);
    assert_eq!(daemon.connect().call(&["GET", "a"]), "1");
}

#[test]
fn a_wrong_start_is_one_clear_line() {
    let data = tempfile::tempdir().expect("a directory");
    let other = tempfile::tempdir().expect("a directory");
    let daemon = Daemon::start(data.path(), &[]);
    let file = other.path().join("file");
    std::fs::write(&file, "").expect("a file");
    let path = |path: &std::path::Path| path.display().to_string();
    for (listen, data, code, said) in [
        (&*daemon.address, path(other.path()), 1, "--listen"),
        ("127.0.0.1:0", path(data.path()), 1, "stop the other daemon"),
        ("127.0.0.1:0", path(&file), 1, "data directory"),
        ("nonsense", path(other.path()), 2, "--listen"),
    ] {
        let output = Command::new(PROGRAM)
            .args(["serve", "--listen", listen, "--data", &data])
            .env("PROBE", "off")
            .output()
            .expect("it runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
        assert!(code == 2 || stderr.lines().count() == 1, "{stderr}");
    }
}

#[test]
fn load_counts_what_it_sends_and_what_comes_back() {
    let data = tempfile::tempdir().expect("a directory");
    let daemon = Daemon::start(data.path(), &[]);
    let load = |address: &str, duration: &str| {
        Command::new(PROGRAM)
            .args([
                "load",
                "--connect",
                address,
                "--duration",
                duration,
                "--clients",
                "2",
                "--pipeline",
                "4",
            ])
            .env("PROBE", "off")
            .output()
            .expect("it runs")
    };
    let output = load(&daemon.address, "300ms");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let all: Vec<u64> = stdout
        .lines()
        .find_map(|line| line.strip_prefix("all "))
        .map(|line| line.split_whitespace().filter_map(|word| word.parse().ok()).collect())
        .expect("a line");
    assert!(all[0] > 0 && all[0] == all[1] && all[2] == 0, "{stdout}");
    let address = daemon.address.clone();
    daemon.end(Signal::SIGKILL);
    assert_eq!(load(&address, "300ms").status.code(), Some(1));
}
