//! Probes out: std's own.

pub use std::thread::{Builder, JoinHandle, spawn};
