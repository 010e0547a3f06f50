//! Who asks the hosts while the screen takes keys: one thread looks again and again, another sends what changes
//! something, so that neither waits for the other's slowest host.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread::Builder;
use std::time::{Duration, Instant};

use tokio::runtime::{self, Runtime};

use super::look::{About, Aim, Looker};
use super::seen::Seen;
use crate::endpoints::cancelled::{Done, demand, named, said};
use crate::endpoints::merged::apart;
use crate::endpoints::{Hosted, Hosts, List, OpsOf, Trust};

/// How long a cancelled operation may take to end before the screen says that it has not.
const WAIT: Duration = Duration::from_secs(2);

/// What the threads have to say.
#[derive(Debug)]
pub(super) enum News {
    /// Everything was looked at.
    Seen(Box<Seen>),
    /// What came of a request, in words.
    Told(String),
}

/// The threads, as long as it lives: they end when they next have something to say.
pub(super) struct Asker {
    aims: Sender<Aim>,
    demands: Sender<Hosted<OpsOf>>,
    news: Receiver<News>,
    awake: UnixStream,
}

/// The way back: what is said, and a byte for whoever waits in `poll`.
#[derive(Debug)]
struct Outlet {
    to: Sender<News>,
    wake: UnixStream,
}

impl Outlet {
    /// Whether somebody still listens.
    fn say(&mut self, news: News) -> bool {
        let heard = self.to.send(news).is_ok();
        // One that is full already will wake whoever waits.
        let _ = self.wake.write(&[1]);
        heard
    }
}

impl Asker {
    /// Begins to ask.
    ///
    /// # Errors
    /// The system has no more threads or sockets.
    pub(super) fn start(
        (list, trust): (List, Trust),
        about: About,
        aim: Aim,
        interval: Duration,
    ) -> io::Result<Self> {
        let (awake, wake) = UnixStream::pair()?;
        awake.set_nonblocking(true)?;
        wake.set_nonblocking(true)?;
        let (to, news) = channel();
        let mut seeing = Outlet { to: to.clone(), wake: wake.try_clone()? };
        let mut telling = Outlet { to, wake };
        let (aims, aimed) = channel();
        let (demands, demanded) = channel();
        let mut looker = Looker::new(&list, &trust, about);
        Builder::new().name("hosts".to_owned()).spawn(move || {
            let done =
                runtime().map(|on| look_on(&on, &mut looker, aim, &aimed, interval, &mut seeing));
            if let Err(error) = done {
                seeing.say(News::Told(format!("nobody can be asked: {error}")));
            }
        })?;
        Builder::new().name("cancels".to_owned()).spawn(move || {
            let mut hosts = Hosts::new(list, trust);
            let Ok(on) = runtime() else { return };
            while let Ok(one) = demanded.recv() {
                let text = on.block_on(cancel(&mut hosts, &one));
                if !telling.say(News::Told(text)) {
                    return;
                }
            }
        })?;
        Ok(Self { aims, demands, news, awake })
    }

    /// Where there is something to read when there is news.
    pub(super) fn awake(&self) -> BorrowedFd<'_> {
        self.awake.as_fd()
    }

    /// Looks again, at this.
    pub(super) fn aim(&self, aim: Aim) {
        // Threads that ended are noticed by their silence.
        let _ = self.aims.send(aim);
    }

    /// Requests that an operation be cancelled.
    pub(super) fn cancel(&self, one: Hosted<OpsOf>) {
        let _ = self.demands.send(one);
    }

    /// What came since; nothing any more when the threads ended by a fault.
    pub(super) fn news(&mut self) -> Result<Vec<News>, TryRecvError> {
        let mut bytes = [0; 64];
        while self.awake.read(&mut bytes).is_ok_and(|read| read > 0) {}
        let mut all = Vec::new();
        loop {
            match self.news.try_recv() {
                Ok(news) => all.push(news),
                Err(TryRecvError::Empty) => return Ok(all),
                Err(error) if all.is_empty() => return Err(error),
                Err(_) => return Ok(all),
            }
        }
    }
}

fn runtime() -> io::Result<Runtime> {
    runtime::Builder::new_current_thread().max_blocking_threads(16).enable_all().build()
}

/// Looks at everything each interval, and at once when something else is aimed at.
fn look_on(
    on: &Runtime,
    looker: &mut Looker,
    mut aim: Aim,
    aims: &Receiver<Aim>,
    interval: Duration,
    to: &mut Outlet,
) {
    loop {
        let due = Instant::now() + interval;
        let seen = on.block_on(looker.look(&aim));
        if !to.say(News::Seen(Box::new(seen))) {
            return;
        }
        match aims.recv_timeout(due.saturating_duration_since(Instant::now())) {
            // Of several the last is meant.
            Ok(next) => aim = aims.try_iter().last().unwrap_or(next),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Requests it at its host alone, and says what came of it.
async fn cancel(hosts: &mut Hosts, one: &Hosted<OpsOf>) -> String {
    let row = &one.row;
    let question = demand(&row.pid.to_string(), &row.op.id, WAIT);
    let (replies, _) = hosts.ask::<Done>(&question, Some(&one.endpoint)).await;
    let (endpoints, done) = apart(replies);
    let done = done.into_iter().next().map(|(_, done)| done);
    let host = endpoints.first().map_or(one.endpoint.as_str(), |one| one.short());
    let came = said(done.as_ref(), endpoints.first()).unwrap_or_else(|(why, _)| why);
    format!("{}: {came}", named(&row.op, host))
}
