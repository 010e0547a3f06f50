//! Units of the guide: hardened as `systemd-analyze` sees it, sound, and the group set-up that makes root needless.
//! About 3 s. Where systemd itself runs is not needed.

use std::path::{Path, PathBuf};
use std::process::Command;

use tests::program::{self, Program};
use tests::{build, wait};

fn units() -> PathBuf {
    build::root().join("docs/systemd")
}

fn text(name: &str) -> String {
    std::fs::read_to_string(units().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The exposure that `systemd-analyze` computes of a unit, 0 to 10.
fn exposure(unit: &Path) -> f64 {
    let mut tool = Command::new("systemd-analyze");
    let said = build::run(tool.args(["security", "--offline=true", "--no-pager"]).arg(unit));
    let line = said
        .lines()
        .find(|line| line.contains("Overall exposure level"))
        .unwrap_or_else(|| panic!("{said}"));
    let number = line.rsplit(": ").next().and_then(|rest| rest.split(' ').next());
    number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{line}"))
}

#[test]
fn units_are_hardened_and_sound() {
    if !build::needs("systemd-analyze", "systemd") {
        return;
    }
    for (unit, most) in [
        ("scoreboard-serve.service", 2.0),
        ("scoreboard-history.service", 1.0),
        ("scoreboard-watchdog@.service", 1.0),
    ] {
        let found = exposure(&units().join(unit));
        assert!(found <= most, "{unit}: {found}");
        assert!(text(unit).contains("\nUser=scoreboard\n"), "{unit} is not root's");
    }
    // It is one that can say no.
    let directory = tempfile::tempdir().expect("a directory");
    let bare = directory.path().join("bare.service");
    std::fs::write(&bare, "[Service]\nExecStart=/bin/true\n").expect("written");
    assert!(exposure(&bare) > 8.0);

    // With the program that is here: every line is understood, every command is one that exists.
    let inspect = program::debug("inspect");
    let mut copies = Vec::new();
    for entry in std::fs::read_dir(units()).expect("units").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".service") || name.ends_with(".timer") {
            let unit = text(&name).replace("/usr/bin/inspect", inspect.to_str().expect("a path"));
            let copy = directory.path().join(&name);
            std::fs::write(&copy, unit).expect("written");
            copies.push(copy);
        }
    }
    assert_eq!(copies.len(), 5, "{copies:?}");
    let output = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .args(&copies)
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    let of_ours = said.lines().filter(|line| line.contains("scoreboard-")).collect::<Vec<_>>();
    assert_eq!(of_ours, Vec::<&str>::new(), "{said}");
}

#[test]
fn every_command_of_the_units_is_understood() {
    for unit in
        ["scoreboard-serve.service", "scoreboard-history.service", "scoreboard-watchdog@.service"]
    {
        let line = text(unit)
            .lines()
            .find_map(|line| line.strip_prefix("ExecStart=/usr/bin/inspect ").map(str::to_owned))
            .expect(unit);
        // A variable that is not set is no word.
        let words: Vec<&str> = line.split(' ').filter(|word| *word != "$WHOSE").collect();
        let output = program::inspect(&[&words[..], &["--help"]].concat());
        assert!(output.status.success(), "{unit}: {output:?}");
    }
}

/// What cannot be told, of a file that any user may put there, restarts nobody's daemon.
#[test]
fn a_board_that_may_not_be_read_is_no_failure_of_the_watch() {
    let unit = text("scoreboard-watchdog@.service");
    assert!(unit.lines().any(|line| line == "SuccessExitStatus=1 3"), "{unit}");
    let name = program::name("beside");
    let _program = Program::behave(&name, &["idle"]);
    let other = tempfile::tempdir().expect("a directory");
    std::fs::write(other.path().join(format!("{name}.1.1")), "").expect("written");
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/inspect "));
    let line = line.expect("a command").replace("%i", &name);
    let check = |whose: &str| {
        let mut check = Command::new(program::debug("inspect"));
        check.args(line.replace("$WHOSE", whose).split_whitespace());
        let output = check.env("INSPECT_DIRS", other.path()).output().expect("it runs");
        output.status.code()
    };
    assert_eq!(check(""), Some(3));
    // Of a user who has none there nothing is judged.
    assert_eq!(check("--owner 4000000000"), Some(2));
}

/// A daemon that somebody stops is not dead: its watch ends with it, and begins with it.
#[test]
fn who_stops_a_daemon_stops_its_watch() {
    let timer = text("scoreboard-watchdog@.timer");
    for line in ["PartOf=%i.service", "WantedBy=%i.service"] {
        assert!(timer.lines().any(|one| one == line), "{line} in {timer}");
    }
}

/// A daemon of one user whose board a group may read, and readers of another user: with the group all is told, without it
/// what is needed. Nobody is root.
#[test]
fn a_reader_in_the_group_needs_no_root() {
    if !nix::unistd::geteuid().is_root() || !build::has("setpriv") {
        return build::skip("several users need root and setpriv");
    }
    let name = program::name("group");
    let behave = program::debug("fixture-behave");
    let inspect = program::debug("inspect");
    // What others may not enter cannot be run by them: copies where they may.
    let directory = tempfile::Builder::new()
        .prefix("units")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .tempdir()
        .expect("a directory");
    let copy = |from: &Path, name: &str| {
        let to = directory.path().join(name);
        build::copy_to_run(from, &to);
        to
    };
    let (behave, inspect) = (copy(&behave, "behave"), copy(&inspect, "inspect"));
    // 65534 is nobody's; 60 is a group of every Debian, `games`.
    let as_user = |uid: &str, groups: &str, program: &Path| {
        let mut command = Command::new("setpriv");
        command.args([
            "--reuid",
            uid,
            "--regid",
            uid,
            "--groups",
            groups,
            "--inh-caps=-all",
            "--bounding-set=-all",
            "--no-new-privs",
            "--",
        ]);
        command.arg(program);
        command
    };
    let mut daemon = as_user("65533", "60", &behave);
    daemon.arg(&name).arg("numbers").env("PROBE_MODE", "0640").env("PROBE_GROUP", "60");
    let mut program = Program::start(&mut daemon, &name);
    program.until_ready();
    let run = |groups: &str, arguments: &[&str]| {
        as_user("65534", groups, &inspect).args(arguments).output().expect("it runs")
    };
    let output = run("60", &["check", &name]);
    assert!(output.status.success(), "{output:?}");
    let output = run("60", &["export", "prom", "-n", &name]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("scoreboard_up{"), "{output:?}");
    // The recorder of the unit, into a directory of its own.
    let history = tempfile::tempdir().expect("a directory");
    std::os::unix::fs::chown(history.path(), Some(65534), Some(65534)).expect("given");
    let place = history.path().to_str().expect("a path");
    let mut recorder = as_user("65534", "60", &inspect)
        .args(["history", "record", "-n", &name, "--history", place])
        .spawn()
        .expect("it runs");
    wait::until("a second of the past", std::time::Duration::from_secs(15), || {
        let output = run("60", &["history", &name, "--history", place, "--since", "1m"]);
        output.status.success().then_some(())
    });
    let _ = recorder.kill();
    let _ = recorder.wait();
    // Without the group: code 4, not "there is none".
    assert_eq!(run("65534", &["-n", &name]).status.code(), Some(4));
}
