//! What a recorder at work asks of the kernel, by `strace`: nothing stops, signals or writes to the daemon.

use std::process::Command;

use tests::build;
use tests::program::{self, Program};

/// Calls by which one process stops, signals or writes to another.
const NEVER: [&str; 11] = [
    "ptrace",
    "kill",
    "tkill",
    "tgkill",
    "pidfd_send_signal",
    "rt_sigqueueinfo",
    "rt_tgsigqueueinfo",
    "process_vm_writev",
    "process_madvise",
    "pidfd_getfd",
    "bpf",
];
/// Calls that take a board's descriptor and change nothing of it.
const READS: [&str; 9] =
    ["read", "pread64", "fstat", "newfstatat", "statx", "lseek", "close", "mmap", "fcntl"];

/// Name and arguments of a line of a trace: `PID name(arguments) = result`.
fn call(line: &str) -> Option<(&str, &str)> {
    let (_, call) = line.split_once(' ')?;
    let (name, arguments) = call.trim_start().split_once('(')?;
    let arguments = arguments.rsplit_once(") = ").map_or(arguments, |(before, _)| before);
    name.chars()
        .all(|char| char.is_ascii_alphanumeric() || char == '_')
        .then_some((name, arguments))
}

/// What a trace (with the paths of descriptors) does that it should not, line by line. `board`: how
/// paths of boards begin; `own`: what the recorder writes.
fn misdeeds<'a>(trace: &'a str, board: &str, own: &str) -> Vec<&'a str> {
    let held = format!("<{board}");
    let directory = own.rsplit_once('/').map_or("", |(directory, _)| directory);
    let bad = |line: &&str| {
        // Halves of calls that were interrupted by another thread's are looked at as their first half.
        let Some((name, arguments)) = call(line) else { return false };
        let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"];
        let opens_to_write = name.starts_with("open")
            && writes.iter().any(|flag| arguments.contains(flag))
            && !arguments.contains(own)
            // Its file before it has its name: in its own directory.
            && !(arguments.contains("O_TMPFILE") && arguments.contains(&format!("\"{directory}\"")));
        let on_board = arguments.contains(&held)
            && (!READS.contains(&name)
                || arguments.contains("PROT_WRITE")
                || name == "fcntl"
                    && !arguments.contains("GETLK")
                    && !arguments.contains("F_GETF"));
        // By its name rather than by a descriptor.
        let by_name = arguments.contains(&format!("\"{board}"))
            && !["openat", "newfstatat", "statx", "readlink", "access", "execve"].contains(&name);
        NEVER.contains(&name) || opens_to_write || on_board || by_name
    };
    trace.lines().filter(bad).collect()
}

#[test]
fn a_recorder_stops_signals_and_writes_nothing_of_the_daemons() {
    if !build::needs("strace", "strace") {
        return;
    }
    let name = program::name("traced");
    let (_program, _) = Program::behave(&name, &["shares", "700"]);
    let directory = tempfile::tempdir().expect("a directory");
    let (trace, recording) = (directory.path().join("trace"), directory.path().join("a.rec"));
    let recorder = program::debug("inspect");
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-s", "200", "-o"]).arg(&trace).arg(recorder);
    build::run(command.args(["record", &name, "-d", "3s", "-o"]).arg(&recording));
    let trace = std::fs::read_to_string(&trace).expect("a trace");
    let board = format!("/dev/shm/{name}.");
    let own = recording.to_str().expect("a path");
    // It was at work, on this board.
    let count = |what: &str| trace.lines().filter(|line| line.contains(what)).count();
    assert!(count("clock_nanosleep(") > 100, "{trace}");
    assert!(count(&format!("\"{board}")) > 0 && count(&format!("<{board}")) > 0, "{trace}");
    let opened = |line: &&str| line.contains("openat(") && line.contains(&board);
    assert!(trace.lines().filter(opened).all(|line| line.contains("O_RDONLY")), "{trace}");
    let misdeeds = misdeeds(&trace, &board, own);
    assert!(misdeeds.is_empty(), "{misdeeds:#?}");
    assert!(std::fs::metadata(&recording).is_ok_and(|facts| facts.len() > 100));
}

#[test]
fn what_a_recorder_must_not_do_is_noticed() {
    let (board, own) = ("/dev/shm/d.", "/tmp/a.rec");
    for good in [
        r#"7 openat(AT_FDCWD</>, "/dev/shm/d.1.2", O_RDONLY|O_NOFOLLOW) = 3</dev/shm/d.1.2>"#,
        "7 mmap(NULL, 1048576, PROT_READ, MAP_SHARED, 3</dev/shm/d.1.2>, 0) = 0x7f0000000000",
        "7 fcntl(3</dev/shm/d.1.2>, F_OFD_GETLK, {l_type=F_WRLCK}) = 0",
        r#"7 openat(AT_FDCWD</>, "/tmp/a.rec", O_WRONLY|O_CREAT|O_EXCL, 0600) = 4</tmp/a.rec>"#,
        r#"7 openat(AT_FDCWD</>, "/tmp", O_RDWR|O_CLOEXEC|O_TMPFILE, 0600) = 4</tmp/#1>(deleted)"#,
        r#"7 write(4</tmp/a.rec>, "D", 1) = 1"#,
    ] {
        assert!(misdeeds(good, board, own).is_empty(), "{good}");
    }
    for bad in [
        r#"7 openat(AT_FDCWD</>, "/dev/shm", O_RDWR|O_CLOEXEC|O_TMPFILE, 0600) = 4</dev/shm/#1>(deleted)"#,
        "7 ptrace(PTRACE_SEIZE, 9, NULL, 0) = 0",
        "7 kill(9, SIGSTOP) = 0",
        "7 tgkill(9, 9, SIGUSR1) = 0",
        "7 pidfd_send_signal(5, SIGUSR1, NULL, 0) = 0",
        r#"7 openat(AT_FDCWD</>, "/dev/shm/d.1.2", O_RDWR) = 3</dev/shm/d.1.2>"#,
        r#"7 openat(AT_FDCWD</>, "/proc/9/mem", O_RDWR) = 3</proc/9/mem>"#,
        r#"7 pwrite64(3</dev/shm/d.1.2>, "x", 1, 0) = 1"#,
        "7 ftruncate(3</dev/shm/d.1.2>, 0) = 0",
        "7 mmap(NULL, 8, PROT_READ|PROT_WRITE, MAP_SHARED, 3</dev/shm/d.1.2>, 0) = 0x7f0000000000",
        "7 fcntl(3</dev/shm/d.1.2>, F_OFD_SETLK, {l_type=F_RDLCK}) = 0",
        r#"7 unlink("/dev/shm/d.1.2") = 0"#,
        r#"7 process_vm_writev(9, [], 1, [], 1, 0) = 0"#,
    ] {
        assert_eq!(misdeeds(bad, board, own), [bad]);
    }
}

/// Whatever is asked, nothing is opened to be written but what `-o` names, and no daemon is stopped, signalled or
/// written to.
#[test]
fn every_verb_opens_nothing_to_write_but_its_own_file() {
    if !build::needs("strace", "strace") {
        return;
    }
    let name = program::name("verbs");
    let (_program, _) = Program::behave(&name, &["shares", "700"]);
    let directory = tempfile::tempdir().expect("a directory");
    let (trace, own) = (directory.path().join("trace"), directory.path().join("own"));
    let own = own.to_str().expect("a path");
    let board = format!("/dev/shm/{name}.");
    for verb in [
        "",
        "list",
        "ops",
        "waits",
        "why",
        "capacity",
        "doctor",
        "check --stalled 1h",
        "profile -d 200ms",
        "dump -o OWN",
        "record -d 200ms -o OWN",
        "export folded -d 200ms -o OWN",
        "export prom",
        "clean --dry-run",
        "ops cancel 1-1",
    ] {
        let _ = std::fs::remove_file(own);
        let words = verb.replace("OWN", own);
        let mut command = Command::new("strace");
        command.args(["-f", "-y", "-s", "200", "-o"]).arg(&trace);
        command.arg(program::debug("inspect"));
        let output =
            command.args(words.split_whitespace()).args(["-n", &name]).output().expect("strace");
        let trace = std::fs::read_to_string(&trace).expect("a trace");
        assert!(trace.lines().any(|line| line.contains(&board)), "{verb}: {output:?}");
        let misdeeds = misdeeds(&trace, &board, own);
        assert!(misdeeds.is_empty(), "{verb}: {misdeeds:#?}");
    }
}
