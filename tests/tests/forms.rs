//! The forms of the macros and of the attribute: what must compile does, what must not does not and says so where
//! the reader looks; the same with probes in, out, and forbidden.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tests::build;

/// One scratch folder has one user.
static ONE: Mutex<()> = Mutex::new(());

/// A scratch copy of the fixture with these sources as programs of their own.
fn scratch(which: &str) -> (PathBuf, MutexGuard<'static, ()>) {
    let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let from = build::root().join("tests/fixtures/forms");
    let folder = build::target().join("for-tests").join(format!("forms-{which}"));
    let programs = folder.join("src/bin");
    _ = std::fs::remove_dir_all(&programs);
    std::fs::create_dir_all(&programs).expect("a scratch folder");
    let manifest = std::fs::read_to_string(from.join("Cargo.toml")).expect("manifest");
    let probe = build::root().join("probe");
    let manifest = manifest.replace("PROBE", probe.to_str().expect("a path in UTF-8"));
    std::fs::write(folder.join("Cargo.toml"), manifest).expect("write");
    // The workspace's own versions: what is tested is what is built.
    std::fs::copy(build::root().join("Cargo.lock"), folder.join("Cargo.lock")).expect("lock");
    for source in std::fs::read_dir(from.join(which)).expect("sources") {
        let source = source.expect("a source").path();
        let name = source.file_name().expect("a name");
        std::fs::copy(&source, programs.join(name)).expect("copy");
    }
    (folder, one)
}

/// With probes in, out, and forbidden.
const BUILDS: [(&str, &[&str], &str); 3] =
    [("in", &[], ""), ("out", &["--release"], ""), ("forbidden", &[], "--cfg probe_off")];

fn check(folder: &Path, arguments: &[&str], flags: &str) -> (Output, String) {
    check_with(folder, arguments, flags, |_| ())
}

fn check_with(
    folder: &Path,
    arguments: &[&str],
    flags: &str,
    more: impl FnOnce(&mut Command),
) -> (Output, String) {
    let mut cargo = build::cargo();
    more(&mut cargo);
    let output = cargo
        .args(["check", "--bins", "--keep-going", "--offline", "--color", "never"])
        .args(["--message-format", "short"])
        .args(arguments)
        .env("RUSTFLAGS", flags)
        // One for both, since they have all but their own few lines in common.
        .env("CARGO_TARGET_DIR", build::target().join("for-tests/forms"))
        .current_dir(folder)
        .output()
        .expect("cargo");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, said)
}

/// A scratch copy of a folder of packages, with the path to `probe` in their manifests.
fn packages(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a scratch folder");
    for entry in std::fs::read_dir(from).expect("sources") {
        let from = entry.expect("an entry").path();
        let to = to.join(from.file_name().expect("a name"));
        if from.is_dir() {
            packages(&from, &to);
        } else {
            let probe = build::root().join("probe");
            let text = std::fs::read_to_string(&from).expect("a source");
            let text = text.replace("PROBE", probe.to_str().expect("a path in UTF-8"));
            std::fs::write(to, text).expect("write");
        }
    }
}

#[test]
fn any_name_of_the_crate_will_do() {
    let folder = build::target().join("for-tests/names");
    packages(&build::root().join("tests/fixtures/names"), &folder);
    std::fs::copy(build::root().join("Cargo.lock"), folder.join("Cargo.lock")).expect("lock");
    for (build, arguments, flags) in BUILDS {
        let arguments = [&["--workspace"], arguments].concat();
        let (output, said) = check(&folder, &arguments, flags);
        assert!(output.status.success(), "probes {build}:\n{said}");
    }
}

#[test]
fn a_library_without_std_has_the_probes_of_its_program() {
    let folder = build::target().join("for-tests/bare");
    packages(&build::root().join("tests/fixtures/bare"), &folder);
    std::fs::copy(build::root().join("Cargo.lock"), folder.join("Cargo.lock")).expect("lock");
    for (build, arguments, flags) in BUILDS {
        // By itself, and in a program.
        for package in [&["--lib", "--package", "library"][..], &["--package", "daemon"]] {
            let (output, said) = check(&folder, &[package, arguments].concat(), flags);
            assert!(output.status.success(), "probes {build}, {package:?}:\n{said}");
        }
    }
}

/// No limit of the compiler stands in the way of a large program: one call, thousands of numbers.
#[test]
fn five_thousand_numbers_are_declared_at_once() {
    let (folder, _one) = scratch("pass");
    let programs = folder.join("src/bin");
    for source in std::fs::read_dir(&programs).expect("sources") {
        std::fs::remove_file(source.expect("a source").path()).expect("removed");
    }
    let entry = |n| format!("/// Number {n}.\npub counter N{n} = \"n{n}\", \"jobs\";\n");
    let entries: String = (0..5000).map(entry).collect();
    let source =
        format!("probe::metrics! {{\n{entries}}}\nfn main() {{ probe::count!(N4999); }}\n");
    std::fs::write(programs.join("many.rs"), source).expect("write");
    for (build, arguments, flags) in BUILDS {
        let (output, said) = check(&folder, arguments, flags);
        assert!(output.status.success(), "probes {build}:\n{said}");
    }
}

/// A build that is not Cargo's says nothing of packages to the compiler.
#[test]
fn programs_need_no_cargo() {
    let (folder, _one) = scratch("pass");
    let wrapper = folder.join("without-cargo");
    let script = "#!/bin/sh\nfor name in $(env | grep -o '^CARGO[A-Z_]*'); do unset \"$name\"; done\nexec \"$@\"\n";
    build::script_to_run(script, &wrapper);
    let (output, said) = check_with(&folder, &[], "", |cargo| {
        cargo.env("RUSTC_WORKSPACE_WRAPPER", &wrapper);
    });
    assert!(output.status.success(), "{said}");
}

#[test]
fn what_must_compile_does() {
    let (folder, _one) = scratch("pass");
    for (build, arguments, flags) in BUILDS {
        let (output, said) = check(&folder, arguments, flags);
        assert!(output.status.success(), "probes {build}:\n{said}");
    }
}

/// What a source says of itself: `//~ TEXT` behind a line of which an error with that text must speak.
fn expected(folder: &Path) -> Vec<(String, usize, String)> {
    let mut expected = Vec::new();
    for source in std::fs::read_dir(folder.join("src/bin")).expect("sources") {
        let path = source.expect("a source").path();
        let text = std::fs::read_to_string(&path).expect("a source");
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        for (line, number) in text.lines().zip(1..) {
            if let Some((_, error)) = line.split_once("//~ ") {
                expected.push((format!("src/bin/{name}"), number, error.to_owned()));
            }
        }
    }
    expected
}

#[test]
fn what_must_not_compile_says_so_where_it_stands() {
    let (folder, _one) = scratch("fail");
    let expected = expected(&folder);
    assert!(expected.len() > 12, "{expected:?}");
    for (build, arguments, flags) in BUILDS {
        let (output, said) = check(&folder, arguments, flags);
        assert!(!output.status.success(), "probes {build}");
        let errors: Vec<&str> = said.lines().filter(|line| line.contains(": error")).collect();
        let is = |error: &str, (file, line, text): &(String, usize, String)| {
            error.starts_with(&format!("{file}:{line}:")) && error.contains(text.as_str())
        };
        for one in &expected {
            let found = errors.iter().any(|error| is(error, one));
            assert!(found, "probes {build}: no error {one:?} in\n{said}");
        }
        for error in errors.iter().filter(|error| error.starts_with("src/bin")) {
            let known = expected.iter().any(|one| is(error, one));
            assert!(known, "probes {build}: {error} in\n{said}");
        }
    }
}
