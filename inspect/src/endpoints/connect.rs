//! A connection to an endpoint.

use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::rustls::pki_types::ServerName;

use super::address::{Endpoint, Place};
use super::failure::{Failure, said};
use super::trust::Trust;
use crate::tls::{none_there, not_believed};

/// Bytes of an answer's head.
const BUFFER: usize = 64 << 10;
/// Headers of one.
const HEADERS: usize = 64;

/// Sends requests over a connection.
pub(super) type Sender = SendRequest<String>;

/// Connects. Dropping what it returns ends the connection.
///
/// # Errors
/// Nobody is there, or it is not who it should be.
pub(super) async fn connect(endpoint: &Endpoint, trust: &Trust) -> Result<Sender, Failure> {
    match &endpoint.place {
        Place::Unix(path) => {
            let stream = UnixStream::connect(path).await;
            speak(stream.map_err(|error| Failure::down(&said(&error)))?).await
        }
        Place::Tcp { host, port, tls } => {
            // Each of its addresses in turn: they are of one host.
            let stream = TcpStream::connect((host.as_str(), *port)).await;
            let stream = stream.map_err(|error| Failure::down(&said(&error)))?;
            // What is small goes at once.
            let _ = stream.set_nodelay(true);
            let Some(name) = tls else { return speak(stream).await };
            let known = trust.tls().ok_or_else(|| Failure::down("TLS is not set up here"))?;
            let name = ServerName::try_from(name.clone());
            let name = name.map_err(|error| Failure::down(&error.to_string()))?;
            let stream = known.connect(name, stream).await;
            speak(stream.map_err(|error| no_tls(&error))?).await
        }
    }
}

/// Why there is no TLS: what is answered is none, or it is and somebody is not who they should be.
fn no_tls(error: &std::io::Error) -> Failure {
    if let Some(why) = none_there(error) {
        return Failure::other(why);
    }
    match not_believed(error, "--endpoints-ca FILE") {
        Some(why) => Failure::down(&why),
        None if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Failure::down("it ended the connection in place of TLS: is it http:// there?")
        }
        None => Failure::down(&format!("TLS: {}", said(error))),
    }
}

async fn speak<C>(stream: C) -> Result<Sender, Failure>
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = Builder::new();
    builder.max_buf_size(BUFFER).max_headers(HEADERS);
    let done = builder.handshake(TokioIo::new(stream)).await;
    let (sender, connection) = done.map_err(|error| Failure::down(&error.to_string()))?;
    // How it ends is said to whoever waits for an answer.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}
