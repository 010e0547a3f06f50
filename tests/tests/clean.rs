//! `inspect clean` removes what is proved dead, and nothing else.

use std::time::Duration;

use tests::behind::{PLAIN, behind, inspect_behind, is, may_unshare, rows};
use tests::program;

/// The exit code and both outputs of `clean` for a name, behind a shell command.
#[track_caller]
fn clean(shell: &[&str], arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = inspect_behind(shell, &[&["clean"], arguments].concat());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn clean_removes_exactly_what_is_proved_dead() {
    use std::os::unix::fs::FileExt;
    let name = program::name("clean");
    let _live = behind(PLAIN, &name, &["one-job"]);
    let mut killed = behind(PLAIN, &name, &["one-job"]);
    killed.child.kill().expect("it runs");
    killed.child.wait().expect("its end");
    let unfinished = format!("/dev/shm/{name}.{}.1", killed.pid());
    let file = std::fs::File::create(&unfinished).expect("a file");
    file.set_len(1 << 16).expect("its length");
    let text = format!("/dev/shm/{name}.{}.2", killed.pid());
    std::fs::write(&text, "somebody's").expect("write");
    let (_, would, _) = clean(PLAIN, &["--dry-run", "-n", &name]);
    assert_eq!(would.lines().count(), 1, "{would}");
    assert_eq!(rows(PLAIN, &name).len(), 4);
    // A young file may be a board in the making.
    let (code, removed, _) = clean(PLAIN, &["-n", &name]);
    assert_eq!((code, removed.lines().count()), (Some(0), 1), "{removed}");
    let old = std::time::SystemTime::now() - Duration::from_secs(60);
    file.set_modified(old).expect("its owner may");
    let (_, removed, _) = clean(PLAIN, &["-n", &name]);
    assert!(removed.contains("never finished") && removed.lines().count() == 1, "{removed}");
    // What has words of somebody's in it is not ours.
    file.write_all_at(b"?", 64).expect("write");
    let (_, removed, said) = clean(PLAIN, &["--unknown", "-n", &name]);
    assert!(removed.is_empty() && said.contains("left alone"), "{removed} {said}");
    let left = rows(PLAIN, &name);
    assert_eq!(left.iter().filter(|row| row["state"] == "live").count(), 1, "{left:?}");
    assert!(std::fs::remove_file(text).is_ok());
    assert_eq!(clean(PLAIN, &["-n", "no-such-board-anywhere"]).0, Some(3));
}

#[test]
fn clean_in_another_namespace_needs_two_seconds_without_a_heartbeat() {
    if !may_unshare() {
        return;
    }
    let other = &["unshare", "-p", "--fork", "--mount-proc"];
    let name = program::name("foreign");
    let mut killed = behind(PLAIN, &name, &["one-job"]);
    killed.child.kill().expect("it runs");
    killed.child.wait().expect("its end");
    let (code, removed, said) = clean(other, &["-n", &name]);
    assert!(code == Some(0) && removed.contains("heartbeat stands still"), "{removed} {said}");
    // Without a keeper nothing proves it dead.
    let name = program::name("keeperless");
    let mut killed = behind(PLAIN, &name, &["keeperless"]);
    is(&rows(other, &name)[0], "live", &["live by its lock"]);
    killed.child.kill().expect("it runs");
    killed.child.wait().expect("its end");
    let (_, removed, said) = clean(other, &["-n", &name]);
    assert!(removed.is_empty() && said.contains("--unknown removes"), "{removed} {said}");
    let (_, removed, _) = clean(other, &["--unknown", "-n", &name]);
    assert_eq!(removed.lines().count(), 1, "{removed}");
}
