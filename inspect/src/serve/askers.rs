//! Who asks other hosts, for the requests that are asked on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use super::shown::host;
use crate::endpoints::{Hosts, Question, Reply};

/// Questions at a time; others wait for one of them to end.
const ASKERS: usize = 4;

/// Who asks: each one question at a time, over connections of its own.
#[derive(Clone, Default)]
pub(super) struct Askers {
    all: Arc<Vec<Mutex<Hosts>>>,
    next: Arc<AtomicUsize>,
    listed: Option<usize>,
}

impl Askers {
    /// None where no other hosts are served.
    pub(super) fn new(hosts: impl Fn() -> Option<Hosts>) -> Self {
        let all: Vec<Hosts> = (0..ASKERS).map_while(|_| hosts()).collect();
        let listed = all.first().map(Hosts::len);
        let all = Arc::new(all.into_iter().map(Mutex::new).collect());
        Self { all, listed, next: Arc::default() }
    }

    /// How many endpoints are listed; none where this host's boards are served.
    pub(super) fn len(&self) -> Option<usize> {
        self.listed
    }

    /// Asks every endpoint, or the one of a key.
    pub(super) async fn ask<T: DeserializeOwned + Send + 'static>(
        &self,
        question: &Question,
        only: Option<&str>,
    ) -> Vec<Reply<T>> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(asker) = self.all.get(turn % ASKERS) else { return Vec::new() };
        let mut hosts = asker.lock().await;
        let only = only.and_then(|key| hosts.named(|name| host(name) == key));
        hosts.ask(question, only.as_deref()).await.0
    }
}
