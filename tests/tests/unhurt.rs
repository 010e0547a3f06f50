//! The daemon is never hurt: not by what `probe` says, nor by where a board should go, what forbids it, what takes
//! its descriptors, or how the daemon ends. Each with what it would meet otherwise.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use tests::cgroup::Cgroup;
use tests::demo::{self, Client};
use tests::program::{self, Program};
use tests::{build, wait};

fn behave() -> PathBuf {
    program::debug("fixture-behave")
}

/// What is found at last.
#[track_caller]
fn soon<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    wait::until(what, std::time::Duration::from_secs(60), look)
}

fn is_root() -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        tests::build::skip("needs root");
    }
    root
}

/// Starts `fixture-behave` with something to say, and this behind its stderr.
fn speaks_to(stderr: impl Into<Stdio>, what: &str) -> (Program, Vec<String>) {
    let name = program::name("says");
    let mut command = Command::new(behave());
    command.args([&name, what]).env("PROBE_MODE", "0666").stderr(stderr);
    let mut program = Program::start(&mut command, &name);
    let said = program.until_ready();
    (program, said)
}

fn is_waiting(fd: impl AsFd) -> bool {
    let flags = fcntl(fd, FcntlArg::F_GETFL).expect("an open descriptor");
    !OFlag::from_bits_retain(flags).contains(OFlag::O_NONBLOCK)
}

fn set_waiting(fd: impl AsFd, waiting: bool) {
    let flags = if waiting { OFlag::empty() } else { OFlag::O_NONBLOCK };
    fcntl(fd, FcntlArg::F_SETFL(flags)).expect("an open descriptor");
}

const SAID: &str = "ignored PROBE_MODE=0666: others could write the board";

#[test]
fn what_is_said_reaches_a_pipe_a_socket_a_file_and_a_terminal() {
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let kept = writer.try_clone().expect("a descriptor");
    let (_program, remarks) = speaks_to(OwnedFd::from(writer), "remarks");
    assert!(remarks.iter().any(|line| line.starts_with(SAID)), "{remarks:?}");
    let mut line = [0; 200];
    let length = reader.read(&mut line).expect("what was said");
    let line = String::from_utf8_lossy(&line[..length]).into_owned();
    assert!(line.starts_with(&format!("probe: {SAID}")) && line.ends_with('\n'), "{line}");
    assert!(is_waiting(&kept), "the flags of a shared descriptor are as they were");

    let (mut ours, theirs) = std::os::unix::net::UnixStream::pair().expect("a pair");
    let kept = theirs.try_clone().expect("a descriptor");
    let (_program, _) = speaks_to(OwnedFd::from(theirs), "remarks");
    let mut line = [0; 200];
    let length = ours.read(&mut line).expect("what was said");
    assert!(String::from_utf8_lossy(&line[..length]).contains(SAID));
    assert!(is_waiting(&kept));

    let file = tempfile::NamedTempFile::new().expect("a file");
    let (_program, _) = speaks_to(file.reopen().expect("it"), "remarks");
    assert!(std::fs::read_to_string(file.path()).expect("it").contains(SAID));

    let (pty, terminal) = pty_process::blocking::open().expect("a terminal");
    let name = program::name("says");
    let script = format!("exec {} {name} remarks", behave().display());
    let command = pty_process::blocking::Command::new("sh").args(["-c", &script]);
    let mut child = command.env("PROBE_MODE", "0666").spawn(terminal).expect("a program");
    let mut seen = String::new();
    let mut pty = pty;
    while !seen.contains("ready") {
        let mut some = [0; 500];
        let length = pty.read(&mut some).expect("what was said");
        seen += &String::from_utf8_lossy(&some[..length]);
    }
    let _ = child.kill();
    let _ = child.wait();
    program::remove_boards(&name);
    assert!(seen.contains(&format!("probe: {SAID}")), "{seen}");
}

#[test]
fn a_full_pipe_that_nobody_reads_takes_nothing_and_holds_nobody_up() {
    let (mut reader, mut writer) = std::io::pipe().expect("a pipe");
    set_waiting(&writer, false);
    while writer.write(&[b'.'; 4096]).is_ok() {}
    while writer.write(b".").is_ok() {}
    set_waiting(&writer, true);
    let kept = writer.try_clone().expect("a descriptor");
    let (program, remarks) = speaks_to(OwnedFd::from(writer), "remarks");
    assert!(is_waiting(&kept), "the flags of a shared descriptor are as they were");
    // What could not be said is known all the same: to the program, and on the board.
    assert!(remarks.iter().any(|line| line.starts_with(SAID)), "{remarks:?}");
    let board = program::board(program.pid());
    let fact = board["facts"]["probe_remarks"].as_str().expect("a fact");
    assert!(fact.starts_with(SAID), "{fact}");
    drop((program, kept));
    let mut all = String::new();
    reader.read_to_string(&mut all).expect("what was there");
    assert!(all.bytes().all(|byte| byte == b'.'), "no half lines");
}

#[test]
fn a_closed_pipe_ends_no_program_that_takes_signals_as_c_programs_do() {
    for (what, waits) in [("remarks-in-c", "waits false"), ("remarks-signal-waits", "waits true")] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let (mut program, said) = speaks_to(OwnedFd::from(writer), what);
        // Only the signal that came of this write was taken back.
        assert_eq!(said[0], waits, "{said:?}");
        assert!(said.iter().any(|line| line.starts_with(SAID)), "{said:?}");
        assert!(program.child.try_wait().expect("its state").is_none());
    }
    let full = File::options().write(true).open("/dev/full").expect("a device");
    let (_program, said) = speaks_to(full, "remarks");
    assert!(said.iter().any(|line| line.starts_with(SAID)), "{said:?}");
}

/// One of many boards, or many inits, would fill a log with it.
#[test]
fn a_limit_is_said_once_though_init_and_children_meet_it_again() {
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let (program, said) = speaks_to(OwnedFd::from(writer), "limits");
    // Two limits, each kept once, also where the child has a board of its own.
    assert_eq!(said, ["here 2 there 2"]);
    drop(program);
    let mut all = String::new();
    reader.read_to_string(&mut all).expect("what was said");
    for limit in ["ops(1000000): there are", "threads(1000000): there are"] {
        assert_eq!(all.matches(limit).count(), 1, "{all}");
    }
}

/// A job in the background whose terminal stops those that write (`stty tostop`) is not stopped by what `probe` says.
#[test]
fn a_daemon_in_the_background_is_not_stopped_by_its_terminal() {
    if !build::needs("bash", "bash") || !build::needs("stty", "coreutils") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let name = program::name("tostop");
    // The naive one is stopped: it says so by not coming to its end.
    let script = format!(
        "set -m; stty tostop; cd {}\n\
         bash -c 'echo naive >&2; echo written >naive' & echo $! >naive.pid\n\
         PROBE_MODE=0666 {} {name} remarks >said & echo $! >pid\n\
         wait",
        folder.path().display(),
        behave().display()
    );
    let (pty, terminal) = pty_process::blocking::open().expect("a terminal");
    let command = pty_process::blocking::Command::new("bash").args(["-c", &script]);
    let mut shell = command.spawn(terminal).expect("a shell");
    let read = |file: &str| std::fs::read_to_string(folder.path().join(file)).unwrap_or_default();
    let state = |file: &str| {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", read(file).trim())).ok()?;
        stat.rsplit(") ").next()?.chars().next()
    };
    soon("the naive one is stopped", || (state("naive.pid") == Some('T')).then_some(()));
    soon("ours is ready", || read("said").contains("ready").then_some(()));
    assert_ne!(state("pid"), Some('T'));
    let mut seen = String::new();
    let mut pty = pty;
    while !seen.contains(SAID) {
        let mut some = [0; 500];
        let length = pty.read(&mut some).expect("what was said");
        seen += &String::from_utf8_lossy(&some[..length]);
    }
    for pid in ["pid", "naive.pid"] {
        let pid = nix::unistd::Pid::from_raw(read(pid).trim().parse().expect("a pid"));
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
    }
    let _ = shell.kill();
    let _ = shell.wait();
    program::remove_boards(&name);
    assert_eq!(read("naive"), "", "what is stopped writes nothing");
}

#[test]
fn the_demo_outlives_its_stderr() {
    let full = || Stdio::from(File::options().write(true).open("/dev/full").expect("a device"));
    let closed = || Stdio::from(OwnedFd::from(std::io::pipe().expect("a pipe").1));
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    set_waiting(&writer, false);
    while writer.write(&[b'.'; 4096]).is_ok() {}
    set_waiting(&writer, true);
    for (stderr, what) in
        [(full(), "full"), (closed(), "closed"), (OwnedFd::from(writer).into(), "stuck")]
    {
        let data = tempfile::tempdir().expect("a folder");
        let name = program::name("deaf");
        let mut command = Command::new(demo::program());
        command.args(["serve", "--listen", "127.0.0.1:0", "--name", &name, "--data"]);
        command.arg(data.path()).stderr(stderr);
        let mut program = Program::start(&mut command, &name);
        // Where it listens stands on its board.
        let listen = soon("its board", || {
            let output = program::inspect(&["--json", "-n", &name]);
            let document: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
            document["boards"][0]["facts"]["listen"].as_str().map(str::to_owned)
        });
        for _ in 0..600 {
            let mut http = std::net::TcpStream::connect(&listen).expect("it listens");
            let _ = http.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
            let _ = http.read(&mut [0; 100]);
        }
        let mut client = Client::new(&listen).expect("it listens");
        assert_eq!(client.ask(&["PING"]), "+PONG", "{what}");
        program.signal(nix::sys::signal::Signal::SIGTERM);
        assert_eq!(program.child.wait().expect("its end").code(), Some(0), "{what}");
    }
    drop(reader);
}

/// A program with these settings; what it said became of its board.
fn status(prelude: &str, environment: &[(&str, &str)]) -> String {
    let name = program::name("where");
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", &format!("{prelude}\nexec \"$@\""), "sh"]).arg(behave());
    command.args([&name, "status"]).envs(environment.iter().copied());
    let mut program = Program::start(&mut command, &name);
    program.until_ready().remove(0)
}

#[test]
fn a_place_that_is_no_good_is_refused_by_name_with_what_to_do() {
    if !is_root() {
        return;
    }
    let disk = std::env::temp_dir();
    for (place, words) in [
        ("file:/tmp", &["/tmp"][..]),
        ("file:/dev/shm", &["/dev/shm is open to everybody", "mkdir -m 0700"]),
        ("file:boards", &["boards is a relative path"]),
        ("file:/run/no-such-directory", &["/run/no-such-directory", "make it (mkdir -m 0700)"]),
        ("file:/proc/self", &["is on proc"]),
        ("disk:/tmp", &["/tmp is open to everybody"]),
    ] {
        let said = status("", &[("PROBE_BOARD", place)]);
        assert!(said.contains("Failed"), "{place}: {said}");
        for word in words {
            assert!(said.contains(word), "{place}: no {word} in {said}");
        }
    }
    let mounts = std::fs::read_to_string("/proc/self/mounts").expect("mounts");
    let on_disk = mounts.lines().any(|line| line.contains(" / ext") || line.contains(" / overlay"));
    if on_disk && !mounts.contains(" /tmp ") {
        let own = tempfile::tempdir_in(&disk).expect("a folder");
        let said = status("", &[("PROBE_BOARD", &format!("file:{}", own.path().display()))]);
        assert!(said.contains("a disk") && said.contains("PROBE_BOARD=disk:"), "{said}");
        let said = status("", &[("PROBE_BOARD", &format!("disk:{}", own.path().display()))]);
        assert!(said.starts_with("Board("), "{said}");
    }
    for wrong in ["file:", "shmm", "tape:/x"] {
        assert!(status("", &[("PROBE_BOARD", wrong)]).starts_with("Board("), "{wrong}");
    }
}

#[test]
fn a_file_system_that_never_answers_is_not_asked() {
    if !is_root() {
        return;
    }
    if !Path::new("/dev/fuse").exists() {
        return tests::build::skip("needs /dev/fuse for a mount that never answers");
    }
    let place = tempfile::tempdir_in("/dev/shm").expect("a folder");
    let (far, link) = (place.path().join("far"), place.path().join("link"));
    std::fs::create_dir(&far).expect("a folder");
    std::os::unix::fs::symlink("far/below", &link).expect("a link");
    // Nobody behind the device: whoever touches the mount waits.
    let hang = format!(
        "exec 3<>/dev/fuse; mount -i -t fuse none {} -o \
         fd=3,rootmode=40755,user_id=0,group_id=0 || exit 9",
        far.display()
    );
    let touch = format!("{hang}; timeout 1 stat {}/x", far.display());
    let touched = Command::new("unshare").args(["-m", "sh", "-c", &touch]).output();
    assert_eq!(touched.expect("a shell").status.code(), Some(124), "it hangs who touches it");
    for path in [&far, &far.join("x"), &link] {
        let said = status(&hang, &[("PROBE_BOARD", &format!("file:{}", path.display()))]);
        assert!(said.contains("is on fuse") && said.contains("may hang"), "{said}");
    }
}

#[test]
fn a_limit_above_counts_and_pages_of_files_do_not() {
    if !is_root() {
        return;
    }
    let Some(cgroup) = Cgroup::new("limit").filter(|cgroup| cgroup.limit(48 << 20)) else {
        tests::build::skip("no memory cgroup can be made here");
        return;
    };
    // More than the one above may take: the kernel would end the program while it reserves the board.
    let said = status(&cgroup.enter(), &[("PROBE_SIZE", "60000000")]);
    assert!(said.contains("memory cgroup") && said.contains("limit-"), "{said}");
    // Nor so much that nothing is left for the program; what it may have is said.
    let said = status(&cgroup.enter(), &[("PROBE_SIZE", "30000000")]);
    assert!(said.contains("a board takes at most half (2"), "{said}");
    // Full of pages of a file, which the kernel can drop.
    let file = tempfile::NamedTempFile::new().expect("a file");
    let fill = format!(
        "{}; dd if=/dev/zero of={} bs=1M count=100 conv=fsync 2>/dev/null",
        cgroup.enter(),
        file.path().display()
    );
    let said = status(&fill, &[]);
    assert!(said.starts_with("Board("), "{said}");
}

#[test]
fn nothing_of_the_same_user_truncates_a_living_board() {
    if !is_root() || !build::needs("setpriv", "util-linux") {
        return;
    }
    // Root may do anything; a copy that another user can run.
    let place = tempfile::tempdir_in("/dev/shm").expect("a folder");
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o755)).expect("ours");
    let copy = place.path().join("behave");
    tests::build::copy_to_run(&behave(), &copy);
    let name = program::name("slip");
    let as_nobody = |program: &Path| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
        command
    };
    let mut command = as_nobody(&copy);
    let mut program =
        Program::start(command.args([&name, "status"]).env("PROBE_MODE", "0640"), &name);
    let said = program.until_ready().remove(0);
    let path = said.split('"').nth(1).unwrap_or_else(|| panic!("no board: {said}")).to_owned();
    let mode = std::fs::metadata(&path).expect("the board").permissions().mode() & 0o777;
    assert_eq!(mode, 0o440);
    let slip = as_nobody(Path::new("sh")).args(["-c", &format!(": > {path}")]).output();
    let slip = slip.expect("a shell");
    assert!(!slip.status.success(), "{slip:?}");
    assert!(program.child.try_wait().expect("its state").is_none());
}

#[test]
fn after_everything_was_closed_a_forked_child_closes_nothing_of_the_programs() {
    let name = program::name("closed");
    let (_program, said) = Program::behave(&name, &["close-and-fork"]);
    assert_eq!(said, ["child 0 own 0"]);
}

#[test]
fn a_forked_child_waits_for_no_lock() {
    let name = program::name("forks");
    let (_program, said) = Program::behave(&name, &["fork-often", "100"]);
    assert_eq!(said, ["all came back"]);
}

#[test]
fn a_sandbox_that_kills_lets_the_keeper_live() {
    let name = program::name("sandbox");
    let (mut program, said) = Program::behave(&name, &["sandbox"]);
    assert_eq!(said, ["set 0"]);
    // It has beaten after the cancel socket was closed, also what it does once a second and in turn.
    let beat = || program::board(program.pid())["heartbeat_age_ns"].as_u64();
    for _ in 0..30 {
        std::thread::sleep(std::time::Duration::from_millis(100));
        assert!(beat().is_some_and(|age| age < 2_000_000_000));
    }
    assert!(program.child.try_wait().expect("its state").is_none(), "killed");
}

/// All that the keeper may ask of the kernel once it is at work.
const KEEPERS: [&str; 8] =
    ["futex", "clock_gettime", "mmap", "munmap", "madvise", "brk", "mprotect", "restart_syscall"];

#[test]
fn the_keeper_asks_the_kernel_for_what_it_says_and_opens_nothing() {
    if !build::needs("strace", "strace") {
        return;
    }
    let name = program::name("keeper");
    let file = tempfile::NamedTempFile::new().expect("a file");
    let mut command = Command::new("strace");
    // The tracer is a grandchild: whoever kills the child kills the fixture, not its tracer, and nothing is left.
    command.args(["-D", "-f", "-o"]).arg(file.path()).arg(behave()).args([&name, "one-job"]);
    let mut program = Program::start(&mut command, &name);
    program.until_ready();
    let trace = || std::fs::read_to_string(file.path()).expect("a trace");
    let keeper = |trace: &str| {
        let named = trace.lines().find(|line| line.contains("PR_SET_NAME, \"probe-keeper\""))?;
        named.split_whitespace().next().map(str::to_owned)
    };
    // Its calls from its first sleep on.
    let calls = || {
        let trace = trace();
        let keeper = keeper(&trace)?;
        let own = trace.lines().filter_map(|line| {
            let (tid, call) = line.split_once(' ')?;
            (tid == keeper).then(|| call.trim_start().to_owned())
        });
        Some(own.skip_while(|call| !call.starts_with("futex(")).collect::<Vec<_>>())
    };
    let calls = soon("its calls", || calls().filter(|calls| calls.len() > 120));
    for call in &calls {
        let name = call.split('(').next().unwrap_or_default();
        assert!(KEEPERS.contains(&name) || call.starts_with('<'), "{call}");
    }
    // A thread that stands still was asked for its time, by its clock.
    assert!(calls.iter().any(|call| call.starts_with("clock_gettime(")), "{calls:#?}");
}

#[test]
fn a_clean_exit_leaves_nothing_allocated() {
    if !build::needs("valgrind", "valgrind") {
        return;
    }
    for what in [&["exit", "0"][..], &["exit", "3"]] {
        let name = program::name("leak");
        let mut command = Command::new("valgrind");
        command.args(["--quiet", "--leak-check=full", "--error-exitcode=99"]).arg(behave());
        let output = command.arg(&name).args(what).output().expect("valgrind");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            output.status.code().map(|code| code.to_string()).as_deref(),
            Some(what[1]),
            "{said}"
        );
        program::remove_boards(&name);
    }
}

#[test]
fn a_hook_that_comes_later_does_not_keep_a_panics_words() {
    let name = program::name("hook");
    let mut command = Command::new(behave());
    let output = command.args([&name, "late-hook", "700"]).output().expect("fixture-behave");
    assert!(String::from_utf8_lossy(&output.stdout).contains("its own hook"), "it still is called");
    let board = &program::boards(&["-n", &name])[0];
    let panic = board["end"]["panic"].as_str().expect("a panic's words");
    assert!(panic.contains("order 4711 not found") && panic.contains("harm.rs:"), "{panic}");
    assert_eq!(board["end"]["exit_code"], 101);
    program::remove_boards(&name);
}
