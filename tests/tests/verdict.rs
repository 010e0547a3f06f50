//! The verdict of `inspect` about real processes, where `/proc`, namespaces, limits and exec hide them.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;
use tests::{program, wait};

const SOON: Duration = Duration::from_secs(20);

/// Whether this user may make namespaces of its own. In CI it must; elsewhere what is left out is counted.
fn may_unshare() -> bool {
    let may = Command::new("unshare").args(["-m", "true"]).status().is_ok_and(|s| s.success());
    if !may {
        tests::build::skip("needs root for namespaces (unshare)");
    }
    may
}

/// A fixture behind a shell command (such as `unshare -m sh -c "…; exec \"$@\"" sh`).
#[track_caller]
fn behind(shell: &[&str], name: &str, what: &[&str]) -> program::Program {
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg(program::debug("fixture-behave", "fixture-behave"));
    command.arg(name).args(what);
    let mut program = program::Program::start(&mut command, name);
    program.until_ready();
    program
}

/// `inspect` behind a shell command.
#[track_caller]
fn inspect_behind(shell: &[&str], arguments: &[&str]) -> Output {
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg(program::debug("scoreboard-inspect", "inspect"));
    command.args(arguments).output().expect("it runs")
}

/// The rows of `list --json` for a name, behind a shell command.
#[track_caller]
fn rows(shell: &[&str], name: &str) -> Vec<Value> {
    let output = inspect_behind(shell, &["list", "--json", "-n", name]);
    let text = String::from_utf8_lossy(&output.stdout);
    let document: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {output:?}"));
    document["boards"].as_array().cloned().unwrap_or_default()
}

#[track_caller]
fn is(row: &Value, state: &str, words: &[&str]) {
    let verdict = row["verdict"].as_str().unwrap_or_default();
    assert_eq!(row["state"], state, "{verdict}");
    for word in words {
        assert!(verdict.contains(word), "no {word:?} in {verdict:?}");
    }
}

const PLAIN: &[&str] = &["env"];

fn mounts(script: &str) -> Vec<String> {
    let script = format!("{script} && exec \"$@\"");
    ["unshare", "-m", "sh", "-c", &script, "sh"].map(str::to_owned).to_vec()
}

fn words(shell: &[String]) -> Vec<&str> {
    shell.iter().map(String::as_str).collect()
}

/// As an unprivileged user, of no group.
const AS_OTHER: &str = "setpriv --reuid 4242 --regid 4242 --clear-groups --inh-caps=-all";

#[test]
fn a_live_daemon_is_live_however_proc_is_hidden_from_the_reader() {
    if !may_unshare() {
        return;
    }
    let name = program::name("hidden");
    let program = behind(PLAIN, &name, &["one-job"]);
    let board = program::board(program.pid());
    let path = board["path"].as_str().expect("a path");
    is(&board, "live", &[]);
    // Anybody may read it here.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o444);
    std::fs::set_permissions(path, mode).expect("its owner may");
    for (script, unseen) in [
        (format!("mount -t proc -o hidepid=2 proc /proc && set -- {AS_OTHER} \"$@\""), "hidden"),
        (format!("true && set -- {AS_OTHER} \"$@\""), ""),
        ("mount -t tmpfs none /proc".to_owned(), "boot_id: No such file"),
        ("mount -t proc -o subset=pid proc /proc".to_owned(), "boot_id: No such file"),
    ] {
        let shell = mounts(&script);
        let row = rows(&words(&shell), &name).remove(0);
        is(&row, "live", &[unseen]);
        // What could not be seen stands in `doctor`, too.
        let doctor = inspect_behind(&words(&shell), &["doctor", "-n", &name]);
        let said = String::from_utf8_lossy(&doctor.stdout);
        assert!(said.contains(unseen) && !said.contains("compiled in ("), "{script}: {said}");
    }
    let shell = mounts("mount -t tmpfs none /proc");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("x.rec");
    let arguments = ["record", "-n", &name, "-d", "300ms", "-o", file.to_str().expect("UTF-8")];
    let recorded = inspect_behind(&words(&shell), &arguments);
    assert!(recorded.status.success(), "{recorded:?}");
}

#[test]
fn a_live_daemon_is_live_whatever_it_could_not_see_itself() {
    if !may_unshare() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let id = folder.path().join("boot_id");
    std::fs::write(&id, "11111111-2222-3333-4444-555555555555\n").expect("write");
    let own_boot = format!("mount --bind {} /proc/sys/kernel/random/boot_id", id.display());
    for script in
        ["mount -t proc -o subset=pid proc /proc", "mount -t tmpfs none /proc", own_boot.as_str()]
    {
        let name = program::name("blind");
        let _program = behind(&words(&mounts(script)), &name, &["one-job"]);
        is(&rows(PLAIN, &name).remove(0), "live", &[]);
    }
    for shell in [
        &["unshare", "-T", "--boottime", "86400"][..],
        &["unshare", "-p", "--fork", "--kill-child"],
        &["unshare", "-p", "--fork", "--kill-child", "--mount-proc"],
    ] {
        let name = program::name("namespace");
        let _program = behind(shell, &name, &["one-job"]);
        is(&rows(PLAIN, &name).remove(0), "live", &[]);
        // Two namespaces that know nothing of each other.
        let other = &["unshare", "-p", "--fork", "--mount-proc"];
        is(&rows(other, &name).remove(0), "live", &["heartbeat"]);
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "figures for whoever runs it with --nocapture")]
fn at_the_limit_of_descriptors_recordings_last_as_long_as_asked_or_say_why() {
    let name = program::name("descriptors");
    let _program = behind(PLAIN, &name, &["one-job"]);
    let folder = tempfile::tempdir().expect("a folder");
    // RECORDINGS=1000: the figure of docs/verdict.md.
    let asked = std::env::var("RECORDINGS").ok().and_then(|text| text.parse::<u64>().ok());
    let (rounds, lasts, lasts_ns) = match asked {
        Some(rounds) => (rounds, "1s", 1_000_000_000),
        None => (32, "200ms", 200_000_000),
    };
    // From hardly any to as many as they want.
    let next = AtomicU64::new(0);
    let record = || {
        let (mut whole, mut short, mut refused) = (0, 0, 0);
        loop {
            let round = next.fetch_add(1, Ordering::Relaxed);
            if round >= rounds {
                return [whole, short, refused];
            }
            let file = folder.path().join(format!("{round}.rec"));
            let limit = format!("ulimit -n {} && exec \"$@\"", 4 + round % 41);
            let shell = ["sh", "-c", &limit, "sh"];
            let path = file.to_str().expect("UTF-8");
            let arguments = ["record", "--json", "-n", &name, "-d", lasts, "-o", path];
            let output = inspect_behind(&shell, &arguments);
            let said = String::from_utf8_lossy(&output.stderr);
            if output.status.success() {
                let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
                let lasted = document["duration_ns"].as_u64().expect("a duration");
                assert!(lasted >= lasts_ns || said.contains("ended after"), "{lasted}: {said}");
                *(if lasted >= lasts_ns { &mut whole } else { &mut short }) += 1;
            } else {
                assert!(said.contains("open files") || said.contains("no board"), "{said}");
                refused += 1;
            }
        }
    };
    let counts = std::thread::scope(|scope| {
        let all: Vec<_> = (0..4).map(|_| scope.spawn(record)).collect();
        let counts = all.into_iter().map(|one| one.join().expect("no assertion failed"));
        counts.fold([0; 3], |sum, one| std::array::from_fn(|at| sum[at] + one[at]))
    });
    let [whole, short, refused] = counts;
    println!(
        "{rounds} of {lasts}: {whole} whole, {short} said why they were short, {refused} refused"
    );
    assert!(whole > rounds / 3, "{whole} whole, {short} short, {refused} refused");
}

#[test]
fn after_an_exec_of_itself_the_new_image_has_the_board() {
    let name = program::name("reexec");
    let mut program = behind(PLAIN, &name, &["reexec", "0"]);
    for generation in 1..=5 {
        program.signal(Signal::SIGUSR1);
        program.until_ready();
        let boards = program::boards(&["-n", &name]);
        assert_eq!(boards.len(), 1, "{boards:?}");
        is(&boards[0], "live", &[]);
        assert_eq!(boards[0]["threads"][0]["arg"], generation);
        let rows = rows(PLAIN, &name);
        // The newest three of the dead stay.
        let dead: Vec<_> = rows.iter().filter(|row| row["state"] == "dead").collect();
        assert!((1..=4).contains(&dead.len()), "{rows:?}");
        dead.iter().for_each(|row| is(row, "dead", &["replaced by exec"]));
    }
    let output = program::inspect(&["clean", "-n", &name]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(rows(PLAIN, &name).len(), 1);
}

#[test]
fn what_was_replaced_by_a_program_without_probes_is_dead() {
    let name = program::name("other");
    let program = behind(PLAIN, &name, &["exec-other"]);
    is(&rows(PLAIN, &name)[0], "live", &[]);
    program.signal(Signal::SIGUSR1);
    let row = wait::until("the exec", SOON, || {
        rows(PLAIN, &name).into_iter().find(|row| row["state"] == "dead")
    });
    is(&row, "dead", &["replaced by exec"]);
    let output = program::inspect(&["record", "-n", &name, "-d", "100ms", "-o", "/dev/null/x"]);
    assert!(!output.status.success());
}

#[test]
fn a_board_without_a_lock_is_alive_by_its_map_or_its_heartbeat() {
    let name = program::name("lost");
    let _program = behind(PLAIN, &name, &["lost-lock"]);
    is(&rows(PLAIN, &name)[0], "live", &["its lock is lost"]);
    if !may_unshare() {
        return;
    }
    // Where its pid means nothing, its heartbeat says so, and `clean` leaves it alone.
    let other = &["unshare", "-p", "--fork", "--mount-proc"];
    is(&rows(other, &name)[0], "live", &["its lock is lost"]);
    for arguments in [&["clean", "-n", &name][..], &["clean", "--unknown", "-n", &name]] {
        let output = inspect_behind(other, arguments);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(rows(PLAIN, &name).len(), 1, "{output:?}");
    }
}

/// The exit code and both outputs of `clean` for a name, behind a shell command.
#[track_caller]
fn clean(shell: &[&str], arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = inspect_behind(shell, &[&["clean"], arguments].concat());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn clean_removes_exactly_what_is_proved_dead() {
    use std::os::unix::fs::FileExt;
    let name = program::name("clean");
    let _live = behind(PLAIN, &name, &["one-job"]);
    let mut killed = behind(PLAIN, &name, &["one-job"]);
    killed.child.kill().expect("it runs");
    killed.child.wait().expect("its end");
    let unfinished = format!("/dev/shm/{name}.{}.1", killed.pid());
    let file = std::fs::File::create(&unfinished).expect("a file");
    file.set_len(1 << 16).expect("its length");
    let text = format!("/dev/shm/{name}.{}.2", killed.pid());
    std::fs::write(&text, "somebody's").expect("write");
    let (_, would, _) = clean(PLAIN, &["--dry-run", "-n", &name]);
    assert_eq!(would.lines().count(), 1, "{would}");
    assert_eq!(rows(PLAIN, &name).len(), 4);
    // A young file may be a board in the making.
    let (code, removed, _) = clean(PLAIN, &["-n", &name]);
    assert_eq!((code, removed.lines().count()), (Some(0), 1), "{removed}");
    let old = std::time::SystemTime::now() - Duration::from_secs(60);
    file.set_modified(old).expect("its owner may");
    let (_, removed, _) = clean(PLAIN, &["-n", &name]);
    assert!(removed.contains("never finished") && removed.lines().count() == 1, "{removed}");
    // What has words of somebody's in it is not ours.
    file.write_all_at(b"?", 64).expect("write");
    let (_, removed, said) = clean(PLAIN, &["--unknown", "-n", &name]);
    assert!(removed.is_empty() && said.contains("left alone"), "{removed} {said}");
    let left = rows(PLAIN, &name);
    assert_eq!(left.iter().filter(|row| row["state"] == "live").count(), 1, "{left:?}");
    assert!(std::fs::remove_file(text).is_ok());
    assert_eq!(clean(PLAIN, &["-n", "no-such-board-anywhere"]).0, Some(3));
}

#[test]
fn clean_in_another_namespace_needs_two_seconds_without_a_heartbeat() {
    if !may_unshare() {
        return;
    }
    let other = &["unshare", "-p", "--fork", "--mount-proc"];
    let name = program::name("foreign");
    let mut killed = behind(PLAIN, &name, &["one-job"]);
    killed.child.kill().expect("it runs");
    killed.child.wait().expect("its end");
    let (code, removed, said) = clean(other, &["-n", &name]);
    assert!(code == Some(0) && removed.contains("heartbeat stands still"), "{removed} {said}");
    // Without a keeper nothing proves it dead.
    let name = program::name("keeperless");
    let mut killed = behind(PLAIN, &name, &["keeperless"]);
    is(&rows(other, &name)[0], "live", &["live by its lock"]);
    killed.child.kill().expect("it runs");
    killed.child.wait().expect("its end");
    let (_, removed, said) = clean(other, &["-n", &name]);
    assert!(removed.is_empty() && said.contains("--unknown removes"), "{removed} {said}");
    let (_, removed, _) = clean(other, &["--unknown", "-n", &name]);
    assert_eq!(removed.lines().count(), 1, "{removed}");
}

#[test]
fn a_dead_board_here_does_not_hide_the_living_one_in_a_container() {
    if !may_unshare() {
        return;
    }
    let name = program::name("both");
    let mut killed = behind(PLAIN, &name, &["one-job"]);
    killed.child.kill().expect("it runs");
    killed.child.wait().expect("its end");
    let container = mounts("mount -t tmpfs none /dev/shm");
    let _live = behind(&words(&container), &name, &["one-job"]);
    let shown = inspect_behind(PLAIN, &["--json", "-n", &name]);
    let document: Value = serde_json::from_slice(&shown.stdout).expect("JSON");
    is(&document["boards"][0], "live", &[]);
    assert_eq!(document["boards"].as_array().map(Vec::len), Some(1));
    let said = String::from_utf8_lossy(&shown.stderr);
    assert!(said.contains("1 more board of the dead"), "{said}");
}

#[test]
fn what_may_not_be_looked_into_is_code_4_with_what_is_needed() {
    if !may_unshare() {
        return;
    }
    let name = program::name("denied");
    let container = mounts(&format!("mount -t tmpfs none /dev/shm && set -- {AS_OTHER} \"$@\""));
    let program = behind(&words(&container), &name, &["one-job"]);
    is(&rows(PLAIN, &name)[0], "live", &[]);
    // Root without the capability, as in a container, and another user.
    for shell in [
        &["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace"][..],
        &["setpriv", "--reuid", "4343", "--regid", "4343", "--clear-groups", "--inh-caps=-all"],
    ] {
        for arguments in
            [&["-n", &name][..], &["list", "-n", &name], &["-p", &program.pid().to_string()]]
        {
            let output = inspect_behind(shell, arguments);
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(4), "{arguments:?}: {said}");
            assert!(said.contains("CAP_SYS_PTRACE"), "{said}");
        }
        let doctor = inspect_behind(shell, &["doctor", "-n", &name]);
        let said = String::from_utf8_lossy(&doctor.stdout);
        assert!(said.contains("CAP_SYS_PTRACE") && !said.contains("compiled in"), "{said}");
    }
    // Where shared memory is ours, nothing is hidden: there is no such board.
    let output = inspect_behind(PLAIN, &["-n", "no-such-board-anywhere"]);
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn a_board_that_lost_its_name_is_found_with_its_process() {
    let name = program::name("unnamed");
    let program = behind(PLAIN, &name, &["one-job"]);
    program::remove_boards(&name);
    for target in [["-n", &name], ["-p", &program.pid().to_string()]] {
        let shown = program::boards(&target);
        is(&shown[0], "live", &["its file has lost its name"]);
        assert_eq!(shown[0]["threads"][0]["label"], "in one job");
    }
}

/// A board in a file was made without a name, which the kernel goes on to show: its own name is inside.
#[test]
fn a_board_in_a_file_that_lost_its_name_is_found_by_name_too() {
    let directory = tempfile::tempdir_in("/dev/shm").expect("a directory");
    let name = program::name("unnamed-file");
    let board = format!("PROBE_BOARD=file:{}", directory.path().display());
    let program = behind(&["env", &board], &name, &["one-job"]);
    let files = std::fs::read_dir(directory.path()).expect("a directory").flatten();
    let removed = files.filter(|file| std::fs::remove_file(file.path()).is_ok()).count();
    assert_eq!(removed, 1, "its board");
    for target in [["-n", &name], ["-p", &program.pid().to_string()]] {
        let shown = program::boards(&target);
        assert_eq!(shown.len(), 1, "{target:?}");
        is(&shown[0], "live", &["its file has lost its name"]);
        assert_eq!(shown[0]["name"], name.as_str());
    }
}

/// Root reads boards of several users as nobody, and goes on finding theirs where nobody may list.
#[test]
fn a_board_that_came_after_root_was_given_up_is_found_where_only_root_may_list() {
    use std::os::unix::fs::PermissionsExt;
    if !nix::unistd::geteuid().is_root() || !tests::build::needs("setpriv", "util-linux") {
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
    let mut recorder = Command::new(program::debug("scoreboard-inspect", "inspect"))
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
fn a_flipped_bit_in_the_header_is_said() {
    let name = program::name("flipped");
    let program = behind(PLAIN, &name, &["one-job"]);
    let board = program::board(program.pid());
    let bytes = std::fs::read(board["path"].as_str().expect("a path")).expect("readable");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("board");
    let path = file.to_str().expect("UTF-8");
    // Each word of the header, and the first entry of the table of contents up to its capacity.
    for word in (0..32).chain(32..38) {
        let mut wrong = bytes.clone();
        wrong[word * 8 + word % 8] ^= 1 << (word % 7);
        std::fs::write(&file, wrong).expect("write");
        let output = program::inspect(&["-f", path]);
        assert_eq!(output.status.code(), Some(5), "word {word}: {output:?}");
    }
    // A board of before has none, and is read as before.
    let mut old = bytes;
    old[0xd0..0xd8].fill(0);
    old[8] = 1;
    std::fs::write(&file, old).expect("write");
    assert!(program::inspect(&["-f", path]).status.success());
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
    let recorder = Command::new(program::debug("scoreboard-inspect", "inspect"))
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

#[test]
fn root_cancels_an_operation_of_one_of_several_owners() {
    if !may_unshare() {
        return;
    }
    let name = program::name("door");
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
