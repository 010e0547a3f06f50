//! Who lives, and who only seems to: zombies, pids that are somebody else's by now, crowds of one name, programs
//! whose file is another one by now; and what `clean` makes of them.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::unistd::Pid;
use serde_json::Value;
use tests::behind::{self, behind, may_unshare};
use tests::program::{self, Program};
use tests::wait;

const SOON: Duration = Duration::from_secs(60);

fn hazards() -> PathBuf {
    program::debug("fixture-hazards")
}

/// A small board each, where there are many.
fn plain(name: &str) -> Program {
    let mut command = Command::new(hazards());
    command.args([name, "plain"]).env("PROBE_SIZE", "300000").stderr(Stdio::null());
    Program::talking(&mut command, name)
}

fn rows(arguments: &[&str]) -> Vec<Value> {
    let output = program::inspect(&[&["list", "--json"], arguments].concat());
    let listed: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    listed["boards"].as_array().cloned().unwrap_or_default()
}

/// `kill(pid, 0)`, by which others tell the living.
fn answers_to_a_signal(pid: u32) -> bool {
    nix::sys::signal::kill(Pid::from_raw(pid.cast_signed()), None).is_ok()
}

#[test]
fn a_zombie_is_dead() {
    let name = program::name("zombie");
    let mut program = plain(&name);
    assert!(program.line().contains("Board("));
    // Not collected.
    program.child.kill().expect("it lives");
    let row = wait::until("its verdict", SOON, || {
        rows(&["-n", &name]).into_iter().find(|row| row["state"] == "dead")
    });
    assert!(answers_to_a_signal(program.pid()), "the control: by a signal it lives");
    assert!(row["verdict"].as_str().is_some_and(|text| text.contains("not collected")), "{row}");
}

#[test]
fn a_pid_that_is_another_process_by_now_is_dead() {
    if !may_unshare() {
        return;
    }
    let name = program::name("reused");
    // Pids are given in turn, and here nobody else takes one in between, or few do.
    let script = "\"$1\" $NAME plain >said <hold & pid=$!\n\
        exec 9>hold; while ! grep -q Board said; do sleep 0.02; done\n\
        kill -9 $pid; wait $pid 2>/dev/null\n\
        for attempt in 1 2 3 4 5 6 7 8 9 10; do\n\
          echo $((pid - 1)) > /proc/sys/kernel/ns_last_pid; sleep 1000 & other=$!\n\
          [ $other = $pid ] && break; kill $other\n\
        done\n\
        kill -0 $pid && echo $pid $other && \"$2\" list --json -n $NAME";
    let folder = tempfile::tempdir().expect("a folder");
    nix::unistd::mkfifo(&folder.path().join("hold"), nix::sys::stat::Mode::S_IRWXU)
        .expect("a FIFO");
    let output = Command::new("unshare")
        .args(["-m", "-p", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script, "sh"])
        .arg(hazards())
        .arg(program::debug("inspect"))
        .env("NAME", &name)
        .current_dir(folder.path())
        .output()
        .expect("a shell");
    program::remove_boards(&name);
    let text = String::from_utf8_lossy(&output.stdout);
    let (pids, json) = text.split_once('\n').unwrap_or_else(|| panic!("{output:?}"));
    let (pid, other) = pids.split_once(' ').expect("two pids");
    assert_eq!(pid, other, "the pid is another process's, which answers to a signal");
    let listed: Value = serde_json::from_str(json).unwrap_or_else(|e| panic!("{e}: {output:?}"));
    let row = &listed["boards"][0];
    assert_eq!(row["state"], "dead", "{row}");
}

/// In a container the first process is pid 1, and in the next one as well.
#[test]
fn a_container_that_is_started_again_with_the_same_pid_is_another() {
    if !may_unshare() {
        return;
    }
    let name = program::name("container");
    let container = &["unshare", "-p", "--fork", "--kill-child", "--mount-proc"];
    let mut first = behind(container, &name, &["one-job"]);
    let before = rows(&["-n", &name]);
    first.child.kill().expect("it lives");
    first.child.wait().expect("its end");
    let _second = behind(container, &name, &["one-job"]);
    // From outside, where the pid is somebody else's, and from a container that has a pid 1 of its own.
    for shell in [behind::PLAIN, container] {
        let rows = wait::until("one dead and one alive", SOON, || {
            let rows = behind::rows(shell, &name);
            let of = |state: &str| rows.iter().filter(|row| row["state"] == state).count();
            ((of("dead"), of("live")) == (1, 1) && rows.len() == 2).then_some(rows)
        });
        assert_eq!(rows[0]["pid"], rows[1]["pid"], "the same pid: {rows:#?}");
        let dead = rows.iter().find(|row| row["state"] == "dead");
        assert_eq!(dead.map(|row| &row["path"]), Some(&before[0]["path"]), "{rows:#?}");
    }
    let removed = program::inspect(&["clean", "-n", &name]);
    assert_eq!(String::from_utf8_lossy(&removed.stdout).lines().count(), 1, "{removed:?}");
    assert!(rows(&["-n", &name]).iter().all(|row| row["state"] == "live"));
}

#[test]
fn a_daemon_in_a_user_namespace_is_live() {
    if !may_unshare() {
        return;
    }
    let name = program::name("user-namespace");
    let own = &["unshare", "-U", "-r"];
    let _program = behind(own, &name, &["one-job"]);
    // From outside, and from a user namespace that knows nothing of the other one.
    for shell in [behind::PLAIN, own] {
        let rows = behind::rows(shell, &name);
        assert_eq!(rows.len(), 1, "{rows:#?}");
        behind::is(&rows[0], "live", &[]);
    }
}

#[test]
fn of_a_hundred_dead_among_ten_living_exactly_the_dead_are_removed() {
    let name = program::name("many");
    let mut all: Vec<Program> = (0..109).map(|_| plain(&name)).collect();
    for program in &mut all {
        assert!(program.line().contains("Board("));
    }
    // The tenth of the living has lost its lock, and where it can be, it is in another pid namespace.
    let shell = if may_unshare() {
        &["unshare", "-p", "--fork", "--kill-child", "--mount-proc"][..]
    } else {
        &["env"]
    };
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg(program::debug("fixture-behave"));
    let mut lost = Program::start(command.args([&name, "lost-lock"]), &name);
    lost.until_ready();
    for program in all.iter_mut().skip(9) {
        let _ = program.child.kill();
        let _ = program.child.wait();
    }
    assert_eq!(rows(&["-n", &name]).len(), 110);
    let output = program::inspect(&["clean", "-n", &name]);
    let removed = String::from_utf8_lossy(&output.stdout).lines().count();
    assert_eq!((output.status.code(), removed), (Some(0), 100), "{output:?}");
    let left = rows(&["-n", &name]);
    assert_eq!(left.len(), 10, "{left:#?}");
    assert!(left.iter().all(|row| row["state"] == "live"), "{left:#?}");
}

/// `ROUNDS=100` for the figure.
#[test]
fn twenty_of_one_name_at_once_have_twenty_boards() {
    let rounds = std::env::var("ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2);
    for round in 0..rounds {
        let name = program::name("twenty");
        let mut all: Vec<Program> = (0..20).map(|_| plain(&name)).collect();
        let mut paths: Vec<String> = all.iter_mut().map(Program::line).collect();
        assert!(paths.iter().all(|line| line.starts_with("50 right Board(")), "{round}: {paths:?}");
        paths.sort();
        paths.dedup();
        let live = rows(&["-n", &name]);
        assert_eq!((paths.len(), live.len()), (20, 20), "{round}");
        assert!(live.iter().all(|row| row["state"] == "live"), "{round}: {live:?}");
    }
}

/// Places are what the running program said of itself: no binary is asked, so none can be the wrong one.
#[test]
fn lines_are_the_running_programs_though_its_file_is_another_by_now() {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("behave");
    tests::build::copy_to_run(&program::debug("fixture-behave"), &copy);
    let name = program::name("upgraded");
    let mut program = Program::start(Command::new(&copy).args([&name, "one-job"]), &name);
    program.until_ready();
    let before = program::board(program.pid());
    std::fs::remove_file(&copy).expect("ours");
    tests::build::copy_to_run(&hazards(), &copy);
    let after = program::board(program.pid());
    let place = |board: &Value| {
        let thread = &board["threads"][0];
        [&thread["file"], &thread["line"], &thread["label"], &board["build"]].map(Value::to_string)
    };
    assert_eq!(place(&before), place(&after));
    assert_eq!(after["threads"][0]["label"], "in one job");
    assert_eq!(after["state"], "live", "{}", after["verdict"]);
}
