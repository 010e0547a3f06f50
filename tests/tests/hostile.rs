//! What comes from elsewhere is only data: files and file systems that somebody else made.

use std::path::Path;
use std::process::Command;

use tests::program;

/// `inspect list` beside a mount that nobody answers for, in a pipe: an inspector that hangs there cannot be
/// killed, and keeps the pipe open.
#[test]
fn a_file_system_that_never_answers_is_given_up_and_the_others_shown() {
    if !nix::unistd::geteuid().is_root() || !Path::new("/dev/fuse").exists() {
        return;
    }
    let name = program::name("beside-a-hang");
    let (_program, _) = tests::program::Program::behave(&name, &["idle"]);
    let far = tempfile::tempdir().expect("a directory");
    let shell = format!(
        "exec 3<>/dev/fuse; mount -i -t fuse none {far} -o \
         fd=3,rootmode=40755,user_id=0,group_id=0 || exit 9; \
         timeout -s KILL 1 stat {far}/x 3<&-; \
         INSPECT_DIRS={far} {inspect} list 2>&1 3<&- | cat",
        far = far.path().display(),
        inspect = program::debug("scoreboard-inspect", "inspect").display(),
    );
    // Whatever is left behind waits for the mount, which goes with the shell.
    let output = Command::new("unshare")
        .args(["-m", "timeout", "-s", "KILL", "30", "sh", "-c", &shell])
        .output()
        .expect("a shell");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("did not answer"), "{output:?}");
    assert!(said.contains(&name[..13]) && output.status.success(), "{output:?}");
}
