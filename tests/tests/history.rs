//! The past: recorded while processes come, hang and die, and while the recorder is killed or has no disk. About 45 s.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tests::behind::{AS_OTHER, PLAIN, behind};
use tests::program::{self, Program, inspect};
use tests::{build, wait};

struct Recorder(Child);

impl Recorder {
    fn start(directory: &Path, name: &str, size: &str) -> Self {
        Self::behind(&[], directory, name, size)
    }

    /// Behind a command that runs it.
    fn behind(shell: &[&str], directory: &Path, name: &str, size: &str) -> Self {
        let recorder = program::debug("inspect");
        let mut words = shell.iter().map(OsStr::new).chain([recorder.as_os_str()]);
        let mut command = Command::new(words.next().expect("a program"));
        command
            .args(words)
            .args(["history", "record", "-n", name, "--history-size", size, "--history"])
            .arg(directory);
        Self(command.stderr(Stdio::null()).spawn().expect("inspect"))
    }

    fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What the history has of the last minute, a point a second.
fn past(directory: &Path, more: &[&str]) -> Option<Value> {
    let directory = directory.to_str().expect("a path");
    let output = inspect(
        &[&["history", "--history", directory, "--since", "1m", "--json", "--points", "300"], more]
            .concat(),
    );
    output.status.success().then(|| serde_json::from_slice(&output.stdout).expect("JSON"))
}

/// What is said fits a terminal of any width, from that of a phone on.
fn fits_every_terminal(arguments: &[&str]) {
    for columns in [40usize, 60, 80, 120, 200] {
        let mut command = Command::new(program::debug("inspect"));
        let output = command.args(arguments).env("COLUMNS", columns.to_string()).output();
        let text = String::from_utf8_lossy(&output.expect("inspect").stdout).into_owned();
        assert!(text.lines().count() > 3, "{text}");
        for line in text.lines() {
            let wide = line.chars().count();
            assert!(wide <= columns, "{arguments:?} at {columns}: {wide} wide: {line}");
        }
    }
}

/// Seconds of the day of a moment of RFC 3339.
fn time_of_day(at: &str) -> u64 {
    let parts = at[11..19].split(':').map(|part| part.parse::<u64>().expect("a number"));
    parts.fold(0, |sum, part| sum * 60 + part)
}

fn seconds(past: &Value, board: usize) -> u64 {
    past["boards"][board]["points"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|point| point["seconds"].as_u64())
        .sum()
}

/// A disk that takes twenty seconds for what it is given: segments are closed meanwhile, and seconds go on.
#[test]
fn no_second_waits_for_a_disk() {
    if !build::needs("strace", "strace") {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let name = program::name("slow-disk");
    // So much that a segment of the smallest history is full in ten seconds.
    let _programs: [_; 6] = std::array::from_fn(|_| Program::behave(&name, &["wide"]));
    let log = directory.path().join("strace");
    let slow = "inject=fdatasync:delay_enter=20000000";
    let log = log.to_str().expect("a path");
    // `-D`: what is started, and killed, is the recorder.
    let strace = ["strace", "-D", "-f", "-qq", "-o", log, "-e", "trace=fdatasync", "-e", slow];
    let past_of = directory.path().join("past");
    let mut recorder = Recorder::behind(&strace, &past_of, &name, "1MiB");
    wait::until("two closed segments", Duration::from_secs(120), || {
        let all = std::fs::read_dir(&past_of).ok()?.flatten();
        let packed = all.filter(|one| one.path().extension().is_some_and(|end| end == "packed"));
        (packed.count() >= 2).then_some(())
    });
    recorder.kill();
    let past = past(&past_of, &[]).expect("a past");
    let first = past["boards"][0]["points"][0]["at"].as_str().expect("a moment");
    for gap in past["gaps"].as_array().expect("gaps") {
        let [from, to] = ["from", "to"].map(|end| gap[end].as_str().expect("a moment"));
        let long = (time_of_day(to) + 86_400 - time_of_day(from)) % 86_400;
        // Before it began, and after it was ended.
        let inside = from >= first && Some(to) < past["to"].as_str();
        assert!(!inside || long < 10, "{gap}");
    }
}

#[test]
fn what_was_is_there_after_kills_of_the_daemon_and_of_the_recorder() {
    let directory = tempfile::tempdir().expect("a directory");
    let name = program::name("history");
    let (mut program, _) = Program::behave(&name, &["operations"]);
    let mut recorder = Recorder::start(directory.path(), &name, "64MiB");
    let enough = |at_least: u64| {
        wait::until("seconds", Duration::from_secs(20), || {
            past(directory.path(), &[]).filter(|past| seconds(past, 0) >= at_least)
        })
    };
    enough(2);
    // Killed without a word: all but the second that was being written is there.
    recorder.kill();
    let before = past(directory.path(), &[]).expect("a past");
    let mut recorder = Recorder::start(directory.path(), &name, "64MiB");
    enough(seconds(&before, 0) + 1);
    let [from, since, until] =
        wait::until("three seconds in a row", Duration::from_secs(20), || {
            let past = past(directory.path(), &[])?;
            let points = past["boards"][0]["points"].as_array()?;
            let at: Vec<&str> = points.iter().filter_map(|point| point["at"].as_str()).collect();
            let next = |a: &str, b: &str| time_of_day(b) == time_of_day(a) + 1;
            let in_a_row = |three: &&[&str]| next(three[0], three[1]) && next(three[1], three[2]);
            let three = at.windows(3).find(in_a_row)?;
            Some([three[0], three[1], three[2]].map(str::to_owned))
        });
    program.kill();
    let all = wait::until("the end", Duration::from_secs(20), || {
        past(directory.path(), &[]).filter(|past| !past["boards"][0]["end"].is_null())
    });
    recorder.kill();
    let board = &all["boards"][0];
    assert_eq!(board["name"], name.as_str());
    let end = &board["end"];
    assert!(end["verdict"].as_str().is_some_and(|verdict| verdict.contains("killed")), "{end}");
    let flight: Vec<&str> =
        end["in_flight"].as_array().expect("lines").iter().filter_map(Value::as_str).collect();
    assert!(
        flight.iter().any(|line| line.contains("request lock") && line.contains("GET /user/42")),
        "{flight:?}"
    );
    // The keys of every question.
    let active = |by: &str| {
        let past = past(directory.path(), &["--by", by]).expect("a past");
        past["boards"][0]["points"][0]["active"].clone()
    };
    assert_eq!(active("status")["lock"], 1.0, "{}", active("status"));
    assert_eq!(active("kind")["request"], 1.0, "{}", active("kind"));
    assert!(
        active("line")
            .as_object()
            .expect("keys")
            .keys()
            .any(|key| key.starts_with("operations.rs:")),
        "{}",
        active("line")
    );
    assert!(active("thread")["blocker"].is_number(), "{}", active("thread"));
    // A table, a picture, and a comparison with itself.
    let path = directory.path().to_str().expect("a path");
    let text = String::from_utf8(inspect(&["history", "--history", path, "--since", "1m"]).stdout)
        .expect("UTF-8");
    assert!(
        text.contains("average active") && text.contains("in flight: ") && text.contains("ended: "),
        "{text}"
    );
    let picture = directory.path().join("a.svg");
    assert!(
        inspect(&[
            "history",
            "--history",
            path,
            "--since",
            "1m",
            "--svg",
            picture.to_str().expect("a path")
        ])
        .status
        .success()
    );
    assert!(std::fs::read_to_string(&picture).expect("it").contains("lock"));
    let against = |since: &str, until: &str, other: &str, more: &str| {
        let time = ["--since", since, "--until", until, "--against", other];
        inspect(&[&["history", "--history", path], &time[..], &[more]].concat())
    };
    let same = against(&since, &until, &from, "--json").stdout;
    let same: Value = serde_json::from_slice(&same).expect("JSON");
    assert!(
        same["changes"]
            .as_array()
            .is_some_and(|all| !all.is_empty() && all.iter().all(|one| one["moved"] == false)),
        "{same}"
    );
    // A time that is in both, one that is not over, one of which nothing is known: none of them is one of nothing.
    for (other, code, word) in
        [(&since, 2, "overlaps"), (&"1s".to_owned(), 2, "is not over"), (&"2h".to_owned(), 3, "")]
    {
        let output = match code {
            2 if word == "overlaps" => against(&since, &until, other, "--json"),
            _ => against("1m", "now", other, "--json"),
        };
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(code) && said.contains(word), "{other}: {said}");
    }
    fits_every_terminal(&["history", "--history", path, "--since", "1m"]);
    fits_every_terminal(&["history", "--history", path, "--since", "1m", "--by", "line"]);
    // On a narrow one there is room for who was active, and not for load and depth.
    let mut narrow = Command::new(program::debug("inspect"));
    narrow.args(["history", "--history", path, "--since", "1m"]).env("COLUMNS", "40");
    let text = String::from_utf8(narrow.output().expect("inspect").stdout).expect("UTF-8");
    let heading = text.lines().find(|line| line.starts_with(" TIME")).expect("a heading");
    assert!(heading.split_whitespace().count() > 2 && !heading.contains("LOAD"), "{text}");
    // Nobody of that name, and nowhere.
    assert_eq!(inspect(&["history", "nobody", "--history", path]).status.code(), Some(3));
    assert_eq!(inspect(&["history", "--history", "/no/such/place"]).status.code(), Some(3));
}

/// Runs in a mount namespace of its own: `/mnt` is a disk of 200 KiB that something fills, and that gets room again.
const FULL: &str = r#"
mount -t tmpfs -o size=200k tmpfs /mnt && mkdir /mnt/h || exit 9
head -c 150000 /dev/zero > /mnt/ballast
"$1" history record -n "$2" --history /mnt/h --history-size 1GiB 2>/tmp/said-$$ &
recorder=$!
sleep 2.5
dd if=/dev/zero of=/mnt/more bs=4096 2>/dev/null
for n in $(seq 100); do grep -q 'seconds are lost' /tmp/said-$$ && break; sleep 0.1; done
cat /tmp/said-$$
rm -f /tmp/said-$$
rm -f /mnt/ballast /mnt/more
sleep 3
"$1" history --history /mnt/h --since 1m --json --points 300
kill -9 $recorder
"#;

#[test]
fn a_full_disk_loses_seconds_and_says_so_and_it_goes_on_when_there_is_room() {
    if !nix::unistd::geteuid().is_root() || !build::has("unshare") {
        return build::skip("a small disk of one's own needs root and unshare");
    }
    let name = program::name("history-full");
    let (_program, _) = Program::behave(&name, &["crowd", "200", "200"]);
    let inspect = program::debug("inspect");
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", FULL, "sh"]).arg(inspect).arg(&name);
    let output = command.output().expect("unshare");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("No space left") && text.contains("seconds are lost"), "{text}");
    let json = &text[text.find('{').unwrap_or_else(|| {
        panic!("no answer: {text}{}", String::from_utf8_lossy(&output.stderr))
    })..];
    let past: Value = serde_json::from_str(json).expect("JSON");
    // Seconds before it was full, and after; and a gap in between, or as many as a segment's tail had room for.
    assert!(seconds(&past, 0) >= 4, "{past}");
}

/// Root records what users do, also one who comes later, into a directory that only root may write, without being root.
#[test]
fn root_records_boards_of_several_owners_without_being_root() {
    if !nix::unistd::geteuid().is_root() {
        return build::skip("needs root");
    }
    if !build::needs("setpriv", "util-linux") {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let name = program::name("owned");
    let other = |uid: &str| AS_OTHER.replace("4242", uid);
    let words = [other("4242"), other("4343"), other("4444")];
    let words: Vec<Vec<&str>> = words.iter().map(|words| words.split(' ').collect()).collect();
    let first = behind(&words[0], &name, &["one-job"]);
    let second = behind(&words[1], &name, &["one-job"]);
    let of_root = behind(PLAIN, &name, &["one-job"]);
    let recorder = Recorder::start(directory.path(), &name, "64MiB");
    let pids = |past: &Value| -> Vec<u64> {
        let boards = past["boards"].as_array().into_iter().flatten();
        boards.filter_map(|board| board["pid"].as_u64()).collect()
    };
    let all = |wanted: &[u32]| {
        wait::until("seconds of all of them", Duration::from_secs(30), || {
            let past = past(directory.path(), &["-n", &name])?;
            let found = pids(&past);
            wanted.iter().all(|pid| found.contains(&u64::from(*pid))).then_some(())
        });
    };
    all(&[first.pid(), second.pid(), of_root.pid()]);
    let third = behind(&words[2], &name, &["one-job"]);
    all(&[third.pid()]);
    let status = std::fs::read_to_string(format!("/proc/{}/status", recorder.0.id()));
    let status = status.expect("it runs");
    assert!(status.contains("\nUid:\t65534\t65534\t65534\t65534\n"), "{status}");
    // What was made is root's, as the directory is.
    for entry in std::fs::read_dir(directory.path()).expect("listed").flatten() {
        let facts = entry.metadata().expect("facts");
        assert_eq!(std::os::unix::fs::MetadataExt::uid(&facts), 0, "{:?}", entry.path());
    }
}

#[test]
fn a_server_records_beside_its_other_work() {
    if !nix::unistd::geteuid().is_root() || !build::has("setpriv") {
        return build::skip("a server is never root's: another user needs root and setpriv");
    }
    let home = tempfile::Builder::new()
        .prefix("served")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .tempdir()
        .expect("a directory");
    let copy = |name: &str| {
        let to = home.path().join(name);
        build::copy_to_run(&program::debug(name), &to);
        to
    };
    let (behave, inspect) = (copy("fixture-behave"), copy("inspect"));
    let directory = home.path().join("past");
    std::fs::create_dir(&directory).expect("made");
    std::os::unix::fs::chown(&directory, Some(65534), Some(65534)).expect("given");
    let as_nobody = |program: &Path| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]).arg(program);
        command
    };
    let name = program::name("served");
    let mut program = Program::start(as_nobody(&behave).args([&name, "numbers"]), &name);
    program.until_ready();
    let mut server = as_nobody(&inspect);
    server
        .args(["serve", "--listen", "127.0.0.1:0", "--history"])
        .arg(&directory)
        .stderr(Stdio::null());
    let _server = Recorder(server.spawn().expect("inspect"));
    wait::until("a second of the past", Duration::from_secs(20), || {
        past(&directory, &["-n", &name]).filter(|past| seconds(past, 0) >= 1)
    });
}

#[test]
fn what_happens_at_one_moment_of_every_second_is_seen_in_the_heat_map() {
    let name = program::name("on-the-second");
    let (_program, _) = Program::behave(&name, &["on-the-second"]);
    let directory = tempfile::tempdir().expect("a directory");
    let mut command = Command::new(program::debug("inspect"));
    command.args(["history", "record", "--sample", "-n", &name, "--history"]).arg(directory.path());
    let _recorder = Recorder(command.stderr(Stdio::null()).spawn().expect("inspect"));
    let place = directory.path().to_str().expect("a path").to_owned();
    let ask = ["history", "--history", &place, "--heat", "--since", "1m"];
    let mean = |second: &Value, columns: std::ops::Range<usize>| {
        let of = second["work"].as_array().expect("columns");
        let known: Vec<f64> = of[columns].iter().filter_map(Value::as_f64).collect();
        (known.len() >= 5).then(|| known.iter().sum::<f64>() / known.len() as f64)
    };
    // Seconds in which this machine let it run when it wanted to.
    let heat = wait::until("two such seconds", Duration::from_secs(30), || {
        let output = inspect(&[&ask[..], &["--json"]].concat());
        let heat: Value = serde_json::from_slice(&output.stdout).ok()?;
        let seconds = heat["boards"][0]["seconds"].as_array()?;
        let clear = |second: &&Value| {
            mean(second, 1..9).is_some_and(|early| early > 0.9)
                && mean(second, 12..50).is_some_and(|late| late < 0.05)
        };
        (seconds.iter().filter(clear).count() >= 2).then_some(heat)
    });
    assert_eq!(
        (&heat["column_ns"], &heat["boards"][0]["name"]),
        (&20_000_000.into(), &name.as_str().into())
    );
    assert!(
        heat["boards"][0]["lines"][0]["line"].as_str().is_some_and(|line| line.ends_with("works"))
    );
    let text = String::from_utf8(inspect(&ask).stdout).expect("UTF-8");
    assert!(text.contains("|@@@@@"), "{text}");
    fits_every_terminal(&ask);
    let picture = directory.path().join("heat.svg");
    let drawn = inspect(&[&ask[..], &["--svg", picture.to_str().expect("a path")]].concat());
    assert!(drawn.status.success(), "{drawn:?}");
    assert!(std::fs::read_to_string(picture).expect("a picture").contains("fill-opacity"));
}
