//! What `inspect serve` lets happen: a cancellation with the token alone, an address that others reach by TLS and
//! the token alone; what it refuses; and what clients that are slow or hostile take from the others: nothing.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use tests::served::{self, Serve};
use tests::{build, program, wait};

const TOKEN: &str = "0123456789abcdef-guarded";
const BEARER: &str = "Authorization: Bearer 0123456789abcdef-guarded";

/// A file that its owner alone may read.
fn secret(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), text).expect("written");
    served::give(file.path());
    file
}

fn path(file: &tempfile::NamedTempFile) -> &str {
    file.path().to_str().expect("UTF-8")
}

#[test]
fn an_operation_is_cancelled_with_the_token_and_only_so() {
    let name = program::name("cancels");
    let data = tempfile::tempdir().expect("a folder");
    let demo = served::stuck(&name, data.path());
    let token = secret(TOKEN);
    let serve = Serve::start(&["--token-file", path(&token)]);
    let mut client = TcpStream::connect(&demo.address).expect("it listens");
    client.write_all(b"*3\r\n$3\r\nSET\r\n$6\r\nuser:1\r\n$1\r\nx\r\n").expect("sent");
    let find = || {
        let ops = serve.get(&format!("/api/v1/ops?board={name}&filter=*user:1*"));
        ops["ops"][0]["id"].as_str().map(str::to_owned)
    };
    let id = wait::until("the operation", Duration::from_secs(10), find);
    let cancel = format!("/api/v1/ops/{name}/{id}/cancel");
    let status = |method: &str, lines: &[&str]| serve.ask(method, &cancel, lines).status;
    assert_eq!(status("POST", &[]), 401);
    let why = |lines: &[&str]| serve.ask("POST", &cancel, lines).json()["error"].to_string();
    assert!(why(&[]).contains("Authorization: Bearer TOKEN"), "{}", why(&[]));
    let another = why(&["Authorization: Bearer 0123456789abcdef-guardee"]);
    assert!(another.contains("another was said"), "{another}");
    for wrong in ["Bearer ", "Bearer 0123456789abcdef-guardee", "Basic MDEyMw==", "Bearer"] {
        assert_eq!(status("POST", &[&format!("Authorization: {wrong}")]), 401, "{wrong}");
    }
    // A page of another origin that knows the token still is another page.
    assert_eq!(status("POST", &[BEARER, "Origin: http://evil.example"]), 403);
    assert_eq!(status("GET", &[BEARER]), 405, "a link changes nothing");
    assert_eq!(find(), Some(id.clone()), "it still is in flight");
    let done = serve.ask("POST", &cancel, &[BEARER]);
    assert_eq!(done.status, 200, "{}", done.text());
    let done = done.json();
    assert_eq!(
        (&done["requested"], &done["outcome"]),
        (&true.into(), &"cancelled".into()),
        "{done}"
    );
    let mut reply = [0; 10];
    client.read_exact(&mut reply).expect("a reply");
    assert_eq!(&reply, b"-CANCELLED");
    assert_eq!(status("POST", &[BEARER]), 404, "it ended");

    // Without a token file nothing is changed, whatever is said; and a daemon that did not opt in is not asked.
    let closed = Serve::start(&[]);
    assert_eq!(closed.ask("POST", &cancel, &[BEARER]).status, 403);
    let other = program::name("deaf");
    let _deaf = served::behave(&other, &["operations"]);
    // The server finds what comes later at one of its looks.
    let path = format!("/api/v1/ops?board={other}");
    let ops = wait::until("the other board", Duration::from_secs(10), || {
        Some(serve.ask("GET", &path, &[])).filter(|answer| answer.status == 200)
    });
    let ops = ops.json();
    let id = ops["ops"][0]["id"].as_str().expect("an id");
    let refused = serve.ask("POST", &format!("/api/v1/ops/{other}/{id}/cancel"), &[BEARER]);
    assert_eq!(refused.status, 409, "{}", refused.text());
}

#[test]
fn an_address_that_others_reach_needs_tls_and_the_token() {
    if !build::needs("openssl", "openssl") || !build::needs("curl", "curl") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (key, certificate) = (folder.path().join("key"), folder.path().join("certificate"));
    build::run(
        Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
            .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
            .args(["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout"])
            .arg(&key)
            .arg("-out")
            .arg(&certificate),
    );
    for file in [folder.path(), &key, &certificate] {
        served::give(file);
    }
    let token = secret(TOKEN);
    let (key, certificate) = (key.to_str().expect("UTF-8"), certificate.to_str().expect("UTF-8"));
    let serve = Serve::run(&[
        "--listen",
        "0.0.0.0:0",
        "--tls-cert",
        certificate,
        "--tls-key",
        key,
        "--token-file",
        path(&token),
    ]);
    let port = serve.address.rsplit(':').next().expect("a port");
    let get = |scheme: &str, path: &str, more: &[&str]| {
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--max-time",
            "10",
            "--cacert",
            certificate,
            "--output",
            "/dev/null",
        ]);
        curl.args(["--write-out", "%{http_code}"]).args(more);
        let output = curl.arg(format!("{scheme}://127.0.0.1:{port}{path}")).output().expect("curl");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(get("https", "/api/v1/boards", &["-H", BEARER]), "200");
    assert_eq!(get("https", "/api/v1/boards", &[]), "401");
    assert_eq!(get("https", "/metrics", &[]), "401");
    // There is nothing of a board in the page.
    assert_eq!(get("https", "/", &[]), "200");
    assert_eq!(get("https", "/", &["-H", &format!("Host: evil.example:{port}")]), "403");
    assert_eq!(get("http", "/", &[]), "000", "in the clear nothing is said");
    let (code, said) = serve.stop();
    assert_eq!((code, said.as_str()), (Some(0), ""));
}

#[test]
fn a_profile_is_of_the_seconds_asked_for_in_any_form() {
    let name = program::name("sampled");
    let _program = served::behave(&name, &["operations"]);
    let serve = Serve::start(&[]);
    let path = format!("/api/v1/profile?board={name}&seconds=0.5&idle=true");
    let said = serve.get(&path);
    let over = said["duration_ns"].as_u64().expect("a time");
    assert!((400_000_000..5_000_000_000).contains(&over), "{over}");
    assert!(said["samples"].as_u64() > Some(0) && said["boards"][0]["name"] == *name, "{said}");
    for (format, begins) in [
        ("folded", &b""[..]),
        ("svg", b"<?xml"),
        ("speedscope", b"{"),
        ("pprof", &[0x1f, 0x8b]),
        ("csv", b""),
        ("timeline", b"<?xml"),
        ("bottle", b"<?xml"),
        ("perfetto", b"\x0a"),
        ("firefox", b"{"),
    ] {
        let answer = serve.ask("GET", &format!("{path}&format={format}"), &[]);
        assert_eq!(answer.status, 200, "{format}: {}", answer.text());
        assert!(answer.body.starts_with(begins) && answer.body.len() > 20, "{format}");
        let name = answer.header("content-disposition").expect("a name");
        assert!(name.starts_with("attachment; filename=\"profile."), "{name}");
    }
    let parallel = serve.get(&format!("/api/v1/profile?board={name}&seconds=0.3&weight=parallel"));
    assert_eq!((&parallel["weight"], &parallel["blame"]), (&"parallel".into(), &false.into()));
    let blame = serve.get(&format!("/api/v1/profile?board={name}&seconds=0.3&blame=true"));
    assert_eq!((&blame["blame"], blame["lines"].as_array().map(Vec::len)), (&true.into(), Some(0)));
    for also in ["idle=true", "weight=parallel", "format=bottle", "format=firefox"] {
        let asked = format!("/api/v1/profile?board={name}&seconds=0.3&blame=true&{also}");
        let answer = serve.ask("GET", &asked, &[]);
        assert!(answer.status == 400 && answer.text().contains("whom they wait for"), "{also}");
    }
    for wrong in ["seconds=0", "seconds=61", "seconds=NaN", "rate=0", "rate=1001", "format=exe"] {
        assert_eq!(
            serve.ask("GET", &format!("/api/v1/profile?{wrong}"), &[]).status,
            400,
            "{wrong}"
        );
    }
}

/// Slow clients: those that send a byte now and then, those that ask and take nothing, and those that stream and take
/// nothing.
fn slow(address: &str, count: usize) -> Vec<TcpStream> {
    let client = |index: usize| {
        let mut stream = TcpStream::connect(address).expect("it listens");
        let head = format!(" HTTP/1.1\r\nHost: {address}\r\n");
        let text = match index % 4 {
            0 => "GET /api/v1/boards HT".to_owned(),
            1 => format!("GET /api/v1/boards{head}\r\n"),
            _ => format!("GET /api/v1/stream{head}\r\n"),
        };
        stream.write_all(text.as_bytes()).expect("sent");
        stream
    };
    (0..count).map(client).collect()
}

/// Ticks that a recorder misses in this time, of a thousand a second.
fn missed(pid: u32, seconds: u64) -> (u64, u64) {
    let duration = format!("{seconds}s");
    let said =
        program::document(&["profile", "-p", &pid.to_string(), "-d", &duration, "--filter", "*"]);
    let number = |name: &str| said[name].as_u64().expect("a number");
    (number("ticks"), number("missed_ticks"))
}

/// `SLOW_SECONDS=60` is the figure of the documents; the gate takes three.
#[test]
fn two_hundred_slow_clients_keep_nobody_waiting() {
    let seconds: u64 =
        std::env::var("SLOW_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    let name = program::name("slow");
    let program = served::behave(&name, &["shares"]);
    let serve = Serve::start(&[]);
    let alone = missed(program.pid(), seconds);
    let clients = slow(&serve.address, 200);
    wait::until("the streams", Duration::from_secs(10), || {
        (serve.get("/healthz")["streams"].as_u64() >= Some(100)).then_some(())
    });
    let end = Instant::now() + Duration::from_secs(seconds);
    let looks = serve.get("/healthz")["looks"].as_u64();
    let (mut asked, mut longest) = (0, Duration::ZERO);
    let mut times = Vec::new();
    let beside = std::thread::spawn({
        let pid = program.pid();
        move || missed(pid, seconds)
    });
    while Instant::now() < end {
        let before = Instant::now();
        let answer = serve.ask("GET", "/healthz", &[]);
        assert_eq!(answer.status, 200);
        times.push(before.elapsed());
        longest = longest.max(before.elapsed());
        asked += 1;
        std::thread::sleep(Duration::from_millis(20));
    }
    times.sort_unstable();
    let median = times[times.len() / 2];
    let beside = beside.join().expect("it sampled");
    let on = serve.get("/healthz")["looks"].as_u64();
    eprintln!(
        "{asked} answers beside 200 slow clients: median {median:?}, longest {longest:?}; \
         ticks and missed ones alone {alone:?}, beside them {beside:?}"
    );
    // Nearly all at once; and nobody waits for what others asked. (The machine of the gate has more to do.)
    let most = times[times.len() * 9 / 10];
    assert!(
        most < Duration::from_millis(100) && longest < Duration::from_secs(3),
        "{most:?} {longest:?}"
    );
    assert!(on > looks, "boards are looked at: {looks:?} {on:?}");
    let board = serve.get(&format!("/api/v1/boards/{name}"));
    assert_eq!(board["boards"].as_array().map(Vec::len), Some(1));
    drop(clients);
    // They leave nothing behind.
    wait::until("no streams", Duration::from_secs(60), || {
        (serve.get("/healthz")["streams"] == 0).then_some(())
    });
}

#[test]
fn foreign_names_and_origins_are_refused_and_answers_say_what_a_browser_must_not() {
    let serve = Serve::start(&[]);
    let port = serve.address.rsplit(':').next().expect("a port").to_owned();
    let path = "/api/v1/boards?name=nobody";
    let status = |method: &str, path: &str, lines: &[&str]| serve.ask(method, path, lines).status;
    let own = format!("Origin: http://{}", serve.address);
    assert_eq!(status("GET", path, &[&own, "Sec-Fetch-Site: same-origin"]), 200);
    assert_eq!(status("GET", path, &[&format!("Host: localhost:{port}")]), 200);
    for lines in [
        &["Host: evil.example"][..],
        &[&format!("Host: evil.example:{port}")],
        &[&format!("Host: localhost.evil.example:{port}")],
        &["Host: localhost:1"],
        &["Host: localhost6"],
        &["Origin: http://evil.example"],
        &["Origin: null"],
        &["Sec-Fetch-Site: cross-site"],
        &["Sec-Fetch-Site: same-site"],
    ] {
        assert_eq!(status("GET", path, lines), 403, "{lines:?}");
    }
    assert_eq!(status("GET", path, &["Host: a", "Host: b"]), 400);
    let absolute = format!("http://evil.example:{port}{path}");
    assert_eq!(status("GET", &absolute, &[]), 403);
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        assert_eq!(status(method, path, &[]), 403, "{method}: without a token nothing is changed");
    }
    let long = format!("/api/v1/ops?filter={}", "x".repeat(5_000));
    assert_eq!(status("GET", &long, &[]), 414);
    let large = format!("X: {}", "x".repeat(60_000));
    assert_eq!(status("GET", path, &[&large]), 431);
    let answer = serve.ask("GET", path, &[]);
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("cache-control", "no-store"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), Some(value));
    }
    let policy = answer.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(answer.header("access-control-allow-origin").is_none());
}

#[test]
fn what_may_not_be_served_is_refused_in_a_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let token = folder.path().join("token");
    std::fs::write(&token, "0123456789abcdef\n").expect("written");
    let token = token.to_str().expect("UTF-8");
    let refused = |arguments: &[&str], privileged: bool, code: i32| {
        let mut command = std::process::Command::new(program::debug("inspect"));
        command.arg("serve").args(arguments);
        if !privileged {
            served::unprivileged(&mut command);
        }
        let output = command.output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), said.lines().count()), (Some(code), 1), "{said}");
        said
    };
    let said = refused(&["--listen", "0.0.0.0:0"], false, 2);
    assert!(said.contains("--tls-cert") && said.contains("--token-file"), "{said}");
    assert!(refused(&["--listen", "nonsense"], false, 2).contains("ADDRESS:PORT"));
    assert!(refused(&["--token-file", "/nowhere"], false, 2).contains("/nowhere"));
    // Before anybody is told that it is served.
    let free = ["--listen", "127.0.0.1:0"];
    for (more, code, word) in [
        (["--source", "/nowhere"], 2, "--source /nowhere: there is no such directory"),
        (["--host", "no name"], 2, "--host no name: a name is meant"),
        (["--host", "http://db1"], 2, "a name is meant"),
        (["--history", "/proc/nowhere"], 1, "--history /proc/nowhere"),
        (["--history-from", "/proc/self/status"], 1, "--history-from /proc/self/status"),
    ] {
        let said = refused(&[&free[..], &more].concat(), false, code);
        assert!(said.contains(word), "{more:?}: {said}");
    }
    if nix::unistd::geteuid().is_root() {
        let said = refused(&["--listen", "127.0.0.1:0"], true, 4);
        assert!(said.contains("PROBE_MODE=0640") && said.contains("PROBE_GROUP"), "{said}");
        // 0644, as it was written.
        assert!(refused(&["--token-file", token], true, 2).contains("chmod 600"));
        // And then its owner's alone: it is there, and not for everybody.
        let owner = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(token, owner).expect("ours");
        std::fs::set_permissions(
            folder.path(),
            std::os::unix::fs::PermissionsExt::from_mode(0o755),
        )
        .expect("ours");
        let list = format!("@{token}");
        for more in [
            &["--token-file", token][..],
            &["--tls-cert", token, "--tls-key", token],
            &["--endpoints", &list],
            &["--endpoints", "db1:80", "--endpoints-token", token],
            &["--endpoints", "db1:80", "--endpoints-ca", token],
        ] {
            let said = refused(&[&free[..], more].concat(), false, 4);
            let names = said.contains(token) && said.contains("Permission denied");
            assert!(names, "{more:?}: {said}");
        }
    }
}
