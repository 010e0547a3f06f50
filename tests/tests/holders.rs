//! Who holds a lock that nobody waits for: noted by the holder on his own slot, not on the lock's record.

use std::process::Command;

use serde_json::Value;
use tests::program::{self, Program};

#[test]
fn who_holds_a_named_lock_is_said_while_nobody_waits_for_it() {
    let name = program::name("alone");
    let mut command = Command::new(program::debug("fixture-locks"));
    let mut program = Program::start(command.args([&name, "alone"]), &name);
    program.until_ready();
    says_who_holds_what(&program::document(&["waits", "-n", &name]));
    // And when it hangs and is killed.
    program.kill();
    says_who_holds_what(&program::document(&["waits", "-n", &name]));
}

fn says_who_holds_what(said: &Value) {
    let holder = |lock: &str| program::named(&said["locks"], lock)["holder"]["thread"].clone();
    for (lock, thread) in [
        ("first", "five"),
        ("second", "five"),
        ("third", "five"),
        // Two threads waited for it before: the record still says who had it then.
        ("again", "two"),
        // It is not where it was when it got its record.
        ("moved", "two"),
    ] {
        assert_eq!(holder(lock), thread, "{lock}: {said:#}");
    }
    assert_eq!(holder("free"), Value::Null, "{said:#}");
    // A thread notes three, and leaves room for what it holds shared.
    assert_eq!(holder("fourth"), Value::Null, "{said:#}");
    let readers = &program::named(&said["locks"], "second")["readers"];
    assert_eq!(readers.as_array().map(Vec::len), Some(0), "its writer is no reader: {said:#}");
    assert_eq!(said["cycles"].as_array().map(Vec::len), Some(0));
}
