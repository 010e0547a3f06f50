//! Spans of `tracing` as operations: what [`SpanLayer`] does when probes are in.
//!
//! ```text
//! callsite  the site of a span or an event in the source
//! entered   the spans that this thread is in
//! fields    a span's fields as label and peer
//! names     what the name of a field says
//! ended     spans of requests, by the status that they ended with
//! lost      closes that the registry loses
//! ```

mod callsite;
mod ended;
mod entered;
mod fields;
mod lost;
mod names;

use core::any::TypeId;
use std::sync::Mutex;

use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{Event, Level, LevelFilter, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use crate::on::ops::emit::{begin_detached, status_here};
use crate::on::ops::{Op, OpId, by_id};
use crate::on::sites::site::Site;
use crate::on::sites::tags;
use crate::on::thread::local;
use crate::outcome::Outcome;
use crate::tracing::{Out, SpanLayer};
use callsite::Callsite;
use fields::Values;

/// What a span keeps: its operation.
struct SpanOp {
    callsite: &'static Callsite,
    site: &'static Site,
    id: Option<OpId>,
    /// Its HTTP status, once it said one.
    status: Option<u16>,
    /// Whether another layer's data were looked at for its trace.
    looked: bool,
    /// Never locked: whoever may change the span's data has it alone.
    op: Mutex<Op>,
}

#[expect(unsafe_code, reason = "a layer that is not there says so through an unsafe method")]
impl<S> Layer<S> for SpanLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_layer(&mut self, subscriber: &mut S) {
        if self.out.is_some() {
            Out::meets(&mut self.out, subscriber);
        }
    }

    /// No more than it takes: what is finer would be made for it, and be left.
    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(match self {
            Self { out: Some(_), .. } => LevelFilter::OFF,
            Self { errors: true, spans, events, .. } => LevelFilter::ERROR.max(*spans).max(*events),
            Self { spans, events, .. } => (*spans).max(*events),
        })
    }

    unsafe fn downcast_raw(&self, id: TypeId) -> Option<*const ()> {
        Out::downcast(self, self.out, id)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let metadata = attributes.metadata();
        if *metadata.level() > self.spans || self.out.is_some() {
            return;
        }
        let Some((callsite, site)) = callsite::of(metadata) else { return };
        let Some(span) = context.span(id) else { return };
        let (label, end) = Values::First(attributes).say(callsite, self.fields);
        let op = match attributes.is_root() {
            true => by_id::begin_alone(site, &label),
            false => {
                let parent = attributes.parent();
                let parent = parent.and_then(|parent| operation_of(context.span(parent)?));
                begin_detached(site, &label, parent)
            }
        };
        if end.failed {
            op.fail();
        }
        op.set_trace(end.trace);
        let (id, status, looked) = (op.id(), end.status, self.trace.is_none());
        let kept = SpanOp { callsite, site, id, status, looked, op: Mutex::new(op) };
        span.extensions_mut().replace(kept);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if self.out.is_some() {
            return;
        }
        let Some(span) = context.span(id) else { return };
        let known = span.extensions().get::<SpanOp>().map(|kept| kept.callsite);
        let Some(callsite) = known else { return };
        // Written out first: while the span's data is held nothing of the user's runs.
        let (more, end) = Values::Later(values).say(callsite, self.fields);
        if let Some(kept) = span.extensions_mut().get_mut::<SpanOp>()
            && let Ok(op) = kept.op.get_mut()
        {
            kept.status = end.status.or(kept.status);
            by_id::add(op, &more);
            op.set_trace(end.trace);
            if end.failed {
                op.fail();
            }
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        if self.out.is_some() {
            return;
        }
        let Some(span) = context.span(id) else { return };
        let known = span.extensions().get::<SpanOp>().map(|kept| (kept.site, kept.id, kept.looked));
        if let Some((site, op, looked)) = known {
            if !looked {
                self.look_for_trace(&span);
            }
            entered::enter(id.into_u64(), site, op);
        }
    }

    fn on_exit(&self, id: &Id, _: Context<'_, S>) {
        if self.out.is_some() {
            return;
        }
        entered::exit(id.into_u64());
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if self.out.is_some() {
            return;
        }
        if self.errors && *event.metadata().level() == Level::ERROR {
            match event.parent() {
                None => by_id::settle_here(Outcome::Error),
                Some(parent) => fail(context.span(parent)),
            }
        }
        // Outside of spans nothing would take the line away again when its work is done.
        if *event.metadata().level() > self.events || !local::is_in_scope() {
            return;
        }
        let Some((_, site)) = callsite::of(event.metadata()) else { return };
        if site.spent.is_none() {
            return tags::at(site);
        }
        // Several threads may be in one span: one of them at a time changes its status.
        let span = context.lookup_current();
        let _alone = span.as_ref().map(SpanRef::extensions_mut);
        _ = status_here(site);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        if self.out.is_some() {
            return;
        }
        let Some(span) = context.span(&id) else { return };
        lost::closes(&span);
        // Here, and not when the registry comes to clear its data.
        let kept = span.extensions_mut().remove::<SpanOp>();
        if let Some(kept) = kept {
            if let Some(status) = kept.status {
                ended::count(status);
            }
            drop(kept.op);
        }
    }
}

impl SpanLayer {
    /// What another layer keeps of the span may name its trace. Once: where it is, it is there by the first entry.
    #[cold]
    fn look_for_trace<'a, R: LookupSpan<'a>>(&self, span: &SpanRef<'a, R>) {
        let context = self.trace.and_then(|of| of(&span.extensions()));
        if let Some(kept) = span.extensions_mut().get_mut::<SpanOp>()
            && let Ok(op) = kept.op.get_mut()
        {
            kept.looked = true;
            op.set_trace(context);
        }
    }
}

/// The operation of a span, or of the next one around it that has one.
fn operation_of<'a, R: LookupSpan<'a>>(span: SpanRef<'a, R>) -> Option<OpId> {
    span.scope().find_map(|span| span.extensions().get::<SpanOp>()?.id)
}

/// The span's operation ends as an error.
fn fail<'a, R: LookupSpan<'a>>(span: Option<SpanRef<'a, R>>) {
    let Some(span) = span else { return };
    if let Some(kept) = span.extensions_mut().get_mut::<SpanOp>()
        && let Ok(op) = kept.op.get_mut()
    {
        op.fail();
    }
}
