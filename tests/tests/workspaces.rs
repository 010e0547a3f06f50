//! Workspaces of their own (servers of others, peers, fuzzing) know the versions that the crates here have: else
//! `--locked` refuses them, and nobody sees it before he needs them.

use tests::build;

/// The version after a package's name in a lock file.
fn locked<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let after = lock.split(&format!("name = \"{package}\"\nversion = \"")).nth(1)?;
    after.split('"').next()
}

#[test]
fn every_lock_file_has_the_versions_that_are_here() {
    let read = |path: &str| std::fs::read_to_string(build::root().join(path)).expect(path);
    let ours = read("Cargo.lock");
    for workspace in ["tests/beside", "tests/fuzz", "tests/services"] {
        let theirs = read(&format!("{workspace}/Cargo.lock"));
        for package in ["scoreboard-probe", "scoreboard-probe-macros", "scoreboard-inspect"] {
            if let Some(version) = locked(&theirs, package) {
                assert_eq!(Some(version), locked(&ours, package), "{workspace}: {package}");
            }
        }
        assert!(locked(&theirs, "scoreboard-probe").is_some(), "{workspace} links probes");
    }
}
