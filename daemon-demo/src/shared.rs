//! What the threads of the daemon share.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use crate::args::{Ack, Serve};
use crate::limits::{ClientMemory, Limits};
use crate::store::Store;

/// The daemon.
pub(crate) struct Shared {
    /// As given on the command line.
    pub(crate) settings: Serve,
    /// The store.
    pub(crate) store: Store,
    /// Where it listens.
    pub(crate) port: u16,
    /// Since when.
    pub(crate) started: Instant,
    /// Whether replies to writes wait for the commit.
    pub(crate) is_durable: bool,
    /// Limits of each connection.
    pub(crate) limits: Limits,
    /// Limit of all connections together.
    pub(crate) memory: ClientMemory,
    /// Counters of the commands, made when a command comes for the first time.
    pub(crate) by_name: Box<[(&'static str, OnceLock<probe::CounterMember>)]>,
    stopping: AtomicBool,
    clients: AtomicUsize,
    last_client_id: AtomicU64,
}

impl Shared {
    /// `commands`: their names.
    pub(crate) fn new(
        settings: Serve,
        store: Store,
        port: u16,
        commands: impl Iterator<Item = &'static str>,
    ) -> Self {
        let limits = Limits {
            bulk_bytes: settings.max_bulk,
            arguments: settings.max_arguments,
            request_bytes: settings.max_request,
            output_bytes: settings.output_limit,
        };
        Self {
            store,
            port,
            started: Instant::now(),
            is_durable: settings.ack == Ack::Durable,
            limits,
            memory: ClientMemory::new(settings.client_memory),
            by_name: commands.map(|name| (name, OnceLock::new())).collect(),
            stopping: AtomicBool::new(false),
            clients: AtomicUsize::new(0),
            last_client_id: AtomicU64::new(0),
            settings,
        }
    }

    // The words below guard no other memory, so Relaxed.

    /// The daemon should end; whoever sleeps must be woken.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the daemon should end.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Takes a client in, unless there are too many.
    pub(crate) fn admit_client(&self) -> bool {
        let admitted = self.clients.fetch_add(1, Ordering::Relaxed) < self.settings.max_clients;
        if !admitted {
            self.client_left();
        }
        admitted
    }

    /// A client that was taken in is gone.
    pub(crate) fn client_left(&self) {
        self.clients.fetch_sub(1, Ordering::Relaxed);
    }

    /// Clients that are in.
    pub(crate) fn clients(&self) -> usize {
        self.clients.load(Ordering::Relaxed)
    }

    /// A number for the next client.
    pub(crate) fn next_client_id(&self) -> u64 {
        self.last_client_id.fetch_add(1, Ordering::Relaxed) + 1
    }
}
