//! OTLP over HTTP/1.1: one connection a request, on the thread of whoever sends. What a collector does not take
//! now is tried again later, at growing distances, from a queue that is bounded.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::signal::Signal;
use super::wire::{Speech, Timed, said};
use crate::words::human::time;

/// Bytes of requests that wait, and of an answer that are read.
const MOST_WAITING: usize = 16 << 20;
const MOST_ANSWER: u64 = 64 << 10;

/// The first and the longest distance between two tries.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// What stands between what went wrong and the time to the next try.
pub(crate) const AGAIN: &str = "; tried again in ";

/// How an endpoint is written.
const FORM: &str = "an endpoint is http://HOST[:PORT][/PATH], or the same with https";

/// Where a signal goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    host: String,
    port: u16,
    path: String,
    tls: bool,
}

impl Endpoint {
    /// An address `http://HOST[:PORT][/PATH]`, or the same with `https`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(url: &str) -> Result<Self, String> {
        let tls = url.starts_with("https://");
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let rest = rest.ok_or_else(|| format!("{url}: {FORM}"))?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let bare = authority.rsplit_once(':').filter(|(_, port)| !port.contains(']'));
        let (host, port) = match bare {
            Some((host, port)) => {
                (host, port.parse().map_err(|_| format!("{url}: {port} is no port"))?)
            }
            None => (authority, 4318),
        };
        let wrong = |char: char| char.is_control() || char == ' ';
        if host.is_empty() || host.contains('@') || url.contains(wrong) {
            return Err(format!("{url}: {FORM}"));
        }
        let path = path.trim_end_matches('/').to_owned();
        Ok(Self { host: host.to_owned(), port, path, tls })
    }

    /// The same for a signal, whose path is below it.
    pub fn below(mut self, signal: Signal) -> Self {
        self.path.push_str(signal.path());
        self
    }
}

/// What the standard's environment variables say.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Where to, if anybody says so.
    pub endpoint: Option<Endpoint>,
    /// Headers of every request.
    pub headers: Vec<(String, String)>,
    /// For an answer.
    pub timeout: Duration,
    /// Bodies are packed.
    pub gzip: bool,
    /// Attributes of resources, `service.name` too.
    pub attributes: Vec<(String, String)>,
    /// How the endpoint is spoken to.
    speech: Speech,
}

impl Settings {
    /// From the environment, as `get` has it; of a signal before that of all. `url` is what the command line says.
    ///
    /// # Errors
    /// A variable that is wrong, in words.
    pub fn read(
        signal: Signal,
        url: Option<&str>,
        get: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let own = format!("OTEL_EXPORTER_OTLP_{}_", signal.word());
        // What is wrong with a variable is said with its name.
        let named = |what: &str| {
            let names = [format!("{own}{what}"), format!("OTEL_EXPORTER_OTLP_{what}")];
            let said = |name: &String| get(name).filter(|text| !text.is_empty());
            names.into_iter().find_map(|name| said(&name).map(|text| (name, text)))
        };
        let of = |what: &str| named(what).map(|(_, text)| text);
        let endpoint = match (url, named("ENDPOINT")) {
            (Some(url), _) => Some(Endpoint::parse(url)?.below(signal)),
            (None, Some((name, text))) => {
                let to = Endpoint::parse(&text).map_err(|why| format!("{name}: {why}"))?;
                // The endpoint of one signal is taken as it is.
                Some(if name.starts_with(&own) { to } else { to.below(signal) })
            }
            (None, None) => None,
        };
        if let Some((name, said)) = named("PROTOCOL").filter(|(_, said)| said != "http/protobuf") {
            return Err(format!("{name}={said}: only http/protobuf is spoken here"));
        }
        let timeout = match named("TIMEOUT") {
            Some((name, text)) => text
                .parse()
                .map_err(|_| format!("{name}={text}: a timeout is a number of milliseconds"))?,
            None => 10_000,
        };
        let mut attributes = pairs(&get("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default());
        if let Some(name) = get("OTEL_SERVICE_NAME").filter(|name| !name.is_empty()) {
            attributes.retain(|(key, _)| key != "service.name");
            attributes.push(("service.name".to_owned(), name));
        }
        let headers = pairs(&of("HEADERS").unwrap_or_default());
        let wrong = |text: &String| text.contains(['\r', '\n']);
        if headers.iter().any(|(key, value)| wrong(key) || wrong(value)) {
            return Err("a header is one line".to_owned());
        }
        let certificate = of("CERTIFICATE");
        let speech = match &endpoint {
            Some(to) if to.tls => Speech::tls(certificate.as_deref())?,
            _ => Speech::default(),
        };
        Ok(Self {
            speech,
            endpoint,
            headers,
            timeout: Duration::from_millis(timeout),
            gzip: of("COMPRESSION").is_some_and(|how| how == "gzip"),
            attributes,
        })
    }
}

/// `key=value,key=value`, with `%XX` for what cannot stand there.
fn pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.trim().to_owned(), decoded(value.trim()))).collect()
}

fn decoded(text: &str) -> String {
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::new(), 0);
    while let Some(&byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).filter(|_| byte == b'%');
        let code = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        out.push(code.unwrap_or(byte));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// How a try went.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Went {
    Taken,
    /// Try again, after this time if the collector says so.
    Later(String, Option<Duration>),
    /// It will never be taken.
    Refused(String),
}

/// One request that waits.
#[derive(Clone, Debug)]
struct Waiting {
    number: u64,
    body: Vec<u8>,
}

/// What happened to requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// Numbers of those that were taken.
    pub taken: Vec<u64>,
    /// Numbers of those that are given up: refused, or too many waited.
    pub given_up: Vec<u64>,
    /// What went wrong, in words.
    pub said: Vec<String>,
}

/// Sends, and keeps what is not taken yet.
#[derive(Debug)]
pub struct Sender {
    endpoint: Endpoint,
    settings: Settings,
    queue: VecDeque<Waiting>,
    bytes: usize,
    next: u64,
    wait: Duration,
    again: Option<Instant>,
}

impl Sender {
    /// To an endpoint.
    pub fn new(endpoint: Endpoint, settings: Settings) -> Self {
        let (queue, wait) = (VecDeque::new(), FIRST);
        Self { endpoint, settings, queue, bytes: 0, next: 0, wait, again: None }
    }

    /// How long one try may take.
    pub fn timeout(&self) -> Duration {
        self.settings.timeout
    }

    /// Puts a request at the end of the queue, and returns its number; the oldest go when there are too many.
    pub fn put(&mut self, body: Vec<u8>, sent: &mut Sent) -> u64 {
        let number = self.next;
        self.next += 1;
        self.bytes += body.len();
        self.queue.push_back(Waiting { number, body });
        while self.bytes > MOST_WAITING && self.queue.len() > 1 {
            if let Some(old) = self.queue.pop_front() {
                self.bytes -= old.body.len();
                sent.given_up.push(old.number);
                sent.said.push("a request is given up: too many wait for the collector".to_owned());
            }
        }
        number
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Sends what waits, in order, up to the first that is not taken; nothing while it is too early for another
    /// try.
    pub fn send(&mut self, sent: &mut Sent) {
        self.send_until(None, sent);
    }

    /// The same, and no try goes on behind a moment.
    fn send_until(&mut self, end: Option<Instant>, sent: &mut Sent) {
        if self.again.is_some_and(|again| Instant::now() < again) {
            return;
        }
        while let Some(first) = self.queue.front() {
            let went = self.post(&first.body, end);
            if let Went::Later(why, after) = went {
                let wait = after.unwrap_or(self.wait).min(LONGEST);
                self.again = Some(Instant::now() + wait);
                self.wait = (self.wait * 2).min(LONGEST);
                sent.said.push(format!("{why}{AGAIN}{} ms", wait.as_millis()));
                return;
            }
            (self.again, self.wait) = (None, FIRST);
            if let Some(first) = self.queue.pop_front() {
                self.bytes -= first.body.len();
                match went {
                    Went::Refused(why) => {
                        sent.given_up.push(first.number);
                        sent.said.push(why);
                    }
                    _ => sent.taken.push(first.number),
                }
            }
        }
    }

    /// Sends until nothing waits, for so long at most.
    pub fn drain(&mut self, within: Duration, sent: &mut Sent) {
        let end = Instant::now() + within;
        loop {
            self.send_until(Some(end), sent);
            let now = Instant::now();
            let Some(again) = self.again.filter(|_| !self.queue.is_empty() && now < end) else {
                return;
            };
            std::thread::sleep(again.min(end).saturating_duration_since(now));
        }
    }

    fn post(&self, body: &[u8], end: Option<Instant>) -> Went {
        let timeout = self.settings.timeout.max(Duration::from_millis(1));
        let own = Instant::now() + timeout;
        let end = end.map_or(own, |end| end.min(own));
        let place = format!("{}:{}", self.endpoint.host, self.endpoint.port);
        match self.try_post(&place, body, end) {
            Ok((200..=299, _)) => Went::Taken,
            Ok((429 | 502..=504, after)) => Went::Later(format!("{place} is busy"), after),
            Ok((code, _)) => {
                let path = &self.endpoint.path;
                Went::Refused(format!("{place}{path} refuses a request with {code}"))
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                Went::Later(format!("{place}: no answer within {}", time(ns(timeout))), None)
            }
            Err(error) => Went::Later(format!("{place}: {}", said(&error)), None),
        }
    }

    /// One exchange, which is over at `end` whatever the other side does.
    fn try_post(
        &self,
        place: &str,
        body: &[u8],
        end: Instant,
    ) -> io::Result<(u16, Option<Duration>)> {
        let socket = Timed::new(connect(&self.endpoint.host, self.endpoint.port, end)?, end);
        let mut socket = self.settings.speech.over(socket, &self.endpoint.host)?;
        let packed = self.settings.gzip.then(|| crate::export::pprof::gzip(body));
        let body = packed.as_deref().unwrap_or(body);
        let mut head = format!(
            "POST {} HTTP/1.1\r\nHost: {place}\r\nContent-Type: application/x-protobuf\r\n\
             Content-Length: {}\r\nConnection: close\r\nUser-Agent: scoreboard/{}\r\n",
            if self.endpoint.path.is_empty() { "/" } else { &self.endpoint.path },
            body.len(),
            env!("CARGO_PKG_VERSION"),
        );
        if self.settings.gzip {
            head.push_str("Content-Encoding: gzip\r\n");
        }
        for (key, value) in &self.settings.headers {
            head.push_str(&format!("{key}: {value}\r\n"));
        }
        head.push_str("\r\n");
        socket.write_all(head.as_bytes())?;
        socket.write_all(body)?;
        socket.flush()?;
        // The answer's head is all that is asked for; a collector that says nothing is one that is busy.
        let mut answer = Vec::new();
        let mut part = [0; 4096];
        while !answer.windows(4).any(|four| four == b"\r\n\r\n") {
            if answer.len() as u64 > MOST_ANSWER {
                return Err(io::Error::other("no HTTP answer"));
            }
            match socket.read(&mut part)? {
                0 => break,
                read => answer.extend_from_slice(&part[..read]),
            }
        }
        head_of(&String::from_utf8_lossy(&answer)).ok_or_else(|| io::Error::other("no HTTP answer"))
    }
}

fn ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The first of a host's addresses that answers.
fn connect(host: &str, port: u16, end: Instant) -> io::Result<TcpStream> {
    let mut failed = io::Error::other("no address");
    for address in addresses(host, port, end)? {
        match end.saturating_duration_since(Instant::now()) {
            Duration::ZERO => return Err(io::ErrorKind::TimedOut.into()),
            left => match TcpStream::connect_timeout(&address, left) {
                Ok(socket) => return Ok(socket),
                Err(error) => failed = error,
            },
        }
    }
    Err(failed)
}

/// A name server has as little time as the collector: whoever asks it waits on a thread of their own.
fn addresses(host: &str, port: u16, end: Instant) -> io::Result<Vec<SocketAddr>> {
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let (found, answer) = mpsc::channel();
    std::thread::Builder::new().name("names".to_owned()).spawn(move || {
        let all = (bare.as_str(), port).to_socket_addrs().map(|all| all.collect::<Vec<_>>());
        let _ = found.send(all);
    })?;
    let left = end.saturating_duration_since(Instant::now());
    answer.recv_timeout(left).unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Status and `Retry-After` of an answer.
fn head_of(answer: &str) -> Option<(u16, Option<Duration>)> {
    let mut lines = answer.split("\r\n");
    let code = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let after = lines.take_while(|line| !line.is_empty()).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        let seconds = key.eq_ignore_ascii_case("retry-after").then(|| value.trim().parse().ok())?;
        seconds.map(Duration::from_secs)
    });
    Some((code, after))
}
