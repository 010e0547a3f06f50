//! Bytes into entries. A recording may come from anywhere: every number is checked against what was
//! introduced before it, every size against a bound, and what cannot be believed is left out and said.

use std::io::Read;
use std::path::Path;

use probe::layout::Class;

use super::wire::{Bytes, crc32};
use super::writer::{DICTIONARY, END, MAX_CHUNK, SAMPLES};
use super::{BoardInfo, Entry, MAGIC, MAX_FRAMES, SiteInfo, VERSION};
use crate::attach::{BoardFile, Trust};
use crate::error::AttachError;
use crate::snapshot::Label;

/// Bytes of a recording that are read at most.
const MAX_BYTES: u64 = 16 << 30;
/// Boards, sites, stacks and threads at most.
const MAX_KNOWN: u32 = 1 << 22;
/// Ticks of one run at most.
const MAX_RUN: u64 = 1 << 32;

/// A recording in memory.
#[derive(Clone, Debug)]
pub struct Recording {
    bytes: Vec<u8>,
    /// Ticks wanted, a thousandth of one a second.
    pub rate_mhz: u64,
    /// When it began, ns since 1970.
    pub wall_ns: u64,
}

/// What has been introduced so far.
#[derive(Default)]
struct Known {
    boards: u32,
    sites: u32,
    stacks: u32,
    threads: u32,
}

/// Whether a file begins like a recording.
pub fn is_recording(path: &Path) -> bool {
    let mut word = [0; 8];
    let read = path.is_file()
        && std::fs::File::open(path).is_ok_and(|mut file| file.read_exact(&mut word).is_ok());
    read && u64::from_le_bytes(word) == MAGIC
}

impl Recording {
    /// Opens a recording.
    ///
    /// # Errors
    /// [`AttachError`]: it cannot be read, or is none.
    pub fn open(path: &Path) -> Result<Self, AttachError> {
        let board = BoardFile::open(path, Trust::Named)?;
        let io = |source| AttachError::Io { path: path.to_owned(), doing: "reading", source };
        let mut bytes = Vec::new();
        board.file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(io)?;
        Self::from_bytes(bytes, path)
    }

    /// A recording from its bytes.
    ///
    /// # Errors
    /// [`AttachError::NotABoard`], with what speaks against it.
    pub fn from_bytes(bytes: Vec<u8>, path: &Path) -> Result<Self, AttachError> {
        let not = |why: String| AttachError::NotABoard { path: path.to_owned(), why };
        let words: Vec<u64> =
            bytes.as_chunks::<8>().0.iter().take(4).map(|word| u64::from_le_bytes(*word)).collect();
        let [magic, version, rate_mhz, wall_ns] = words[..] else {
            return Err(not("shorter than the head of a recording".into()));
        };
        if magic != MAGIC {
            return Err(not(format!("it begins with {magic:#018x}, not like a recording")));
        }
        if version != VERSION {
            return Err(not(format!("a recording of version {version}, this reads {VERSION}")));
        }
        if !(1..=1_000_000_000).contains(&rate_mhz) {
            return Err(not(format!("a recording with a rate of {rate_mhz} mHz")));
        }
        Ok(Self { bytes, rate_mhz, wall_ns })
    }

    /// Time between two ticks, ns.
    pub fn period_ns(&self) -> u64 {
        1_000_000_000_000 / self.rate_mhz
    }

    /// Bytes of it.
    pub fn bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Hands out every entry that can be believed, in order. Returns what could not, in words.
    pub fn read(&self, mut take: impl FnMut(Entry)) -> Vec<String> {
        take(Entry::Start { rate_mhz: self.rate_mhz, wall_ns: self.wall_ns });
        let mut remarks = Vec::new();
        let mut known = Known::default();
        let mut bytes = Bytes(self.bytes.get(32..).unwrap_or_default());
        let (mut damaged, mut ended) = (0u64, false);
        while !bytes.is_empty() && !ended {
            let Some((kind, packed, size, crc)) = chunk(&mut bytes) else {
                remarks.push(format!(
                    "it is cut: {} bytes at its end are no whole chunk",
                    bytes.0.len()
                ));
                break;
            };
            let payload =
                Some(packed).filter(|packed| crc32(packed) == crc && size <= MAX_CHUNK).and_then(
                    |packed| miniz_oxide::inflate::decompress_to_vec_with_limit(packed, size).ok(),
                );
            let read = payload.and_then(|payload| match kind {
                DICTIONARY => dictionary(&mut Bytes(&payload), &mut known, &mut take),
                SAMPLES => samples(&mut Bytes(&payload), &known, self.period_ns(), &mut take),
                END => end(&mut Bytes(&payload), &mut take).map(|()| ended = true),
                // Of a later version.
                _ => Some(()),
            });
            damaged += u64::from(read.is_none());
            // A dictionary with a gap would name the wrong lines from there on.
            if read.is_none() && kind == DICTIONARY {
                remarks.push("its names are damaged; what follows them is not shown".to_owned());
                break;
            }
        }
        if damaged > 0 {
            remarks.push(format!("{damaged} damaged chunks (a second each) are left out"));
        }
        if !ended {
            remarks.push("it has no end: its recorder was killed, or still runs".to_owned());
        }
        remarks
    }
}

/// The head of a chunk and its packed bytes.
fn chunk<'a>(bytes: &mut Bytes<'a>) -> Option<(u8, &'a [u8], usize, u32)> {
    let before = bytes.clone();
    let whole = (|| {
        let kind = bytes.word()?.to_le_bytes()[0];
        let (packed, size, crc) = (bytes.word()?, bytes.word()?, bytes.word()?);
        Some((kind, bytes.take(packed as usize)?, size as usize, crc))
    })();
    if whole.is_none() {
        *bytes = before;
    }
    whole
}

fn dictionary(
    bytes: &mut Bytes<'_>,
    known: &mut Known,
    take: &mut impl FnMut(Entry),
) -> Option<()> {
    while !bytes.is_empty() {
        let entry = match bytes.take(1)?[0] {
            1 => {
                known.boards = count(known.boards)?;
                let (pid, instance, built_ns) = (bytes.number()?, bytes.number()?, bytes.number()?);
                let (name, build, program) = (bytes.text()?, bytes.text()?, bytes.text()?);
                Entry::Board(BoardInfo { name, pid, instance, build, program, built_ns })
            }
            2 => {
                known.sites = count(known.sites)?;
                Entry::Site(site(bytes, known)?)
            }
            3 => {
                known.stacks = count(known.stacks)?;
                let frames = bytes.small()? as usize;
                if frames > MAX_FRAMES {
                    return None;
                }
                let site = |bytes: &mut Bytes<'_>| bytes.small().filter(|&site| site < known.sites);
                Entry::Stack((0..frames).map(|_| site(bytes)).collect::<Option<_>>()?)
            }
            4 => {
                known.threads = count(known.threads)?;
                let board = bytes.small().filter(|&board| board < known.boards)?;
                Entry::Thread { board, tid: bytes.number()?, name: bytes.text()? }
            }
            5 => {
                let board = bytes.small().filter(|&board| board < known.boards)?;
                Entry::BoardEnd { board, verdict: bytes.text()? }
            }
            _ => return None,
        };
        take(entry);
    }
    Some(())
}

fn count(known: u32) -> Option<u32> {
    (known < MAX_KNOWN).then_some(known + 1)
}

fn site(bytes: &mut Bytes<'_>, known: &Known) -> Option<SiteInfo> {
    let board = bytes.small().filter(|&board| board < known.boards)?;
    let (line, column, flags) = (bytes.small()?, bytes.small()?, bytes.number()?);
    let (file, function, label) = (bytes.text()?, bytes.text()?, bytes.text()?);
    Some(SiteInfo {
        board,
        file,
        line,
        column,
        function,
        label,
        class: Class::from_word(flags & 3)?,
        scope: flags & 4 != 0,
        counted: flags & 8 != 0,
    })
}

/// One second. Either all of it is believed or nothing.
fn samples(
    bytes: &mut Bytes<'_>,
    known: &Known,
    period_ns: u64,
    take: &mut impl FnMut(Entry),
) -> Option<()> {
    let mut entries = Vec::new();
    let mut at_ns = bytes.number()?;
    let thread = |bytes: &mut Bytes<'_>| bytes.small().filter(|&thread| thread < known.threads);
    let stack = |bytes: &mut Bytes<'_>| bytes.small().filter(|&stack| stack < known.stacks);
    let mut places = Vec::new();
    for _ in 0..bytes.small()? {
        let (thread, stack) = (thread(bytes)?, stack(bytes)?);
        places.push(thread);
        entries.push(Entry::At { thread, stack });
    }
    let mut hits = Vec::new();
    for _ in 0..bytes.small()? {
        let site = bytes.small().filter(|&site| site < known.sites)?;
        hits.push(Entry::Hits { site, passes: bytes.number()? });
    }
    let mut ticked = false;
    while !bytes.is_empty() {
        let run = bytes.number().filter(|&run| run <= MAX_RUN)?;
        if run > 0 {
            entries.push(Entry::Ticks { at_ns, count: run });
            at_ns = at_ns.checked_add(run.checked_mul(period_ns)?)?;
            ticked = true;
        }
        let head = bytes.number()?;
        if head & 1 == 1 {
            let missed = bytes.number().filter(|&missed| missed <= MAX_RUN)?;
            entries.push(Entry::Missed(missed));
            if ticked {
                at_ns = at_ns.checked_add(missed.checked_mul(period_ns)?)?;
            }
        }
        let mut local = 0u32;
        for _ in 0..head >> 1 {
            let what = bytes.number()?;
            local = local.checked_add(u32::try_from(what >> 2).ok()?)?;
            if what & 3 == 3 {
                let (thread, stack) = (thread(bytes)?, stack(bytes)?);
                // New threads stand behind those that were there.
                if local as usize != places.len() {
                    return None;
                }
                places.push(thread);
                entries.push(Entry::At { thread, stack });
                continue;
            }
            let thread = *places.get(local as usize)?;
            entries.push(match what & 3 {
                0 => Entry::At { thread, stack: stack(bytes)? },
                1 => Entry::Torn { thread },
                _ => Entry::Gone { thread },
            });
        }
    }
    entries.into_iter().chain(hits).for_each(take);
    Some(())
}

fn end(bytes: &mut Bytes<'_>, take: &mut impl FnMut(Entry)) -> Option<()> {
    let (duration_ns, missed) = (bytes.number()?, bytes.number()?);
    let why: Label = bytes.text()?;
    if missed > 0 {
        take(Entry::Missed(missed.min(MAX_RUN)));
    }
    take(Entry::End { duration_ns, why });
    Some(())
}

#[cfg(test)]
mod tests {
    use super::super::{Sink, Writer};
    use super::*;
    use proptest::prelude::*;

    fn sample(ticks: u64) -> Vec<Entry> {
        let text = Label::from;
        let mut all = vec![
            Entry::Start { rate_mhz: 1_000_000, wall_ns: 5 },
            Entry::Board(BoardInfo {
                name: text("recordd"),
                pid: 1,
                instance: 2,
                build: text("b"),
                program: text("/p"),
                built_ns: 3,
            }),
        ];
        for line in [10, 20, 30] {
            all.push(Entry::Site(SiteInfo {
                board: 0,
                file: text("src/a.rs"),
                line,
                column: 5,
                function: text("a::f"),
                label: text("x"),
                class: Class::Wait,
                scope: line == 10,
                counted: true,
            }));
        }
        all.extend([Entry::Stack(vec![]), Entry::Stack(vec![0, 1]), Entry::Stack(vec![0, 2])]);
        for tid in 0..3 {
            all.push(Entry::Thread { board: 0, tid, name: text("worker") });
            all.push(Entry::At { thread: tid as u32, stack: 0 });
        }
        all.push(Entry::Hits { site: 1, passes: 7 });
        for tick in 0..ticks {
            let thread = (tick % 3) as u32;
            match tick % 7 {
                0 => all.push(Entry::At { thread, stack: (tick % 2) as u32 + 1 }),
                3 => all.push(Entry::Torn { thread: 2 }),
                _ => {}
            }
            if tick == 1500 {
                all.push(Entry::Gone { thread: 1 });
                all.push(Entry::Missed(4));
            }
            let late = if tick >= 1500 { 4 } else { 0 };
            all.push(Entry::Ticks { at_ns: (tick + late) * 1_000_000, count: 1 });
        }
        let why = text("as asked");
        all.push(Entry::Hits { site: 1, passes: 9 });
        all.push(Entry::End { duration_ns: ticks * 1_000_000, why });
        all
    }

    fn written(entries: &[Entry]) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new());
        entries.iter().for_each(|entry| writer.put(entry).expect("written"));
        writer.into_inner()
    }

    /// For every tick and thread: its place, or `None` where it was torn.
    fn seen(mut each: impl FnMut(&mut dyn FnMut(Entry))) -> Vec<(u64, Vec<Option<u32>>)> {
        let (mut places, mut torn) = (std::collections::BTreeMap::new(), Vec::new());
        let mut rows = Vec::new();
        each(&mut |entry| match entry {
            Entry::At { thread, stack } => {
                places.insert(thread, stack);
            }
            Entry::Gone { thread } => {
                places.remove(&thread);
            }
            Entry::Torn { thread } => torn.push(thread),
            Entry::Ticks { at_ns, count } => {
                for nth in 0..count {
                    let place = |(thread, stack): (&u32, &u32)| {
                        Some(*stack).filter(|_| !torn.contains(thread))
                    };
                    rows.push((at_ns + nth * 1_000_000, places.iter().map(place).collect()));
                    torn.clear();
                }
            }
            _ => {}
        });
        rows
    }

    fn back(bytes: Vec<u8>) -> Option<Recording> {
        Recording::from_bytes(bytes, Path::new("x")).ok()
    }

    #[test]
    fn what_was_written_comes_back() {
        let entries = sample(3_000);
        let recording = back(written(&entries)).expect("a recording");
        let truth = seen(|take| entries.iter().cloned().for_each(take));
        let mut remarks = Vec::new();
        let read = seen(|take| remarks = recording.read(take));
        assert_eq!(remarks, Vec::<String>::new());
        assert_eq!(read.len(), 3_000);
        assert_eq!(read, truth);
        let mut hits = Vec::new();
        recording.read(|entry| {
            if let Entry::Hits { passes, .. } = entry {
                hits.push(passes);
            }
        });
        assert_eq!(hits, [7, 9]);
    }

    #[test]
    fn a_cut_recording_is_readable_up_to_its_last_whole_second() {
        let entries = sample(5_000);
        let bytes = written(&entries);
        let truth = seen(|take| entries.iter().cloned().for_each(take));
        for cut in (40..bytes.len()).step_by(97) {
            let recording = back(bytes[..cut].to_vec()).expect("a recording");
            let mut remarks = Vec::new();
            let read = seen(|take| remarks = recording.read(take));
            assert!(!remarks.is_empty(), "cut at {cut}");
            assert_eq!(read, truth[..read.len()], "cut at {cut}");
        }
    }

    #[test]
    fn threads_at_rest_cost_next_to_nothing() {
        let mut entries = sample(1);
        let end = entries.pop().expect("an end");
        entries.extend((1..60_000).map(|tick| Entry::Ticks { at_ns: tick * 1_000_000, count: 1 }));
        entries.push(end);
        let bytes = written(&entries).len();
        assert!(bytes < 60 * 64, "{bytes} bytes for a minute");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn no_damage_makes_it_panic_or_name_what_is_not_there(
            at in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
            seal in any::<bool>(),
        ) {
            let mut bytes = written(&sample(2_000));
            if seal {
                // Damage below the checksum: in the unpacked payload of each chunk, sealed again.
                bytes = sealed(&bytes, &at);
            } else {
                for (index, byte) in &at {
                    let length = bytes.len();
                    bytes[index.index(length)] = *byte;
                }
            }
            if let Some(recording) = back(bytes) {
                let (mut threads, mut stacks) = (0, 0);
                recording.read(|entry| match entry {
                    Entry::Thread { .. } => threads += 1,
                    Entry::Stack(_) => stacks += 1,
                    Entry::At { thread, stack } => assert!(thread < threads && stack < stacks),
                    _ => {}
                });
            }
        }
    }

    /// The same chunks with some payload bytes replaced, and checksums that are right.
    fn sealed(bytes: &[u8], at: &[(prop::sample::Index, u8)]) -> Vec<u8> {
        let mut out = bytes[..32].to_vec();
        let mut rest = Bytes(&bytes[32..]);
        while let Some((kind, packed, size, _)) = chunk(&mut rest) {
            let mut payload =
                miniz_oxide::inflate::decompress_to_vec_with_limit(packed, size).expect("whole");
            for (index, byte) in at {
                let length = payload.len();
                payload[index.index(length)] = *byte;
            }
            let packed = miniz_oxide::deflate::compress_to_vec(&payload, 1);
            out.extend_from_slice(&[kind, 0, 0, 0]);
            for word in [packed.len() as u32, payload.len() as u32, crc32(&packed)] {
                out.extend_from_slice(&word.to_le_bytes());
            }
            out.extend_from_slice(&packed);
        }
        out
    }
}
