//! What a dependency on probe costs a program: crates, and that what is spared is not missed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use tests::program::Program;
use tests::{build, program, wait};

/// An empty program that depends on probe, in a workspace of its own.
struct Empty {
    folder: PathBuf,
}

impl Empty {
    fn new(name: &str, source: &str) -> Self {
        let folder = build::target().join("for-tests").join(name);
        std::fs::create_dir_all(folder.join("src")).expect("a scratch folder");
        let probe = build::root().join("probe");
        let manifest = format!(
            "[package]\nname = \"empty\"\nedition = \"2024\"\n\n[workspace]\n\n[features]\nin = [\"probe/enable\"]\n\n\
             [dependencies]\nprobe = {{ package = \"scoreboard-probe\", path = {probe:?} }}\n"
        );
        std::fs::write(folder.join("Cargo.toml"), manifest).expect("write");
        std::fs::write(folder.join("src/main.rs"), source).expect("write");
        // The workspace's own versions: what is tested is what is built.
        std::fs::copy(build::root().join("Cargo.lock"), folder.join("Cargo.lock")).expect("lock");
        Self { folder }
    }

    /// The crates that it builds besides itself, each with its versions.
    fn crates(&self, arguments: &[&str], flags: &str) -> BTreeMap<String, Vec<String>> {
        let tree = build::run(
            build::cargo()
                .args(["tree", "--offline", "--edges", "normal,build"])
                .args(["--prefix", "none", "--format", "{p}"])
                .args(arguments)
                .env("RUSTFLAGS", flags)
                .current_dir(&self.folder),
        );
        let mut crates: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in tree.lines() {
            let mut words = line.split(' ');
            let (Some(name), Some(version)) = (words.next(), words.next()) else { continue };
            let versions = crates.entry(name.to_owned()).or_default();
            if name != "empty" && !versions.iter().any(|known| known == version) {
                versions.push(version.to_owned());
            }
        }
        crates.remove("empty");
        crates
    }
}

/// The number of crates that the documents state for a row.
fn stated(row: &str) -> usize {
    let path = build::root().join("docs/dependencies.md");
    let text = std::fs::read_to_string(path).expect("docs/dependencies.md");
    let line = text.lines().find(|line| line.starts_with(&format!("| {row}"))).expect("the row");
    line.split('|').nth(2).and_then(|cell| cell.trim().parse().ok()).expect("a number of crates")
}

#[test]
fn a_program_builds_as_many_crates_as_the_documents_say() {
    let empty = Empty::new("empty", "fn main() {}\n");
    let count =
        |crates: &BTreeMap<String, Vec<String>>| crates.values().map(Vec::len).sum::<usize>();
    let linux = ["--target", "x86_64-unknown-linux-gnu"];

    let out = empty.crates(&linux, "");
    assert_eq!(count(&out), stated("out"), "{out:#?}");
    assert!(count(&out) < 12, "{out:#?}");
    assert!(out.values().all(|versions| versions.len() == 1), "twice: {out:#?}");

    let on = empty.crates(&[&linux[..], &["--features", "in"]].concat(), "");
    assert_eq!(count(&on), stated("in"), "{on:#?}");
    assert!(on.contains_key("shared_memory") && !out.contains_key("shared_memory"));

    for elsewhere in ["x86_64-apple-darwin", "i686-unknown-linux-gnu"] {
        let other = empty.crates(&["--target", elsewhere, "--features", "in"], "");
        assert_eq!(count(&other), stated("forbidden"), "{elsewhere}: {other:#?}");
    }
    let off = empty.crates(&[&linux[..], &["--features", "in"]].concat(), "--cfg probe_off");
    assert_eq!(count(&off), stated("forbidden"), "{off:#?}");
}

/// `inspect` by its features, as the document says: crates of the library, of the verbs, with `serve`, and what that adds.
#[test]
fn inspect_builds_as_many_crates_as_the_documents_say() {
    let count = |features: &[&str]| {
        let mut command = build::cargo();
        command.args(["tree", "--offline", "--locked", "--edges", "normal,build", "--no-dedupe"]);
        command.args(["--prefix", "none", "--format", "{p}", "--package", "scoreboard-inspect"]);
        let tree = build::run(
            command
                .args(["--target", "x86_64-unknown-linux-gnu", "--no-default-features"])
                .args(features)
                .current_dir(build::root()),
        );
        let crates: std::collections::BTreeSet<(&str, &str)> = tree
            .lines()
            .filter_map(|line| {
                let mut words = line.split(' ');
                Some((words.next()?, words.next()?))
            })
            .filter(|(name, _)| *name != "scoreboard-inspect")
            .collect();
        crates.len()
    };
    let [library, verbs, serve] =
        [&[][..], &["--features", "cli"], &["--features", "serve"]].map(count);
    let text = std::fs::read_to_string(build::root().join("docs/dependencies.md")).expect("it");
    let more = serve - verbs;
    for said in [
        format!("the library alone is {library} crates, with the verbs {verbs}, with `serve`"),
        format!("(axum, hyper, tokio, rustls with ring) {serve};"),
        format!("those {more} take about"),
    ] {
        assert!(text.contains(&said), "it is: {said}");
    }
}

/// Its board is one like any other, though another way made it.
#[test]
fn a_plain_debug_build_makes_the_same_board_without_shared_memory() {
    let name = program::name("plain");
    let source = format!(
        "fn main() {{\n    probe::init!(\"{name}\");\n    probe::tag!(\"here\");\n    \
         println!(\"ready\");\n    std::thread::park();\n}}\n"
    );
    let empty = Empty::new("empty-debug", &source);
    let target = empty.folder.join("target");
    build::run(
        build::cargo()
            .args(["build", "--offline", "--quiet", "--target-dir"])
            .arg(&target)
            .current_dir(&empty.folder),
    );
    let mut plain = Program::start(&mut Command::new(target.join("debug/empty")), &name);
    plain.until_ready();
    let board = program::board(plain.pid());
    let path = board["path"].as_str().expect("a path").to_owned();
    assert!(path.starts_with("/dev/shm/"), "{path}");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(&path).expect("its board").permissions(),
    );
    assert_eq!(mode & 0o7777, 0o400, "nobody opens it to write");
    assert_eq!(board["state"], "live", "{board}");
    plain.kill();
    wait::until("the verdict", Duration::from_secs(10), || {
        let dead = program::inspect(&["--json", "-f", &path]);
        String::from_utf8_lossy(&dead.stdout).contains("\"dead\"").then_some(())
    });
}
