//! axum behind tower-http's `TraceLayer`, with two lines: `web NAME` says where it listens.
#![expect(clippy::print_stdout, reason = "says where it listens")]

use std::io::Write as _;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use tower_http::trace::{DefaultMakeSpan, TraceLayer};
use tracing::Level;
use tracing_subscriber::layer::SubscriberExt as _;

async fn slow() {
    tokio::time::sleep(Duration::from_secs(30)).await;
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    probe::init!(&std::env::args().nth(1).unwrap_or_default());
    tracing::subscriber::set_global_default(
        tracing_subscriber::registry().with(probe::tracing::layer()),
    )?;
    let app = Router::new()
        .route("/fine", get(async || "fine"))
        .route("/broken", get(async || StatusCode::INTERNAL_SERVER_ERROR))
        .route("/slow", get(slow))
        .layer(
            TraceLayer::new_for_http().make_span_with(DefaultMakeSpan::new().level(Level::INFO)),
        );
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}\nready", listener.local_addr()?);
        std::io::stdout().flush()?;
        axum::serve(listener, app).await?;
        Ok(())
    })
}
