//! Three hosts, as network namespaces with a daemon and a server each: one view of all; one is cut off and comes
//! back, one is killed.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::served::{self, NOBODY};
use tests::{build, program, wait};

const TOKEN: &str = "0123456789abcdef-hosts";

/// A network of its own, with one cable to the test's.
struct Net {
    name: String,
    cable: String,
    address: String,
}

fn ip(words: &[&str]) -> bool {
    let done = Command::new("ip").args(words).stderr(Stdio::null()).status();
    done.is_ok_and(|status| status.success())
}

impl Net {
    /// The network of a number; `None` where the system does not let this be done.
    fn new(number: u32) -> Option<Self> {
        // Names of interfaces are short, and of the whole machine.
        let of = std::process::id() % 10_000;
        let (name, cable) = (format!("sb{of}n{number}"), format!("sb{of}c{number}"));
        let inner = format!("sb{of}i{number}");
        let (ours, theirs) = (format!("10.77.{number}.1/24"), format!("10.77.{number}.2/24"));
        let address = format!("10.77.{number}.2");
        let net = Self { name, cable, address };
        let made = ip(&["netns", "add", &net.name])
            && ip(&["link", "add", &net.cable, "type", "veth", "peer", "name", &inner])
            && ip(&["link", "set", &inner, "netns", &net.name])
            && ip(&["addr", "add", &ours, "dev", &net.cable])
            && ip(&["link", "set", &net.cable, "up"])
            && ip(&["-n", &net.name, "addr", "add", &theirs, "dev", &inner])
            && ip(&["-n", &net.name, "link", "set", &inner, "up"])
            && ip(&["-n", &net.name, "link", "set", "lo", "up"]);
        made.then_some(net)
    }

    fn cut(&self, off: bool) {
        assert!(ip(&["link", "set", &self.cable, if off { "down" } else { "up" }]));
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        ip(&["link", "del", &self.cable]);
        ip(&["netns", "del", &self.name]);
    }
}

/// A daemon and a server in a network, with a /dev/shm of their own.
struct Host {
    child: Child,
    net: Net,
}

impl Host {
    fn start(net: Net, board: &str, folder: &Path) -> Self {
        let (behave, inspect) = (program::debug("fixture-behave"), program::debug("inspect"));
        // The shell stays: both end with it, the first process of their own pid namespace.
        let script = format!(
            "mount -t tmpfs -o mode=1777 none /dev/shm; \
             setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups {} {board} operations >/dev/null & \
             setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups {} serve --listen {}:7399 \
             --tls-cert {folder}/certificate --tls-key {folder}/key --token-file {folder}/token; true",
            behave.display(),
            inspect.display(),
            net.address,
            folder = folder.display(),
        );
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &net.name, "unshare", "-m", "-p", "--fork", "--kill-child"]);
        command.args(["--mount-proc", "sh", "-c", &script]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { child: command.spawn().expect("ip"), net }
    }

    fn url(&self) -> String {
        format!("https://{}:7399", self.net.address)
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A certificate of all three, its key, and the token.
fn secrets(folder: &Path) {
    let names: Vec<String> = (1..=3).map(|number| format!("IP:10.77.{number}.2")).collect();
    build::run(
        Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
            .args(["-nodes", "-days", "2", "-subj", "/CN=hosts", "-addext"])
            .arg(format!("subjectAltName={}", names.join(",")))
            .arg("-keyout")
            .arg(folder.join("key"))
            .arg("-out")
            .arg(folder.join("certificate")),
    );
    std::fs::write(folder.join("token"), TOKEN).expect("written");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(folder.join("token"), mode).expect("mode");
    for path in
        [folder.to_owned(), folder.join("key"), folder.join("certificate"), folder.join("token")]
    {
        served::give(&path);
    }
}

#[test]
fn three_hosts_are_one_view_and_one_that_is_cut_off_comes_back() {
    if !nix::unistd::geteuid().is_root() || !build::has("ip") || !build::has("setpriv") {
        return build::skip("networks of one's own need root, ip (iproute2) and setpriv");
    }
    if !build::needs("openssl", "openssl") {
        return;
    }
    let nets: Option<Vec<Net>> = (1..=3).map(Net::new).collect();
    let Some(nets) = nets else {
        return build::skip("networks of one's own cannot be made here (ip netns, veth)");
    };
    let folder = tempfile::tempdir().expect("a folder");
    secrets(folder.path());
    let name = program::name("afar");
    let mut hosts: Vec<Host> =
        nets.into_iter().map(|net| Host::start(net, &name, folder.path())).collect();
    let urls: Vec<String> = hosts.iter().map(Host::url).collect();
    let list = urls.join(",");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (token, certificate) = (file("token"), file("certificate"));
    let ask = |more: &[&str]| -> (Value, Duration) {
        let began = Instant::now();
        let mut words = vec!["ops", &name, "--json", "--endpoints", &list];
        words.extend(["--endpoints-ca", &certificate]);
        words.extend(more);
        let output = program::inspect(&words);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let document = serde_json::from_str(&text);
        (document.unwrap_or_else(|error| panic!("{error}: {text}{said}")), began.elapsed())
    };
    let with = ["--endpoints-token", token.as_str()];
    let states = |document: &Value| -> Vec<String> {
        let all = document["endpoints"].as_array().expect("endpoints").iter();
        all.map(|one| one["state"].as_str().expect("a state").to_owned()).collect()
    };
    let rows = |document: &Value, url: &str| {
        let rows = document["ops"].as_array().expect("rows").iter();
        rows.filter(|row| row["endpoint"] == url).count()
    };
    let all = wait::until("all three", Duration::from_secs(30), || {
        let (document, _) = ask(&with);
        (urls.iter().all(|url| rows(&document, url) == 6)).then_some(document)
    });
    assert_eq!(states(&all), ["ok", "ok", "ok"]);
    assert_eq!(states(&ask(&[]).0), ["refused", "refused", "refused"], "without the token");

    hosts[1].net.cut(true);
    let (document, took) = ask(&with);
    assert_eq!(states(&document), ["ok", "down", "ok"], "{document:#}");
    assert_eq!((rows(&document, &urls[0]), rows(&document, &urls[1])), (6, 0));
    assert!(took < Duration::from_millis(2_500), "{took:?}");
    hosts[1].net.cut(false);
    wait::until("it comes back", Duration::from_secs(20), || {
        (rows(&ask(&with).0, &urls[1]) == 6).then_some(())
    });
    hosts[2].kill();
    let document = wait::until("its end", Duration::from_secs(10), || {
        let (document, _) = ask(&with);
        (states(&document) == ["ok", "ok", "down"]).then_some(document)
    });
    assert_eq!(document["endpoints"][2]["error"], "connection refused");
}
