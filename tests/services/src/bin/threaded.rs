//! rouille, a pool of threads, with macros: `threaded NAME` says where it listens.
#![expect(clippy::print_stdout, reason = "says where it listens")]

use std::io::Write as _;
use std::time::Duration;

use rouille::{Request, Response, Server};

probe::metrics! {
    /// Requests that were answered.
    counter ANSWERED = "answered", "requests";
}

fn answer(request: &Request) -> Response {
    let op = probe::op!("request", request.url());
    let response = match request.url().as_str() {
        "/fine" => Response::text("fine"),
        "/broken" => {
            op.set_outcome(probe::Outcome::Error);
            Response::text("broken").with_status_code(500)
        }
        "/slow" => {
            probe::op_status!(wait, "the disk, say");
            std::thread::sleep(Duration::from_secs(30));
            Response::text("late")
        }
        _ => Response::empty_404(),
    };
    probe::count!(ANSWERED);
    response
}

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    probe::init!(&std::env::args().nth(1).unwrap_or_default());
    let server = Server::new("127.0.0.1:0", answer)?.pool_size(4);
    println!("{}\nready", server.server_addr());
    std::io::stdout().flush()?;
    server.run();
    Ok(())
}
