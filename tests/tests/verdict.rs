//! The verdict of `inspect` about real processes, where `/proc`, namespaces, limits and exec hide them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;
use tests::behind::{
    AS_OTHER, PLAIN, behind, inspect_behind, is, may_unshare, mounts, rows, words,
};
use tests::{program, wait};

const SOON: Duration = Duration::from_secs(20);

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
            let (closed, most) = (program::NOTHING_ELSE_OPEN, 4 + round % 41);
            let limit = format!("{closed}; ulimit -n {most} && exec \"$@\"");
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
        // The newest three dead ones stay.
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
    assert!(said.contains("1 more dead board"), "{said}");
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
    let visible = program::name("visible");
    let (_visible, _) = program::Program::behave(&visible, &["one-job"]);
    // Root without the capability, as in a container, and another user; who sees no board at all.
    for who in [
        "setpriv --bounding-set=-sys_ptrace --inh-caps=-sys_ptrace",
        "setpriv --reuid 4343 --regid 4343 --clear-groups --inh-caps=-all",
    ] {
        // Where boards are seen a name that there is not is a name that there is not.
        let plain: Vec<&str> = who.split(' ').collect();
        for arguments in [&["-n", "no-such-board"][..], &["list", "-n", "no-such-board"]] {
            let output = inspect_behind(&plain, arguments);
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(3), "{arguments:?}: {said}");
            assert!(
                said.contains("not in /dev/shm of process") && said.contains("PTRACE"),
                "{said}"
            );
        }
        let nothing = "mount -t tmpfs none /dev/shm && mount -t tmpfs none /run";
        let shell = mounts(&format!("{nothing} && set -- {who} \"$@\""));
        let shell = words(&shell);
        let shell = shell.as_slice();
        // On a machine where somebody of the same rights has processes (a browser's, in its sandbox), their boards
        // are seen, and so a name that there is not is one that there is not.
        let alone = || {
            let list = inspect_behind(shell, &["list", "--json"]);
            !String::from_utf8_lossy(&list.stdout).contains("\"pid\"")
        };
        let before = alone();
        let pid = program.pid().to_string();
        let asked = [&["-n", &name][..], &["list", "-n", &name], &["-p", &pid]];
        let said = asked.map(|arguments| inspect_behind(shell, arguments));
        let doctor = inspect_behind(shell, &["doctor", "-n", &name]);
        // Such processes come and go.
        let after = alone();
        for (arguments, output) in asked.iter().zip(&said) {
            let text = String::from_utf8_lossy(&output.stderr);
            let by_name = arguments.contains(&name.as_str());
            match output.status.code() {
                Some(4) => assert!(!by_name || before || after, "{arguments:?}: {text}"),
                Some(3) => assert!(by_name && !(before && after), "{arguments:?}: {text}"),
                code => panic!("{arguments:?}: {code:?}: {text}"),
            }
            assert!(text.contains("CAP_SYS_PTRACE"), "{text}");
        }
        let text = String::from_utf8_lossy(&doctor.stdout);
        let alone = before && after;
        assert!(!alone || !text.contains("compiled in"), "{text}");
        assert!(!alone || text.contains("CAP_SYS_PTRACE"), "{text}");
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
