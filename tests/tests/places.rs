//! Places where a board cannot be, or not for long: the daemon serves, says so in one line, and harms nobody's files.
//! Each control is a program without the protection, which dies of what ours lives through.

use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use tests::behind::may_unshare;
use tests::{program, wait};

fn hazards() -> PathBuf {
    program::debug("fixture-hazards")
}

/// A running daemon, and what it says. Killed, and its boards removed, when dropped.
struct Daemon {
    child: Child,
    said: BufReader<ChildStdout>,
    name: String,
}

impl Daemon {
    /// Starts `fixture-hazards` behind a line of shell, which may name the board `$NAME`.
    #[track_caller]
    fn behind(shell: &str, what: &[&str], environment: &[(&str, &str)]) -> Self {
        let name = program::name("place");
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{shell}\nexec \"$@\""), "sh"]).env("NAME", &name);
        command.arg(hazards()).arg(&name).args(what).envs(environment.iter().copied());
        Self::of(&mut command, name)
    }

    #[track_caller]
    fn of(command: &mut Command, name: String) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let said = BufReader::new(child.stdout.take().expect("piped"));
        Self { child, said, name }
    }

    /// Its next line.
    fn line(&mut self) -> String {
        let mut line = String::new();
        let _ = self.said.read_line(&mut line);
        line.trim_end().to_owned()
    }

    /// It has served; what became of its board.
    #[track_caller]
    fn served(&mut self) -> String {
        let line = self.line();
        let Some(status) = line.strip_prefix("50 right ") else {
            let mut said = String::new();
            let _ = self.child.kill();
            if let Some(mut stderr) = self.child.stderr.take() {
                let _ = std::io::Read::read_to_string(&mut stderr, &mut said);
            }
            panic!("it said {line:?} and ended: {:?}: {said}", self.child.wait());
        };
        status.to_owned()
    }

    /// Lets it end; its exit code, and what stood on its stderr.
    #[track_caller]
    fn end(&mut self) -> (Option<i32>, Vec<String>) {
        drop(self.child.stdin.take());
        let mut said = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            let _ = std::io::Read::read_to_string(&mut stderr, &mut said);
        }
        let code = self.child.wait().expect("its end").code();
        (code, said.lines().map(str::to_owned).collect())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        program::remove_boards(&self.name);
    }
}

/// It serves without a board, and says why in one line with these words.
#[track_caller]
fn serves_without(daemon: &mut Daemon, words: &[&str]) {
    let status = daemon.served();
    assert!(status.starts_with("Failed("), "{status}");
    let (code, said) = daemon.end();
    assert_eq!((code, said.len()), (Some(0), 1), "{said:?}");
    for word in words {
        assert!(
            said[0].starts_with("probe: ") && said[0].contains(word),
            "no {word:?} in {said:?}"
        );
    }
}

/// The signal by which the control ends.
#[track_caller]
fn control(shell: &str, what: &[&str]) -> Option<i32> {
    let mut command = Command::new("unshare");
    // Not by exec: the shell says by which signal its child ended, and 128 more is what it exits with.
    command.args(["-m", "sh", "-c", &format!("{shell}\n\"$@\""), "sh"]).arg(hazards()).arg("naive");
    let output = command.args(what).output().expect("a shell");
    let code = output.status.code().filter(|code| *code > 128).map(|code| code - 128);
    code.or(output.status.signal())
}

#[test]
fn a_sparse_board_on_a_full_file_system_ends_who_stores_into_it() {
    if !may_unshare() {
        return;
    }
    let full = "mount -t tmpfs -o size=64k none /mnt";
    assert_eq!(control(full, &["naive-sparse", "/mnt"]), Some(libc::SIGBUS));
    // Where there is room it lives: the control is what it says.
    assert_eq!(control("mount -t tmpfs none /mnt", &["naive-sparse", "/mnt"]), None);
}

#[test]
fn a_file_size_limit_ends_who_does_not_ask() {
    if !may_unshare() {
        return;
    }
    let limit = "mount -t tmpfs none /mnt; ulimit -f 4";
    assert_eq!(control(limit, &["naive-sparse", "/mnt"]), Some(libc::SIGXFSZ));
}

#[test]
fn a_map_without_a_guard_ends_with_its_file() {
    if !may_unshare() {
        return;
    }
    let plain = "mount -t tmpfs none /mnt";
    assert_eq!(control(plain, &["naive-cut", "/mnt"]), Some(libc::SIGBUS));
}

/// Docker gives 64 MiB: as many boards as fit are there, who comes later is told, and nobody dies of another's board.
#[test]
fn in_a_small_place_boards_come_until_it_is_full_and_all_serve() {
    if !may_unshare() {
        return;
    }
    let name = program::name("small");
    let script = "mount -t tmpfs -o size=64m none /dev/shm && exec 3<&0\n\
                  for one in 1 2 3 4 5 6; do \"$@\" <&3 & done; wait";
    let mut command = Command::new("unshare");
    command.args(["-m", "--kill-child", "-p", "--fork", "sh", "-c", script, "sh"]).arg(hazards());
    command.args([&name, "plain"]).env("PROBE_SIZE", "16000000");
    let mut daemons = Daemon::of(&mut command, name);
    let statuses: Vec<String> = (0..6).map(|_| daemons.served()).collect();
    let boards = statuses.iter().filter(|status| status.starts_with("Board(")).count();
    let refused = statuses.iter().filter(|status| status.starts_with("Failed(")).count();
    assert!((2..=4).contains(&boards) && boards + refused == 6, "{statuses:#?}");
    // Who looks when it is full is told what is free. Two that look at the same time may both find room for one, and then
    // it is the reservation that fails: which of the two words a daemon gets is the scheduler's choice.
    let room = ["bytes free", "No space left on device"];
    for status in statuses.iter().filter(|status| status.starts_with("Failed(")) {
        assert!(room.iter().any(|word| status.contains(word)), "{status}");
    }
}

/// Whatever stands where the board should be is left as it is.
#[test]
fn squatted_names_are_said_and_left_alone() {
    if !may_unshare() {
        return;
    }
    let victim = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(victim.path(), "somebody's").expect("written");
    let own = tempfile::tempdir_in("/dev/shm").expect("a folder");
    let mut cases = 0;
    for (place, directory) in [
        ("shm".to_owned(), Path::new("/dev/shm")),
        (format!("file:{}", own.path().display()), own.path()),
    ] {
        let taken = format!("{}/$NAME.$$.$(cut -d' ' -f22 /proc/$$/stat)", directory.display());
        for squat in [
            format!("mkdir \"{taken}\""),
            format!("ln -s {} \"{taken}\"", victim.path().display()),
            format!("ln -s /nowhere/at/all \"{taken}\""),
            format!("mkfifo \"{taken}\""),
            format!(
                "echo theirs > \"{taken}\"; chown 4242:4242 \"{taken}\"; chmod 666 \"{taken}\""
            ),
            format!(
                "ln {} \"{taken}\" 2>/dev/null || mknod \"{taken}\" c 1 3",
                victim.path().display()
            ),
        ] {
            let mut daemon = Daemon::behind(&squat, &["plain"], &[("PROBE_BOARD", &place)]);
            let name = daemon.name.clone();
            serves_without(&mut daemon, &[&name]);
            let start = format!("{}.{}.", daemon.name, daemon.child.id());
            let entries = std::fs::read_dir(directory).expect("a folder").flatten();
            let left: Vec<_> = entries
                .filter(|entry| entry.file_name().to_string_lossy().starts_with(&start))
                .map(|entry| entry.path())
                .collect();
            assert_eq!(left.len(), 1, "{squat}: {left:?}");
            let facts = std::fs::symlink_metadata(&left[0]).expect("still there");
            if facts.is_file() && facts.uid() == 4242 {
                assert_eq!(std::fs::read_to_string(&left[0]).ok().as_deref(), Some("theirs\n"));
            }
            let _ = std::fs::remove_file(&left[0]);
            let _ = std::fs::remove_dir(&left[0]);
            cases += 1;
        }
    }
    assert_eq!(cases, 12);
    assert_eq!(std::fs::read_to_string(victim.path()).expect("it"), "somebody's");
}

#[test]
fn a_directory_of_somebody_else_is_refused_by_its_owner() {
    if !may_unshare() {
        return;
    }
    let own = tempfile::tempdir_in("/dev/shm").expect("a folder");
    std::os::unix::fs::chown(own.path(), Some(4242), Some(4242)).expect("given away");
    let place = format!("file:{}", own.path().display());
    let mut daemon = Daemon::behind("true", &["plain"], &[("PROBE_BOARD", &place)]);
    serves_without(&mut daemon, &["belongs to uid 4242"]);
    assert_eq!(std::fs::read_dir(own.path()).expect("a folder").count(), 0);
}

#[test]
fn without_stdin_stdout_and_stderr_nothing_of_the_daemons_goes_into_its_board() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("said");
    let path = file.to_str().expect("UTF-8");
    // Something is said before, and a keeper that cannot start would be said after the board was made.
    let daemon = Daemon::behind("true", &["closed", path], &[("PROBE_MODE", "0666")]);
    let said = wait::until("what it says", Duration::from_secs(20), || {
        std::fs::read_to_string(&file).ok()
    });
    assert!(said.starts_with("50 right Board("), "{said}");
    let board = program::board(daemon.child.id());
    assert_eq!(board["state"], "live", "{}", board["verdict"]);
    assert_eq!(program::named(&board["counters"], "answered")["value"], 50);
}

#[test]
fn at_every_limit_of_descriptors_it_serves() {
    let mut boards = 0;
    for limit in 3..20 {
        let what = ["limited", "descriptors", &limit.to_string()];
        let mut daemon = Daemon::behind(program::NOTHING_ELSE_OPEN, &what, &[]);
        let status = daemon.served();
        boards += u32::from(status.starts_with("Board("));
        let (code, said) = daemon.end();
        assert_eq!(code, Some(0), "{limit}: {said:?}");
        assert!(said.iter().all(|line| line.starts_with("probe: ")), "{limit}: {said:?}");
        // Where not a single file can be opened a pipe cannot be told from one that may hang: then it is kept.
        assert!(
            status.starts_with("Board(") || said.len() == 1 || limit == 3,
            "{limit}: {status} {said:?}"
        );
    }
    assert!((4..17).contains(&boards), "some limits leave a board, others none: {boards}");
}

#[test]
fn at_a_limit_of_memory_it_serves() {
    let mut boards = 0;
    let limits = [256, 512, 768, 1024, 1280, 1536, 2048, 3072, 4096, 8192, 16_384];
    for kib in limits {
        let bytes = (kib << 10).to_string();
        let mut daemon = Daemon::behind("true", &["limited", "memory", &bytes], &[]);
        // A thread of the program's own may find no room: it serves with the one it has.
        let status = daemon.served();
        boards += usize::from(status.starts_with("Board("));
        let (code, said) = daemon.end();
        assert_eq!(code, Some(0), "{kib} KiB: {said:?}");
        assert!(said.iter().all(|line| line.starts_with("probe: ")), "{kib} KiB: {said:?}");
    }
    assert!(boards > 0 && boards < limits.len(), "{boards} of {}", limits.len());
}

#[test]
fn below_another_root_it_serves_and_says_what_it_does_not_see() {
    if !may_unshare() {
        return;
    }
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().to_str().expect("UTF-8");
    let mut daemon = Daemon::behind("true", &["rooted", path], &[]);
    serves_without(&mut daemon, &["/dev/shm"]);
    // With a place for boards, and no /proc: the board is there.
    std::fs::create_dir_all(root.path().join("dev/shm")).expect("a folder");
    std::fs::set_permissions(root.path().join("dev/shm"), PermissionsExt::from_mode(0o1777))
        .expect("ours");
    let mut daemon = Daemon::behind("true", &["rooted", path], &[]);
    let status = daemon.served();
    let (code, said) = daemon.end();
    assert_eq!(code, Some(0), "{status} {said:?}");
    assert!(said.len() <= 1 && said.iter().all(|line| line.starts_with("probe: ")), "{said:?}");
}

#[test]
fn who_gives_up_root_after_init_serves_on_and_is_seen() {
    if !may_unshare() {
        return;
    }
    let mut daemon = Daemon::behind("true", &["gives-up-root"], &[]);
    let status = daemon.served();
    assert!(status.starts_with("Board("), "{status}");
    let board = program::board(daemon.child.id());
    assert_eq!(board["state"], "live", "{}", board["verdict"]);
    assert_eq!(program::named(&board["counters"], "answered")["value"], 50);
    let (code, said) = daemon.end();
    assert_eq!((code, said.len()), (Some(0), 0), "{said:?}");
    // Only root may take the name away: what is left is a dead board, which `clean` removes.
    let left = program::boards(&["-n", &daemon.name]);
    assert_eq!((&left[0]["state"], &left[0]["end"]["clean"]), (&"dead".into(), &true.into()));
    assert!(program::inspect(&["clean", "-n", &daemon.name]).status.success());
    assert_eq!(program::inspect(&["-n", &daemon.name]).status.code(), Some(3));
}

#[test]
fn a_set_uid_program_does_not_ask_its_environment() {
    if !may_unshare() {
        return;
    }
    // Where set-uid counts, and others may run it.
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("ours");
    let copy = folder.path().join("hazards");
    tests::build::copy_to_run(&hazards(), &copy);
    let mine = tempfile::tempdir_in("/dev/shm").expect("a folder");
    for (mode, wanted) in [(0o4755, "/dev/shm/place-"), (0o755, "belongs to uid")] {
        std::fs::set_permissions(&copy, PermissionsExt::from_mode(mode)).expect("ours");
        let name = program::name("place");
        let mut command = Command::new("setpriv");
        command.args(["--reuid=4242", "--regid=4242", "--clear-groups"]).arg(&copy);
        command.args([&name, "plain"]);
        std::os::unix::fs::chown(mine.path(), Some(4343), Some(4343)).expect("given away");
        command.env("PROBE_BOARD", format!("file:{}", mine.path().display()));
        let mut daemon = Daemon::of(&mut command, name);
        let status = daemon.served();
        assert!(status.contains(wanted), "{mode:o}: {status}");
        let mut stdin = daemon.child.stdin.take().expect("piped");
        let _ = stdin.write_all(b"x");
    }
}
