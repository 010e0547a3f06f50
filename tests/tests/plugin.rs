//! A plugin with probes comes and goes; its host lives on.

use std::process::Command;

use tests::{build, program};

/// Opens the plugin, works in it on two threads, closes it with one of them alive, does so a thousand times more, and ends.
const HOST: &str = r#"
import _ctypes, ctypes, glob, os, sys, threading
library = ctypes.CDLL(sys.argv[1])
assert library.plugin_begin() == 1
library.plugin_work()
worked, closed = threading.Event(), threading.Event()
def work():
    library.plugin_work()
    worked.set()
    closed.wait()
thread = threading.Thread(target=work)
thread.start()
worked.wait()
_ctypes.dlclose(library._handle)
closed.set()
thread.join()
again = ctypes.CDLL(sys.argv[1])
assert again.plugin_begin() == 1
again.plugin_work()
_ctypes.dlclose(again._handle)
for _ in range(1000):
    again = ctypes.CDLL(sys.argv[1])
    again.plugin_work()
    _ctypes.dlclose(again._handle)
assert len(glob.glob("/dev/shm/plugin-fixture.%d.*" % os.getpid())) == 1
print("alive", flush=True)
sys.exit(int(sys.argv[2]))
"#;

#[test]
fn a_plugin_that_is_closed_leaves_its_host_alive() {
    if !build::needs("python3", "python3") {
        return;
    }
    let mut cargo = build::cargo();
    build::run(
        cargo.args(["build", "--quiet", "--package", "fixture-plugin"]).current_dir(build::root()),
    );
    let library = build::target().join("debug").join("libfixture_plugin.so");
    for code in [0, 3] {
        let mut command = Command::new("python3");
        let host = command.args(["-c", HOST]).arg(&library).arg(code.to_string()).output();
        let host = host.expect("python3");
        let said = String::from_utf8_lossy(&host.stderr).into_owned();
        assert_eq!(host.status.code(), Some(code), "{said}");
        assert_eq!(String::from_utf8_lossy(&host.stdout), "alive\n", "{said}");
    }
    program::remove_boards("plugin-fixture");
}
