//! What every request passes: is it for us, from us, and may it know? Then what every answer says to a browser.
//!
//! A page of somebody else's in the operator's browser can send requests here, and by a name that it lets point
//! here (DNS rebinding) read the answers. So only names that are known to be ours are answered, and nothing that
//! comes from another origin.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::reply::Refusal;
use super::settings::{Listen, Settings};
use super::shared::Shared;
use crate::clock::Moment;
use crate::endpoints::TIME;

/// Bytes of a request's path and parameters.
const LONGEST: usize = 4_096;
/// What needs no token: there is nothing of a board in it.
const OPEN: [&str; 3] = ["/", "/healthz", "/openapi.json"];

pub(super) async fn gate(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let came_ns = Moment::now(false).wall_ns;
    let mut response = match passes(&shared, &request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    say(response.headers_mut());
    // Whoever asks several hosts tells their clocks apart by it.
    let time = format!("{came_ns} {}", Moment::now(false).wall_ns);
    if let Ok(time) = HeaderValue::from_str(&time) {
        response.headers_mut().insert(header::HeaderName::from_static(TIME), time);
    }
    response
}

fn passes(shared: &Shared, request: &Request) -> Result<(), Refusal> {
    let uri = request.uri();
    if uri.path_and_query().is_some_and(|text| text.as_str().len() > LONGEST) {
        return Err(Refusal::new(StatusCode::URI_TOO_LONG, format!("longer than {LONGEST} bytes")));
    }
    let headers = request.headers();
    let host = one(headers, header::HOST)?;
    let host = host.ok_or_else(|| Refusal::wrong("no Host"))?;
    // A request line with a host of its own names it twice.
    let authority = uri.authority().map(Authority::as_str);
    for name in [Some(host), authority].into_iter().flatten() {
        if !is_ours(&shared.settings, &shared.at, name) {
            return Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "this Host is not known to be this server; start it with --host NAME:PORT if it is",
            ));
        }
    }
    own(request, host)?;
    if needs_token(&shared.settings, request) {
        token(&shared.settings, headers)?;
    }
    Ok(())
}

/// A header that may be there once.
fn one(headers: &HeaderMap, name: header::HeaderName) -> Result<Option<&str>, Refusal> {
    let mut all = headers.get_all(&name).iter();
    let first = all.next();
    if all.next().is_some() {
        return Err(Refusal::wrong(format!("{name} twice")));
    }
    let text = first.map(HeaderValue::to_str).transpose();
    text.map_err(|_| Refusal::wrong(format!("{name}: not ASCII")))
}

/// Whether a client may call this server so. An address is not a name that somebody lets point here.
fn is_ours(settings: &Settings, at: &Listen, host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (host.as_str(), None),
    };
    let named = |one: &String| {
        let one = one.to_ascii_lowercase();
        one == host || one == name
    };
    if settings.hosts.iter().any(named) {
        return true;
    }
    let port: Option<u16> = match port {
        None => Some(80),
        Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        Some(_) => None,
    };
    let Some(port) = port else { return false };
    let address: Option<IpAddr> =
        name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name).parse().ok();
    let loopback = matches!(name, "127.0.0.1" | "[::1]" | "localhost");
    match at {
        // Whatever port it is forwarded from.
        Listen::Unix(_) => loopback,
        Listen::Tcp(at) if at.ip().is_loopback() => {
            port == at.port() && (loopback || address == Some(at.ip()))
        }
        Listen::Tcp(at) => port == at.port() && (loopback || address.is_some()),
    }
}

/// Whether it comes from this server's own page, a link to it, or no browser at all.
fn own(request: &Request, host: &str) -> Result<(), Refusal> {
    let headers = request.headers();
    let refused =
        || Err(Refusal::new(StatusCode::FORBIDDEN, "a page of another origin is not answered"));
    if let Some(origin) = one(headers, header::ORIGIN)? {
        let (scheme, theirs) = origin.split_once("://").unwrap_or_default();
        if !matches!(scheme, "http" | "https") || !theirs.eq_ignore_ascii_case(host) {
            return refused();
        }
    }
    let site = one(headers, header::HeaderName::from_static("sec-fetch-site"))?;
    let mode = one(headers, header::HeaderName::from_static("sec-fetch-mode"))?;
    match site {
        None | Some("same-origin" | "none") => Ok(()),
        // A link from a ticket or a chat.
        Some(_)
            if mode == Some("navigate")
                && request.method() == Method::GET
                && request.uri().path() == "/" =>
        {
            Ok(())
        }
        Some(_) => refused(),
    }
}

fn needs_token(settings: &Settings, request: &Request) -> bool {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    !reads || settings.is_guarded() && !OPEN.contains(&request.uri().path())
}

/// The token, where it is needed.
fn token(settings: &Settings, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(token) = &settings.token else {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "nothing is changed from here: `inspect serve` was started without --token-file",
        ));
    };
    let said = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    let given = said.and_then(|said| {
        let (scheme, rest) = said.split_at_checked(7)?;
        scheme.eq_ignore_ascii_case(b"Bearer ").then_some(rest)
    });
    let why = match given {
        Some(given) if token.is(given) => return Ok(()),
        Some(_) => "this needs the token, and another was said: is it that of --token-file here?",
        None => "this needs the token: Authorization: Bearer TOKEN",
    };
    Err(Refusal::new(StatusCode::UNAUTHORIZED, why))
}

/// What every answer says to a browser: nothing of it is kept, framed, guessed at or shared.
fn say(headers: &mut HeaderMap) {
    let text = HeaderValue::from_static;
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, text("nosniff"));
    headers.insert(header::REFERRER_POLICY, text("no-referrer"));
    headers.insert(header::X_FRAME_OPTIONS, text("DENY"));
    headers.insert(header::CACHE_CONTROL, text("no-store"));
    let own = header::HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(own, text("same-origin"));
    // Not `same-origin`: a trace viewer that the page opens is handed its trace by message.
    let opener = header::HeaderName::from_static("cross-origin-opener-policy");
    headers.insert(opener, text("same-origin-allow-popups"));
    // The page has one of its own.
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(text(
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(listen: &str, hosts: &[&str], host: &str) -> bool {
        let mut settings = Settings::new(listen.parse().expect("a place"));
        settings.hosts = hosts.iter().map(|one| (*one).to_owned()).collect();
        is_ours(&settings, &settings.listen, host)
    }

    #[test]
    fn only_names_that_are_ours_are_answered() {
        for host in ["127.0.0.1:7399", "localhost:7399", "LOCALHOST:7399", "[::1]:7399"] {
            assert!(ours("127.0.0.1:7399", &[], host), "{host}");
        }
        for host in [
            "127.0.0.1",
            "127.0.0.1:7398",
            "localhost6:7399",
            "evil.example:7399",
            "localhost.evil.example:7399",
            "127.0.0.1.evil.example:7399",
            "",
            ":7399",
            "localhost:",
            "localhost:+7399",
            "[::1",
            "0.0.0.0:7399",
            "localhost:7399@evil.example",
            "10.0.0.1:7399",
        ] {
            assert!(!ours("127.0.0.1:7399", &[], host), "{host}");
        }
        assert!(ours("127.0.0.1:80", &[], "localhost") && ours("[::1]:80", &[], "[::1]"));
        assert!(
            ours("unix:/run/x", &[], "localhost") && ours("unix:/run/x", &[], "127.0.0.1:8080")
        );
        assert!(!ours("unix:/run/x", &[], "evil.example"));
        assert!(
            ours("0.0.0.0:443", &[], "10.1.2.3:443")
                && !ours("0.0.0.0:443", &[], "evil.example:443")
        );
        assert!(ours("0.0.0.0:443", &["db1.example"], "db1.example:443"));
        assert!(ours("127.0.0.1:1", &["localhost:8080"], "localhost:8080"));
        assert!(!ours("127.0.0.1:1", &["localhost:8080"], "localhost:8081"));
    }
}
