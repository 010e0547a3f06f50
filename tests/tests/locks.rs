//! Wrappers of locks and channels do what the wrapped ones do: every method, called with probes in and out.

use std::process::Command;

use tests::{build, program};

/// Runs the fixture that calls them all.
fn every(path: &std::path::Path) {
    let name = program::name("every");
    let output = Command::new(path).args([&name, "every"]).output().expect("fixture-locks");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    program::remove_boards(&name);
    assert!(output.status.success(), "{path:?}: {}\n{said}", output.status);
    assert!(String::from_utf8_lossy(&output.stdout).contains("every method was called"));
}

#[test]
fn every_method_does_the_same_with_probes_in_and_out() {
    every(&program::debug("fixture-locks"));
    // Out: what is called there is the crates' own.
    let target = build::target().join("for-tests").join("locks-out");
    build::run(
        build::cargo()
            .args(["build", "--quiet", "--locked", "--package", "fixture-locks", "--target-dir"])
            .arg(&target)
            .env("RUSTFLAGS", "--cfg probe_off")
            .current_dir(build::root()),
    );
    every(&target.join("debug/fixture-locks"));
}
