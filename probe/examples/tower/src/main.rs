//! [container-registry](https://crates.io/crates/container-registry), an axum service, as its authors published
//! it, on the board: its requests by `.layer(OpLayer::new()…)`, its connections because the loop that
//! accepts them calls each an operation.
//!
//! ```console
//! $ cargo run -p example-tower -- 127.0.0.1:5000 4 &    # 4 clients of its own; 0 for none
//! $ inspect ops example-tower
//! ```
#![expect(clippy::print_stdout, reason = "says where it listens")]

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use container_registry::{ContainerRegistry, auth::Permissions};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::{Request, client, server};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use probe::tower::OpLayer;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

fn main() -> Result<(), Box<dyn Error>> {
    probe::init!("example-tower");
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:5000".to_owned());
    let clients = arguments.next().map_or(Ok(0), |count| count.parse())?;
    let storage = arguments.next().map(PathBuf::from);
    let storage = storage.unwrap_or_else(|| std::env::temp_dir().join("example-tower"));
    std::fs::create_dir_all(&storage)?;
    let registry = ContainerRegistry::builder()
        .storage(storage)
        .auth_provider(Arc::new(Permissions::ReadWrite))
        .build()?;
    let service = registry.make_router().layer(OpLayer::new().of_connection());

    Runtime::new()?.block_on(async {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        println!("{address}\nready");
        for number in 0..clients {
            tokio::spawn(client(address, number));
        }
        loop {
            let (stream, peer) = listener.accept().await?;
            let service = TowerToHyperService::new(service.clone());
            let served = server::conn::http1::Builder::new();
            let served = served.serve_connection(TokioIo::new(stream), service);
            tokio::spawn(probe::begin_op!("connection", peer = peer).track_result(served));
        }
    })
}

/// A client that asks for as long as it is answered: for the index, and for what is not there.
async fn client(address: SocketAddr, number: usize) -> Result<(), Box<dyn Error + Send + Sync>> {
    let stream = TokioIo::new(TcpStream::connect(address).await?);
    let (mut sender, connection) = client::conn::http1::handshake(stream).await?;
    tokio::spawn(connection);
    for turn in 0.. {
        let path = match turn % 10 {
            0 => format!("/v2/client-{number}/image/manifests/{turn}?secret=1"),
            _ => "/v2/".to_owned(),
        };
        // Any name and password will do.
        let request =
            Request::get(path).header("host", "example").header("authorization", "Basic YTpi");
        sender.ready().await?;
        let answer = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
        answer.into_body().collect().await?;
    }
    Ok(())
}
