//! One API: what `probe` offers is the same with probes in and out, so that a program which compiles in one compiles in
//! the other. What rustdoc does not see (the arms of the macros) is in `tests/forms.rs`.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::build;

#[path = "api/surface.rs"]
mod surface;

/// The public surface with these flags. rustdoc always has debug assertions, so "out" is by `--cfg probe_off`: what is
/// compiled in its place is the same module as in a plain release.
fn surface(name: &str, flags: &str, features: &str) -> BTreeSet<String> {
    let target = build::target().join("for-tests").join(format!("api-{name}"));
    let mut command = build::cargo();
    let command = command
        .args(["rustdoc", "--quiet", "--locked", "--package", "scoreboard-probe"])
        .args(["--features", features, "--target-dir"])
        .arg(&target)
        .args(["--", "-Zunstable-options", "--output-format", "json"])
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", flags)
        .env("RUSTDOCFLAGS", flags)
        .current_dir(build::root());
    build::run(command);
    let json = std::fs::read(target.join("doc/probe.json")).expect("rustdoc wrote it");
    let json: Value = serde_json::from_slice(&json).expect("JSON");
    surface::lines(&json)
}

/// What is there only with probes out, and why.
const ONLY_OUT: [&str; 1] = [
    // Stands before the method of `Layer`, whose filter would be asked all the same; a call of it compiles either way.
    "probe::tracing::SpanLayer::with_filter",
];

/// Modules of wrappers, which with probes out pass another crate's types on: what can be done with those is for
/// `tests/locks.rs`, whose calls are compiled both ways.
const WRAPPERS: [&str; 5] =
    ["probe::sync", "probe::thread", "probe::parking_lot", "probe::crossbeam", "probe::tokio"];

/// Whether a line is of a module of wrappers.
fn of_a_wrapper(line: &str) -> bool {
    WRAPPERS.iter().any(|module| {
        line.match_indices(module).any(|(at, _)| {
            line[at + module.len()..].starts_with(|c: char| !c.is_alphanumeric())
                || line.ends_with(module)
        })
    })
}

/// Every macro has its row in the table of the crate's documentation.
fn in_the_table(surface: &BTreeSet<String>) {
    let source = std::fs::read_to_string(build::root().join("probe/src/lib.rs")).expect("source");
    let rows = source.lines().filter_map(|line| line.strip_prefix("//! | [`")?.split_once("!`]"));
    let rows: BTreeSet<&str> = rows.map(|(name, _)| name).collect();
    let macros = surface.iter().filter_map(|line| line.strip_prefix("macro probe::"));
    let macros: BTreeSet<&str> = macros.collect();
    assert!(macros.len() > 20, "{macros:?}");
    assert_eq!(rows, macros, "the table of macros");
}

#[test]
fn types_and_methods_are_the_same_in_and_out() {
    for features in ["tracing,tower", "layout,trail,tracing,tower"] {
        let inside = surface("in", "", features);
        let outside = surface("out", "--cfg probe_off", features);
        let only = |these: &BTreeSet<String>, those: &BTreeSet<String>| {
            these.difference(those).map(|line| line.clone() + "\n").collect::<String>()
        };
        in_the_table(&inside);
        let outside =
            outside.into_iter().filter(|line| !ONLY_OUT.iter().any(|it| line.contains(it)));
        let outside: BTreeSet<String> = outside.collect();
        let inside: BTreeSet<String> =
            inside.into_iter().filter(|line| !of_a_wrapper(line)).collect();
        let outside: BTreeSet<String> =
            outside.into_iter().filter(|line| !of_a_wrapper(line)).collect();
        let (only_in, only_out) = (only(&inside, &outside), only(&outside, &inside));
        assert!(inside.len() > 200, "too little was read: {inside:#?}");
        assert!(
            only_in.is_empty() && only_out.is_empty(),
            "features {features}\nonly with probes in:\n{only_in}\nonly without:\n{only_out}"
        );
    }
}
