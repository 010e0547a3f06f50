"""Stands for the pages that take a profile by messages, behind names that a browser takes for theirs."""

import http.server
import ssl
import subprocess
import threading

#: Answers as the real ones are documented to, and notes in its title what it was given.
PAGE = b"""<!doctype html><title>waiting</title><script>
addEventListener("message", (event) => {
  const data = event.data;
  if (data === "PING") event.source.postMessage("PONG", event.origin);
  else if (data.perfetto) document.title = `perfetto ${data.perfetto.buffer.byteLength} ${data.perfetto.title}`;
  else if (data.name === "ready:request") event.source.postMessage({ name: "ready:response" }, event.origin);
  else if (data.name === "inject-profile") document.title = `firefox ${data.profile.threads.length} ${data.profile.meta.product}`;
});
</script>"""


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_):
        pass


def serve(folder):
    """Its port."""
    key, certificate = f"{folder}/key", f"{folder}/certificate"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=others", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port
