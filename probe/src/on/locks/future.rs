//! A future that waits: a record of its own says for which operation, and for what.

use core::future::Future;
use core::panic::Location;
use core::pin::Pin;
use core::sync::atomic::Ordering;
use core::task::{Context, Poll};

use super::place;
use super::table::{self, Entered, Said, Twin};
use super::wait::{class, count};
use super::watched::Watched;
use crate::layout::{LockKind, PARTY_UNKNOWN, WaitHow, op_party};
use crate::on::ground::clock;
use crate::on::ops;

/// The operation that this thread works on, as the holder of something; [`PARTY_UNKNOWN`] outside of any: a task may go
/// to another thread with what it holds.
pub(crate) fn operation() -> u64 {
    ops::id_here().map_or(PARTY_UNKNOWN, op_party)
}

/// What a future that waits has written down, until it is dropped.
struct Waits<'a> {
    on: &'a Watched,
    entered: Option<Entered>,
    own: Option<&'static Twin>,
    began: u64,
}

impl<'a> Waits<'a> {
    #[cold]
    fn begin(on: &'a Watched, how: WaitHow, here: &'static Location<'static>) -> Option<Self> {
        let table = table::current()?;
        let entered = on.enter(table, here)?;
        let twin = entered.twin;
        twin.record.waiting.fetch_add(1, Ordering::Relaxed);
        let began = clock::units();
        let own = ops::id_here().and_then(|op| {
            let name = if on.name().is_empty() { "lock" } else { on.name() };
            let own = table.claim(&Said {
                kind_flags: LockKind::Wait as u64,
                site: place::site(here, name, class(how)).map_or(0, |site| site.tag()),
                identity: twin.reference(),
                capacity: how as u64,
            })?;
            own.record.holder.store(op_party(op), Ordering::Relaxed);
            own.record.waiting.store(began, Ordering::Relaxed);
            // Release: a reader that sees the number sees the rest.
            own.record.other.store(1, Ordering::Release);
            Some(own)
        });
        Some(Self { on, entered: Some(entered), own, began })
    }
}

impl Waits<'_> {
    fn end(&mut self, has_it: bool) {
        let Some(table) = table::current() else { return };
        if let Some(own) = self.own.take().filter(|own| table.has(own)) {
            table.release(own);
        }
        if let Some(entered) = self.entered.take() {
            count(entered.twin.record, clock::units().saturating_sub(self.began));
            // Who does not have the lock leaves the record to who has.
            if entered.leave() && has_it {
                self.on.give_back(table, entered);
            }
        }
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.end(false);
    }
}

/// Waits for `future`, which takes the lock, and says so once it has to. `entered`: what else its record says from then
/// on.
pub(crate) async fn waited<F: Future>(
    on: &Watched,
    how: WaitHow,
    here: &'static Location<'static>,
    entered: impl Fn(),
    future: F,
) -> F::Output {
    let mut future = core::pin::pin!(future);
    let mut waits: Option<Waits<'_>> = None;
    let mut is_first = true;
    core::future::poll_fn(move |context: &mut Context<'_>| {
        let polled = Pin::new(&mut future).poll(context);
        match &polled {
            Poll::Ready(_) => {
                if let Some(mut waits) = waits.take() {
                    waits.end(true);
                }
            }
            Poll::Pending if is_first => {
                is_first = false;
                waits = Waits::begin(on, how, here);
                entered();
            }
            Poll::Pending => {}
        }
        polled
    })
    .await
}
