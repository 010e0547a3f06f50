//! How many requests ended in which way: by their answer's status, or without one.
#![expect(unsafe_code, reason = "declares a number, in the section of those that are declared")]

use crate::on::numbers::family::Family as _;
use crate::on::numbers::way::{STATUSES, Way};

crate::metrics! {
    /// Requests in `OpLayer` that ended: by the class of their answer's status, or without all of an answer.
    counter family ENDED = "tower_requests", "requests", by "end";
}

/// How a request ended.
#[derive(Clone, Copy, Debug)]
pub enum End {
    /// With all of an answer of this status.
    Status(u16),
    /// Its service, or its answer's body, failed.
    Failed,
    /// Its client left, or something timed out.
    Cancelled,
    /// A poll of it panicked.
    Panicked,
}

static BY_STATUS: [Way; STATUSES.len()] = Way::of_statuses();
static FAILED: Way = Way::new();
static CANCELLED: Way = Way::new();
static PANICKED: Way = Way::new();

/// One more.
pub(super) fn count(end: End) {
    let (way, name) = match end {
        End::Status(status) => return Way::count_status(&BY_STATUS, &ENDED, status),
        End::Failed => (&FAILED, "failed"),
        End::Cancelled => (&CANCELLED, "cancelled"),
        End::Panicked => (&PANICKED, "panicked"),
    };
    way.count(|| ENDED.member(name));
}
