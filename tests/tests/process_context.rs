//! The process context of OpenTelemetry, read as a profiler reads it: from `/proc/PID/maps` and `/proc/PID/mem`.
//! About 2 s.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};

use tests::program::{self, Program, board, boards};

const NAMES: [&str; 3] = ["[anon_shmem:OTEL_CTX]", "[anon:OTEL_CTX]", "/memfd:OTEL_CTX (deleted)"];

/// Where mappings of that name begin.
fn mappings(pid: u32) -> Vec<u64> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).expect("maps");
    let lines = maps.lines().filter(|line| NAMES.iter().any(|name| line.ends_with(name)));
    lines
        .map(|line| u64::from_str_radix(line.split('-').next().expect("a start"), 16).expect("hex"))
        .collect()
}

fn memory(pid: u32, at: u64, length: usize) -> Vec<u8> {
    let mut file = std::fs::File::open(format!("/proc/{pid}/mem")).expect("memory");
    file.seek(SeekFrom::Start(at)).expect("a place");
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes).expect("bytes");
    bytes
}

/// The fields of a message that are bytes, in order.
fn fields(mut bytes: &[u8]) -> Vec<(u64, &[u8])> {
    let mut all = Vec::new();
    let number = |bytes: &mut &[u8]| {
        let (mut value, mut shift) = (0u64, 0);
        loop {
            let (&byte, rest) = bytes.split_first().expect("a byte");
            *bytes = rest;
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return value;
            }
        }
    };
    while !bytes.is_empty() {
        let key = number(&mut bytes);
        assert_eq!(key & 7, 2, "all of it is bytes");
        let length = number(&mut bytes) as usize;
        let (field, rest) = bytes.split_at(length);
        all.push((key >> 3, field));
        bytes = rest;
    }
    all
}

fn attributes(pid: u32) -> BTreeMap<String, String> {
    let all = mappings(pid);
    assert_eq!(all.len(), 1, "one, and only one");
    let head = memory(pid, all[0], 32);
    let word = |at: usize| u64::from_le_bytes(head[at..at + 8].try_into().expect("a word"));
    assert_eq!(&head[..8], b"OTEL_CTX");
    let (version, length) = (word(8) as u32, (word(8) >> 32) as usize);
    assert_eq!(version, 2);
    assert!((1..=65_536).contains(&length), "{length}");
    let boot = nix::time::clock_gettime(nix::time::ClockId::CLOCK_BOOTTIME).expect("a time");
    let now = boot.tv_sec() as u64 * 1_000_000_000 + boot.tv_nsec() as u64;
    assert!(
        word(16) > 0 && word(16) < now && now - word(16) < 60_000_000_000,
        "{} at {now}",
        word(16)
    );
    let payload = memory(pid, word(24), length);
    let resource = fields(&payload);
    assert_eq!(resource.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1]);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("a text");
    let pairs = fields(resource[0].1).into_iter().map(|(number, attribute)| {
        let parts = fields(attribute);
        assert_eq!((number, parts[0].0, parts[1].0), (1, 1, 2));
        let value = fields(parts[1].1);
        assert_eq!(value[0].0, 1, "a text");
        (text(parts[0].1), text(value[0].1))
    });
    pairs.collect()
}

fn expected(board: &serde_json::Value) -> BTreeMap<String, String> {
    let text = |key: &str| board[key].as_str().unwrap_or_default().to_owned();
    let instance = format!("{:016x}", board["instance"].as_u64().expect("a run"));
    let pairs = [
        ("service.name", text("name")),
        ("service.instance.id", instance),
        ("service.version", text("build")),
        ("scoreboard.board.path", text("path")),
    ];
    pairs.map(|(key, value)| (key.to_owned(), value)).into()
}

#[test]
fn a_profiler_that_knows_nothing_of_boards_finds_name_run_and_board() {
    let name = program::name("context");
    let (program, _) = Program::behave(&name, &["numbers"]);
    assert_eq!(attributes(program.pid()), expected(&board(program.pid())));
}

#[test]
fn a_forked_child_says_what_it_is_itself() {
    let name = program::name("context-fork");
    let (program, said) = Program::behave(&name, &["fork"]);
    let child: u32 = said[0].parse().expect("a pid");
    let both = tests::wait::until("two boards", std::time::Duration::from_secs(10), || {
        Some(boards(&["-n", &name])).filter(|all| all.len() == 2)
    });
    let of = |pid: u32| both.iter().find(|board| board["pid"] == pid).expect("its board");
    assert_eq!(attributes(program.pid()), expected(of(program.pid())));
    assert_eq!(attributes(child), expected(of(child)));
    let _ = nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(child.cast_signed()),
        nix::sys::signal::Signal::SIGKILL,
    );
}

#[test]
fn nothing_is_said_where_somebody_else_did_or_where_it_is_off() {
    for (what, mappings_there) in [("context-said", 1), ("context-off", 0)] {
        let (program, _) = Program::behave(&program::name(what), &[what]);
        // The board is there all the same.
        assert_eq!(board(program.pid())["state"], "live");
        let all = mappings(program.pid());
        assert_eq!(all.len(), mappings_there, "{what}");
        // What is there is the other's, and empty as it was.
        assert!(all.iter().all(|at| memory(program.pid(), *at, 8) == [0; 8]));
    }
}
