//! One client process: a thread for each connection, which sends a pipeline and reads its replies.

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::{
    Client, Connection, ConnectionAddr, ErrorKind, IntoConnectionInfo as _, RedisConnectionInfo,
    RedisError, Value,
};

use super::mix::Mix;
use super::totals::Totals;
use crate::args::{Load, LoadClient};
use crate::failure::Failure;

probe::metrics! {
    /// What a client process sent and got back: `sent`, `replies` (errors included), `errors`. A family,
    /// so that the daemon's own board, made by the same program, does not show it.
    counter family LOAD = "load", "commands", by "what";
    /// Time from sending a pipeline to its last reply.
    histogram ROUND_TRIP = "load_round_trip", "ns";
}

/// The members of [`LOAD`].
struct Numbers {
    sent: probe::CounterMember,
    replies: probe::CounterMember,
    errors: probe::CounterMember,
}

impl Numbers {
    fn new() -> Self {
        Self {
            sent: probe::member!(LOAD, "sent"),
            replies: probe::member!(LOAD, "replies"),
            errors: probe::member!(LOAD, "errors"),
        }
    }
}

/// A daemon that says nothing for so long is lost.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs one client process.
///
/// # Errors
/// A thread could not be started, or panicked.
pub(crate) fn run(options: &LoadClient) -> Result<(), Failure> {
    let _ = probe::init!(&options.load.name);
    probe::tag!("start");
    let load = Arc::new(options.load.clone());
    let numbers = Arc::new(Numbers::new());
    let until = Instant::now() + load.duration;
    let mut threads = Vec::new();
    for number in 0..load.clients {
        let (load, numbers) = (Arc::clone(&load), Arc::clone(&numbers));
        let seed = u64::from(options.index) << 32 | u64::from(number + 1);
        let thread = std::thread::Builder::new()
            .name(format!("client-{number}"))
            .spawn(move || drive(&load, &numbers, seed, until))
            .map_err(|error| {
                Failure::new(format!("cannot start a client thread: {error}"), "raise `ulimit -u`")
            })?;
        threads.push(thread);
    }
    let mut totals = Totals::default();
    probe::tag!(idle, "wait for the clients");
    for thread in threads {
        let of_one =
            thread.join().map_err(|_| Failure::new("a client thread panicked; see above", ""))?;
        totals.merge(&of_one);
    }
    // Whoever started this process may be gone: nothing to do about it.
    let _ = write!(std::io::stdout(), "{totals}");
    Ok(())
}

/// Sends until the time is over or the daemon is lost.
fn drive(load: &Load, numbers: &Numbers, seed: u64, until: Instant) -> Totals {
    let mut totals = Totals::default();
    if let Err(error) = pipelines(load, numbers, seed, until, &mut totals) {
        totals.lost = Some(error.to_string());
    }
    totals
}

fn pipelines(
    load: &Load,
    numbers: &Numbers,
    seed: u64,
    until: Instant,
    totals: &mut Totals,
) -> Result<(), RedisError> {
    probe::tag!(wait, "connect");
    let mut connection = connect(load)?;
    let mut mix = Mix::new(load, seed);
    let mut kinds = Vec::new();
    let mut packed = Vec::new();
    while Instant::now() < until {
        probe::tag!("compose");
        kinds.clear();
        packed.clear();
        for _ in 0..load.pipeline {
            let (kind, command) = mix.next();
            kinds.push(kind);
            command.write_packed_command(&mut packed);
            totals.kinds[kind].sent += 1;
        }
        probe::count!(numbers.sent, kinds.len());
        let began = Instant::now();
        probe::tag!(wait, "send");
        connection.send_packed_command(&packed)?;
        for &kind in &kinds {
            probe::tag!(wait, "reply");
            let is_error = read_reply(&mut connection)?;
            totals.kinds[kind].replies += 1;
            totals.kinds[kind].errors += u64::from(is_error);
            probe::count!(numbers.replies);
            if is_error {
                probe::count!(numbers.errors);
            }
        }
        probe::record!(ROUND_TRIP, u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    Ok(())
}

fn connect(load: &Load) -> Result<Connection, RedisError> {
    let address = ConnectionAddr::Tcp(load.connect.ip().to_string(), load.connect.port());
    // Without the library's own greeting, so that what is counted here is all that is sent.
    let settings = RedisConnectionInfo::default().set_skip_set_lib_name();
    let info = address.into_connection_info()?.set_redis_settings(settings);
    let connection = Client::open(info)?.get_connection_with_timeout(PATIENCE)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    Ok(connection)
}

/// Reads one reply. Returns whether it is an error.
fn read_reply(connection: &mut Connection) -> Result<bool, RedisError> {
    match connection.recv_response() {
        Ok(Value::ServerError(_)) => Ok(true),
        Ok(_) => Ok(false),
        Err(error)
            if error.is_io_error()
                || error.is_unrecoverable_error()
                || error.kind() == ErrorKind::Parse =>
        {
            Err(error)
        }
        Err(_) => Ok(true),
    }
}
