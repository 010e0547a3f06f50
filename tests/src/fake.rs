//! An HTTP server of the test's own: it answers what it is told, or does what no server should.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What is done with a request.
pub enum Say {
    /// An answer with this status and body.
    Answer(u16, String),
    /// These bytes, and the end of the connection.
    Raw(Vec<u8>),
    /// Nothing, until the client leaves.
    Nothing,
    /// A body without an end.
    Endless,
}

/// A request: method, path with its parameters, and header lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// `GET`, `POST`.
    pub method: String,
    /// With what stands behind the `?`.
    pub path: String,
    /// Lines as they came.
    pub lines: Vec<String>,
}

type Answer = dyn Fn(&Asked) -> Say + Send + Sync;

/// A server on a free port of loopback, as long as the test runs.
pub struct Fake {
    /// Address and port.
    pub address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    connections: Arc<Mutex<usize>>,
}

impl Fake {
    /// Starts one.
    ///
    /// # Panics
    /// When there is no port.
    pub fn start(answer: impl Fn(&Asked) -> Say + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (asked, connections) = (Arc::default(), Arc::default());
        let (noted, counted) = (Arc::clone(&asked), Arc::clone(&connections));
        let answer: Arc<Answer> = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                *lock(&counted) += 1;
                let (noted, answer) = (Arc::clone(&noted), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, &noted, &*answer));
            }
        });
        Self { address, asked, connections }
    }

    /// As an endpoint is written.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.asked).clone()
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        *lock(&self.connections)
    }
}

fn lock<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(stream: TcpStream, noted: &Mutex<Vec<Asked>>, answer: &Answer) {
    let Ok(mut to) = stream.try_clone() else { return };
    let _ = stream.set_nodelay(true);
    let mut from = BufReader::new(stream);
    while let Some(asked) = request(&mut from) {
        lock(noted).push(asked.clone());
        match answer(&asked) {
            Say::Answer(status, body) => {
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
                );
                if to.write_all(&[head.as_bytes(), body.as_bytes()].concat()).is_err() {
                    return;
                }
            }
            Say::Raw(bytes) => {
                let _ = to.write_all(&bytes);
                return;
            }
            Say::Nothing => {
                let _ = from.get_ref().set_read_timeout(Some(Duration::from_secs(60)));
                let _ = from.read(&mut [0; 64]);
                return;
            }
            Say::Endless => {
                let _ = to.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                let chunk = [b"10000\r\n", &[b' '; 65_536][..], b"\r\n"].concat();
                while to.write_all(&chunk).is_ok() {}
                return;
            }
        }
    }
}

/// The head of the next request; bodies are not read, since nothing that is asked has one.
fn request(from: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut first = String::new();
    if from.read_line(&mut first).ok()? == 0 {
        return None;
    }
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).ok()? == 0 || line.trim_end().is_empty() {
            return Some(Asked { method, path, lines });
        }
        lines.push(line.trim_end().to_owned());
    }
}
