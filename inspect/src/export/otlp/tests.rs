use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use super::*;

fn settings(vars: &[(&str, &str)], url: Option<&str>) -> Result<Settings, String> {
    Settings::read(Signal::Spans, url, |name| {
        vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn the_environment_is_read_as_the_standard_has_it() {
    let to = |url: &str| Endpoint::parse(url).expect("an endpoint");
    let base = "OTEL_EXPORTER_OTLP_ENDPOINT";
    let all = settings(&[(base, "http://c:1/x/")], None).expect("right");
    assert_eq!(all.endpoint, Some(to("http://c:1/x/v1/traces")));
    // The endpoint of one signal is taken as it is, the command line goes before both.
    let own = [(base, "http://c:1"), ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://d/y")];
    assert_eq!(settings(&own, None).expect("right").endpoint, Some(to("http://d/y")));
    let said = settings(&own, Some("http://e")).expect("right").endpoint;
    assert_eq!(said, Some(to("http://e:4318/v1/traces")));
    assert_eq!(settings(&[], None).expect("right").endpoint, None);
    let more = [
        ("OTEL_RESOURCE_ATTRIBUTES", "a=b%20c,service.name=x"),
        ("OTEL_SERVICE_NAME", "y"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "k=v"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "250"),
        ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "gzip"),
    ];
    let more = settings(&more, None).expect("right");
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(more.attributes, [pair("a", "b c"), pair("service.name", "y")]);
    assert_eq!(
        (more.headers, more.timeout, more.gzip),
        (vec![pair("k", "v")], Duration::from_millis(250), true)
    );
    for wrong in ["ftp://c", "c:1", "http://", "http://c:x", "http://a@b", "http://a b"] {
        assert!(Endpoint::parse(wrong).is_err(), "{wrong}");
    }
    // One that is empty says nothing, and one that is wrong is named.
    let empty = [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", ""), (base, "http://c:1")];
    let to_all = settings(&empty, None).expect("right").endpoint;
    assert_eq!(to_all, Some(to("http://c:1/v1/traces")));
    for (name, text) in [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "10s"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "c:1"),
        (base, "c:1"),
    ] {
        let said = settings(&[(name, text)], None).expect_err("wrong");
        assert!(said.contains(name) && said.contains(text), "{said}");
    }
    assert!(settings(&[("OTEL_EXPORTER_OTLP_HEADERS", "k=v%0d%0aX: y")], None).is_err());
}

/// A collector that gives these answers, one a request, and hands out the bodies' lengths.
fn collector(answers: Vec<&'static str>) -> (Endpoint, std::thread::JoinHandle<Vec<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let thread = std::thread::spawn(move || {
        let mut bodies = Vec::new();
        for answer in answers {
            let (mut client, _) = listener.accept().expect("a request");
            let mut text = Vec::new();
            let mut part = [0; 4096];
            let length = loop {
                let read = client.read(&mut part).expect("a part");
                text.extend_from_slice(&part[..read]);
                let Some(end) = text.windows(4).position(|four| four == b"\r\n\r\n") else {
                    continue;
                };
                let head = String::from_utf8_lossy(&text[..end]).into_owned();
                let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
                let length: usize = length.expect("a length").parse().expect("a number");
                if text.len() >= end + 4 + length {
                    break length;
                }
            };
            bodies.push(length);
            let _ = client.write_all(answer.as_bytes());
        }
        bodies
    });
    (Endpoint::parse(&format!("http://127.0.0.1:{port}")).expect("an endpoint"), thread)
}

#[test]
fn what_is_not_taken_waits_in_order_and_what_is_refused_is_given_up() {
    let busy = "HTTP/1.1 503 no\r\nRetry-After: 0\r\n\r\n";
    let (endpoint, thread) = collector(vec![
        busy,
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 400 no\r\n\r\n",
        "HTTP/1.1 204 OK\r\n\r\n",
    ]);
    let mut sender = Sender::new(endpoint, settings(&[], None).expect("right"));
    let mut sent = Sent::default();
    for length in 1..=3 {
        sender.put(vec![0; length], &mut sent);
    }
    sender.send(&mut sent);
    assert_eq!((sent.taken.len(), sender.is_empty()), (0, false));
    sender.drain(Duration::from_secs(10), &mut sent);
    assert_eq!((&sent.taken[..], &sent.given_up[..]), (&[0, 2][..], &[1][..]));
    assert!(sender.is_empty());
    assert_eq!(thread.join().expect("it ends"), [1, 1, 2, 3]);
    assert_eq!(sent.said.len(), 2, "{:?}", sent.said);
}

#[test]
fn the_queue_is_bounded_and_the_oldest_go_first() {
    let nobody = Endpoint::parse("http://127.0.0.1:1").expect("an endpoint");
    let mut sender = Sender::new(nobody, settings(&[], None).expect("right"));
    let mut sent = Sent::default();
    for _ in 0..20 {
        sender.put(vec![0; 1 << 20], &mut sent);
        sender.send(&mut sent);
    }
    assert_eq!(sent.given_up, [0, 1, 2, 3]);
    // Nobody was asked more than twice in this time: tries are apart.
    assert!(
        sent.said.iter().filter(|line| line.contains("tried again")).count() <= 2,
        "{:?}",
        sent.said
    );
}
