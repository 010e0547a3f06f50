//! A connection to an endpoint.

use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::rustls::{self, CertificateError, pki_types::ServerName};

use super::address::{Endpoint, Place};
use super::failure::{Failure, said};
use super::trust::Trust;

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
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidMessage(_)) => {
            Failure::other("what it answers is not TLS: is it http:// there?")
        }
        _ if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Failure::down("it ended the connection in place of TLS: is it http:// there?")
        }
        Some(rustls::Error::InvalidCertificate(why)) => Failure::down(&not_believed(why)),
        _ => Failure::down(&format!("TLS: {}", said(error))),
    }
}

/// Why a certificate is not believed, and what would help.
fn not_believed(why: &CertificateError) -> String {
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate is over, by this host's clock".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet, by this host's clock".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name than this".to_owned()
        }
        CertificateError::UnknownIssuer | CertificateError::Other(_) => {
            "nobody who is believed here certified it; --endpoints-ca FILE names who did".to_owned()
        }
        other => format!("its certificate is not believed: {other}"),
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
