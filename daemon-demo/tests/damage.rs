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
