//! One honest copy of a board: everything is bounded, retried a little, and counted.

mod board;
mod effort;
mod numbers;
mod operations;
mod pages;
mod records;
mod room;
mod text;
mod threads;
mod waits;
mod windows;

use std::collections::{BTreeMap, HashMap};

use probe::layout::{LostCopy, QueueCopy, SectionKind, SiteCopy};

pub use crate::words::label::Label;
pub use board::{BYTE_ORDER, Board, Contents, Sect};
pub use effort::Effort;
pub use numbers::{HistogramRead, MetricRead, Ring};
pub use operations::{OpRead, TraceRead};
pub use probe::protocol::stack::Level as Frame;
pub use records::{EndRead, Panic, Processor, Pulse, doubled};
pub use room::Room;
pub(crate) use room::Size;
pub use text::Strings;
pub use threads::{Marks, ThreadRead, Watch, Work};
pub use waits::{LockRead, ThreadWaits, WaitRead, Waits};
pub use windows::WindowRead;

use crate::error::OpenError;

/// Everything on a board, copied out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// Sections and how full they are.
    pub contents: Contents,
    /// How hard it was.
    pub effort: Effort,
    /// Text.
    pub strings: Strings,
    /// Sites by address.
    pub sites: HashMap<u64, SiteCopy>,
    /// Their addresses, in the order of the table.
    pub site_order: Vec<u64>,
    /// Operations in flight and ended.
    pub ops: Vec<OpRead>,
    /// Who waits for what, and what is held.
    pub waits: Waits,
    /// The same, looked at again.
    pub waits_again: Waits,
    /// Live threads, by slot.
    pub threads: Vec<ThreadRead>,
    /// Live metrics.
    pub metrics: Vec<MetricRead>,
    /// Sum of each shard word over all shards.
    pub shard_totals: Vec<u64>,
    /// Queues, by record.
    pub queues: Vec<QueueCopy>,
    /// Histograms by metric index and role.
    pub histograms: BTreeMap<(u64, u64), HistogramRead>,
    /// Rings of busy time.
    pub busy_rings: Vec<Ring>,
    /// Rings of totals.
    pub count_rings: Vec<Ring>,
    /// Facts: key reference and value.
    pub facts: Vec<(u64, Label)>,
    /// What could not be recorded.
    pub lost: LostCopy,
    /// The keeper's last sign of life.
    pub pulse: Option<Pulse>,
    /// What is known of the end.
    pub end: EndRead,
    /// What there was no room for, and the room that is left.
    pub room: Room,
    /// Stamp and processor time (ns) of a look of this reader's own, at a daemon without a keeper.
    pub own_ran: Option<(u64, u64)>,
}

/// How much of a board is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Depth {
    /// How long the daemon lived and how it ended: pulse, losses, end and how full the sections are.
    Brief,
    /// Everything.
    Full,
}

impl Snapshot {
    /// Copies a board.
    ///
    /// # Errors
    /// [`OpenError::Truncated`] when it shrank meanwhile. Nothing else on a board is an error:
    /// what cannot be believed is left out, and counted or remarked on.
    pub fn take(board: &Board, depth: Depth) -> Result<Self, OpenError> {
        let mut effort = Effort::default();
        let contents = board.contents();
        let mut room = Room::new(contents.get(SectionKind::Strings).map_or(0, |sect| sect.used));
        // They are looked at twice.
        room.spend(2 * Waits::most_bytes(&contents));
        let pulse = records::pulse(board, &contents, &mut effort);
        // Without a keeper, stamps of everything tell how long the daemon lived.
        let full = depth == Depth::Full || pulse.is_none();
        let threads = threads::Rooms::new(board, &contents)
            .filter(|_| full)
            .map(|rooms| rooms.threads(&mut effort, &mut room))
            .unwrap_or_default();
        let waits = full.then(|| Waits::of(board, &contents));
        let (mut metrics, mut ops, mut sites) = (Vec::new(), Vec::new(), Vec::new());
        if full {
            metrics = numbers::metrics(board, &contents, &mut effort, &mut room);
            ops = operations::operations(board, &contents, &mut effort, &mut room);
            // After what refers to them: a site may have been made since the first look.
            sites = self::sites(board, &board.contents(), Some(&mut room));
        }
        let facts = if full { records::facts(board, &contents, &mut effort) } else { Vec::new() };
        // Text last: every record that was read refers to text that was there before it. What follows has none.
        let strings = strings(board);
        numbers::whole_kinds(&mut metrics, &sites, &strings);
        let histograms = full.then(|| numbers::histograms(board, &contents, &mut room));
        let mut rings = |kind, columns: Option<u64>| {
            numbers::rings(board, &contents, kind, columns.map_or(0, |last| last + 1), &mut room)
        };
        let busy_rings = rings(SectionKind::BusyRing, threads.iter().map(|one| one.slot).max());
        let count_rings = rings(SectionKind::CountRing, metrics.iter().map(|one| one.index).max());
        let waits_again = if full { Waits::of(board, &contents) } else { Waits::default() };
        let snapshot = Self {
            shard_totals: numbers::shard_totals(board, &contents, &metrics, &sites),
            queues: if full { numbers::queues(board, &contents) } else { Vec::new() },
            histograms: histograms.unwrap_or_default(),
            busy_rings,
            count_rings,
            facts,
            lost: records::lost(board, &contents),
            end: records::end(board, &contents, &mut effort),
            own_ran: None,
            strings,
            site_order: sites.iter().map(|site| site.address).collect(),
            ops,
            waits: waits.unwrap_or_default(),
            waits_again,
            sites: sites.into_iter().map(|site| (site.address, site)).collect(),
            threads,
            metrics,
            pulse,
            contents,
            effort,
            room,
        };
        board.check_whole()?;
        Ok(snapshot)
    }
}

/// The sites in the table.
pub(crate) fn sites(
    board: &Board,
    contents: &Contents,
    mut room: Option<&mut Room>,
) -> Vec<SiteCopy> {
    let Some(sect) = contents.get(SectionKind::Sites) else { return Vec::new() };
    let mut pages = pages::Pages::new(board, sect);
    let mut sites = Vec::new();
    for index in 0..sect.used {
        let mut words = [0; SiteCopy::BYTES / 8];
        let Some(record) = pages.record(index) else { break };
        record.words(0, &mut words);
        let site = SiteCopy::from_words(&words).filter(|site| site.address != 0);
        let fits = |room: &mut &mut Room| room.take("sites", 3 * SiteCopy::BYTES);
        if let Some(site) = site
            && room.as_mut().is_none_or(fits)
        {
            sites.push(site);
        }
    }
    sites
}

/// The strings in use now.
pub(crate) fn strings(board: &Board) -> Strings {
    let contents = board.contents();
    let Some(sect) = contents.get(SectionKind::Strings) else { return Strings::default() };
    let bytes = sect.used.min(sect.capacity.saturating_mul(sect.stride)) as usize;
    let mut text = Vec::with_capacity(bytes);
    let mut words = [0; 1024];
    while text.len() < bytes {
        board.source.words(sect.offset + text.len() as u64, &mut words);
        let wanted = (bytes - text.len()).min(size_of_val(&words));
        text.extend(probe::layout::unpack(&words, wanted));
    }
    Strings::new(text)
}
