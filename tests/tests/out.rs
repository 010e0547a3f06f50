//! Out of a release: no instruction, no string, no section, no dependency, either way.

use std::path::{Path, PathBuf};

use tests::{build, code};

/// A scratch copy of the fixture, always at the same place: names of functions depend on it.
struct Scratch {
    folder: PathBuf,
}

impl Scratch {
    fn new(name: &str) -> Self {
        let from = build::root().join("tests/fixtures/out");
        let folder = build::target().join("for-tests").join(name);
        std::fs::create_dir_all(folder.join("src")).expect("a scratch folder");
        let manifest = std::fs::read_to_string(from.join("Cargo.toml")).expect("manifest");
        let probe = build::root().join("probe");
        let manifest = manifest.replace("PROBE", probe.to_str().expect("a path in UTF-8"));
        std::fs::write(folder.join("Cargo.toml"), manifest).expect("write");
        std::fs::copy(from.join("src/main.rs"), folder.join("src/main.rs")).expect("copy");
        // The workspace's own versions: what is tested is what is built.
        std::fs::copy(build::root().join("Cargo.lock"), folder.join("Cargo.lock")).expect("lock");
        Self { folder }
    }

    fn source() -> String {
        let path = build::root().join("tests/fixtures/out/src/lib.rs");
        std::fs::read_to_string(path).expect("the fixture's source")
    }

    /// Builds this source; the program, kept under `name`, and what cargo said it compiled.
    fn build(
        &self,
        name: &str,
        source: &str,
        flags: &str,
        arguments: &[&str],
    ) -> (PathBuf, String) {
        std::fs::write(self.folder.join("src/lib.rs"), source).expect("write");
        let target = self.folder.join("target");
        let output = build::cargo_release()
            .args(["--offline", "--color", "never"])
            .args(arguments)
            .arg("--target-dir")
            .arg(&target)
            .env("RUSTFLAGS", flags)
            .current_dir(&self.folder)
            .output()
            .expect("cargo");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        let kept = self.folder.join(name);
        build::copy_to_run(&target.join("release/fixture-out"), &kept);
        (kept, said)
    }
}

impl Scratch {
    /// The next build compiles this package, though an earlier run of the test has.
    fn forget(&self, package: &str) {
        let known = self.folder.join("target/release/.fingerprint");
        for one in std::fs::read_dir(known).expect("a build").flatten() {
            if one.file_name().to_string_lossy().starts_with(package) {
                std::fs::remove_dir_all(one.path()).expect("removed");
            }
        }
    }
}

/// The source with its probes deleted, line for line.
fn deleted(source: &str) -> String {
    let mut inside = false;
    let blank = |line: &str| {
        inside |= line.starts_with("probe::metrics! {");
        let gone = inside || line.contains("probe::") || line.contains("extern crate probe");
        inside &= line != "}";
        if gone { String::new() } else { line.to_owned() }
    };
    source.lines().map(blank).map(|line| line + "\n").collect()
}

/// The fixture's own functions.
fn own(program: &Path) -> Vec<(String, Vec<u8>)> {
    let functions = code::functions(program);
    let own = functions
        .into_iter()
        .filter(|(name, _)| name.contains("fixture_out::") && !name.contains("must_not_run"));
    own.map(|(name, (_, code))| (name, code)).collect()
}

/// Code without the parts that say where other things lie: displacements of calls and of addresses
/// relative to the instruction depend on what else is in the program.
fn shape(code: &[u8]) -> Vec<String> {
    use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};
    let mut decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
    let mut formatter = IntelFormatter::new();
    formatter.options_mut().set_rip_relative_addresses(true);
    let mut shape = Vec::new();
    while decoder.can_decode() {
        let mut instruction = decoder.decode();
        let inside = instruction.near_branch_target() < code.len() as u64;
        if instruction.is_ip_rel_memory_operand() {
            instruction.set_memory_displacement64(0);
        } else if instruction.near_branch_target() != 0 && !inside {
            instruction.set_near_branch64(0);
        }
        let mut text = String::new();
        formatter.format(&instruction, &mut text);
        shape.push(text);
    }
    shape
}

#[track_caller]
fn same_code(left: &Path, right: &Path) {
    let (left, right) = (own(left), own(right));
    let names = |functions: &[(String, Vec<u8>)]| {
        functions.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&left), names(&right));
    assert!(left.len() >= 4, "too few functions to say anything: {:?}", names(&left));
    for ((name, left), (_, right)) in left.iter().zip(&right) {
        assert_eq!(shape(left), shape(right), "{name}");
    }
}

#[track_caller]
fn no_trace(program: &Path) {
    let bytes = std::fs::read(program).expect("the program");
    for trace in
        ["secret-", "probe_sites", "shared_memory", "memmap2", "PROBE_BOARD", "probe-keeper"]
    {
        let found = bytes.windows(trace.len()).any(|window| window == trace.as_bytes());
        assert!(!found, "{} holds {trace:?}", program.display());
    }
}

#[test]
fn probes_that_are_out_leave_no_trace() {
    let scratch = Scratch::new("out");
    let source = Scratch::source();
    let (without, _) = scratch.build("deleted", &deleted(&source), "", &[]);

    // By the profile: no debug assertions, no feature.
    let (out, _) = scratch.build("out", &source, "", &[]);
    no_trace(&out);
    same_code(&out, &without);

    // By the trump, also against the feature; then probe's dependencies are not even compiled.
    let feature = ["--features", "scoreboard-probe/enable"];
    scratch.forget("scoreboard-probe");
    let (off, said) = scratch.build("off", &source, "--cfg probe_off", &feature);
    no_trace(&off);
    same_code(&off, &without);
    for dependency in
        ["libc", "memmap2", "nix", "pin-project-lite", "shared_memory", "zerocopy", "syn"]
    {
        assert!(!said.contains(&format!("Compiling {dependency} ")), "{dependency} in:\n{said}");
    }
    assert!(said.contains("Compiling scoreboard-probe "), "nothing was compiled:\n{said}");

    // The control: probes that are in are found by the same looks.
    let (on, _) = scratch.build("on", &source, "", &feature);
    let bytes = std::fs::read(&on).expect("the program");
    assert!(bytes.windows(7).any(|window| window == b"secret-"));
    assert!(own(&on) != own(&without));
}

#[test]
fn debug_builds_with_the_trump_hold_no_strings_either() {
    let scratch = Scratch::new("out-debug");
    std::fs::write(scratch.folder.join("src/lib.rs"), Scratch::source()).expect("write");
    let target = scratch.folder.join("target");
    build::run(
        build::cargo()
            .args(["build", "--offline", "--quiet", "--target-dir"])
            .arg(&target)
            .env("RUSTFLAGS", "--cfg probe_off -Cdebuginfo=0")
            .current_dir(&scratch.folder),
    );
    no_trace(&target.join("debug/fixture-out"));
}
