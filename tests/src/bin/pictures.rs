//! Makes what the documents show from real runs, so that it does not age: the console sessions of the README
//! and the guides (`tests::session` says how), and the pictures `docs/top.svg`, the live screen on a real
//! terminal, and `docs/flame.svg`, the flame graph, both of the demo daemon under its own load.
//!
//! ```text
//! cargo run -p tests --bin pictures               all of it
//! cargo run -p tests --bin pictures sessions      the sessions alone
//! cargo run -p tests --bin pictures README.md     those of one document
//! ```

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tests::terminal::Terminal;
use tests::{build, demo, picture, session};

/// The board's name on the pictures.
const NAME: &str = "recordd";
/// Columns and rows of the screen.
const SIZE: (u16, u16) = (110, 32);
/// How long the load has gone on when the screen is taken: sparklines want something to show.
const BEFORE: Duration = Duration::from_secs(40);

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    eprintln!("{}: {} bytes", path.display(), text.len());
}

/// Documents with sessions.
const DOCUMENTS: [&str; 5] = [
    "README.md",
    "docs/slow-daemon.md",
    "docs/slow-index.md",
    "docs/stuck-request.md",
    "docs/who-holds-the-lock.md",
];

fn main() {
    let only = std::env::args().nth(1).unwrap_or_default();
    let inspect = build::release("scoreboard-inspect", "inspect", &[]);
    let daemon = build::release("daemon-demo", "daemon-demo", &["--features", "probes"]);
    let programs = [&inspect, &daemon].map(|program| program.parent().expect("a directory"));
    for name in
        DOCUMENTS.into_iter().filter(|name| only.is_empty() || only == "sessions" || only == *name)
    {
        let path = build::root().join(name);
        let text = std::fs::read_to_string(&path).expect("a document");
        let (text, sessions) = session::renewed(&text, &programs);
        eprintln!("{name}: {sessions} sessions");
        write(&path, &text);
    }
    if only.is_empty() {
        pictures(&inspect, &daemon);
    }
}

fn pictures(inspect: &Path, daemon: &Path) {
    let docs = build::root().join("docs");
    let data = tempfile::tempdir().expect("a directory");
    let mut serve = Command::new(daemon);
    serve.args(["serve", "--listen", "127.0.0.1:0", "--name", NAME, "--data"]).arg(data.path());
    let demo = demo::Demo::run(&mut serve, NAME);
    let mut load = Command::new(daemon)
        .args(["load", "--connect", &demo.address, "--name", NAME, "--duration", "2m"])
        // Less than two cores can bear, so that the sampler is on time too.
        .args(["--processes", "1", "--clients", "2", "--pipeline", "8"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the load");
    let pid = demo.child.id().to_string();
    let mut top = Terminal::start(inspect, &["top", "-p", &pid], SIZE.0, SIZE.1);
    top.shows("LIVE");
    std::thread::sleep(BEFORE);
    write(&docs.join("top.svg"), &top.screen(|screen| picture::svg(screen, "inspect top recordd")));
    top.press("q");
    assert!(top.end().success());
    let flame = build::run(Command::new(inspect).args(["export", "svg", "-p", &pid, "-d", "10s"]));
    write(&docs.join("flame.svg"), &flame);
    let _ = load.kill();
    let _ = load.wait();
}
