//! Every endpoint asked at once. Whoever does not answer in its time is a row with the reason, and delays nobody.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use tokio::task::JoinSet;

use super::address::{Endpoint, Listed};
use super::body;
use super::failure::{Failure, said};
use super::link::{Answered, Link};
use super::list::List;
use super::question::Question;
use super::standing::{Standing, State};
use super::trust::Trust;
use crate::words::moment::from_rfc3339;

/// Between two looks at which addresses a name has.
const AGAIN: Duration = Duration::from_secs(10);
/// What of a question's time such a look may take.
const LOOK_UP: Duration = Duration::from_millis(450);
/// Addresses of a name.
const ADDRESSES: usize = 256;
/// Operations of all endpoints together, and of one at most and at least.
const OPERATIONS: usize = 100_000;
const OPERATIONS_OF_ONE: (usize, usize) = (100, 1_000);
/// Bytes of all answers together, of which each endpoint has its share, within bounds.
const TOGETHER: usize = 192 << 20;
const LEAST: usize = 512 << 10;
const MOST: usize = 8 << 20;

/// What an endpoint said.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reply<T> {
    /// How it stands.
    pub standing: Standing,
    /// Its document. None where it has no answer, or nothing of what was asked for.
    pub document: Option<T>,
}

/// Addresses of a name, when they were looked up, or why there are none.
struct Looked {
    at: Instant,
    addresses: Result<Vec<IpAddr>, String>,
}

/// The endpoints of a list, and their connections.
pub struct Hosts {
    list: List,
    trust: Arc<Trust>,
    links: HashMap<Endpoint, Link>,
    names: HashMap<String, Looked>,
}

impl Hosts {
    /// Asks nobody yet.
    pub fn new(list: List, trust: Trust) -> Self {
        Self { list, trust: Arc::new(trust), links: HashMap::new(), names: HashMap::new() }
    }

    /// How many are listed: of each that has a document no more is shown than its share.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// How many operations each is asked for at most.
    pub fn share(&self) -> usize {
        let (least, most) = OPERATIONS_OF_ONE;
        (OPERATIONS / self.len().max(1)).clamp(least, most)
    }

    /// The name of an endpoint that was asked before.
    pub fn named(&self, is: impl Fn(&str) -> bool) -> Option<String> {
        let known = self.links.keys().map(Endpoint::name);
        known.chain(self.list.names()).find(|name| is(name)).map(str::to_owned)
    }

    /// Whether there is none, which is refused.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Asks every endpoint, or the one that is called so, and returns what each said, in the order of the list. The
    /// sentence is about the list, where something is wrong with it.
    pub async fn ask<T: DeserializeOwned + Send + 'static>(
        &mut self,
        question: &Question,
        only: Option<&str>,
    ) -> (Vec<Reply<T>>, Option<String>) {
        let began = Instant::now();
        let (endpoints, mut replies, remark) = self.endpoints().await;
        let left = question.deadline.saturating_sub(began.elapsed());
        let question = Arc::new(question.within(left));
        self.links.retain(|endpoint, _| endpoints.iter().any(|(_, one)| one == endpoint));
        let most = (TOGETHER / endpoints.len().max(1)).clamp(LEAST, MOST);
        let mut asked = JoinSet::new();
        for (place, endpoint) in endpoints {
            if only.is_some_and(|only| only != endpoint.name()) {
                continue;
            }
            let mut link = self.links.remove(&endpoint).unwrap_or_default();
            let (trust, question) = (Arc::clone(&self.trust), Arc::clone(&question));
            asked.spawn(async move {
                let answered = link.ask(&endpoint, &trust, &question, most).await;
                let reply = reply(&endpoint, answered);
                (place, endpoint, link, reply)
            });
        }
        while let Some(done) = asked.join_next().await {
            // One that ended by a fault was printed, and is missing from what follows.
            let Ok((place, endpoint, link, reply)) = done else { continue };
            self.links.insert(endpoint, link);
            replies.push((place, reply));
        }
        replies.sort_by_key(|(place, _)| *place);
        (replies.into_iter().map(|(_, reply)| reply).collect(), remark)
    }

    /// The endpoints that are meant now, each with its place in the list; of names that have no address the
    /// replies at once.
    async fn endpoints<T>(
        &mut self,
    ) -> (Vec<(usize, Endpoint)>, Vec<(usize, Reply<T>)>, Option<String>) {
        let (listed, remark) = self.list.now();
        let listed = listed.to_vec();
        self.look_up(&listed).await;
        let (mut all, mut missing): (Vec<(usize, Endpoint)>, _) = (Vec::new(), Vec::new());
        let mut add = |place: usize, endpoint: Endpoint| {
            if !all.iter().any(|(_, known)| *known == endpoint) {
                all.push((place, endpoint));
            }
        };
        for (place, one) in listed.into_iter().enumerate() {
            let (host, port, tls) = match one {
                Listed::One(endpoint) => {
                    add(place, endpoint);
                    continue;
                }
                Listed::Every { host, port, tls } => (host, port, tls),
            };
            match self.names.get(&host).map(|looked| &looked.addresses) {
                Some(Ok(addresses)) => {
                    for address in addresses {
                        add(place, Endpoint::at(*address, port, tls.then_some(host.as_str())));
                    }
                }
                Some(Err(why)) => {
                    let scheme = if tls { "dns+https" } else { "dns+http" };
                    let failure = Failure::down(why);
                    missing.push((place, failed(&format!("{scheme}://{host}:{port}"), failure)));
                }
                None => {}
            }
        }
        (all, missing, remark)
    }

    /// Which addresses names have now, all of them asked at once.
    async fn look_up(&mut self, listed: &[Listed]) {
        let mut asked = JoinSet::new();
        for one in listed {
            let Listed::Every { host, .. } = one else { continue };
            if self.names.get(host).is_some_and(|known| known.at.elapsed() < AGAIN) {
                continue;
            }
            let host = host.clone();
            asked.spawn(async move {
                let found =
                    tokio::time::timeout(LOOK_UP, tokio::net::lookup_host((host.as_str(), 0)));
                let found = match found.await {
                    Ok(Ok(found)) => {
                        Ok(found.map(|address| address.ip()).take(ADDRESSES).collect())
                    }
                    Ok(Err(error)) => Err(said(&error)),
                    Err(_) => Err(format!("its addresses could not be found within {LOOK_UP:?}")),
                };
                (host, found)
            });
        }
        while let Some(Ok((host, found))) = asked.join_next().await {
            let found = found.and_then(addresses);
            // What was known is better than nothing.
            let known = self.names.remove(&host).filter(|_| found.is_err());
            let addresses =
                known.map(|known| known.addresses).filter(Result::is_ok).unwrap_or(found);
            self.names.insert(host, Looked { at: Instant::now(), addresses });
        }
    }
}

/// Addresses, each once. Those of loopback are one host.
fn addresses(found: Vec<IpAddr>) -> Result<Vec<IpAddr>, String> {
    let mut all = found;
    all.sort_unstable();
    all.dedup();
    if all.iter().all(IpAddr::is_loopback) {
        all.truncate(1);
    }
    if all.is_empty() { Err("it has no address".to_owned()) } else { Ok(all) }
}

/// What came of a question, as a reply.
fn reply<T: DeserializeOwned>(
    endpoint: &Endpoint,
    answered: Result<Answered, Failure>,
) -> Reply<T> {
    let read = answered.and_then(|answered| {
        let (text, taken_at) = body::checked(&answered.bytes)?;
        let document = serde_json::from_str(&text);
        let document = document
            .map_err(|error| Failure::other(&format!("its answer cannot be read: {error}")))?;
        Ok((document, taken_at, answered.skew_ns, answered.came_ns))
    });
    match read {
        Ok((document, taken_at, skew_ns, came_ns)) => {
            // By a clock of which it is not known how far it is off nothing can be told.
            let taken = taken_at.as_deref().and_then(from_rfc3339).zip(skew_ns);
            let age_ns = taken.map(|(taken_ns, skew_ns)| {
                let ours = i128::from(taken_ns) - i128::from(skew_ns);
                u64::try_from(i128::from(came_ns) - ours).unwrap_or(0)
            });
            let endpoint = endpoint.name().to_owned();
            let standing = Standing { endpoint, state: State::Ok, error: None, age_ns, skew_ns };
            Reply { standing, document: Some(document) }
        }
        Err(failure) => failed(endpoint.name(), failure),
    }
}

fn failed<T>(name: &str, failure: Failure) -> Reply<T> {
    let error = (failure.state != State::Ok).then_some(failure.text);
    let endpoint = name.to_owned();
    let standing = Standing { endpoint, state: failure.state, error, age_ns: None, skew_ns: None };
    Reply { standing, document: None }
}
