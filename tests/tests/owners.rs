//! Boards of several owners on one host: root looks at all without being root, and whose board is whose is decided by
//! the files.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use inspect::history::{DEFAULT_BYTES, Recorder, Second};
use nix::sys::signal::Signal;
use serde_json::Value;
use tests::behind::{AS_OTHER, PLAIN, behind, is, may_unshare, rows};
use tests::{program, wait};

const SOON: Duration = Duration::from_secs(20);

/// Root reads boards of several users as nobody, and goes on finding theirs where nobody may list.
#[test]
fn a_board_that_came_after_root_was_given_up_is_found_where_only_root_may_list() {
    use std::os::unix::fs::PermissionsExt;
    if !nix::unistd::geteuid().is_root() {
        return tests::build::skip("needs root");
    }
    if !tests::build::needs("setpriv", "util-linux") {
        return;
    }
    let directory = tempfile::tempdir_in("/dev/shm").expect("a directory");
    let dir = directory.path().to_str().expect("UTF-8");
    std::os::unix::fs::chown(dir, Some(4242), Some(4242)).expect("given away");
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700)).expect("made");
    let name = program::name("later");
    let other: Vec<&str> = AS_OTHER.split(' ').collect();
    let first = behind(&other, &name, &["one-job"]);
    let third = AS_OTHER.replace("4242", "4343");
    let third = behind(&third.split(' ').collect::<Vec<_>>(), &name, &["one-job"]);
    let recording = tempfile::tempdir().expect("a directory");
    let recording = recording.path().join("r.rec");
    let mut recorder = Command::new(program::debug("inspect"))
        .args(["record", "--follow", "-r", "50", "-n", &name, "-o"])
        .arg(&recording)
        .env("INSPECT_DIRS", dir)
        .spawn()
        .expect("it runs");
    let of_recorder = |what: &str| format!("/proc/{}/{what}", recorder.id());
    let (status, fds) = (of_recorder("status"), of_recorder("fd"));
    wait::until("root given up", SOON, || {
        let status = std::fs::read_to_string(&status).ok()?;
        status.contains("\nUid:\t65534\t65534\t65534\t").then_some(())
    });
    let board = format!("PROBE_BOARD=file:{dir}");
    let second = behind(&[&other[..], &["env", &board]].concat(), &name, &["one-job"]);
    wait::until("its board opened", SOON, || {
        let links = std::fs::read_dir(&fds).ok()?.flatten();
        let mut held = links.filter_map(|link| std::fs::read_link(link.path()).ok());
        held.any(|path| path.starts_with(dir)).then_some(())
    });
    let ended = nix::unistd::Pid::from_raw(recorder.id() as i32);
    nix::sys::signal::kill(ended, Signal::SIGINT).expect("it runs");
    assert!(recorder.wait().expect("it ends").success());
    let report = program::inspect(&["report", recording.to_str().expect("UTF-8")]);
    let text = String::from_utf8_lossy(&report.stdout).into_owned();
    for program in [&first, &second, &third] {
        assert!(text.contains(&format!("pid {}", program.pid())), "{text}");
    }
}

#[test]
fn somebody_elses_file_beside_a_board_is_not_that_process_s() {
    if !may_unshare() {
        return;
    }
    use std::os::unix::fs::{PermissionsExt, chown};
    let name = program::name("forged");
    let program = behind(PLAIN, &name, &["one-job"]);
    let board = program::board(program.pid());
    let path = board["path"].as_str().expect("a path");
    let start = path.rsplit('.').next().expect("a start time");
    // An honest header's copy, under another name of the same process; and one first in the list.
    for forged in
        [format!("{name}.{}.{start}-7", program.pid()), format!("{name}.{}.1", program.pid())]
    {
        let forged = format!("/dev/shm/{forged}");
        std::fs::copy(path, &forged).expect("a copy");
        std::fs::set_permissions(&forged, PermissionsExt::from_mode(0o644)).expect("mode");
        chown(&forged, Some(4242), Some(4242)).expect("root may");
    }
    let rows = rows(PLAIN, &name);
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0]["state"], "live", "whoever copied it is not above it");
    for row in &rows {
        match row["uid"].as_u64() {
            Some(4242) => is(row, "unreachable", &["not this process's board"]),
            _ => is(row, "live", &[]),
        }
    }
    let shown = program::boards(&["-n", &name]);
    assert_eq!((shown.len(), &shown[0]["path"]), (1, &Value::from(path)));
}

#[test]
fn root_looks_at_boards_of_three_owners_without_being_root() {
    if !may_unshare() {
        return;
    }
    let name = program::name("owners");
    let owned = |uid: &str| {
        let shell = ["setpriv", "--reuid", uid, "--regid", uid, "--clear-groups"];
        behind(&shell, &name, &["stalls", "2000", "1"])
    };
    let mut programs =
        vec![owned("4242"), owned("4343"), behind(PLAIN, &name, &["stalls", "2000", "1"])];
    assert_eq!(program::boards(&["-n", &name]).len(), 3);
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    // By the numbers, which another thread reads: the board is opened a second time.
    let when = file("when.rec");
    let arguments =
        ["record", "-n", &name, "--when", "rounds>10", "--after", "0", "-d", "20s", "-o", &when];
    let output = program::inspect(&arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("came true"), "{said}");
    // A daemon that is started meanwhile, of a fourth owner, is taken in.
    let follow = file("follow.rec");
    let recorder = Command::new(program::debug("inspect"))
        .args(["record", "-n", &name, "--follow", "-d", "4s", "-o", &follow])
        .stdout(std::process::Stdio::null())
        .spawn();
    let mut recorder = recorder.expect("started");
    wait::until("the recording", SOON, || std::fs::metadata(&follow).ok().filter(|f| f.len() > 0));
    programs.push(owned("4444"));
    let late = u64::from(programs[3].pid());
    assert!(recorder.wait().expect("its end").success());
    let report = program::inspect(&["report", &follow, "--by", "thread", "--json", "--idle"]);
    let text = String::from_utf8_lossy(&report.stdout);
    assert!(text.contains(&late.to_string()), "{late}: {text}");
}

/// What only root may read is not read: root is given up to the segments' owner before.
#[test]
fn root_reads_the_history_of_another_user_as_that_user() {
    if !may_unshare() {
        return;
    }
    let directory = tempfile::tempdir().expect("a folder");
    let path = directory.path();
    let _program = behind(PLAIN, &program::name("past"), &["numbers"]);
    let mut recorder = Recorder::open(path, DEFAULT_BYTES).expect("a recorder");
    let now = SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_nanos() as u64;
    let seconds = vec![Second::default()];
    recorder.put(now - 5_000_000_000, &seconds).expect("written");
    drop(recorder);
    let set = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set");
    };
    set(path, 0o755);
    let files = std::fs::read_dir(path).expect("it").flatten().map(|entry| entry.path());
    let segment = files.into_iter().find(|path| path.extension().is_some()).expect("a segment");
    chown(&segment, Some(4242), Some(4242)).expect("root may");
    let shown = |verb: &[&str]| {
        let history = path.to_str().expect("UTF-8");
        let output = program::inspect(&[verb, &["--history", history]].concat());
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    set(&segment, 0o600);
    assert_eq!(shown(&["history"]).0, Some(0));
    set(&segment, 0);
    let (code, said) = shown(&["history"]);
    assert!(code == Some(4) && said.contains("Permission denied"), "{said}");
    // Whoever looks at its own boards needs root for them, and reads none.
    let (code, said) = shown(&["why"]);
    assert!(code == Some(4) && said.contains("ask as that user"), "{said}");
}

/// The directory is root's: once root is given up nothing can be made there.
#[test]
fn root_writes_as_many_captures_of_another_owners_daemon_as_asked() {
    if !may_unshare() {
        return;
    }
    let name = program::name("captures");
    let other: Vec<&str> = AS_OTHER.split(' ').collect();
    let _program = behind(&other, &name, &["stalls", "700", "1500"]);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("s.rec").to_str().expect("UTF-8").to_owned();
    let when = ["record", "-n", &name, "--when", "stalled>800ms", "--after", "100ms", "--count"];
    let output = program::inspect(&[&when[..], &["2", "-d", "2m", "-o", &file]].concat());
    assert!(output.status.success(), "{output:?}");
    let mut made: Vec<_> = std::fs::read_dir(folder.path())
        .expect("it")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    made.sort();
    assert_eq!(made, ["s-1.rec", "s-2.rec"]);
}

#[test]
fn root_cancels_an_operation_of_one_of_several_owners() {
    if !may_unshare() {
        return;
    }
    let name = program::name("cancels");
    let owned = |uid: &str, what: &str| {
        let shell = ["setpriv", "--reuid", uid, "--regid", uid, "--clear-groups"];
        behind(&shell, &name, &[what])
    };
    let _programs = [owned("4242", "cancellable"), owned("4343", "one-job")];
    let boards = program::boards(&["-n", &name]);
    let mut ops = boards.iter().filter_map(|board| board["ops"].as_array()).flatten();
    let op = ops.find(|op| op["cancellable"] == true).expect("an operation");
    let id = op["id"].as_str().expect("an id");
    let output = program::inspect(&["ops", "cancel", "-n", &name, id]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

/// A directory that is closed to whoever looks is named, by every verb that finds nothing: there may be what is wanted.
#[test]
fn a_closed_directory_is_named_where_nothing_else_is_seen() {
    use std::os::unix::fs::PermissionsExt;
    if !may_unshare() {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(directory.path(), open).expect("open");
    let closed = directory.path().join("closed");
    std::fs::create_dir(&closed).expect("made");
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700)).expect("closed");
    let inspect = directory.path().join("inspect");
    std::fs::copy(program::debug("inspect"), &inspect).expect("copied");
    let (closed, inspect) = (closed.display().to_string(), inspect.display().to_string());
    // No boards, and no processes, but its own.
    let script = format!(
        "mount -t tmpfs none /dev/shm; export INSPECT_DIRS={closed}; \
         for words in 'list' '-n nobody' 'check -n nobody'; do {AS_OTHER} {inspect} $words 2>&1; echo \"code $?\"; done"
    );
    let output = Command::new("unshare")
        .args(["--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", &script])
        .output()
        .expect("unshare");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let named = said.lines().filter(|line| line.contains(&closed) && line.contains("denied"));
    assert_eq!(named.count(), 3, "{said}");
    let codes: Vec<&str> = said.lines().filter(|line| line.starts_with("code ")).collect();
    assert_eq!(codes, ["code 0", "code 4", "code 3"], "{said}");
}
