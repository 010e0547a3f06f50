//! Just enough of an HTTP client: a request, and its answer whole.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// What came.
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }
}

/// Reads the head of an answer.
///
/// # Errors
/// The connection ended, or what came is no HTTP.
pub fn head(from: &mut impl BufRead) -> std::io::Result<Answer> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|word| word.parse().ok());
    let status = status.ok_or_else(|| std::io::Error::other(format!("no HTTP: {line:?}")))?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if from.read_line(&mut line)? == 0 || line.trim_end().is_empty() {
            return Ok(Answer { status, headers, body: Vec::new() });
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
}

/// Sends a request with these header lines, and reads the answer to its end.
///
/// # Errors
/// As [`head`], or nothing came in ten seconds.
pub fn ask(address: &str, method: &str, path: &str, lines: &[&str]) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let host = format!("Host: {address}");
    let named = lines.iter().any(|line| line.to_ascii_lowercase().starts_with("host:"));
    let host = if named { "" } else { &host };
    let mut text = format!("{method} {path} HTTP/1.1\r\n");
    for line in [host].iter().chain(lines).filter(|line| !line.is_empty()) {
        text.push_str(line);
        text.push_str("\r\n");
    }
    text.push_str("Connection: close\r\n\r\n");
    stream.write_all(text.as_bytes())?;
    let mut from = BufReader::new(stream);
    let mut answer = head(&mut from)?;
    if answer.header("transfer-encoding") == Some("chunked") {
        while let Some(chunk) = chunk(&mut from)? {
            answer.body.extend(chunk);
        }
    } else {
        from.read_to_end(&mut answer.body)?;
    }
    Ok(answer)
}

/// The next chunk of a body; `None` at its end.
///
/// # Errors
/// The connection ended.
pub fn chunk(from: &mut impl BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    let size = usize::from_str_radix(line.trim_end(), 16).map_err(std::io::Error::other)?;
    let mut bytes = vec![0; size + 2];
    from.read_exact(&mut bytes)?;
    bytes.truncate(size);
    Ok((size > 0).then_some(bytes))
}
