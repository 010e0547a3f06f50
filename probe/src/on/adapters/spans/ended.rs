//! How many spans of requests were closed, by the class of the HTTP status that they said.
#![expect(unsafe_code, reason = "declares a number, in the section of those that are declared")]

use crate::on::numbers::way::{STATUSES, Way};

crate::metrics! {
    /// Spans with an HTTP status that were closed: by the class of the last that they said.
    counter family ENDED = "span_requests", "requests", by "end";
}

static BY_STATUS: [Way; STATUSES.len()] = Way::of_statuses();

/// One more.
pub(super) fn count(status: u16) {
    Way::count_status(&BY_STATUS, &ENDED, status);
}
