//! A data file that was changed behind the daemon's back: it is refused in one clear line, or served with every record
//! right, or with a line that says what is lost. `DAMAGES=150` and `DAMAGE_SEED=N` for more.

mod support;

use nix::sys::signal::Signal;
use support::{Daemon, eventually, pack};

const RECORDS: usize = 400;

fn asked(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn next(seed: &mut u64) -> usize {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    (*seed >> 8) as usize
}

fn value(key: usize) -> String {
    format!("value-{key}-").repeat(1 + key % 20)
}

/// A directory whose daemon ended in order, after several commits.
fn whole() -> tempfile::TempDir {
    let data = tempfile::tempdir().expect("a directory");
    let daemon = Daemon::start(data.path(), &["--ack", "durable"]);
    let mut client = daemon.connect();
    for part in 0..4 {
        let keys = (0..RECORDS).filter(|key| key % 4 == part);
        let (mut bytes, mut count) = (Vec::new(), 0);
        for key in keys {
            bytes.extend(pack(&["SET", &format!("key{key}"), &value(key)]));
            count += 1;
        }
        client.send_raw(&bytes).expect("the daemon reads");
        (0..count).for_each(|_| assert_eq!(client.reply().as_deref(), Some("OK")));
    }
    assert!(daemon.end(Signal::SIGTERM).success());
    data
}

/// Changes the file somehow: a bit, a stretch of noise or of zeroes, or its length.
fn damage(file: &mut Vec<u8>, seed: &mut u64) -> String {
    let length = file.len();
    // Half of it where the tree is, not in what is free.
    let used = file.iter().rposition(|byte| *byte != 0).unwrap_or(length - 1);
    let at = if next(seed).is_multiple_of(2) { next(seed) % used } else { next(seed) % length };
    let stretch = (1 + next(seed) % 4096).min(length - at);
    match next(seed) % 5 {
        0 | 1 => {
            file[at] ^= 1 << (next(seed) % 8);
            format!("bit at {at}")
        }
        2 => {
            file[at..at + stretch].iter_mut().for_each(|byte| *byte = next(seed) as u8);
            format!("{stretch} bytes of noise at {at}")
        }
        3 => {
            file[at..at + stretch].fill(0);
            format!("{stretch} zeroes at {at}")
        }
        _ => {
            file.truncate(at);
            format!("cut to {at}")
        }
    }
}

#[test]
fn damage_is_refused_in_a_line_or_what_is_lost_is_said() {
    let (rounds, mut seed) =
        (asked("DAMAGES", 24), asked("DAMAGE_SEED", 1).wrapping_mul(0x9e37_79b9) | 1);
    let good = whole();
    let file = std::fs::read(good.path().join("store.redb")).expect("the file");
    let note = std::fs::read(good.path().join("store.ended")).expect("the note");
    let (mut refused, mut right, mut told) = (0, 0, 0);
    for round in 0..rounds {
        let data = tempfile::tempdir().expect("a directory");
        let mut bytes = file.clone();
        let how = damage(&mut bytes, &mut seed);
        std::fs::write(data.path().join("store.redb"), &bytes).expect("written");
        std::fs::write(data.path().join("store.ended"), &note).expect("written");
        let first = Daemon::try_start(data.path());
        match first {
            Err((code, said)) => {
                assert_eq!((code, said.lines().count()), (Some(1), 1), "{round}, {how}: {said}");
                assert!(
                    said.contains("store.redb") && said.contains("; "),
                    "{round}, {how}: {said}"
                );
                refused += 1;
            }
            Ok(daemon) => {
                let mut client = daemon.connect();
                let mut missing = 0;
                for key in 0..RECORDS {
                    let found = client.call(&["GET", &format!("key{key}")]);
                    assert!(found == value(key) || found == "nil", "{round}, {how}: {found}");
                    missing += usize::from(found == "nil");
                }
                let said = daemon.said();
                assert!(
                    missing == 0 || said.contains("is lost"),
                    "{round}, {how}: {missing}: {said}"
                );
                assert!(!said.contains("panicked"), "{round}, {how}: {said}");
                *(if missing == 0 { &mut right } else { &mut told }) += 1;
            }
        }
    }
    eprintln!(
        "{rounds} damages: {refused} refused in a line, {right} served whole, {told} said what was lost"
    );
    assert!(refused > 0 && right > 0, "{refused} {right} {told}");
}

/// How many of the records are there; each of them is right.
fn found(daemon: &Daemon) -> usize {
    let mut client = daemon.connect();
    let mut found = 0;
    for key in 0..RECORDS {
        let reply = client.call(&["GET", &format!("key{key}")]);
        assert!(reply == value(key) || reply == "nil", "{key}: {reply}");
        found += usize::from(reply != "nil");
    }
    found
}

/// What the daemon says of the commits that are not there any more.
fn lost(daemon: &Daemon) -> Option<(u64, u64)> {
    let said = daemon.said();
    let lines: Vec<&str> = said.lines().filter(|line| line.contains(" is lost")).collect();
    assert!(lines.len() < 2, "{said}");
    let commits = lines.first()?.split_once("in commits ")?.1.split_once(" is lost")?.0;
    let (from, to) = commits.split_once(" to ")?;
    Some((from.parse().ok()?, to.parse().ok()?))
}

/// A file of before in the place of the file, as by a backup: the commits that it lacks are named, and those alone. With
/// its own note nothing is said.
#[test]
fn a_file_that_lacks_the_last_commits_says_which() {
    let data = tempfile::tempdir().expect("a directory");
    let (file, note) = (data.path().join("store.redb"), data.path().join("store.ended"));
    let mut kept = Vec::new();
    for part in 0..2 {
        let daemon = Daemon::start(data.path(), &["--ack", "durable"]);
        let mut client = daemon.connect();
        for key in (0..RECORDS).filter(|key| key % 2 == part).take(20) {
            assert_eq!(client.call(&["SET", &format!("key{key}"), &value(key)]), "OK");
        }
        assert!(daemon.end(Signal::SIGTERM).success());
        let commit = std::fs::read_to_string(&note).expect("a note").trim().to_owned();
        kept.push((std::fs::read(&file).expect("the file"), commit));
    }
    let [(before, first), (_, second)] = &kept[..] else { panic!("two runs") };
    let (first, second): (u64, u64) = (first.parse().expect("1"), second.parse().expect("2"));
    std::fs::write(&file, before).expect("written");
    let daemon = Daemon::start(data.path(), &["--ack", "durable"]);
    assert_eq!((lost(&daemon), found(&daemon)), (Some((first + 1, second)), 20));
    assert!(daemon.end(Signal::SIGTERM).success());
    let daemon = Daemon::start(data.path(), &["--ack", "durable"]);
    assert_eq!((lost(&daemon), found(&daemon)), (None, 20), "said once, where it happened");
}

/// The last commit's place in the head of the file is damaged, as by a torn write. The daemon's end was a commit of its own
/// without records, so redb has all of them in the one before; or the file is refused. Nothing is lost without a word.
/// Whether the one before is still whole depends on which pages the last one took: files are made until one is served.
#[test]
fn a_damaged_head_is_refused_or_costs_no_record() {
    let served = (0..20).map(|_| served_with_a_damaged_head()).find(|served| *served > 0);
    assert!(served.is_some(), "twenty files were all refused");
}

/// How many of five damages of one file are served, with every record; the others are refused in a line.
fn served_with_a_damaged_head() -> usize {
    const GOD_BYTE: usize = 9;
    let good = whole();
    let file = std::fs::read(good.path().join("store.redb")).expect("the file");
    let note = std::fs::read(good.path().join("store.ended")).expect("the note");
    let mut served = 0;
    for at in [0, 16, 64, 112, 120] {
        let data = tempfile::tempdir().expect("a directory");
        let mut bytes = file.clone();
        let primary = if bytes[GOD_BYTE] & 1 == 0 { 64 } else { 192 };
        // To be put right at the next start, in one phase.
        bytes[GOD_BYTE] = (bytes[GOD_BYTE] | 2) & !4;
        bytes[primary + at] ^= 0xff;
        std::fs::write(data.path().join("store.redb"), &bytes).expect("written");
        std::fs::write(data.path().join("store.ended"), &note).expect("written");
        match Daemon::try_start(data.path()) {
            Err((code, said)) => {
                assert_eq!((code, said.lines().count()), (Some(1), 1), "{at}: {said}");
            }
            Ok(daemon) => {
                assert_eq!((lost(&daemon), found(&daemon)), (None, RECORDS), "{at}");
                served += 1;
            }
        }
    }
    served
}

/// After a kill nobody can tell a commit that was not finished from one that was damaged later: redb goes back by one. What
/// that may cost is the last commit, which was acknowledged here, and nothing else.
#[test]
fn a_head_that_is_damaged_after_a_kill_costs_the_last_commit_at_most() {
    const GOD_BYTE: usize = 9;
    let data = tempfile::tempdir().expect("a directory");
    let daemon = Daemon::start(data.path(), &["--ack", "durable"]);
    let mut client = daemon.connect();
    for key in 0..40 {
        assert_eq!(client.call(&["SET", &format!("key{key}"), &value(key)]), "OK");
    }
    daemon.end(Signal::SIGKILL);
    let path = data.path().join("store.redb");
    let mut bytes = std::fs::read(&path).expect("the file");
    let primary = if bytes[GOD_BYTE] & 1 == 0 { 64 } else { 192 };
    bytes[primary + 112] ^= 0xff;
    std::fs::write(&path, &bytes).expect("written");
    let daemon = Daemon::start(data.path(), &["--ack", "durable"]);
    let there = found(&daemon);
    assert!((39..=40).contains(&there), "{there}: {}", daemon.said());
}

/// At its limit of descriptors it tries on, and says so once.
#[test]
fn a_limit_of_connections_is_said_once() {
    let data = tempfile::tempdir().expect("a directory");
    let daemon = Daemon::start_with_files(data.path(), 40, &[]);
    let mut clients: Vec<_> = (0..60).map(|_| daemon.connect()).collect();
    eventually("it says so", || daemon.said().contains("cannot accept connections"));
    // Ten tries more.
    std::thread::sleep(std::time::Duration::from_millis(1000));
    assert_eq!(daemon.said().matches("cannot accept connections").count(), 1, "{}", daemon.said());
    assert_eq!(clients[0].call(&["PING"]), "PONG");
    clients.truncate(5);
    assert_eq!(daemon.connect().call(&["PING"]), "PONG");
}
