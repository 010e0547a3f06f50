//! The socket: connections come, are counted and bounded, and end with the server.

use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures_util::future::{Either, select};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use nix::sys::stat::{Mode, umask};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::askers::Askers;
use super::memory;
use super::past;
use super::patient::Patient;
use super::routes::routes;
use super::runs::Runs;
use super::settings::{Listen, Settings};
use super::shared::Shared;
use super::tls::Tls;
use crate::endpoints::Hosts;
use crate::history::{Recorder, Sampling};
use crate::locate::Target;
use crate::words::term::term;

/// How long a client may take for the head of a request, and stay without one.
const HEAD: Duration = Duration::from_secs(10);
/// Headers of a request.
const HEADERS: usize = 64;
/// Bytes of a request's head.
const BUFFER: usize = 32 << 10;
/// How long answers that are under way may take once the server ends.
const FAREWELL: Duration = Duration::from_secs(1);
/// What is said to one connection too many.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 5\r\nConnection: close\r\n\r\n";

enum Socket {
    Tcp(std::net::TcpListener),
    Unix(std::os::unix::net::UnixListener, Made),
}

/// A socket's file, which goes when the server ends.
struct Made(PathBuf);

impl Drop for Made {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A server that listens and does not answer yet.
pub struct Bound {
    socket: Socket,
    at: Listen,
    settings: Settings,
    recorder: Option<Recorder>,
}

impl Bound {
    /// Opens the directory of the past, where one is kept: before anybody is told that it is served.
    ///
    /// # Errors
    /// It cannot be written, or another recorder has it; the directory is named.
    pub fn keep(&mut self) -> io::Result<()> {
        let Some((directory, bytes)) = &self.settings.history else { return Ok(()) };
        let recorder = Recorder::open(directory, *bytes).map_err(|error| {
            let name = term(&directory.display().to_string());
            io::Error::new(error.kind(), format!("--history {name}: {error}"))
        })?;
        self.recorder = Some(recorder);
        Ok(())
    }

    /// Where it is found.
    pub fn address(&self) -> String {
        match &self.at {
            Listen::Tcp(address) if self.settings.tls.is_some() => format!("https://{address}/"),
            Listen::Tcp(address) => format!("http://{address}/"),
            Listen::Unix(path) => format!("unix:{}", path.display()),
        }
    }
}

/// Listens where the settings say.
///
/// # Errors
/// The system refuses.
pub fn bind(settings: Settings) -> io::Result<Bound> {
    let (socket, at) = match &settings.listen {
        Listen::Tcp(address) => {
            let listener = std::net::TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            let at = Listen::Tcp(listener.local_addr()?);
            (Socket::Tcp(listener), at)
        }
        Listen::Unix(path) => {
            leave(path)?;
            // Its user's alone from the beginning.
            let before = umask(Mode::S_IRWXG | Mode::S_IRWXO | Mode::S_IXUSR);
            let listener = std::os::unix::net::UnixListener::bind(path);
            umask(before);
            let listener = listener?;
            listener.set_nonblocking(true)?;
            (Socket::Unix(listener, Made(path.clone())), settings.listen.clone())
        }
    };
    Ok(Bound { socket, at, settings, recorder: None })
}

/// Removes a socket at which nobody listens any more.
fn leave(path: &Path) -> io::Result<()> {
    let Ok(facts) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !facts.file_type().is_socket() {
        let text = "what is there is no socket, and stays; --listen unix:PATH takes another";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
    }
    let refused = std::os::unix::net::UnixStream::connect(path)
        .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    if refused {
        return std::fs::remove_file(path);
    }
    Err(io::ErrorKind::AddrInUse.into())
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// No thread can be started, or the socket fails.
pub fn run(mut bound: Bound) -> io::Result<()> {
    if bound.recorder.is_none() {
        bound.keep()?;
    }
    let recorder = bound.recorder;
    let sampling = bound.settings.sample.map(|rate| Sampling::start(Target::Any, rate));
    let sampling = sampling.transpose()?;
    memory::share();
    let far = bound.settings.endpoints.clone();
    let hosts = || far.clone().map(|(list, trust)| Hosts::new(list, trust));
    let (watch, watcher) = super::watch::start(hosts())?;
    let askers = Askers::new(hosts);
    let looking = watch.clone();
    let shared = Shared {
        grown: Arc::default(),
        settings: Arc::new(bound.settings),
        watch,
        runs: Runs::default(),
        at: bound.at,
        askers,
    };
    // Two: a large answer that is being made keeps no other waiting.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("http")
        .max_blocking_threads(8)
        // After a look hundreds of streams have something to say: others are heard in between.
        .event_interval(4)
        .enable_all()
        .build()?;
    let handle = runtime.handle().clone();
    let keep = |recorder| past::keep(recorder, looking, sampling, handle);
    let keeping = recorder.map(keep).transpose()?;
    let done = runtime.block_on(serve(bound.socket, shared));
    // It asks the runtime.
    drop(keeping);
    runtime.shutdown_timeout(FAREWELL);
    drop(watcher);
    done
}

async fn serve(socket: Socket, shared: Shared) -> io::Result<()> {
    let room = Arc::new(Semaphore::new(shared.settings.connections));
    let tls = shared.settings.tls.clone();
    let (end, ends) = watch::channel(false);
    let app = routes(shared);
    let mut signals = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
    let [term, int] = &mut signals;
    let told = select(Box::pin(term.recv()), Box::pin(int.recv()));
    match socket {
        Socket::Tcp(listener) => {
            let listener = TcpListener::from_std(listener)?;
            let accepting = async {
                loop {
                    match listener.accept().await {
                        Ok((stream, _)) => {
                            // What is small goes at once.
                            let _ = stream.set_nodelay(true);
                            came(stream, &room, &app, &ends, &tls);
                        }
                        Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                    }
                }
            };
            select(told, Box::pin(accepting)).await;
        }
        Socket::Unix(listener, _made) => {
            let listener = UnixListener::from_std(listener)?;
            let accepting = async {
                loop {
                    match listener.accept().await {
                        Ok((stream, _)) => came(stream, &room, &app, &ends, &tls),
                        Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                    }
                }
            };
            select(told, Box::pin(accepting)).await;
        }
    }
    drop(ends);
    end.send_replace(true);
    let _ = tokio::time::timeout(FAREWELL, end.closed()).await;
    Ok(())
}

/// Answers a connection, if there is room for it.
fn came<C>(
    mut stream: C,
    room: &Arc<Semaphore>,
    app: &Router,
    ends: &watch::Receiver<bool>,
    tls: &Option<Tls>,
) where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    match Arc::clone(room).try_acquire_owned() {
        Ok(place) => {
            let (app, ends) = (app.clone(), ends.clone());
            let Some(Tls(tls)) = tls.clone() else {
                tokio::spawn(answer(stream, place, app, ends));
                return;
            };
            tokio::spawn(async move {
                // Who does not come to terms is let go.
                if let Ok(Ok(stream)) = tokio::time::timeout(HEAD, tls.accept(stream)).await {
                    answer(stream, place, app, ends).await;
                }
            });
        }
        Err(_) => {
            tokio::spawn(async move {
                let _ = tokio::time::timeout(FAREWELL, stream.write_all(FULL)).await;
            });
        }
    }
}

async fn answer<C>(
    stream: C,
    _place: OwnedSemaphorePermit,
    app: Router,
    mut ends: watch::Receiver<bool>,
) where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(Patient::new(stream));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_headers(HEADERS)
        .max_buf_size(BUFFER)
        .serve_connection(io, TowerToHyperService::new(app));
    let ended = Box::pin(async move { ends.wait_for(|end| *end).await.map(drop) });
    // What a client does wrong ends its connection and nothing else.
    if let Either::Right((_, mut connection)) = select(Box::pin(connection), ended).await {
        connection.as_mut().graceful_shutdown();
        let _ = tokio::time::timeout(FAREWELL, connection).await;
    }
}
