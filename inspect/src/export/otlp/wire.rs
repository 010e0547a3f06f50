//! A connection to a collector: plain, or by TLS.

use std::io::{self, Read, Write};
use std::net::TcpStream;
#[cfg(all(feature = "serve", target_os = "linux"))]
use std::path::Path;
#[cfg(all(feature = "serve", target_os = "linux"))]
use std::sync::Arc;
use std::time::{Duration, Instant};

#[cfg(all(feature = "serve", target_os = "linux"))]
use tokio_rustls::rustls::pki_types::ServerName;
#[cfg(all(feature = "serve", target_os = "linux"))]
use tokio_rustls::rustls::{ClientConfig, ClientConnection, StreamOwned};

/// How a collector is spoken to, beside the address.
#[derive(Clone, Debug, Default)]
pub(super) struct Speech {
    #[cfg(all(feature = "serve", target_os = "linux"))]
    tls: Option<Arc<ClientConfig>>,
}

impl Speech {
    /// By TLS, with whoever has a certificate of an authority in `file`, or of one that the system believes.
    ///
    /// # Errors
    /// The file cannot be read or has none, in words; or this program was built without TLS.
    #[cfg(all(feature = "serve", target_os = "linux"))]
    pub(super) fn tls(file: Option<&str>) -> Result<Self, String> {
        Ok(Self { tls: Some(Arc::new(crate::tls::client(file.map(Path::new))?)) })
    }

    /// As above.
    #[cfg(not(all(feature = "serve", target_os = "linux")))]
    pub(super) fn tls(_: Option<&str>) -> Result<Self, String> {
        Err("https needs a build with the feature `serve`".to_owned())
    }

    /// Speaks so over a connection.
    ///
    /// # Errors
    /// The host's name is none.
    pub(super) fn over(&self, socket: Timed, host: &str) -> io::Result<Wire> {
        #[cfg(all(feature = "serve", target_os = "linux"))]
        if let Some(config) = &self.tls {
            let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
            let name = ServerName::try_from(bare).map_err(io::Error::other)?;
            let session = ClientConnection::new(Arc::clone(config), name);
            let session = session.map_err(io::Error::other)?;
            return Ok(Wire::Tls(Box::new(StreamOwned::new(session, socket))));
        }
        let _ = host;
        Ok(Wire::Plain(socket))
    }
}

/// Why a collector cannot be spoken to.
pub(super) fn said(error: &io::Error) -> String {
    #[cfg(all(feature = "serve", target_os = "linux"))]
    {
        let none = crate::tls::none_there(error).map(str::to_owned);
        let authority = "OTEL_EXPORTER_OTLP_CERTIFICATE=FILE";
        if let Some(why) = none.or_else(|| crate::tls::not_believed(error, authority)) {
            return why;
        }
    }
    error.to_string()
}

/// A socket for which there is time until a moment, however slowly the other side reads and writes.
pub(super) struct Timed {
    socket: TcpStream,
    end: Instant,
}

impl Timed {
    pub(super) fn new(socket: TcpStream, end: Instant) -> Self {
        Self { socket, end }
    }

    fn left(&self) -> io::Result<Option<Duration>> {
        match self.end.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
            left => Ok(Some(left)),
        }
    }
}

impl Read for Timed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(self.left()?)?;
        self.socket.read(into).map_err(in_time)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(self.left()?)?;
        self.socket.write(bytes).map_err(in_time)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// The system calls the end of a timeout "temporarily unavailable".
fn in_time(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => error,
    }
}

/// A connection.
pub(super) enum Wire {
    Plain(Timed),
    #[cfg(all(feature = "serve", target_os = "linux"))]
    Tls(Box<StreamOwned<ClientConnection, Timed>>),
}

impl Read for Wire {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(into),
            #[cfg(all(feature = "serve", target_os = "linux"))]
            // Whoever ends without saying so may have said all that is asked for.
            Self::Tls(stream) => match stream.read(into) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
                read => read,
            },
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            #[cfg(all(feature = "serve", target_os = "linux"))]
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            #[cfg(all(feature = "serve", target_os = "linux"))]
            Self::Tls(stream) => stream.flush(),
        }
    }
}
