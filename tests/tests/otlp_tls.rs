//! `export otlp` to a collector behind TLS: one that is believed, and one that is not.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use tests::{build, program};

/// Takes what is posted, over TLS, and says how many bytes to which path.
const COLLECTOR: &str = "
import http.server, ssl, sys
class Take(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        self.send_response(200)
        self.send_header('Content-Length', '0')
        self.end_headers()
        print(self.path, len(body), flush=True)
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Take)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
";

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn numbers_reach_a_collector_behind_tls_that_is_believed_and_no_other() {
    if !build::needs("openssl", "openssl") || !build::needs("python3", "python3") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (key, certificate) = (folder.path().join("key"), folder.path().join("certificate"));
    build::run(
        Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
            .args(["-nodes", "-days", "2", "-subj", "/CN=collector"])
            .args(["-addext", "subjectAltName=DNS:localhost", "-keyout"])
            .arg(&key)
            .arg("-out")
            .arg(&certificate),
    );
    let mut server = Command::new("python3");
    server.args(["-c", COLLECTOR]).arg(&certificate).arg(&key).stdout(Stdio::piped());
    let mut server = Ended(server.stderr(Stdio::null()).spawn().expect("python3"));
    let mut said = BufReader::new(server.0.stdout.take().expect("piped"));
    let mut line = String::new();
    said.read_line(&mut line).expect("a port");
    let port = line.trim().to_owned();

    let name = program::name("tls");
    let _program = program::Program::behave(&name, &["operations"]);
    let export = |host: &str| {
        let mut command = Command::new(program::debug("inspect"));
        command.args(["export", "otlp", "--metrics", &name]);
        command.args(["--endpoint", &format!("https://{host}:{port}")]);
        command
    };
    let output = export("localhost").env("OTEL_EXPORTER_OTLP_CERTIFICATE", &certificate).output();
    let output = output.expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    line.clear();
    said.read_line(&mut line).expect("a request");
    let (path, bytes) = line.trim().split_once(' ').expect("two words");
    assert!(path == "/v1/metrics" && bytes.parse::<usize>().expect("a number") > 100, "{line}");

    // By another name, or of nobody's authority: not sent, and said.
    let missing = "OTEL_EXPORTER_OTLP_CERTIFICATE=FILE names who did";
    for (host, with, why) in [("127.0.0.1", true, "another name"), ("localhost", false, missing)] {
        let mut command = export(host);
        if with {
            command.env("OTEL_EXPORTER_OTLP_CERTIFICATE", &certificate);
        }
        command.args(["--every", "1s"]).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = Ended(command.spawn().expect("it runs"));
        let mut stderr = BufReader::new(child.0.stderr.take().expect("piped"));
        let mut said = String::new();
        stderr.read_line(&mut said).expect("a remark");
        assert!(said.contains(why), "{host}: {said}");
    }
    // What speaks no TLS.
    let plain = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = plain.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for client in plain.incoming().flatten() {
            let _ = std::io::Write::write_all(&mut &client, b"HTTP/1.1 400 Bad Request\r\n\r\n");
            let _ = std::io::copy(&mut &client, &mut std::io::sink());
        }
    });
    let mut command = Command::new(program::debug("inspect"));
    command.args(["export", "otlp", "--metrics", &name]);
    command.args(["--endpoint", &format!("https://127.0.0.1:{port}")]);
    let output = command.env("OTEL_EXPORTER_OTLP_TIMEOUT", "300").output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("is it http:// there?"), "{said}");
    let missing =
        export("localhost").env("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nonexistent").output();
    let missing = missing.expect("it runs");
    let said = String::from_utf8_lossy(&missing.stderr);
    assert!(missing.status.code() == Some(2) && said.contains("/nonexistent"), "{said}");
}
