//! `crossbeam-channel`, whose channels show who waits at them.
//!
//! `use probe::crossbeam::channel` for `use crossbeam::channel` (or `probe::crossbeam` for `crossbeam_channel`). `bounded`
//! and `unbounded` and their ends are wrapped, and so is `select!`: a thread that waits in it is shown as one that waits for
//! any of several channels. Time's channels and `Select` are passed on as they are. With probes out all of it is.

#[cfg(not(all(probe_can, any(debug_assertions, feature = "enable"))))]
#[path = "out.rs"]
mod which;

#[cfg(all(probe_can, any(debug_assertions, feature = "enable")))]
#[path = "wrapped.rs"]
mod which;

pub use ::crossbeam_channel::*;

#[doc(hidden)]
pub use which::selecting;
pub use which::{IntoIter, Iter, Receiver, Sender, TryIter, bounded, unbounded};

/// As `crossbeam::channel`.
pub mod channel {
    pub use super::*;
}

#[doc(hidden)]
pub use ::crossbeam_channel as original;

/// As `crossbeam_channel::select!`.
///
/// The wait ends before the body of an arm runs, so that `break`, `return` and `?` may stand there.
#[doc(hidden)]
#[macro_export]
macro_rules! __crossbeam_select {
    ($($arms:tt)*) => { $crate::__crossbeam_arms!([] $($arms)*) };
}

/// Puts the end of the wait before the body of each arm.
#[doc(hidden)]
#[macro_export]
macro_rules! __crossbeam_arms {
    // A body in braces, with a comma or without; then any other body.
    ([$($done:tt)*] $kind:ident $args:tt -> $item:pat => $body:block, $($rest:tt)*) => {
        $crate::__crossbeam_arms!([$($done)* { $kind $args [-> $item] [$body] }] $($rest)*)
    };
    ([$($done:tt)*] $kind:ident $args:tt -> $item:pat => $body:block $($rest:tt)*) => {
        $crate::__crossbeam_arms!([$($done)* { $kind $args [-> $item] [$body] }] $($rest)*)
    };
    ([$($done:tt)*] $kind:ident $args:tt -> $item:pat => $body:expr, $($rest:tt)*) => {
        $crate::__crossbeam_arms!([$($done)* { $kind $args [-> $item] [$body] }] $($rest)*)
    };
    ([$($done:tt)*] $kind:ident $args:tt -> $item:pat => $body:expr) => {
        $crate::__crossbeam_arms!([$($done)* { $kind $args [-> $item] [$body] }])
    };
    ([$($done:tt)*] default => $($rest:tt)*) => {
        $crate::__crossbeam_arms!([$($done)*] default() => $($rest)*)
    };
    ([$($done:tt)*] default $args:tt => $body:block, $($rest:tt)*) => {
        $crate::__crossbeam_arms!([$($done)* { default $args [] [$body] }] $($rest)*)
    };
    ([$($done:tt)*] default $args:tt => $body:block $($rest:tt)*) => {
        $crate::__crossbeam_arms!([$($done)* { default $args [] [$body] }] $($rest)*)
    };
    ([$($done:tt)*] default $args:tt => $body:expr, $($rest:tt)*) => {
        $crate::__crossbeam_arms!([$($done)* { default $args [] [$body] }] $($rest)*)
    };
    ([$($done:tt)*] default $args:tt => $body:expr) => {
        $crate::__crossbeam_arms!([$($done)* { default $args [] [$body] }])
    };
    ([$({ $kind:ident $args:tt [$($item:tt)*] [$body:expr] })*]) => {{
        let selecting = $crate::crossbeam::selecting();
        $crate::crossbeam::original::select! {
            $($kind $args $($item)* => {
                selecting.end();
                $body
            })*
        }
    }};
}

#[doc(inline)]
pub use __crossbeam_select as select;
