//! The commands answer as a Redis would, and reads see queued writes.

mod support;

use support::{Daemon, eventually, pack};

#[test]
fn values_are_written_read_and_deleted() {
    let data = tempfile::tempdir().expect("a directory");
    let daemon = Daemon::start(data.path(), &[]);
    let mut client = daemon.connect();
    for (words, reply) in [
        (&["PING"][..], "PONG"),
        (&["ping", "hello"], "hello"),
        (&["ECHO", ""], ""),
        (&["GET", "a"], "nil"),
        (&["SET", "a", "1"], "OK"),
        (&["GET", "a"], "1"),
        (&["INCR", "a"], "2"),
        (&["INCRBY", "a", "-10"], "-8"),
        (&["DECR", "a"], "-9"),
        (&["STRLEN", "a"], "2"),
        (&["SET", "a", "x", "NX"], "nil"),
        (&["SET", "b", "x", "XX"], "nil"),
        (&["SET", "b", "y", "nx"], "OK"),
        (&["SET", "b", "z", "XX", "GET"], "y"),
        (&["INCR", "b"], "-ERR value is not an integer or out of range"),
        (&["SET", "big", "9223372036854775807"], "OK"),
        (&["INCR", "big"], "-ERR increment or decrement would overflow"),
        (&["MSET", "m1", "1", "m2", "2"], "OK"),
        (&["MSET", "m1", "1", "m2"], "-ERR wrong number of arguments for 'mset' command"),
        (&["MGET", "m1", "none", "m2"], "[1 nil 2]"),
        (&["EXISTS", "a", "a", "none"], "2"),
        (&["DEL", "a", "none", "big"], "2"),
        (&["GET", "a"], "nil"),
        (&["DBSIZE"], "3"),
        (&["SELECT", "15"], "OK"),
        (&["DBSIZE"], "0"),
        (&["SET", "m1", "other"], "OK"),
        (&["SELECT", "16"], "-ERR DB index is out of range"),
        (&["FLUSHDB"], "OK"),
        (&["GET", "m1"], "nil"),
        (&["SELECT", "0"], "OK"),
        (&["GET", "m1"], "1"),
        (&["FLUSHALL"], "OK"),
        (&["DBSIZE"], "0"),
        (&["CLIENT", "SETNAME", "me"], "OK"),
        (&["CLIENT", "GETNAME"], "me"),
        (&["CLIENT", "SETINFO", "LIB-NAME", "x"], "OK"),
        (&["CONFIG", "GET", "save"], "[save ]"),
        (&["CONFIG", "GET", "appendonly"], "[appendonly no]"),
        (&["GET"], "-ERR wrong number of arguments for 'get' command"),
        (
            &["FOO", "bar", "baz"],
            "-ERR unknown command 'FOO', with args beginning with: 'bar' 'baz'",
        ),
        (&["SET", "a", "1", "EX", "0"], "-ERR invalid expire time in 'set' command"),
        (
            &["SET", "a", "1", "EX", "9223372036854775807"],
            "-ERR invalid expire time in 'set' command",
        ),
        (&["SET", "a", "1", "EX"], "-ERR syntax error"),
        (&["SET", "a", "1", "NX", "XX"], "-ERR syntax error"),
        (
            &["DEBUG", "HANG"],
            "-ERR DEBUG command not allowed. Start the daemon with --allow-debug.",
        ),
        (&["QUIT"], "OK"),
    ] {
        assert_eq!(client.call(words), reply, "{words:?}");
    }
    assert_eq!(client.reply(), None);
}

#[test]
fn commands_describe_themselves() {
    let data = tempfile::tempdir().expect("a directory");
    let daemon = Daemon::start(data.path(), &[]);
    let mut client = daemon.connect();
    let count = client.call(&["COMMAND", "COUNT"]);
    let list = client.call(&["COMMAND", "LIST"]);
    assert_eq!(list.split(' ').count().to_string(), count);
    assert_eq!(client.call(&["COMMAND", "INFO", "get"]), "[[get 2 [readonly] 1 1 1]]");
    assert!(client.call(&["COMMAND", "DOCS"]).contains("set [summary Writes a record"));
    assert!(client.call(&["COMMAND"]).contains("[mset -3 [write] 1 -1 2]"));
}

#[test]
fn a_time_to_live_ends_a_record_and_survives_a_restart() {
    let data = tempfile::tempdir().expect("a directory");
    let daemon = Daemon::start(data.path(), &[]);
    let mut client = daemon.connect();
    assert_eq!(client.call(&["SET", "short", "1", "PX", "50"]), "OK");
    assert_eq!(client.call(&["SET", "long", "1", "EX", "1000"]), "OK");
    assert_eq!(client.call(&["SET", "ever", "1"]), "OK");
    assert_eq!(client.call(&["TTL", "ever"]), "-1");
    assert_eq!(client.call(&["TTL", "none"]), "-2");
    eventually("the short one ends", || client.call(&["GET", "short"]) == "nil");
    // Ended, it is deleted, too.
    eventually("the expiry job deletes it", || client.call(&["DBSIZE"]) == "2");
    assert_eq!(client.call(&["SET", "later", "1", "PX", "1"]), "OK");
    assert!(daemon.end(nix::sys::signal::Signal::SIGTERM).success());

    let daemon = Daemon::start(data.path(), &[]);
    let mut client = daemon.connect();
    let left: i64 = client.call(&["TTL", "long"]).parse().expect("a number");
    assert!((900..=1000).contains(&left), "{left}");
    eventually("what ended meanwhile is deleted", || client.call(&["DBSIZE"]) == "2");
    assert_eq!(client.call(&["PERSIST", "long"]), "1");
    assert_eq!(client.call(&["PTTL", "long"]), "-1");
    assert_eq!(client.call(&["EXPIRE", "ever", "-1"]), "1");
    assert_eq!(client.call(&["EXISTS", "ever"]), "0");
}

#[test]
fn replies_keep_the_order_of_a_pipeline() {
    let data = tempfile::tempdir().expect("a directory");
    for ack in ["queued", "durable"] {
        let daemon = Daemon::start(data.path(), &["--ack", ack]);
        let mut client = daemon.connect();
        let mut bytes = Vec::new();
        for n in 0..300 {
            bytes.extend(pack(&["SET", &format!("key{n}"), &n.to_string()]));
            bytes.extend(pack(&["GET", &format!("key{n}")]));
            bytes.extend(pack(&["DBSIZE"]));
        }
        client.send_raw(&bytes).expect("the daemon reads");
        for n in 0..300 {
            assert_eq!(client.reply().as_deref(), Some("OK"));
            assert_eq!(client.reply(), Some(n.to_string()));
            assert_eq!(client.reply(), Some((n + 1).to_string()));
        }
        assert_eq!(client.call(&["FLUSHALL"]), "OK");
        assert!(daemon.end(nix::sys::signal::Signal::SIGTERM).success());
    }
}

#[test]
fn numbers_added_by_many_clients_are_all_there() {
    const CLIENTS: usize = 6;
    const ADDED: usize = 500;
    let data = tempfile::tempdir().expect("a directory");
    let daemon = Daemon::start(data.path(), &["--io-threads", "3"]);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut client = daemon.connect();
                for _ in 0..ADDED / 10 {
                    client.send_raw(&pack(&["INCR", "sum"]).repeat(10)).expect("the daemon reads");
                    for _ in 0..10 {
                        assert!(client.reply().is_some_and(|reply| reply.parse::<i64>().is_ok()));
                    }
                }
            });
        }
    });
    let mut client = daemon.connect();
    assert_eq!(client.call(&["GET", "sum"]), (CLIENTS * ADDED).to_string());
    assert_eq!(client.info("jobs_submitted"), (CLIENTS * ADDED) as u64);
    assert_eq!(client.call(&["DBSIZE"]), "1");
    let avoided = client.info("jobs_superseded")
        + client.info("jobs_dropped")
        + client.info("jobs_rolled_up");
    assert_eq!(client.info("jobs_submitted"), avoided + client.info("jobs_committed"));
}
