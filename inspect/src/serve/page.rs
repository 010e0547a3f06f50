//! `/`: the page, one file without outside resources. Its script and its style carry a number that is made for
//! this answer alone, and a browser runs nothing that does not: markup in a label is never a script.

use std::io::Read;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::reply::{self, Refusal};

/// The page: `@style`, `@script` and `@nonce` stand for those.
const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
/// In the order in which they use each other.
const SCRIPTS: [&str; 14] = [
    include_str!("page/base.js"),
    include_str!("page/words.js"),
    include_str!("page/place.js"),
    include_str!("page/server.js"),
    include_str!("page/store.js"),
    include_str!("page/table.js"),
    include_str!("page/chart.js"),
    include_str!("page/why.js"),
    include_str!("page/threads.js"),
    include_str!("page/ops.js"),
    include_str!("page/numbers.js"),
    include_str!("page/source.js"),
    include_str!("page/profile.js"),
    include_str!("page/history.js"),
];
const MAIN: &str = include_str!("page/main.js");

pub(super) async fn page() -> Result<Response, Refusal> {
    let nonce = nonce().map_err(|error| {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, format!("no random number: {error}"))
    })?;
    let script = format!("(() => {{\n\"use strict\";\n{}\n{MAIN}\n}})();", SCRIPTS.join("\n"));
    let page = PAGE.replace("@style", STYLE).replace("@script", &script);
    let page = page.replace("@nonce", &nonce);
    let mut response = reply::bytes(StatusCode::OK, "text/html; charset=utf-8", page.into());
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; \
         img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

/// A number that nobody guesses.
fn nonce() -> std::io::Result<String> {
    let mut bytes = [0u8; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_small_and_takes_text_as_text() {
        let all = SCRIPTS.concat() + MAIN;
        let size = PAGE.len() + STYLE.len() + all.len();
        assert!(size < 250_000, "{size} bytes");
        for way in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "Function(",
            "srcdoc",
            "DOMParser",
            "createContextualFragment",
        ] {
            assert!(!all.contains(way), "{way} makes markup, or code, of text");
        }
        for outside in ["http://", "https://", "//cdn", "@import", "url("] {
            assert!(!STYLE.contains(outside) && !PAGE.contains(outside), "{outside}");
        }
        assert_eq!(PAGE.matches("@nonce").count(), 2);
    }
}
