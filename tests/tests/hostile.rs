//! What comes from elsewhere is only data: files and file systems that somebody else made.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use tests::demo::Demo;
use tests::program;

/// `inspect list` beside a mount that nobody answers for, in a pipe: an inspector that hangs there cannot be
/// killed, and keeps the pipe open.
#[test]
fn a_file_system_that_never_answers_is_given_up_and_the_others_shown() {
    if !nix::unistd::geteuid().is_root() || !Path::new("/dev/fuse").exists() {
        return tests::build::skip("needs root and /dev/fuse for a mount that never answers");
    }
    let name = program::name("beside-a-hang");
    let (_program, _) = tests::program::Program::behave(&name, &["idle"]);
    let far = tempfile::tempdir().expect("a directory");
    let shell = format!(
        "exec 3<>/dev/fuse; mount -i -t fuse none {far} -o \
         fd=3,rootmode=40755,user_id=0,group_id=0 || exit 9; \
         timeout -s KILL 1 stat {far}/x 3<&-; \
         INSPECT_DIRS={far} {inspect} list 2>&1 3<&- | cat; \
         for name in {name} nobody-at-all; do \
         (INSPECT_DIRS={far} {inspect} check -n $name 2>/dev/null 3<&-; echo \"$name: code $?\") | cat; done; \
         {inspect} record -n {name} -d 300ms -o {far}/made.rec 2>&1 3<&- | cat; \
         {inspect} report {far}/theirs.rec 2>&1 3<&- | cat",
        far = far.path().display(),
        inspect = program::debug("inspect").display(),
    );
    // Whatever is left behind waits for the mount, which goes with the shell.
    let output = Command::new("unshare")
        .args(["-m", "timeout", "-s", "KILL", "30", "sh", "-c", &shell])
        .output()
        .expect("a shell");
    let said = String::from_utf8_lossy(&output.stdout);
    for path in ["made.rec: cannot be written", "theirs.rec"] {
        let named = |line: &str| line.contains(path) && line.contains("did not answer");
        assert!(said.lines().any(named), "{path}: {output:?}");
    }
    assert!(said.contains("boards there are not shown"), "{output:?}");
    // A monitor is told that there may be others, dead ones too; and that nobody knows whether it is there.
    for name in [&name, "nobody-at-all"] {
        assert!(said.contains(&format!("{name}: code 3")), "{name}: {said}");
    }
    let unknown = said.lines().filter(|line| line.starts_with("UNKNOWN - "));
    assert_eq!(unknown.filter(|line| line.contains("did not answer in 2 s")).count(), 2, "{said}");
    assert!(said.contains(&name[..13]) && output.status.success(), "{output:?}");
}

/// A client's key, which nobody asked to see, is in nothing that the daemon or an inspector puts out; with the
/// flag it is, which shows that this test would find it.
#[test]
fn a_clients_key_is_nowhere_unless_it_was_asked_for() {
    const KEY: &str = "marker-kappa-7431";
    for shown in [false, true] {
        let board = program::name("keys");
        let data = tempfile::tempdir().expect("a directory");
        let mut options = vec!["--ack", "durable", "--slow-commit", "1h"];
        options.extend(shown.then_some("--show-keys"));
        let mut demo = Demo::start(&board, data.path(), &options);
        let mut client = std::net::TcpStream::connect(&demo.address).expect("connected");
        let request = format!("*3\r\n$3\r\nSET\r\n${}\r\n{KEY}\r\n$1\r\n1\r\n", KEY.len());
        client.write_all(request.as_bytes()).expect("sent");
        let look = |arguments: &[&str]| {
            let inspect = program::debug("inspect");
            let mut command = Command::new(inspect);
            command.args(arguments).env("COLUMNS", "200").output().expect("inspect")
        };
        let minute = std::time::Duration::from_secs(60);
        tests::wait::until("the command", minute, || {
            let said = look(&["ops", &board]).stdout;
            String::from_utf8_lossy(&said).contains("SET ").then_some(())
        });
        let saved = data.path().join("saved.board");
        let path = saved.to_str().expect("a path");
        let pid = demo.child.id().to_string();
        assert!(look(&["dump", "-p", &pid, "-o", path]).status.success());
        let mut sinks = vec![("saved", std::fs::read(&saved).expect("saved"))];
        for arguments in [
            &[board.as_str(), "--all"][..],
            &["--json", &board],
            &["ops", &board],
            &["ops", "--json", &board],
            &["-f", path, "--json"],
            &["profile", "-d", "300ms", "--idle", "--json", &board],
        ] {
            let output = look(arguments);
            sinks.push((arguments[0], [output.stdout, output.stderr].concat()));
        }
        let found = |bytes: &[u8]| bytes.windows(KEY.len()).any(|some| some == KEY.as_bytes());
        let with: Vec<&str> =
            sinks.iter().filter(|(_, bytes)| found(bytes)).map(|(sink, _)| *sink).collect();
        match shown {
            false => assert!(with.is_empty(), "{with:?}"),
            true => assert!(with.contains(&"saved") && with.contains(&"ops"), "{with:?}"),
        }
        let _ = demo.child.kill();
        let _ = demo.child.wait();
    }
}

/// Twenty that connect to the cancel socket and say nothing keep nobody else from being answered.
#[test]
fn who_says_nothing_at_the_socket_keeps_nobody_out() {
    use std::io::Read;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixStream};
    let data = tempfile::tempdir().expect("a directory");
    let mut demo = Demo::start(&program::name("cancel-socket"), data.path(), &[]);
    let board = program::boards(&["-p", &demo.child.id().to_string()]).remove(0);
    let instance = board["instance"].as_u64().expect("a number");
    let name = probe::layout::cancel_name(instance);
    let connect = || {
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        UnixStream::connect_addr(&address).expect("a cancel socket")
    };
    let silent: Vec<UnixStream> = (0..20).map(|_| connect()).collect();
    let mut asking = connect();
    // One after the other, they would be waited for 4 s.
    asking.set_read_timeout(Some(std::time::Duration::from_secs(2))).expect("set");
    let request = probe::layout::CancelRequest { instance, id: 1 << 16 };
    asking.write_all(&request.to_bytes()).expect("sent");
    let mut answer = [0; 1];
    asking.read_exact(&mut answer).expect("an answer");
    drop(silent);
    let _ = demo.child.kill();
    let _ = demo.child.wait();
}

/// Root reads what another user recorded or saved as that user, and writes its own files as root.
#[test]
fn files_of_others_are_parsed_with_their_owners_rights() {
    const OTHER: u32 = 4242;
    if !nix::unistd::geteuid().is_root() {
        return tests::build::skip("needs root");
    }
    if !tests::build::needs("strace", "strace") {
        return;
    }
    let name = program::name("others-file");
    let (_program, _) = tests::program::Program::behave(&name, &["shares", "700"]);
    // Where nobody but root may look, so that rights that are given up are missed.
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let (recording, saved) = (file("theirs.rec"), file("theirs.board"));
    for arguments in [
        &["record", "-n", &name, "-d", "500ms", "-o", &recording][..],
        &["dump", "-n", &name, "-o", &saved],
    ] {
        assert!(program::inspect(arguments).status.success(), "{arguments:?}");
    }
    for path in [&recording, &saved] {
        std::os::unix::fs::chown(path, Some(OTHER), Some(OTHER)).expect("given away");
    }
    let (svg, both, csv) = (file("flame.svg"), file("both.svg"), file("counts.csv"));
    for arguments in [
        &["report", &recording][..],
        &["-f", &recording],
        &["annotate", &recording],
        &["diff", &recording, &recording, "--svg", &both],
        &["export", "svg", &recording, "-o", &svg],
        &["export", "csv", &recording, "-o", &csv],
        &["-f", &saved],
        &["ops", "-f", &saved],
        &["list", "-f", &saved],
        &["doctor", "-f", &saved],
        &["diff", &saved, &saved],
    ] {
        let trace = file("trace");
        let traced = Command::new("strace")
            .args(["-f", "-y", "-e", "trace=pread64,setresuid", "-o", &trace])
            .arg(program::debug("inspect"))
            .args(arguments)
            .output()
            .expect("strace");
        let said = String::from_utf8_lossy(&traced.stderr);
        assert!(traced.status.success(), "{arguments:?}: {said}");
        let trace = std::fs::read_to_string(&trace).expect("a trace");
        // The first words tell what kind of file it is; what is beyond them is parsed.
        let parses = |line: &str| {
            line.contains("pread64(") && line.contains("/theirs.") && !line.contains(", 8, 0)")
        };
        let call = format!("setresuid({OTHER}, {OTHER}, {OTHER})");
        let left = |line: &str| line.contains(&call) && line.ends_with("= 0");
        let first = trace.lines().position(parses).expect("it is parsed");
        let down = trace.lines().position(left);
        assert!(down.is_some_and(|down| down < first), "{arguments:?}: {trace}");
    }
    for path in [&svg, &both, &csv] {
        let facts = std::fs::metadata(path).expect("made");
        assert_eq!(std::os::unix::fs::MetadataExt::uid(&facts), 0, "{path}");
    }
}
