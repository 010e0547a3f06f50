//! RESP2: requests as they come, replies as they leave.

pub(crate) mod reply;
pub(crate) mod request;
