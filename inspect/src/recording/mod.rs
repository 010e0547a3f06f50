//! What a sampler saw, as a stream of entries: the same whether it is counted at once (`profile`) or
//! written to a file and read back later, on this machine or another (`record`, `report`).

mod behind;
mod budget;
mod columns;
mod dictionary;
mod entry;
#[cfg(test)]
mod hostile_tests;
mod reader;
mod replay;
mod ring;
#[cfg(test)]
mod tests;
pub mod wire;
mod writer;

pub use behind::Behind;
pub use entry::{BoardInfo, Entry, MAGIC, MAX_FRAMES, OLDEST, Sink, SiteInfo, VERSION};
pub use reader::{Recording, is_recording};
pub use replay::Replay;
pub use ring::{MAX_EVENTS, Ring, Seen};
pub use writer::Writer;

/// Whether what a [`Writer`] wrote by one call has samples.
pub fn has_samples(chunk: &[u8]) -> bool {
    chunk.first() == Some(&writer::SAMPLES)
}
