//! What cannot be done is said with what would help: where, why, and what to do. And what would do nothing is refused.

use std::process::{Command, Stdio};
use std::time::Duration;

use tests::program::{self, inspect};
use tests::served::{self, Serve};
use tests::{build, wait};

#[track_caller]
fn refused(words: &[&str], code: i32, says: &[&str]) {
    let output = inspect(words);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
    for part in says {
        assert!(said.contains(part), "{words:?}: {said}");
    }
    assert_eq!(said.lines().count(), 1, "{words:?}: {said}");
}

#[test]
fn a_port_that_is_taken_is_named_with_what_would_help() {
    let serve = Serve::start(&[]);
    let mut command = Command::new(program::debug("inspect"));
    command.args(["serve", "--listen", &serve.address]).stdin(Stdio::null());
    let output = served::unprivileged(&mut command).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for part in [&serve.address[..], "listens there already", "--listen 127.0.0.1:0"] {
        assert!(said.contains(part), "{said}");
    }
}

/// As nobody, which is not root: what is said of a place that may not be written, or is something else.
#[test]
fn a_place_that_is_taken_or_not_permitted_is_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let mode = |path: &std::path::Path, mode| {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(path, mode).expect("mode");
    };
    let (file, closed) = (folder.path().join("notes"), folder.path().join("closed"));
    std::fs::write(&file, "of somebody\n").expect("written");
    std::fs::create_dir(&closed).expect("a directory");
    served::give(&file);
    served::give(folder.path());
    mode(&closed, 0o555);
    let ask = |words: &[&str], code: i32, says: &[&str]| {
        let mut command = Command::new(program::debug("inspect"));
        command.args(words).stdin(Stdio::null());
        let output = served::unprivileged(&mut command).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
        for part in says {
            assert!(said.contains(part), "{words:?}: {said}");
        }
        assert!(!said.contains("root is given up"), "{words:?}: {said}");
    };
    let (notes, inside) = (file.display().to_string(), closed.join("a").display().to_string());
    ask(&["serve", "--listen", &format!("unix:{notes}")], 1, &["no socket"]);
    let denied = ["Permission denied"];
    ask(&["serve", "--listen", &format!("unix:{inside}")], 4, &denied);
    let helps = ["Permission denied", "name another"];
    ask(&["serve", "--listen", "127.0.0.1:0", "--history", &inside], 4, &helps);
    ask(&["history", "record", "--history", &inside], 4, &helps);
    ask(&["man", "--dir", &closed.display().to_string()], 4, &denied);
    ask(&["export", "prom", "-o", &inside], 4, &denied);
    // A past that may not be read is there.
    mode(&closed, 0o700);
    let past = closed.display().to_string();
    for words in [&["history", "--history", &past][..], &["history", "--heat", "--history", &past]]
    {
        ask(words, 4, &["Permission denied", "group"]);
    }
    mode(&closed, 0o555);
    let name = program::name("noted");
    let _program = served::behave(&name, &["operations"]);
    ask(&["dump", &name, "-o", &inside], 4, &denied);
    // A file that is no state is not written over.
    let state = ["export", "otlp", "--spans", &name, "--state", &notes, "-o", "-"];
    ask(&state, 2, &["notes", "name another file"]);
    assert_eq!(std::fs::read_to_string(&file).expect("it"), "of somebody\n");
    ask(&["export", "otlp", "--metrics", &name, "--state", &notes], 2, &["--state", "--spans"]);
    ask(&["export", "otlp", "--metrics", &name, "--pending"], 2, &["--pending", "--spans"]);
}

#[test]
fn every_parameter_of_every_endpoint_that_is_wrong_is_said_in_plain_words() {
    let serve = Serve::start(&[]);
    let document = serve.get("/openapi.json");
    let (mut asked, mut needed) = (0, 0);
    for (path, methods) in document["paths"].as_object().expect("paths") {
        let Some(get) = methods.get("get") else { continue };
        let path = path.replace("{board}", "x").replace("{id}", "1-1");
        let parameters = get["parameters"].as_array().cloned().unwrap_or_default();
        for parameter in &parameters {
            let schema = &parameter["schema"];
            let name = parameter["name"].as_str().expect("a name");
            if parameter["in"] != "query"
                || (schema["type"] == "string" && schema["enum"].is_null())
            {
                continue;
            }
            let answer = serve.ask("GET", &format!("{path}?{name}=b%60ad"), &[]);
            let error = answer.json()["error"].as_str().unwrap_or_default().to_owned();
            assert_eq!(answer.status, 400, "{path} {name}: {error}");
            for of_the_parser in ["eserialize", "variant", "literal", "digit", "provided"] {
                assert!(!error.contains(of_the_parser), "{path} {name}: {error}");
            }
            assert!(error.starts_with(name), "{path} {name}: {error}");
            if let Some(values) = schema["enum"].as_array() {
                for value in values {
                    assert!(error.contains(value.as_str().expect("text")), "{error}");
                }
            }
            asked += 1;
        }
        if parameters.iter().any(|one| one["in"] == "query" && one["required"] == true) {
            let answer = serve.ask("GET", &path, &[]);
            let error = answer.json()["error"].as_str().unwrap_or_default().to_owned();
            assert!(error.ends_with(": it has to be said"), "{path}: {error}");
            needed += 1;
        }
        if !parameters.is_empty() && path.contains("/api/") && !path.ends_with("1-1") {
            let answer = serve.ask("GET", &format!("{path}?nonsense=1"), &[]);
            let error = answer.json()["error"].as_str().unwrap_or_default().to_owned();
            assert!(error.starts_with("nonsense: no such parameter; there are"), "{path}: {error}");
        }
    }
    assert!(asked >= 10 && needed >= 1, "{asked}, {needed}");
}

#[test]
fn a_link_that_leads_nowhere_and_options_that_do_nothing_are_refused() {
    refused(&["link", "--server", "http://127.0.0.1:99999/"], 2, &["99999 is no port"]);
    refused(&["link", "--server", "ftp://x"], 2, &["http://127.0.0.1:7399/"]);
    for (since, until) in
        [("1m", "1h"), ("1h", "1h"), ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z")]
    {
        let range = ["--since", since, "--until", until];
        let link = [&["link", "--view", "history"][..], &range, &["x"]].concat();
        refused(&link, 2, &["--since is not before --until"]);
    }
    refused(&["link", "--over", "1s", "x"], 2, &["--view ops"]);
    refused(&["link", "--filter", "x", "x"], 2, &["--view ops"]);
    refused(&["link", "--view", "ops", "--select", "12-1", "x"], 2, &["--select", "4711/12-1"]);
    refused(&["export", "prom", "x", "-d", "5s"], 2, &["--duration", "export prom"]);
    let link = inspect(&["link", "--server", "https://proxy/scoreboard/", "x"]);
    let link = String::from_utf8_lossy(&link.stdout).into_owned();
    assert_eq!(link.trim(), "https://proxy/scoreboard/#view=why&board=x");
    let help = inspect(&["export", "-h"]);
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    for option in ["--openmetrics", "--state", "--pending"] {
        assert!(help.contains(option), "{help}");
    }
}

#[test]
fn who_was_not_recorded_is_told_who_was() {
    let name = program::name("remembered");
    let _program = served::behave(&name, &["operations"]);
    let folder = tempfile::tempdir().expect("a folder");
    served::give(folder.path());
    let directory = folder.path().to_str().expect("UTF-8");
    let mut command = Command::new(program::debug("inspect"));
    command.args(["history", "record", "--history", directory, &name]);
    let mut recorder = served::unprivileged(&mut command).spawn().expect("it runs");
    let known = || inspect(&["history", "--history", directory, &name]).status.success();
    wait::until("a second", Duration::from_secs(20), || known().then_some(()));
    refused(&["history", "--history", directory, "nobody-at-all"], 3, &["nobody-at-all", &name]);
    let _ = recorder.kill();
    let _ = recorder.wait();
}

#[test]
fn a_recorder_that_may_not_read_a_board_says_so_and_goes_on() {
    if !nix::unistd::geteuid().is_root() {
        return build::skip("needs root, whose board nobody may read");
    }
    let name = program::name("closed");
    let folder = tempfile::tempdir().expect("a folder");
    served::give(folder.path());
    let directory = folder.path().to_str().expect("UTF-8");
    // Its board is root's: what follows is another user's recorder.
    let (_program, _) = program::Program::behave(&name, &["idle"]);
    // One that is recorded hides none that is not.
    let open = format!("{name}-open");
    let _open = served::behave(&open, &["idle"]);
    let all = format!("{name}*");
    let mut command = Command::new(program::debug("inspect"));
    command.args(["history", "record", "--history", directory, &all]).stderr(Stdio::piped());
    let mut recorder = served::unprivileged(&mut command).spawn().expect("it runs");
    let said = recorder.stderr.take().expect("stderr");
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(said), &mut line).expect("a line");
    for part in ["not recorded", &name, "permission denied"] {
        assert!(line.contains(part), "{line}");
    }
    assert!(recorder.try_wait().expect("a state").is_none());
    let known = || inspect(&["history", "--history", directory, &open]).status.success();
    wait::until("a second of the other", Duration::from_secs(20), || known().then_some(()));
    let _ = recorder.kill();
    let _ = recorder.wait();
}

#[test]
fn who_exports_again_and_again_and_may_not_read_a_board_says_so_and_waits() {
    if !nix::unistd::geteuid().is_root() {
        return build::skip("needs root, whose board nobody may read");
    }
    let name = program::name("closed");
    // Its board is root's: what follows is another user's.
    let (_program, _) = program::Program::behave(&name, &["idle"]);
    let goes_on = |words: &[&str], target: &str, parts: &[&str]| {
        let mut command = Command::new(program::debug("inspect"));
        command.args(words).arg(target).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = served::unprivileged(&mut command).spawn().expect("it runs");
        let said = child.stderr.take().expect("stderr");
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(said), &mut line).expect("a line");
        let ended = child.try_wait().expect("a state");
        let _ = child.kill();
        let _ = child.wait();
        assert!(ended.is_none(), "{words:?}: {line}");
        for part in parts {
            assert!(line.contains(part), "{words:?}: {line}");
        }
    };
    let otlp = |what| ["export", "otlp", what, "--every", "20ms", "--endpoint", "http://[::1]:9"];
    let all = [&["export", "prom", "--every", "20ms"][..], &otlp("--metrics"), &otlp("--spans")];
    for words in all {
        goes_on(words, &name, &["not exported", &name, "permission denied"]);
        goes_on(words, "nobody-at-all", &["nobody-at-all", "one that comes is exported"]);
    }
}

#[test]
fn what_goes_on_by_itself_says_a_remark_once() {
    let name = program::name("again");
    let (mut dead, _) = program::Program::behave(&name, &["idle"]);
    dead.child.kill().expect("it runs");
    dead.child.wait().expect("its end");
    let (_living, _) = program::Program::behave(&name, &["idle"]);
    let folder = tempfile::tempdir().expect("a folder");
    for words in [&["prom"][..], &["otlp", "--metrics"]] {
        let file = |name: &str| std::fs::File::create(folder.path().join(name)).expect("a file");
        let mut command = Command::new(program::debug("inspect"));
        command.arg("export").args(words).args([&name, "--every", "20ms"]);
        let mut child = command.stdout(file("out")).stderr(file("said")).spawn().expect("it runs");
        let length = || std::fs::metadata(folder.path().join("out")).map_or(0, |facts| facts.len());
        let soon = Duration::from_secs(20);
        let first = wait::until("a first", soon, || Some(length()).filter(|&bytes| bytes > 0));
        wait::until("more of them", soon, || (length() > 5 * first).then_some(()));
        let _ = child.kill();
        let _ = child.wait();
        let said = std::fs::read_to_string(folder.path().join("said")).expect("it");
        assert_eq!(said.matches("1 more dead board").count(), 1, "{words:?}: {said}");
    }
}

#[test]
fn how_to_sample_is_refused_for_what_was_sampled() {
    let name = program::name("sampled");
    let _program = served::behave(&name, &["operations"]);
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (recording, to) = (file("a.rec"), file("a"));
    let recorded = inspect(&["record", &name, "-d", "200ms", "-o", &recording]);
    assert!(recorded.status.success(), "{recorded:?}");
    for form in [&["folded"][..], &["perfetto"], &["otlp", "--profiles"]] {
        for (flag, more) in [
            ("--duration", &["-d", "5s"][..]),
            ("--rate", &["-r", "99"]),
            ("--follow", &["--follow"]),
        ] {
            let words = [&["export"], form, &[&recording, "-o", &to], more].concat();
            refused(&words, 2, &[flag, "recording"]);
            assert!(!folder.path().join("a").exists(), "{words:?}");
        }
    }
}

#[test]
fn a_file_that_holds_no_board_is_said_to_be_there() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("trace"), "something else\n").expect("written");
    for verb in [&["trace"][..], &["export", "firefox", "trace", "-o", "a"]] {
        let mut command = Command::new(program::debug("inspect"));
        let output = command.args(verb).current_dir(folder.path()).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{verb:?}: {said}");
        assert!(said.contains("the file of that name here holds none"), "{verb:?}: {said}");
    }
}

#[test]
fn a_past_that_cannot_be_and_a_bound_that_holds_nothing_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let directory = folder.path().to_str().expect("UTF-8");
    let ask = ["history", "--history", directory];
    for flag in ["--since", "--until", "--against"] {
        refused(&[&ask[..], &[flag, "-5m"]].concat(), 2, &["-5m", "write 2h"]);
    }
    refused(&ask, 3, &["holds no history", "history record"]);
    for size in ["1", "1000kB"] {
        let record = ["history", "record", "--history", directory, "--history-size", size];
        refused(&record, 2, &["--history-size", "at least 1MiB"]);
        let serve = ["serve", "--history", directory, "--history-size", size];
        refused(&serve, 2, &["--history-size", "at least 1MiB"]);
    }
}

#[test]
fn root_that_was_given_up_is_told_what_it_may_no_longer_do() {
    if !nix::unistd::geteuid().is_root() {
        return build::skip("needs root, which gives itself up");
    }
    let name = program::name("others");
    let _program = served::behave(&name, &["operations"]);
    let folder = tempfile::tempdir().expect("a folder");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), mode).expect("mode");
    let file = folder.path().join("a.prom").display().to_string();
    refused(&["export", "prom", &name, "-o", &file], 4, &["root is given up", "nobody"]);
}

#[test]
fn a_program_at_rest_is_a_trace_and_no_failure() {
    let name = program::name("rests");
    let (_program, _) = program::Program::behave(&name, &["idle"]);
    let folder = tempfile::tempdir().expect("a folder");
    let export = |format: &str| {
        let file = folder.path().join(format);
        let path = file.display().to_string();
        let output = inspect(&["export", format, &name, "-d", "300ms", "-o", &path]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), said, file)
    };
    // Once its one job is over.
    wait::until("rest", Duration::from_secs(20), || (!export("folded").0).then_some(()));
    for format in ["perfetto", "firefox"] {
        let (success, said, file) = export(format);
        assert!(success, "{format}: {said}");
        assert!(std::fs::metadata(file).is_ok_and(|facts| facts.len() > 500), "{format}");
    }
    assert!(export("folded").1.contains("idle"), "what adds up has nothing to add");
}
