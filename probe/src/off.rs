//! Probes out: every handle is a value without size, every macro an `if false` around its arguments,
//! so that they are type-checked, not evaluated, and leave neither an instruction nor a byte.

use core::marker::PhantomData;

/// What became of [`init!`](crate::init).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// Probes are compiled out.
    CompiledOut,
}

/// What became of [`init!`](crate::init): nothing, probes are compiled out.
pub fn status() -> Status {
    Status::CompiledOut
}

/// Does nothing: probes are compiled out. Returns false.
pub fn dump_on_signal() -> bool {
    false
}

/// Does nothing: probes are compiled out. Returns false.
pub fn dump_on(_: i32) -> bool {
    false
}

/// Settings of a board, ignored.
#[derive(Clone, Debug, Default)]
pub struct Config(());

impl Config {
    #[doc(hidden)]
    pub fn new() -> Self {
        Self(())
    }
    /// Ignored.
    pub fn threads(self, _: usize) -> Self {
        self
    }
    /// Ignored.
    pub fn sites(self, _: usize) -> Self {
        self
    }
    /// Ignored.
    pub fn metrics(self, _: usize) -> Self {
        self
    }
    /// Ignored.
    pub fn queues(self, _: usize) -> Self {
        self
    }
    /// Ignored.
    pub fn histograms(self, _: usize) -> Self {
        self
    }
    /// Ignored.
    pub fn ops(self, _: usize) -> Self {
        self
    }
    /// Ignored.
    pub fn sensitive(self, _: bool) -> Self {
        self
    }
    /// Ignored.
    pub fn cancel(self, _: bool) -> Self {
        self
    }
    /// Ignored.
    pub fn keeper(self, _: bool) -> Self {
        self
    }
    /// Ignored.
    pub fn mode(self, _: u32) -> Self {
        self
    }
    /// Ignored.
    pub fn directory(self, _: impl Into<std::path::PathBuf>) -> Self {
        self
    }
    /// Ignored.
    pub fn keep_dead(self, _: usize) -> Self {
        self
    }
}

/// A moment; nothing in this build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp(());

impl Stamp {
    /// No moment.
    pub const NONE: Self = Self(());
}

/// Guard of [`scope!`](crate::scope); nothing in this build, and bound to its thread all the same.
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
    /// Gauges with a label chosen at run time.
    GaugeFamily,
    /// Counters with a label chosen at run time.
    CounterFamily,
    /// One gauge of a family.
    GaugeMember,
    /// One counter of a family.
    CounterMember,
}

/// An operation's label; nothing in this build.
#[derive(Clone, Copy, Debug)]
pub struct Label(());

impl Label {
    /// Nothing said.
    pub const fn none() -> Self {
        Self(())
    }
}

/// The id of an operation; there is none in this build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpId(core::convert::Infallible);

impl core::fmt::Display for OpId {
    fn fmt(&self, _: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 {}
    }
}

/// An operation; nothing in this build. Goes from thread to thread all the same.
#[derive(Debug)]
pub struct Op(PhantomData<core::cell::Cell<()>>);

impl Op {
    #[doc(hidden)]
    #[inline(always)]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
    /// There is none.
    pub fn id(&self) -> Option<OpId> {
        None
    }
    /// Does nothing.
    #[inline(always)]
    pub fn enter(&self) -> Entered<'_> {
        Entered(self, PhantomData)
    }
    /// Does nothing.
    #[inline(always)]
    pub fn served(&self, _: u64) {}
    /// Does nothing.
    #[inline(always)]
    pub fn outcome(&self, _: crate::Outcome) {}
    /// Does nothing.
    #[inline(always)]
    pub fn fail(&self) {}
    /// Nobody will ask.
    #[inline(always)]
    pub fn wake_on_cancel(&self, _: &core::task::Waker) {}
    /// Nobody asked.
    #[inline(always)]
    pub fn asked(&self) -> crate::Asked {
        crate::Asked::no()
    }
    /// Nobody asked.
    ///
    /// # Errors
    /// None in this build.
    #[inline(always)]
    pub fn check(&self) -> Result<(), crate::Cancelled> {
        Ok(())
    }
    /// Does nothing.
    #[inline(always)]
    pub fn end(self, _: crate::Outcome) {}
    /// The future as it is.
    #[inline(always)]
    pub fn track<F: Future>(self, future: F) -> F {
        future
    }
    /// The future as it is.
    #[inline(always)]
    pub fn track_result<T, E, F: Future<Output = Result<T, E>>>(self, future: F) -> F {
        future
    }
    /// The future, whose end is always its own.
    #[inline(always)]
    pub async fn track_cancellable<F: Future>(
        self,
        future: F,
    ) -> Result<F::Output, crate::Cancelled> {
        Ok(future.await)
    }
}

/// A thread that works on an operation; nothing in this build, and bound to its thread all the same.
#[derive(Debug)]
#[must_use = "the thread works on the operation until this is dropped"]
pub struct Entered<'a>(&'a Op, PhantomData<*const ()>);

impl core::ops::Deref for Entered<'_> {
    type Target = Op;
    fn deref(&self) -> &Op {
        self.0
    }
}

/// Guard of [`op!`](crate::op); nothing in this build, and bound to its thread all the same.
#[derive(Debug)]
#[must_use = "the operation ends when this is dropped"]
pub struct Operation(Op, PhantomData<*const ()>);

impl Operation {
    #[doc(hidden)]
    #[inline(always)]
    pub const fn new() -> Self {
        Self(Op::new(), PhantomData)
    }
    /// Goes on without this thread.
    #[inline(always)]
    pub fn detach(self) -> Op {
        self.0
    }
}

impl core::ops::Deref for Operation {
    type Target = Op;
    #[inline(always)]
    fn deref(&self) -> &Op {
        &self.0
    }
}

#[doc(hidden)]
pub mod private {
    pub use crate::number::Number;

    #[inline(always)]
    pub fn begin() -> super::Operation {
        super::Operation::new()
    }
    #[inline(always)]
    pub fn begin_detached() -> super::Op {
        super::Op::new()
    }
    pub fn label(_: &str) -> super::Label {
        super::Label::none()
    }
    pub fn from_arguments(_: core::fmt::Arguments<'_>) -> super::Label {
        super::Label::none()
    }
    pub fn peer(label: super::Label, _: impl core::fmt::Display) -> super::Label {
        label
    }
    pub fn sensitive(label: super::Label) -> super::Label {
        label
    }
    pub fn op(_: &super::Op) {}
    pub fn asked_here() -> crate::Asked {
        crate::Asked::no()
    }

    /// Where a layer of `tower` is made; nothing in this build.
    #[cfg(feature = "tower")]
    #[derive(Clone, Copy, Debug)]
    pub struct Origin(());

    #[cfg(feature = "tower")]
    impl Origin {
        pub fn new(
            _: &'static core::panic::Location<'static>,
            _: &'static str,
            _: bool,
        ) -> Option<Self> {
            None
        }
        pub fn takes(self) -> Option<super::OpId> {
            None
        }
        pub fn gives_back(self, _: Option<super::OpId>) {}
        pub fn begin(
            self,
            _: impl core::fmt::Display,
            _: Option<impl core::fmt::Display>,
        ) -> super::Op {
            super::Op::new()
        }
        pub fn work<T>(self, _: &super::Op, body: impl FnOnce() -> T) -> T {
            body()
        }
        pub fn answers(self, _: &super::Op) {}
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

    #[inline(always)]
    pub fn now() -> super::Stamp {
        super::Stamp::NONE
    }
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

#[doc(hidden)]
#[macro_export]
macro_rules! __when_in {
    ($probe:expr) => {
        if false {
            $probe
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __or_nothing {
    ($probe:expr => $nothing:expr) => {{
        if false {
            let _ = $probe;
        }
        $nothing
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __in_or_out {
    ({ $($inside:tt)* } { $($outside:tt)* }) => {
        $($outside)*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __tag {
    ($class:tt $hits:tt $group:tt $label:tt [$($arg:expr)?]) => {
        if false {
            $( let _ = $crate::__private::Number::to_u64($arg); )?
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __scope {
    ($class:tt $hits:tt $group:tt $label:tt [$($arg:expr)?]) => {{
        if false {
            $( let _ = $crate::__private::Number::to_u64($arg); )?
        }
        $crate::Scope::new()
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __scoped {
    ($future:expr, $class:tt $hits:tt $group:tt $label:tt [$($arg:expr)?]) => {{
        if false {
            $( let _ = $crate::__private::Number::to_u64($arg); )?
        }
        $future
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __op {
    ($begin:ident $kind:literal $label:expr, $parent:expr) => {{
        if false {
            let _: &str = $kind;
            let _ = $label;
            let _: ::core::option::Option<$crate::OpId> = $parent;
        }
        $crate::__private::$begin()
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __op_async {
    ($future:expr, $op:expr) => {{
        if false {
            let _ = $op;
        }
        $future
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __status {
    ([$class:ident] [$($op:expr)?] $label:literal) => {{
        if false {
            let _: &str = $label;
            $( $crate::__private::op(&$op); )?
        }
        $crate::Asked::no()
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __member {
    ($family:expr, $label:expr) => {{
        if false {
            let _: &str = ::core::convert::AsRef::<str>::as_ref(&$label);
        }
        $crate::__private::member_of(&$family)()
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __fact {
    ($key:literal, $text:expr) => {
        if false {
            let _: &str = ::core::convert::AsRef::<str>::as_ref(&$text);
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __init {
    ($name:expr, $config:expr) => {{
        if false {
            let _: &str = $name;
            let settings: fn($crate::Config) -> $crate::Config = $config;
            let _ = settings($crate::Config::new());
        }
        $crate::Status::CompiledOut
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __metric {
    ([$($help:literal)*] $vis:vis $name:ident: Ratio = $text:literal, $unit:literal, $over:expr, $under:expr) => {
        $(#[doc = $help])*
        $vis static $name: $crate::Ratio = {
            let _: (&[&$crate::Counter], &[&$crate::Counter]) = ($over, $under);
            $crate::Ratio::new()
        };
    };
    ([$($help:literal)*] $vis:vis $name:ident: $kind:ident = $($rest:tt)*) => {
        $(#[doc = $help])*
        #[allow(dead_code, reason = "declared for the board")]
        $vis static $name: $crate::$kind = $crate::$kind::new();
    };
}
