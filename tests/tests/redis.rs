//! The demo daemon under real Redis clients, watched meanwhile.

use std::process::{Command, Stdio};
use std::time::Duration;

use tests::demo::Demo;
use tests::program::{self, named};
use tests::{build, wait};

#[test]
fn redis_benchmark_completes_and_the_board_shows_it_at_work() {
    if !build::needs("redis-benchmark", "redis-tools") {
        return;
    }
    let data = tempfile::tempdir().expect("a folder");
    let demo = Demo::start(&program::name("bench"), data.path(), &[]);
    let mut load = Command::new("redis-benchmark")
        .args(["-p", demo.port(), "-t", "set,get", "-n", "200000", "-P", "16", "-r", "100", "-q"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("redis-benchmark");
    let pid = demo.child.id();
    let (mut lines, mut deepest, mut busiest) = (std::collections::BTreeSet::new(), 0, 0.0f64);
    let superseded = |board: &serde_json::Value| {
        named(&board["counters"], "jobs_superseded")["value"].as_u64().unwrap_or(0)
    };
    let board = wait::until("the benchmark's end", Duration::from_secs(300), || {
        let board = program::board(pid);
        for thread in board["threads"].as_array()? {
            lines.insert(format!("{}:{}", thread["file"], thread["line"]));
        }
        let queue = board["queues"].as_array()?.first()?.clone();
        deepest = deepest.max(queue["depth_max"].as_u64()?);
        busiest = busiest.max(queue["utilization"]["1s"].as_f64().unwrap_or(0.0));
        load.try_wait().ok()?.map(|_| program::board(pid))
    });
    let output = load.wait_with_output().expect("its output");
    let text = String::from_utf8_lossy(&output.stdout).replace('\r', "\n");
    assert!(output.status.success() && text.contains("GET: "), "{text}");
    assert!(superseded(&board) > 0, "100 keys were written 200,000 times");
    assert!(lines.len() > 3, "the lines moved: {lines:?}");
    assert!(deepest > 0 && busiest > 0.0, "depth {deepest}, load {busiest}");
    assert!(named(&board["ratios"], "writes_avoided")["value"].as_f64() > Some(0.5));
    let (code, said) = demo.stop();
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn redis_cli_is_understood() {
    if !build::needs("redis-cli", "redis-tools") {
        return;
    }
    let data = tempfile::tempdir().expect("a folder");
    let demo = Demo::start(&program::name("cli"), data.path(), &[]);
    let cli = |arguments: &[&str]| {
        let mut command = Command::new("redis-cli");
        build::run(command.args(["-p", demo.port()]).args(arguments)).trim().to_owned()
    };
    for (arguments, answer) in [
        (&["PING"][..], "PONG"),
        (&["ECHO", "look"], "look"),
        (&["SET", "a", "1"], "OK"),
        (&["INCR", "a"], "2"),
        (&["INCRBY", "a", "40"], "42"),
        (&["MSET", "b", "2", "c", "3"], "OK"),
        (&["MGET", "a", "b", "nothing", "c"], "42\n2\n\n3"),
        (&["EXISTS", "a", "b", "nothing"], "2"),
        (&["DEL", "b"], "1"),
        (&["DBSIZE"], "2"),
        (&["-n", "3", "SET", "a", "other"], "OK"),
        (&["-n", "3", "GET", "a"], "other"),
        (&["GET", "a"], "42"),
        (&["-n", "3", "FLUSHDB"], "OK"),
        (&["-n", "3", "DBSIZE"], "0"),
        (&["FLUSHALL"], "OK"),
        (&["DBSIZE"], "0"),
        (&["CLIENT", "SETNAME", "me"], "OK"),
    ] {
        assert_eq!(cli(arguments), answer, "{arguments:?}");
    }
    assert!(cli(&["NONSENSE"]).starts_with("ERR unknown command"));
    assert!(cli(&["INFO"]).contains("redis_version"));
}
