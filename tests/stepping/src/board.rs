//! A small reader of boards: each record as one line of text, so that two boards can be compared
//! record by record.

mod locks;

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use probe::layout::*;
use probe::protocol::{doubled, holding, occupancy, stack, statuses, texts, trail};

/// What a board says: for each record's name what it holds.
pub type View = BTreeMap<String, String>;

/// Marks a value that says of itself that it is not whole.
pub const FLUX: &str = " [in flux]";

/// What states of an operation mean.
const PHASES: [&str; 7] = ["free", "claimed", "in flight", "ok", "error", "cancelled", "panicked"];

/// An open board and what never changes in it.
#[derive(Debug)]
pub struct Reader {
    file: File,
    sections: HashMap<u64, SectionCopy>,
    sites: HashMap<u64, (String, u64)>,
    /// Labels of the sites in the order of their table.
    labels: Vec<String>,
}

/// The bytes of a board at one moment. To be compared fast: most instructions change nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy(Vec<u8>);

impl Copy {
    fn to_words(&self) -> Words {
        let word = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_ne_bytes);
        Words(self.0.chunks_exact(WORD).map(word).collect())
    }
}

/// The words of a board.
struct Words(Vec<u64>);

impl Words {
    fn word(&self, at: usize) -> u64 {
        self.0.get(at / WORD).copied().unwrap_or(0)
    }

    fn words(&self, at: usize) -> &[u64] {
        self.0.get(at / WORD..).unwrap_or_default()
    }
}

impl Reader {
    /// Opens the board at `path`; nothing of it may change any more but what probes change.
    ///
    /// # Errors
    /// When it cannot be read, or is no board.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let mut reader =
            Self { file, sections: HashMap::new(), sites: HashMap::new(), labels: Vec::new() };
        let copy = reader.copy()?.to_words();
        let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let header = HeaderCopy::from_words(&copy.0).ok_or_else(|| bad("short"))?;
        if header.magic != MAGIC {
            return Err(bad("no magic"));
        }
        for index in 0..header.toc_count as usize {
            let at = header.toc_offset as usize + index * SectionCopy::BYTES;
            let section = SectionCopy::from_words(copy.words(at)).ok_or_else(|| bad("short"))?;
            reader.sections.entry(section.kind).or_insert(section);
        }
        for at in reader.records(&copy, SectionKind::Sites) {
            if let Some(site) = SiteCopy::from_words(copy.words(at)) {
                let label = reader.text(&copy, site.label);
                reader.labels.push(label.clone());
                reader.sites.insert(site.address, (label, site.class_flags));
            }
        }
        Ok(reader)
    }

    /// The board as it stands.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn copy(&self) -> io::Result<Copy> {
        let length = self.file.metadata()?.len() as usize;
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, 0)?;
        Ok(Copy(bytes))
    }

    /// Offsets of the records in use.
    fn records(&self, copy: &Words, kind: SectionKind) -> Vec<usize> {
        let Some(section) = self.sections.get(&(kind as u64)) else {
            return Vec::new();
        };
        let used = self.used_now(copy, kind).unwrap_or(section.capacity).min(section.capacity);
        (0..used).map(|index| (section.offset + index * section.stride) as usize).collect()
    }

    /// Records in use; `None` for sections that are always used in full.
    fn used_now(&self, copy: &Words, kind: SectionKind) -> Option<u64> {
        use SectionKind::*;
        if !matches!(kind, Sites | Metrics | Slots | Queues | Histograms | Facts) {
            return None;
        }
        let toc = TOC_OFFSET;
        (0..copy.word(0x30) as usize)
            .filter_map(|index| {
                SectionCopy::from_words(copy.words(toc + index * SectionCopy::BYTES))
            })
            .find(|section| section.kind == kind as u64)
            .map(|section| section.used)
    }

    fn at(&self, kind: SectionKind, index: usize) -> usize {
        let section = self.sections.get(&(kind as u64));
        section.map_or(0, |section| (section.offset + index as u64 * section.stride) as usize)
    }

    fn text(&self, copy: &Words, word: u64) -> String {
        let text = TextRef::from_word(word);
        let start = self.at(SectionKind::Strings, 0) + text.offset as usize;
        let bytes = (start..start + text.length as usize)
            .map(|at| copy.word(at / WORD * WORD).to_le_bytes()[at % WORD]);
        String::from_utf8_lossy(&bytes.collect::<Vec<u8>>()).into_owned()
    }

    /// All records of a board.
    pub fn view(&self, copy: &Copy) -> View {
        let copy = &copy.to_words();
        let mut view = View::new();
        for (slot, at) in self.records(copy, SectionKind::Slots).into_iter().enumerate() {
            self.thread(copy, slot, at, &mut view);
        }
        self.numbers(copy, &mut view);
        self.operations(copy, &mut view);
        self.locks(copy, &mut view);
        for at in self.records(copy, SectionKind::Facts) {
            if let Some((key, text)) = self.fact(copy, at) {
                view.insert(format!("fact {key}"), text);
            }
        }
        let lost = self.at(SectionKind::Lost, 0);
        for (name, offset) in [
            ("operations", 0x18),
            ("nested", 0x20),
            ("healed", 0x28),
            ("facts", 0x38),
            ("signals", 0x48),
            ("misuse", 0x58),
        ] {
            view.insert(format!("lost {name}"), copy.word(lost + offset).to_string());
        }
        view
    }

    /// A slot's thread, where it is, and its work.
    fn thread(&self, copy: &Words, slot: usize, at: usize, view: &mut View) {
        let body = |generation: u64| {
            let record = SlotCopy::from_words(copy.words(at))?;
            let name = String::from_utf8_lossy(&unpack_zero_ended(&record.name)).into_owned();
            let block =
                self.at(SectionKind::Frames, slot) + (record.block as usize & 1) * BLOCK_BYTES;
            let mut levels = [stack::Level::default(); MAX_DEPTH + 1];
            let load = |frame: usize, word: usize| {
                copy.word(block + frame * FrameCopy::BYTES + word * WORD)
            };
            let depth = stack::read(load, &mut levels, &mut 0)?;
            let stack: Vec<String> =
                levels[..depth].iter().map(|level| self.level(level)).collect();
            Some((format!("{name}: {}", stack.join(" > ")), self.work(copy, slot, generation)))
        };
        let read = occupancy::read(|| copy.word(at), body, &mut 0);
        let (thread, work) = match read {
            occupancy::Reading::Vacant => ("vacant".to_owned(), "none".to_owned()),
            occupancy::Reading::Live(_, Some(read)) => read,
            _ => ("TORN".to_owned(), "TORN".to_owned()),
        };
        if thread != "vacant" && self.sections.contains_key(&(SectionKind::Trails as u64)) {
            view.insert(format!("trail {slot}"), self.trail(copy, slot));
        }
        view.insert(format!("thread {slot}"), thread);
        view.insert(format!("worker {slot}"), work);
        view.insert(format!("wait {slot}"), locks::wait(copy, at));
    }

    /// The last tags of a slot's thread, the newest first.
    fn trail(&self, copy: &Words, slot: usize) -> String {
        let ring = self.at(SectionKind::Trails, slot);
        let (tags, count) = trail::read::<TRAIL_ENTRIES>(|at| copy.word(ring + at * WORD));
        let label = |tag: &u64| match self.sites.get(tag) {
            Some((label, _)) => label.clone(),
            None => format!("UNKNOWN {tag:#x}"),
        };
        tags[..count].iter().map(label).collect::<Vec<_>>().join(" < ")
    }

    fn level(&self, level: &stack::Level) -> String {
        let site = |address: u64, argument: Option<u64>| {
            if address == 0 {
                return "-".to_owned();
            }
            match self.sites.get(&address) {
                Some((label, flags)) if flags & SITE_ARG != 0 => match argument {
                    Some(argument) => format!("{label}({argument})"),
                    None => format!("{label}{FLUX}"),
                },
                Some((label, _)) => label.clone(),
                None => format!("UNKNOWN {address:#x}"),
            }
        };
        let line = site(level.line, level.arg);
        if level.scope == 0 {
            line
        } else {
            format!("{} {line}", site(level.scope, Some(level.scope_arg)))
        }
    }

    fn work(&self, copy: &Words, slot: usize, generation: u64) -> String {
        let at = self.at(SectionKind::Workers, slot);
        let read = doubled::read::<4>(
            || copy.word(at),
            |odd, index| copy.word(at + if odd { 0x80 } else { 0x40 } + index * WORD),
            &mut 0,
        );
        match read {
            None => "TORN".to_owned(),
            Some((0, _)) => "none".to_owned(),
            Some(_) if copy.word(at + 0x10) != generation => "none".to_owned(),
            Some((_, [busy, since, in_hand, jobs])) => {
                format!("{in_hand} in hand, {jobs} done, busy {busy} until {since}")
            }
        }
    }

    /// Each operation's record, and all that are in flight.
    fn operations(&self, copy: &Words, view: &mut View) {
        let mut in_flight = Vec::new();
        for (index, at) in self.records(copy, SectionKind::Ops).into_iter().enumerate() {
            let body = |_, state| Some((state, self.operation(copy, at)?));
            let text = match occupancy::read_if(|_| true, || copy.word(at), body, &mut 0) {
                occupancy::Reading::Live(_, Some((state, (what, rest)))) => {
                    if state == occupancy::LIVE {
                        in_flight.push(what.clone());
                    }
                    format!("{} {what} {rest}", PHASES[state as usize % PHASES.len()])
                }
                occupancy::Reading::Vacant => "vacant".to_owned(),
                _ => "TORN".to_owned(),
            };
            view.insert(format!("op {index}"), text);
        }
        in_flight.sort();
        view.insert("in flight".to_owned(), in_flight.join(", "));
    }

    /// Kind and label; statuses and holder.
    fn operation(&self, copy: &Words, at: usize) -> Option<(String, String)> {
        let record = OpCopy::from_words(copy.words(at))?;
        let read: statuses::Statuses<OP_RECENT, OP_TOTALS> = statuses::read(
            || record.statuses,
            |of_totals, index| if of_totals { record.totals[index] } else { record.recent[index] },
            &mut 0,
        );
        let label = |entry: u64| {
            let label = self.labels.get((from_status_entry(entry).0 as usize).wrapping_sub(1));
            label.cloned().unwrap_or_else(|| "UNKNOWN".to_owned())
        };
        let row = (read.first..read.count).map(|n| label(read.recent[n as usize % OP_RECENT]));
        let row = row.collect::<Vec<_>>().join(" ");
        let flux = if read.whole { "" } else { FLUX };
        let kind = self.sites.get(&record.site).map_or("UNKNOWN", |(label, _)| label.as_str());
        let bytes = unpack(&record.text, OP_TEXT_BYTES);
        let texts = texts::read(|| record.lengths_flags, OP_TEXT_BITS, |lengths| lengths, &mut 0).1;
        let text = String::from_utf8_lossy(&bytes[..(texts & 0x7f) as usize]);
        let (holder, _) = holding::read(|| record.holder, || record.turned);
        let holder = from_op_id(holder).map_or("nobody".to_owned(), |(slot, _)| slot.to_string());
        Some((
            format!("{kind}: {text}"),
            format!("[{row}] by {holder}, {} in all{flux}", read.count),
        ))
    }

    fn numbers(&self, copy: &Words, view: &mut View) {
        for (index, at) in self.records(copy, SectionKind::Metrics).into_iter().enumerate() {
            let body = |_| MetricCopy::from_words(copy.words(at));
            let record = match occupancy::read(|| copy.word(at), body, &mut 0) {
                occupancy::Reading::Live(_, Some(record)) => record,
                _ => continue,
            };
            let name = self.text(copy, record.name);
            let label = String::from_utf8_lossy(&unpack_zero_ended(&record.labels)).into_owned();
            let name = if label.is_empty() { name } else { format!("{name}{{{label}}}") };
            let cell = self.at(SectionKind::Cells, index);
            let [value, max, stamp] = [0, 8, 16].map(|offset| copy.word(cell + offset));
            let mut put = |what: &str, value: u64| {
                view.insert(format!("{name}{what}"), (value as i64).to_string());
            };
            match MetricKind::from_word(record.kind_flags) {
                Some(MetricKind::Counter) if record.kind_flags & METRIC_SHARED != 0 => {
                    put("", value)
                }
                Some(MetricKind::Counter) => {
                    let shards = self.records(copy, SectionKind::Shards);
                    let word = |at: usize| copy.word(at + record.place as usize * WORD);
                    put("", shards.into_iter().map(word).sum());
                }
                Some(MetricKind::Gauge) => {
                    put("", value);
                    put(" max", max);
                }
                Some(MetricKind::Heartbeat) => {
                    put(" beats", value);
                    put(" last", stamp);
                }
                // Two numbers, the total first: it says where the other will get to.
                Some(MetricKind::Progress) => {
                    put("", value);
                    put(" total", max);
                }
                Some(MetricKind::Queue) => {
                    let queue = self.at(SectionKind::Queues, record.place as usize);
                    for (what, offset) in [
                        (" arrivals", 0x00),
                        (" depth max", 0x08),
                        (" starts", 0x40),
                        (" removed", 0x48),
                        (" completions", 0x80),
                        (" head", 0xc0),
                        (" head known", 0xc8),
                    ] {
                        put(what, copy.word(queue + offset));
                    }
                }
                _ => {}
            }
        }
        for (block, at) in self.records(copy, SectionKind::Histograms).into_iter().enumerate() {
            let [_, _, sum, max] = [0, 8, 16, 24].map(|offset| copy.word(at + offset));
            let buckets = &copy.words(at + HistogramCopy::BYTES)[..BUCKETS];
            let count: u64 = buckets.iter().sum();
            for (what, value) in [("count", count), ("sum", sum), ("max", max)] {
                view.insert(format!("histogram {block} {what}"), value.to_string());
            }
        }
    }

    fn fact(&self, copy: &Words, at: usize) -> Option<(String, String)> {
        let record = FactCopy::from_words(copy.words(at))?;
        let read = doubled::read::<15>(
            || record.sequence,
            |odd, index| if odd { record.odd[index] } else { record.even[index] },
            &mut 0,
        );
        let text = match read {
            Some((0, _)) => "unset".to_owned(),
            Some((_, [length, text @ ..])) => {
                String::from_utf8_lossy(&unpack(&text, length as usize)).into_owned()
            }
            None => "TORN".to_owned(),
        };
        Some((self.text(copy, record.key), text))
    }
}
