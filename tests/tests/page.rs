//! The page of `inspect serve`, in a real browser: `tests/page.py` drives it, this starts what it looks at.

use std::path::{Path, PathBuf};
use std::process::Command;

use tests::fake::{Fake, Say};
use tests::served::{self, Serve};
use tests::{build, program, python};

const CHECKS: [&str; 14] = [
    "a stalled operation is on the page within 2 s",
    "a label made of markup stays text",
    "the filter leaves what matches, and the address says it",
    "a deep link shows what it was made from",
    "everything is reached by keys",
    "a click zooms into the flame graph",
    "the source of a line stands beside its share",
    "a profile is handed to Perfetto and to the Firefox Profiler",
    "the past is a view, by keys, and the address carries its range",
    "a link to what is gone says so",
    "rows of other hosts have a column, and one that hangs is a row",
    "cancel works with the token and not without",
    "findings that cannot be had say why",
    "the page goes on while the daemon is held, and after kill -9",
];

/// Who drives a browser, where there is one.
fn browser() -> Option<PathBuf> {
    let all =
        [("chromium", "chromium"), ("chromedriver", "chromium-driver"), ("openssl", "openssl")];
    let there = all.iter().all(|(program, package)| build::needs(program, package));
    there.then(python::python).flatten()
}

#[test]
fn a_real_browser_shows_filters_links_zooms_cancels_and_goes_on() {
    let Some(python) = browser() else { return };
    let name = program::name("page");
    let data = tempfile::tempdir().expect("a folder");
    let demo = served::stuck(&name, data.path());
    let secret = "0123456789abcdef-page";
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), secret).expect("written");
    served::give(file.path());
    let past = tempfile::tempdir().expect("a folder");
    served::give(past.path());
    let kept = past.path().to_str().expect("UTF-8");
    let token = file.path().to_str().expect("UTF-8");
    // Where a server without rights may read them.
    let sources = tempfile::tempdir().expect("a folder");
    build::run(
        Command::new("cp").arg("-r").arg(build::root().join("daemon-demo")).arg(sources.path()),
    );
    build::run(Command::new("chmod").args(["-R", "a+rX"]).arg(sources.path()));
    let from = sources.path().to_str().expect("UTF-8");
    let serve = Serve::start(&["--token-file", token, "--history", kept, "--source", from]);
    let silent = Fake::start(|_| Say::Nothing);
    let list = format!("http://{},{}", serve.address, silent.url());
    let merged = Serve::start(&["--endpoints", &list]);
    let server = format!("http://{}/", serve.address);
    let link = program::inspect(&[
        "link",
        "--server",
        &server,
        "--view",
        "ops",
        "--filter",
        "*onerror*",
        &name,
    ]);
    let link = String::from_utf8(link.stdout).expect("UTF-8").trim().to_owned();
    assert!(link.ends_with(&format!("#view=ops&board={name}&filter=*onerror*")), "{link}");
    let pid = demo.child.id().to_string();
    let mut script = Command::new("timeout");
    script.arg("300").arg(python).arg(build::root().join("tests/page.py"));
    script.args([&serve.address, &name, &pid, demo.port(), secret, &link]);
    let said = build::run(script.args([&merged.address, &silent.address]));
    for check in CHECKS.iter().chain(&["a foreign Host is refused"]) {
        assert!(said.contains(&format!("ok {check}\n")), "{check}:\n{said}");
    }
}

const OF_MANY: [&str; 8] = [
    "numbers of two hosts with one pid are told apart",
    "a finding beside those of others says whose it is",
    "with columns of hosts and boards none is cut off",
    "what is for ears makes no page longer",
    "on a phone places can be read to their end",
    "a pattern of many stars holds nothing up",
    "a picture that is held stands for as long as it is held",
    "the token is asked for once, and what was wrong is said",
];

/// A key and a certificate that signs itself, of those who serve.
fn certificate(folder: &Path) -> (String, String) {
    let (key, certificate) = (folder.join("key"), folder.join("certificate"));
    build::run(
        Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
            .args(["-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout"])
            .arg(&key)
            .arg("-out")
            .arg(&certificate),
    );
    for file in [folder, &key, &certificate] {
        served::give(file);
    }
    let text = |path: PathBuf| path.to_str().expect("UTF-8").to_owned();
    (text(key), text(certificate))
}

#[test]
fn in_a_real_browser_what_is_of_many_is_told_apart_and_nobody_is_hurried() {
    let Some(python) = browser() else { return };
    let name = program::name("of-many");
    let data = tempfile::tempdir().expect("a folder");
    let demo = served::stuck(&name, data.path());
    // A second board, where one alone would need no column.
    let _beside = served::behave(&program::name("of-many-beside"), &["lock"]);
    let past = tempfile::tempdir().expect("a folder");
    served::give(past.path());
    let serve = Serve::start(&["--history", past.path().to_str().expect("UTF-8")]);
    let other = Serve::start(&[]);
    let list = format!("http://{},http://{}", serve.address, other.address);
    let merged = Serve::start(&["--endpoints", &list]);
    let secret = "0123456789abcdef-page";
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), secret).expect("written");
    served::give(file.path());
    let folder = tempfile::tempdir().expect("a folder");
    let (key, certificate) = certificate(folder.path());
    let token = file.path().to_str().expect("UTF-8");
    let tls = ["--tls-cert", &certificate, "--tls-key", &key, "--token-file", token];
    let shut = Serve::run(&[&["--listen", "0.0.0.0:0"], &tls[..]].concat());
    let guarded = shut.address.replace("0.0.0.0", "127.0.0.1");
    let pid = demo.child.id().to_string();
    let mut script = Command::new("timeout");
    script.arg("300").arg(python).arg(build::root().join("tests/page_many.py"));
    script.args([&serve.address, &name, &pid, demo.port(), &merged.address, &other.address]);
    let said = build::run(script.args([&guarded, secret]));
    for check in OF_MANY {
        assert!(said.contains(&format!("ok {check}\n")), "{check}:\n{said}");
    }
}

/// Naively every row of a table is there, and made anew with every look.
#[test]
fn a_look_at_very_much_changes_what_is_in_view_alone() {
    if !build::needs("chromium", "chromium") || !build::needs("chromedriver", "chromium-driver") {
        return;
    }
    let Some(python) = python::python() else { return };
    let name = program::name("very-much");
    let _program = served::behave(&name, &["wide"]);
    let serve = Serve::start(&[]);
    let mut script = Command::new("timeout");
    script.arg("300").arg(python).arg(build::root().join("tests/page_update.py"));
    let said = build::run(script.args([&serve.address, &name]));
    for view in ["ops", "numbers", "threads"] {
        assert!(said.contains(&format!("ok {view}\n")), "{view}:\n{said}");
    }
}
