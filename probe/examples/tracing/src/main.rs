//! [mini-redis](https://crates.io/crates/mini-redis) as its authors published it, on the board by what
//! its `#[tracing::instrument]`s say. The lines that do it are the two at the top of `main`.
//!
//! ```console
//! $ cargo run -p example-tracing -- 127.0.0.1:6379 4 &    # 4 clients of its own; 0 for none
//! $ inspect ops example-tracing
//! ```
#![expect(clippy::print_stdout, reason = "says where it listens")]

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tracing_subscriber::layer::SubscriberExt as _;

fn main() -> mini_redis::Result<()> {
    probe::init!("example-tracing");
    tracing::subscriber::set_global_default(
        tracing_subscriber::registry().with(probe::tracing::layer()),
    )?;

    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:6379".to_owned());
    let clients = arguments.next().map_or(Ok(0), |count| count.parse())?;
    Runtime::new()?.block_on(async {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?.to_string();
        println!("{address}\nready");
        for number in 0..clients {
            tokio::spawn(client(address.clone(), number));
        }
        mini_redis::server::run(listener, tokio::signal::ctrl_c()).await
    })
}

/// A client that writes and reads for as long as it is answered.
async fn client(address: String, number: usize) -> mini_redis::Result<()> {
    let mut client = mini_redis::client::connect(address).await?;
    for turn in 0.. {
        let key = format!("user:{number}:{}", turn % 100);
        client.set(&key, "value".into()).await?;
        client.get(&key).await?;
    }
    Ok(())
}
