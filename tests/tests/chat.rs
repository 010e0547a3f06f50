//! The guide for chat bots, followed: its script says what is wrong and where to look, and nothing while all is well.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;
use tests::program::{self, Program};
use tests::{build, wait};

fn executable(path: &Path, text: &str) {
    std::fs::write(path, text).expect("written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("made so");
}

#[test]
fn the_script_of_the_guide_tells_what_is_wrong_with_a_link_to_it() {
    if !build::needs("python3", "python3") {
        return;
    }
    let guide = std::fs::read_to_string(build::root().join("docs/chat.md")).expect("the guide");
    let script = guide.split("```bash\n").nth(1).and_then(|rest| rest.split("```").next());
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    executable(&at("told"), script.expect("a script"));
    // In place of the chat: what it is handed stands in a file.
    executable(&at("curl"), "#!/bin/sh\ncat > \"$(dirname \"$0\")/handed\"\n");
    let inspect = program::debug("inspect");
    let path = std::env::var("PATH").expect("a path");
    let path = format!(
        "{}:{}:{path}",
        folder.path().display(),
        inspect.parent().expect("a folder").display()
    );
    let told = |name: &str| -> Output {
        let mut command = Command::new(at("told"));
        command.arg(name).env("PATH", &path).env("HOOK", "https://chat.example/hook");
        command.env("SERVER", "https://db1.example:7399/").output().expect("bash")
    };
    let well = program::name("chat-well");
    let (_fine, _) = Program::behave(&well, &["duty", "10", "20"]);
    let output = told(&well);
    assert!(output.status.success() && !at("handed").exists(), "{output:?}");
    // One that hangs, and does not answer anything.
    let name = program::name("chat");
    let (hangs, _) = Program::behave(&name, &["duty", "10", "20"]);
    hangs.signal(nix::sys::signal::Signal::SIGSTOP);
    wait::until("a word", Duration::from_secs(30), || {
        let output = told(&name);
        assert!(output.status.success(), "{output:?}");
        at("handed").exists().then_some(())
    });
    let said: Value =
        serde_json::from_slice(&std::fs::read(at("handed")).expect("it")).expect("JSON");
    let text = said["text"].as_str().expect("a text");
    assert!(
        text.starts_with("CRITICAL") && text.contains(&name) && !text.contains(" | "),
        "{text}"
    );
    let link = format!("https://db1.example:7399/#view=why&board={name}");
    assert_eq!(text.lines().last(), Some(link.as_str()));
}
