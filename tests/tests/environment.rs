//! The daemon serves, whatever its board meets; it says so in one clear line on stderr.

use std::process::Command;

use tests::behind::may_unshare;
use tests::demo::{self, Demo};
use tests::program;

/// Starts the demo behind a shell command and checks that it serves. What it said on stderr.
#[track_caller]
fn serves(prelude: &str, shell: &[&str], environment: &[(&str, &str)]) -> Vec<String> {
    let data = tempfile::tempdir().expect("a folder");
    let board = program::name("env");
    let script = format!("{prelude}\nexec \"$@\"");
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).args(["sh", "-c", &script, "sh"]).arg(demo::program());
    command.args(["serve", "--listen", "127.0.0.1:0", "--name", &board, "--data"]);
    command.arg(data.path()).envs(environment.iter().copied());
    let demo = Demo::run(&mut command, &board);
    let mut client = demo.connect();
    assert_eq!(client.ask(&["PING"]), "+PONG");
    assert_eq!(client.ask(&["SET", "key", "value"]), "+OK");
    assert_eq!(client.ask(&["GET", "key"]), "value");
    let said = demo.said.clone();
    let (code, rest) = demo.stop();
    assert_eq!(code, Some(0), "{rest}");
    said
}

#[track_caller]
fn one_line(said: &[String], words: &[&str]) {
    let ours: Vec<_> = said.iter().filter(|line| line.starts_with("probe: ")).collect();
    assert_eq!(ours.len(), 1, "{said:?}");
    for word in words {
        assert!(ours[0].contains(word), "no {word:?} in {:?}", ours[0]);
    }
}

/// A folder of our own in memory, where boards may be.
#[track_caller]
fn in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").expect("a folder")
}

const PLAIN: &[&str] = &["env"];
const MOUNTS: &[&str] = &["unshare", "-m"];

#[test]
fn a_board_in_shared_memory_is_made_without_a_word() {
    let said = serves("", PLAIN, &[]);
    assert!(said.is_empty(), "{said:?}");
}

#[test]
fn with_shared_memory_full() {
    if !may_unshare() {
        return;
    }
    let said = serves("mount -t tmpfs -o size=64k none /dev/shm", MOUNTS, &[]);
    one_line(&said, &["no board", "/dev/shm", "65536 bytes free", "PROBE_BOARD=file:"]);
}

/// Such a file system says that it has no block, and takes what comes.
#[test]
fn with_shared_memory_without_a_limit() {
    if !may_unshare() {
        return;
    }
    for mount in ["mount -t tmpfs -o size=0 none /dev/shm", "mount -t ramfs none /dev/shm"] {
        let said = serves(mount, MOUNTS, &[]);
        assert!(!said.iter().any(|line| line.starts_with("probe: ")), "{mount}: {said:?}");
    }
}

#[test]
fn with_shared_memory_absent() {
    if !may_unshare() {
        return;
    }
    // An empty, read-only place where /dev was: no shm in it.
    let prelude = "mkdir -p /tmp/nodev.$$ && mount -t tmpfs none /tmp/nodev.$$ && \
                   mknod -m 666 /tmp/nodev.$$/null c 1 3 && mount --move /tmp/nodev.$$ /dev; \
                   rmdir /tmp/nodev.$$";
    let said = serves(prelude, MOUNTS, &[]);
    one_line(&said, &["no board", "/dev/shm"]);
}

#[test]
fn with_shared_memory_read_only() {
    if !may_unshare() {
        return;
    }
    let said = serves("mount -t tmpfs -o ro none /dev/shm", MOUNTS, &[]);
    one_line(&said, &["no board", "/dev/shm", "Read-only"]);
}

#[test]
fn with_a_file_size_limit_of_nothing() {
    // Whoever may write no file at all cannot keep a store either: the limit comes after its files are
    // made, so the board alone meets it. A board in a file and one in memory meet the same limit.
    let data = in_memory();
    for place in ["shm", &format!("file:{}", data.path().display())] {
        let mut command = Command::new("sh");
        let name = program::name("limit");
        command.args(["-c", "ulimit -f 0; exec \"$@\"", "sh"]);
        command.arg(program::debug("fixture-behave"));
        command.args([&name, "status"]).env("PROBE_BOARD", place);
        // Its words must not kill it either: stderr is a file, under the same limit.
        let log = std::fs::File::create(data.path().join("log")).expect("a log");
        command.stderr(log);
        let mut program = program::Program::start(&mut command, &name);
        let said = program.until_ready();
        assert!(said[0].contains("Failed") && said[0].contains("ulimit -f"), "{said:?}");
    }
}

#[test]
fn in_a_file_in_a_directory() {
    let boards = in_memory();
    let place = format!("file:{}", boards.path().display());
    let said = serves("", PLAIN, &[("PROBE_BOARD", &place), ("PROBE_KEEP", "1")]);
    assert!(said.is_empty(), "{said:?}");
    let files: Vec<_> = std::fs::read_dir(boards.path()).expect("the folder").flatten().collect();
    assert_eq!(files.len(), 1);
    let path = files[0].path();
    let shown = program::boards(&["-f", path.to_str().expect("UTF-8")]);
    assert_eq!(shown[0]["end"]["clean"], true);
}

#[test]
fn in_a_directory_that_others_may_write_it_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let boards = in_memory();
    let open = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(boards.path(), open).expect("its owner may");
    let place = format!("file:{}", boards.path().display());
    let said = serves("", PLAIN, &[("PROBE_BOARD", &place)]);
    one_line(&said, &["no board", "chmod go-w"]);
}

#[test]
fn switched_off_it_leaves_nothing() {
    let name = program::name("off");
    let mut command = Command::new(program::debug("fixture-behave"));
    command.args([&name, "status"]).env("PROBE", "off");
    let mut program = program::Program::start(&mut command, &name);
    assert_eq!(program.until_ready(), ["Off"]);
    assert_eq!(program::inspect(&["-n", &name]).status.code(), Some(3));
}

#[test]
fn started_twice_both_have_a_board() {
    let name = program::name("twice");
    let (one, _) = program::Program::behave(&name, &["one-job"]);
    let (two, _) = program::Program::behave(&name, &["one-job"]);
    let mut pids: Vec<_> =
        program::boards(&["-n", &name]).iter().map(|board| board["pid"].as_u64()).collect();
    pids.sort();
    let mut wanted = [Some(u64::from(one.pid())), Some(u64::from(two.pid()))];
    wanted.sort();
    assert_eq!(pids, wanted);
}

#[test]
fn permissions_are_exact_whatever_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    for (umask, mode, wanted) in
        [("000", None, 0o400), ("077", Some("0640"), 0o440), ("777", Some("0600"), 0o400)]
    {
        let name = program::name("mode");
        let mut command = Command::new("sh");
        command.args(["-c", &format!("umask {umask}; exec \"$@\""), "sh"]);
        command.arg(program::debug("fixture-behave")).args([&name, "status"]);
        if let Some(mode) = mode {
            command.env("PROBE_MODE", mode);
        }
        let mut program = program::Program::start(&mut command, &name);
        let said = program.until_ready();
        let path = said[0].split('"').nth(1).unwrap_or_else(|| panic!("no board: {said:?}"));
        let found = std::fs::metadata(path).expect("the board").permissions().mode() & 0o777;
        assert_eq!(found, wanted, "umask {umask}, PROBE_MODE {mode:?}");
    }
}

#[test]
fn a_taken_name_is_said_and_left_alone() {
    // The shell knows the name that its successor by exec will want.
    let name = program::name("taken");
    let taken = "/dev/shm/$NAME.$$.$(cut -d' ' -f22 /proc/$$/stat)";
    let script = format!("echo somebody > {taken}; exec \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, "sh"]).env("NAME", &name);
    command.arg(program::debug("fixture-behave")).args([&name, "status"]);
    let mut program = program::Program::start(&mut command, &name);
    let said = program.until_ready();
    assert!(said[0].contains("Failed") && said[0].contains("there already"), "{said:?}");
    let path = said[0].split("/dev/shm/").nth(1).and_then(|rest| rest.split(' ').next());
    let path = format!("/dev/shm/{}", path.expect("the board's path"));
    assert_eq!(std::fs::read_to_string(path).expect("still there"), "somebody\n");
}

#[test]
fn a_daemon_in_a_container_is_found_from_outside() {
    if !may_unshare() {
        return;
    }
    let name = program::name("container");
    let script = "mount -t tmpfs none /dev/shm && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["-m", "-p", "--fork", "--kill-child", "sh", "-c", script, "sh"]);
    command.arg(program::debug("fixture-behave")).args([&name, "one-job"]);
    let mut program = program::Program::start(&mut command, &name);
    program.until_ready();
    assert!(!std::path::Path::new("/dev/shm").join(&name).exists());
    let boards = program::boards(&["-n", &name]);
    assert_eq!(boards.len(), 1, "{boards:?}");
    assert_eq!(boards[0]["state"], "live", "{}", boards[0]["verdict"]);
    assert_eq!(boards[0]["pid"], 1, "its pid in there");
    assert_eq!(boards[0]["threads"][0]["label"], "in one job");
}

#[test]
fn a_file_where_the_directory_should_be_is_said() {
    let boards = in_memory();
    let file = boards.path().join("file");
    std::fs::write(&file, "somebody's").expect("write");
    let place = format!("file:{}", file.display());
    let said = serves("", PLAIN, &[("PROBE_BOARD", &place)]);
    one_line(&said, &["no board", "file"]);
    assert_eq!(std::fs::read_to_string(&file).expect("still there"), "somebody's");
}

#[test]
fn a_group_that_does_not_exist_lets_nobody_look() {
    use std::os::unix::fs::PermissionsExt;
    let data = tempfile::tempdir().expect("a folder");
    let board = program::name("group");
    let mut command = Command::new(demo::program());
    command.args(["serve", "--listen", "127.0.0.1:0", "--name", &board, "--data"]);
    command.arg(data.path()).env("PROBE_GROUP", "no-such-group\x1b[2J\nforged");
    let demo = Demo::run(&mut command, &board);
    let found = program::boards(&["-n", &board]);
    let path = found[0]["path"].as_str().expect("a path");
    let mode = std::fs::metadata(path).expect("the board").permissions().mode() & 0o777;
    assert_eq!(mode, 0o400);
    one_line(&demo.said, &["PROBE_GROUP=no-such-group\\u{1b}[2J\\nforged", "name or number"]);
    assert_eq!(demo.stop().0, Some(0));
}
