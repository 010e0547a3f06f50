//! How hard a reading was to get.

/// How hard a reading was to get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct Effort {
    /// Records read again because they changed meanwhile.
    pub retries: u64,
    /// Records given up after three tries, and left out or shown without what is not known.
    pub torn: u64,
}
