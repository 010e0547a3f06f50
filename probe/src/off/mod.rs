//! Probes out: every handle is a value without size, every macro an `if false` around its arguments,
//! so that they are type-checked, not evaluated, and leave neither an instruction nor a byte.

mod future;
mod macros;
mod ops;
#[cfg(feature = "std")]
mod start;

use core::marker::PhantomData;

pub use future::{Scoped, Tracked, TrackedCancellable};
pub use ops::{Entered, Op, OpId, Operation};
#[cfg(feature = "std")]
pub use start::{Config, Status, dump_on, dump_on_signal, note_panic, remarks, status};

/// A moment; nothing in this build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp(());

impl Stamp {
    /// No moment.
    pub const NONE: Self = Self(());
    /// It is no moment.
    #[inline(always)]
    pub fn age(self) -> Option<core::time::Duration> {
        None
    }
    /// They are no moments.
    #[inline(always)]
    pub fn since(self, _: Self) -> Option<core::time::Duration> {
        None
    }
}

/// Guard of [`scope!`](crate::scope); nothing in this build, and bound to its thread all the same: held
/// as long as the real one, whose end it has.
#[derive(Debug)]
#[must_use = "the scope ends when this is dropped"]
pub struct Scope(PhantomData<*const ()>);

impl Scope {
    #[doc(hidden)]
    #[inline(always)]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl Drop for Scope {
    #[inline(always)]
    fn drop(&mut self) {}
}

/// Guard of [`busy!`](crate::busy); nothing in this build.
#[derive(Debug)]
#[must_use = "the thread is idle again when this is dropped"]
pub struct Busy(PhantomData<*const ()>);

impl Busy {
    #[doc(hidden)]
    #[inline(always)]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl Drop for Busy {
    #[inline(always)]
    fn drop(&mut self) {}
}

/// Guard of [`queue_serve!`](crate::queue_serve); nothing in this build, and bound to its thread all the same.
#[must_use = "the item's service ends when this is dropped"]
pub struct Serving<'a, Q: private::Flow = Queue>(PhantomData<(&'a Q, *const ())>);

impl<'a, Q: private::Flow> Serving<'a, Q> {
    #[doc(hidden)]
    #[inline(always)]
    pub fn nothing(_: &'a Q) -> Self {
        Self(PhantomData)
    }
    /// No moment.
    #[inline(always)]
    pub fn started(&self) -> Stamp {
        Stamp::NONE
    }
}

impl<Q: private::Flow> core::fmt::Debug for Serving<'_, Q> {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("Serving")
    }
}

impl<Q: private::Flow> Drop for Serving<'_, Q> {
    #[inline(always)]
    fn drop(&mut self) {}
}

/// Guard of [`hold!`](crate::hold); nothing in this build.
#[must_use = "the gauge is what it was when this is dropped"]
pub struct Held<'a, L: private::Level>(PhantomData<&'a L>);

impl<'a, L: private::Level> Held<'a, L> {
    #[doc(hidden)]
    #[inline(always)]
    pub fn nothing(_: &'a L) -> Self {
        Self(PhantomData)
    }
}

impl<L: private::Level> core::fmt::Debug for Held<'_, L> {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("Held")
    }
}

impl<L: private::Level> Drop for Held<'_, L> {
    #[inline(always)]
    fn drop(&mut self) {}
}

macro_rules! nothing {
    ($($(#[$about:meta])* $name:ident,)*) => {$(
        $(#[$about])*
        #[derive(Debug)]
        pub struct $name(());

        impl $name {
            #[doc(hidden)]
            #[inline(always)]
            pub const fn new() -> Self {
                Self(())
            }
        }
    )*};
}

nothing! {
    /// A number that only grows.
    Counter,
    /// A signed level with a high-water mark.
    Gauge,
    /// A distribution of values.
    Histogram,
    /// A quotient of counters.
    Ratio,
    /// A periodic job.
    Heartbeat,
    /// How far a long task has come.
    Progress,
    /// A queue.
    Queue,
    /// A queue, first in, first out.
    Fifo,
    /// Gauges with a label chosen at run time.
    GaugeFamily,
    /// Counters with a label chosen at run time.
    CounterFamily,
    /// One gauge of a family.
    GaugeMember,
    /// One counter of a family.
    CounterMember,
}

#[doc(hidden)]
pub mod private {
    pub use super::ops::Label;
    pub use crate::number::Number;
    pub use probe_macros::each_metric;

    #[cfg(feature = "std")]
    pub fn configured(
        config: super::Config,
        settings: impl FnOnce(super::Config) -> super::Config,
    ) -> super::Config {
        settings(config)
    }
    #[inline(always)]
    pub fn once<T>(body: impl FnOnce() -> T) -> T {
        body()
    }
    /// The future of an operation that is only looked at.
    #[inline(always)]
    pub fn tracked<F: Future>((): (), future: F) -> super::Tracked<F> {
        super::Tracked::new(future)
    }
    /// The future of a scope that is only looked at.
    #[inline(always)]
    pub fn scoped<F: Future>((): (), future: F) -> super::Scoped<F> {
        super::Scoped::new(future)
    }
    /// A time that is only looked at.
    pub const fn every(_: u64) {}
    #[inline(always)]
    pub fn begin() -> super::Operation {
        super::Operation::new()
    }
    #[inline(always)]
    pub fn begin_detached() -> super::Op {
        super::Op::new()
    }
    pub fn label(_: &str) -> Label {
        Label::none()
    }
    pub fn from_arguments(_: core::fmt::Arguments<'_>) -> Label {
        Label::none()
    }
    pub fn peer(label: Label, _: impl core::fmt::Display) -> Label {
        label
    }
    pub fn sensitive(label: Label) -> Label {
        label
    }
    pub fn label_here(_: Label) {}
    pub fn peer_here(_: impl core::fmt::Display) {}
    pub fn trace_here(_: impl Into<Option<crate::trace::TraceContext>>) {}
    pub fn op(_: &super::Op) {}
    pub fn asked_here() -> crate::outcome::Asked {
        crate::outcome::Asked::no()
    }

    pub trait Count {
        fn add(&self, _: u64) {}
    }
    pub trait Level {
        fn set(&self, _: i64) {}
        fn adjust(&self, _: i64) {}
    }
    pub trait Sample {
        fn record(&self, _: u64) {}
    }
    pub trait Beat {
        fn beat(&self) {}
    }
    pub trait Advance {
        fn advance(&self, _: u64, _: u64) {}
    }
    pub trait Flow {
        fn arrive(&self, _: super::Stamp) -> super::Stamp {
            super::Stamp::NONE
        }
        fn start(&self, _: super::Stamp, _: super::Stamp) -> super::Stamp {
            super::Stamp::NONE
        }
        fn complete(&self, _: super::Stamp, _: super::Stamp) {}
        fn leave(&self, _: u64) {}
        fn pass(&self, _: u64) {}
        fn head(&self, _: Option<super::Stamp>) {}
    }
    pub trait Family {
        type Member;
        fn member(&self, label: &str) -> Self::Member;
    }
    impl Count for super::Counter {}
    impl Count for super::CounterMember {}
    impl Level for super::Gauge {}
    impl Level for super::GaugeMember {}
    impl Sample for super::Histogram {}
    impl Beat for super::Heartbeat {}
    impl Advance for super::Progress {}
    impl Flow for super::Queue {}
    impl Flow for super::Fifo {}
    impl Family for super::GaugeFamily {
        type Member = super::GaugeMember;
        #[inline(always)]
        fn member(&self, _: &str) -> super::GaugeMember {
            super::GaugeMember::new()
        }
    }
    impl Family for super::CounterFamily {
        type Member = super::CounterMember;
        #[inline(always)]
        fn member(&self, _: &str) -> super::CounterMember {
            super::CounterMember::new()
        }
    }
    impl<T: Count> Count for &T {}
    impl<T: Level> Level for &T {}
    impl<T: Flow> Flow for &T {}

    #[inline(always)]
    pub fn now() -> super::Stamp {
        super::Stamp::NONE
    }
    pub fn serve<Q: Flow>(_: &Q, _: super::Stamp, _: super::Stamp) {}
    pub fn hold<L: Level>(_: &L, _: i64) {}
    #[inline(always)]
    pub fn busy() -> super::Busy {
        super::Busy::new()
    }
    #[inline(always)]
    pub fn pin<T>(value: T) -> T {
        value
    }
    /// The member type of a family, without naming or making one.
    #[inline(always)]
    pub fn member_of<F: Family>(_: &F) -> impl FnOnce() -> F::Member + use<F>
    where
        F::Member: Nothing,
    {
        || F::Member::nothing()
    }
    pub trait Nothing {
        fn nothing() -> Self;
    }
    impl Nothing for super::GaugeMember {
        #[inline(always)]
        fn nothing() -> Self {
            Self::new()
        }
    }
    impl Nothing for super::CounterMember {
        #[inline(always)]
        fn nothing() -> Self {
            Self::new()
        }
    }
}
