//! JSON schema 1: one document for all boards.

use super::Look;
use crate::derive::clock::{Moment, rfc3339};
use crate::model::{BoardReport, Document};

/// The document for some boards, filtered and sorted as the table would be.
pub fn document(mut boards: Vec<BoardReport>, look: &Look) -> Document {
    for board in &mut boards {
        board.threads = look.sorted(&board.threads).into_iter().cloned().collect();
        if look.filter.is_some() {
            board.counters.retain(|number| look.shows(&number.name));
            board.gauges.retain(|number| look.shows(&number.name));
            board.ratios.retain(|number| look.shows(&number.name));
            board.histograms.retain(|number| look.shows(&number.name));
            board.queues.retain(|number| look.shows(&number.name));
            board.heartbeats.retain(|number| look.shows(&number.name));
            board.progress.retain(|number| look.shows(&number.name));
            board.facts.retain(|key, _| look.shows(key));
        }
    }
    Document { schema: 1, taken_at: rfc3339(Moment::now(false).wall_ns), boards }
}
