//! One thread of our own, which writes what no hot path should.
//!
//! ```text
//! beat         20 times a second            windows  what histograms counted a while ago
//! descriptors  how many are open
//! ```

pub(crate) mod beat;
pub(crate) mod descriptors;
pub(crate) mod windows;
