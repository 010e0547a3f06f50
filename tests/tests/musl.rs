//! With another C library: what differs is said.

use std::process::Command;

use tests::{build, program};

const TARGET: &str = "x86_64-unknown-linux-musl";

/// `fixture-behave` for musl, where the target is installed. In CI it must be.
fn behave() -> Option<std::path::PathBuf> {
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().ok()?;
    let sysroot = String::from_utf8_lossy(&sysroot.stdout).trim().to_owned();
    if !std::path::Path::new(&sysroot).join("lib/rustlib").join(TARGET).exists() {
        tests::build::skip(&format!("rustup target add {TARGET}"));
        return None;
    }
    let mut cargo = build::cargo();
    cargo.args(["build", "--quiet", "--package", "fixture-behave", "--target", TARGET]);
    build::run(cargo.current_dir(build::root()));
    Some(build::target().join(TARGET).join("debug").join("fixture-behave"))
}

#[test]
fn without_an_exit_code_the_board_stays_and_says_so() {
    let Some(behave) = behave() else { return };
    for (what, panics) in [(&["exit", "1"][..], false), (&["exit", "0"], false), (&["panic"], true)]
    {
        let name = program::name("musl");
        let output = Command::new(&behave).arg(&name).args(what).output().expect("it");
        drop(output);
        let boards = program::boards(&["-n", &name]);
        assert_eq!(boards.len(), 1, "{what:?}");
        let (verdict, end) = (boards[0]["verdict"].as_str().unwrap_or_default(), &boards[0]["end"]);
        assert!(verdict.contains("a code that its C library does not tell"), "{verdict}");
        assert!(end["exit_code"].is_null() && end["clean"] == false, "{end:#}");
        let words = end["panic"].as_str().is_some_and(|panic| panic.contains("the well is dry"));
        assert_eq!(words, panics, "{end:#}");
        program::remove_boards(&name);
    }
}
