//! Building programs of this workspace, and scratch copies outside it, the way a user would.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

/// Root of the workspace.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Cargo, with nothing of the surrounding test run in its environment.
pub fn cargo() -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    for (key, _) in std::env::vars_os() {
        let key = key.to_string_lossy().into_owned();
        if key.starts_with("CARGO_PKG_") || key == "CARGO_MANIFEST_DIR" || key == "RUSTFLAGS" {
            command.env_remove(key);
        }
    }
    command.env_remove("LD_LIBRARY_PATH");
    command
}

/// Cargo that builds for release as people do: a developer's `CARGO_INCREMENTAL=1` would cut programs into many pieces, whose
/// instructions nobody else has.
pub fn cargo_release() -> Command {
    let mut command = cargo();
    command.env("CARGO_INCREMENTAL", "0").args(["build", "--release"]);
    command
}

/// Runs a command that must succeed.
///
/// # Panics
/// When it does not: with all that it printed.
#[track_caller]
pub fn run(command: &mut Command) -> String {
    let output = command.stdin(std::process::Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// A program of the workspace in release, built with these arguments (once in a test process). What programs are made of
/// is built once for all of them; each program has a place of its own, where no build with other arguments replaces it.
#[track_caller]
pub fn release(package: &str, binary: &str, arguments: &[&str]) -> PathBuf {
    static BUILT: OnceLock<Mutex<HashSet<PathBuf>>> = OnceLock::new();
    let name: String = arguments.concat().chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let programs = target().join("for-tests");
    let place = programs.join(format!("{package}-{name}")).join(binary);
    let built = BUILT.get_or_init(Mutex::default);
    let mut built = built.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if built.contains(&place) {
        return place;
    }
    let shared = programs.join("release");
    run(cargo_release()
        .args(["--quiet", "--locked", "--package", package])
        .args(arguments)
        .arg("--target-dir")
        .arg(&shared)
        .current_dir(root()));
    keep(&shared.join("release").join(binary), &place)
        .unwrap_or_else(|error| panic!("{}: {error}", place.display()));
    built.insert(place.clone());
    place
}

/// A name of its own for what was built: the same file, which a later build replaces and does not change.
fn keep(program: &Path, place: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(place.parent().unwrap_or(place))?;
    match std::fs::remove_file(place) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => std::fs::hard_link(program, place),
    }
}

/// A program of the workspace, built so that a panic ends it at once.
#[track_caller]
pub fn aborting(package: &str, binary: &str) -> PathBuf {
    let target = target().join("for-tests").join("aborts");
    run(cargo()
        .args(["build", "--quiet", "--locked", "--package", package])
        .args(["--config", "profile.dev.panic=\"abort\"", "--target-dir"])
        .arg(&target)
        .current_dir(root()));
    target.join("debug").join(binary)
}

/// The directory that this workspace builds into.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Whether a test that needs `program` may run. Where it is missing, Debian's `package` is installed if
/// this user may; else the test is skipped and says so, and in CI it fails instead.
///
/// # Panics
/// In CI, when the program cannot be had.
#[track_caller]
pub fn needs(program: &str, package: &str) -> bool {
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _one = INSTALLING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if !has(program) && nix::unistd::geteuid().is_root() && has("apt-get") {
        let apt = |arguments: &[&str]| {
            let mut command = Command::new("apt-get");
            let quiet =
                command.args(["-qq", "-y"]).args(arguments).stdout(std::process::Stdio::null());
            let _ = quiet.env("DEBIAN_FRONTEND", "noninteractive").status();
        };
        apt(&["update"]);
        apt(&["install", package]);
    }
    if has(program) {
        return true;
    }
    let how = format!("{program} is missing: apt-get install {package}");
    skip(&how);
    false
}

/// A test cannot run here, for this reason: it is said at once, past the runner's capture, and counted at the
/// end of the run.
///
/// # Panics
/// In CI, where nothing passes by being skipped.
#[track_caller]
pub fn skip(why: &str) {
    use std::io::Write;
    assert!(std::env::var_os("CI").is_none(), "{why}");
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
    let file = std::fs::OpenOptions::new().create(true).append(true).open(skips());
    let _ = file.and_then(|mut file| writeln!(file, "{}", why.replace('\n', " ")));
}

/// Where the skips of this run are noted: the run is the process that started this one.
fn skips() -> PathBuf {
    target().join(format!("skipped-{}", std::os::unix::process::parent_id()))
}

/// Why tests of this run were skipped, one for each; from now on there are none.
pub fn skipped() -> Vec<String> {
    let text = std::fs::read_to_string(skips()).unwrap_or_default();
    let _ = std::fs::remove_file(skips());
    text.lines().map(str::to_owned).collect()
}

/// Whether a program is there to be called.
pub fn has(program: impl AsRef<OsStr>) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(program.as_ref()).is_file())
}

/// A copy of a program that can be run at once.
///
/// Made by another process: a file that this one has open to write, a child that another test starts at that moment
/// inherits until it has begun its program, and the kernel runs nothing that somebody may write ("Text file busy").
///
/// # Panics
/// When it cannot be copied.
#[track_caller]
pub fn copy_to_run(from: &Path, to: &Path) {
    run(Command::new("cp").arg("--").arg(from).arg(to));
}

/// A script of one's own that can be run at once, for the same reason written by another process.
///
/// # Panics
/// When it cannot be written.
#[track_caller]
pub fn script_to_run(text: &str, to: &Path) {
    run(Command::new("sh")
        .args(["-c", "printf %s \"$1\" > \"$0\" && chmod 755 \"$0\""])
        .arg(to)
        .arg(text));
}
