//! The directory of a history: segments by the second in which they began, one writer at a time, a bound on all of
//! them together. The oldest goes first.

use std::collections::{BTreeMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::sampled::Sampled;
use super::second::Second;
use super::segment::{self, Record};
use super::shelf::Shelf;
use super::texts::Texts;
use crate::model::BoardReport;

/// Bytes of all segments, unless said otherwise.
pub const DEFAULT_BYTES: u64 = 64 << 20;

/// A segment is closed after this time.
const SEGMENT_NS: u64 = 600_000_000_000;

/// Texts of a segment at most; then the next begins.
const MOST_TEXTS: usize = 200_000;

/// Ends of names: being written, and packed.
const OPEN: &str = "open";
const PACKED: &str = "packed";

/// Whoever writes.
#[derive(Debug)]
pub struct Recorder {
    shelf: Shelf,
    bytes: u64,
    current: Option<Current>,
    /// Held as long as it writes.
    _lock: File,
    cores: u64,
    /// Processes whose end is written.
    ended: HashSet<u64>,
    /// Seconds that found no room.
    pub lost: u64,
}

struct Current {
    name: String,
    file: File,
    began_ns: u64,
    written: u64,
    texts: Texts,
}

impl std::fmt::Debug for Current {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Current")
            .field("name", &self.name)
            .field("written", &self.written)
            .finish()
    }
}

/// On the disk when it returns: before others follow, and at the end.
fn now(file: File) -> io::Result<()> {
    file.sync_data()
}

/// On the disk some time later: one that has much to do takes seconds for it, and none of them waits. Who loses power meanwhile may
/// lose what was packed; it is damaged then, and said to be. Never before other processes are started, which wants one thread.
fn soon(file: File) -> io::Result<()> {
    let thread = std::thread::Builder::new().name("history-disk".to_owned());
    // Where there is no further thread, the kernel writes it when it likes.
    _ = thread.spawn(move || _ = file.sync_data());
    Ok(())
}

/// A directory that may not be written, with what would help.
fn not_ours(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            let helps = "make the directory, for the user who records, or name another one";
            io::Error::new(error.kind(), format!("{error}; {helps}"))
        }
        _ => error,
    }
}

impl Recorder {
    /// Writes into a directory, which is made if need be.
    ///
    /// # Errors
    /// It cannot be made or written, or somebody else writes there.
    pub fn open(directory: &Path, bytes: u64) -> io::Result<Self> {
        std::fs::create_dir_all(directory).map_err(not_ours)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o640)
            .open(directory.join("lock"))
            .map_err(not_ours)?;
        lock.try_lock().map_err(|_| {
            let why = "another recorder writes there; end that one, or name another directory";
            io::Error::new(io::ErrorKind::WouldBlock, why)
        })?;
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
        let mut recorder = Self {
            shelf: Shelf::new(directory),
            bytes: bytes.max(1 << 20),
            current: None,
            _lock: lock,
            cores,
            ended: HashSet::new(),
            lost: 0,
        };
        // What a killed one left open is whole up to its last second.
        for path in segments(directory)?.into_values() {
            if path.extension().is_some_and(|ending| ending == OPEN) {
                recorder.close(&name_of(&path), None, now);
            }
        }
        recorder.make_room();
        Ok(recorder)
    }

    /// Goes on through a process that keeps root, which is started next: it makes, renames and removes segments there, and
    /// nothing else.
    ///
    /// # Errors
    /// The directory cannot be opened or listed.
    #[cfg(feature = "cli")]
    pub(crate) fn lend(&mut self) -> io::Result<()> {
        let all = segments(&self.shelf.directory)?;
        let size = |path: &PathBuf| path.metadata().map_or(0, |facts| facts.len());
        self.shelf.lend(all.values().map(|path| (name_of(path), size(path))).collect())
    }

    /// What is kept of these boards; of an ended process once.
    pub fn seconds(&mut self, reports: &[BoardReport]) -> Vec<Second> {
        let cores = self.cores;
        // One whose board is not there any more does not end again.
        self.ended.retain(|run| reports.iter().any(|report| report.instance == *run));
        let seconds = reports.iter().map(|report| Second::of(report, cores));
        seconds
            .filter(|second| second.end.is_none() || self.ended.insert(second.instance))
            .collect()
    }

    /// Adds a second. What finds no room on the disk is counted as lost, and the next is tried anew.
    ///
    /// # Errors
    /// It could not be written.
    pub fn put(&mut self, at_ns: u64, seconds: &[Second]) -> io::Result<()> {
        self.put_sampled(at_ns, seconds, &[])
    }

    /// The same, with seconds that were sampled and are over.
    ///
    /// # Errors
    /// It could not be written.
    pub fn put_sampled(
        &mut self,
        at_ns: u64,
        seconds: &[Second],
        sampled: &[Sampled],
    ) -> io::Result<()> {
        let over = self.current.as_ref().is_some_and(|current| {
            at_ns.saturating_sub(current.began_ns) >= SEGMENT_NS
                || at_ns < current.began_ns
                || current.written > (self.bytes / 8).min(segment::MOST as u64 / 2)
                || current.texts.len() > MOST_TEXTS
        });
        if over && let Some(current) = self.current.take() {
            self.close(&current.name, Some(current.file), soon);
        }
        if let Err(error) = self.try_put(at_ns, seconds, sampled) {
            // Half a record is none; a new segment says its texts again. What is there stays: who fills a disk must
            // not take the past with it.
            if let Some(current) = self.current.take() {
                let _ = current.file.set_len(current.written);
                self.shelf.closed(&current.name, current.written);
                if current.written <= segment::HEAD as u64 {
                    let _ = self.shelf.remove(&current.name);
                }
            }
            self.lost += 1;
            return Err(error);
        }
        self.make_room();
        Ok(())
    }

    fn try_put(&mut self, at_ns: u64, seconds: &[Second], sampled: &[Sampled]) -> io::Result<()> {
        // What is written into one that is gone nobody will ever look for.
        let there = |current: &Current| self.shelf.has(&current.name, &current.file);
        if !self.current.as_ref().is_some_and(there) {
            self.current = None;
            self.current = Some(self.begin(at_ns)?);
        }
        let Some(current) = &mut self.current else { return Ok(()) };
        let record = segment::record(at_ns, seconds, sampled, &mut current.texts);
        current.file.write_all(&record)?;
        current.written += record.len() as u64;
        Ok(())
    }

    fn begin(&mut self, at_ns: u64) -> io::Result<Current> {
        // A segment of the same moment is of a recorder that ended within it.
        let mut stamp = at_ns / 1_000_000;
        while self.is_there(&named(stamp, OPEN)) || self.is_there(&named(stamp, PACKED)) {
            stamp += 1;
        }
        let name = named(stamp, OPEN);
        let mut file = self.shelf.make(&name)?;
        let head = segment::head(false);
        if let Err(error) = file.write_all(&head) {
            let _ = self.shelf.remove(&name);
            return Err(error);
        }
        let written = head.len() as u64;
        Ok(Current { name, file, began_ns: at_ns, written, texts: Texts::default() })
    }

    fn is_there(&self, name: &str) -> bool {
        match self.shelf.known() {
            Some(known) => known.contains_key(name),
            None => self.shelf.directory.join(name).exists(),
        }
    }

    /// Packs a segment, which `reach`es the disk. One that cannot be packed stays as it is.
    fn close(&mut self, name: &str, file: Option<File>, reach: fn(File) -> io::Result<()>) {
        let Ok(bytes) = self.shelf.read(name, file) else { return };
        if bytes.len() <= segment::HEAD {
            let _ = self.shelf.remove(name);
            return;
        }
        self.shelf.closed(name, bytes.len() as u64);
        // Up to the last whole record: half of one is nothing to keep.
        let stem = name.split('.').next().unwrap_or_default();
        let (packed, part) = (format!("{stem}.{PACKED}"), format!("{stem}.part"));
        let bytes = segment::pack(&bytes);
        let mut write = || {
            // What was half packed when a recorder was killed.
            let _ = self.shelf.remove(&part);
            let mut file = self.shelf.make(&part)?;
            file.write_all(&bytes)?;
            reach(file)?;
            self.shelf.rename(&part, &packed)
        };
        match write() {
            Ok(()) => {
                let _ = self.shelf.remove(name);
                self.shelf.closed(&packed, bytes.len() as u64);
            }
            Err(_) => _ = self.shelf.remove(&part),
        }
    }

    /// Removes the oldest segments until all fit.
    fn make_room(&mut self) {
        let all = match self.shelf.known() {
            // Names of equal length: in order of their moments.
            Some(known) => known.iter().map(|(name, size)| (name.clone(), *size)).collect(),
            None => self.there(),
        };
        let current = self.current.as_ref();
        let written = current.filter(|_| self.shelf.known().is_some()).map_or(0, |it| it.written);
        let mut total: u64 = all.iter().map(|(_, size)| *size).sum::<u64>() + written;
        let current = current.map(|current| current.name.clone());
        for (name, size) in all.iter().filter(|(name, _)| Some(name) != current.as_ref()) {
            if total <= self.bytes {
                break;
            }
            total = total.saturating_sub(*size);
            let _ = self.shelf.remove(name);
        }
    }

    /// Segments that are there, the oldest first, with their sizes.
    fn there(&self) -> Vec<(String, u64)> {
        let all = segments(&self.shelf.directory).unwrap_or_default();
        let size = |path: &PathBuf| path.metadata().map_or(0, |facts| facts.len());
        all.values().map(|path| (name_of(path), size(path))).collect()
    }
}

/// The name of a segment.
fn named(stamp: u64, end: &str) -> String {
    format!("{stamp:016}.{end}")
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if let Some(current) = self.current.take() {
            self.close(&current.name, Some(current.file), now);
        }
    }
}

/// The files of a directory's history.
#[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "asked by who may be root"))]
pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    segments(directory).unwrap_or_default().into_values().collect()
}

/// Whether a directory has a history, of whatever time.
pub fn holds_any(directory: &Path) -> bool {
    segments(directory).is_ok_and(|all| !all.is_empty())
}

/// Segments by the moment, ms since 1970, in which they began. One that is there packed and open is open: its
/// packing was not over.
fn segments(directory: &Path) -> io::Result<BTreeMap<u64, PathBuf>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(directory)?.flatten() {
        let path = entry.path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        let stamp = path.file_stem().and_then(|stem| stem.to_str()?.parse::<u64>().ok());
        let (Some(stamp), Some(ending @ (OPEN | PACKED))) = (stamp, ending) else { continue };
        if ending == OPEN || !all.contains_key(&stamp) {
            all.insert(stamp, path);
        }
    }
    Ok(all)
}

/// Two moments, ns since 1970, the second not included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Span {
    /// From here.
    pub from_ns: u64,
    /// To here.
    pub to_ns: u64,
}

/// What stands in a directory between two moments, in order; also while somebody writes there. `each` takes a
/// second at a time, so that a day costs no memory.
///
/// # Errors
/// The directory cannot be read.
pub fn read(
    directory: &Path,
    span: Span,
    each: &mut dyn FnMut(u64, Vec<Second>),
) -> io::Result<Vec<String>> {
    each_record(directory, span, &mut |(at_ns, seconds, _)| {
        if (span.from_ns..span.to_ns).contains(&at_ns) {
            each(at_ns, seconds);
        }
    })
}

/// The seconds between two moments that were sampled, in order for each board.
///
/// # Errors
/// The directory cannot be read.
pub fn read_sampled(
    directory: &Path,
    span: Span,
    each: &mut dyn FnMut(Sampled),
) -> io::Result<Vec<String>> {
    // They are written once they are over, and a while after.
    let wider = Span { to_ns: span.to_ns.saturating_add(SEGMENT_NS), ..span };
    each_record(directory, wider, &mut |(_, _, sampled)| {
        let inside = |one: &Sampled| (span.from_ns..span.to_ns).contains(&one.at_ns);
        sampled.into_iter().filter(inside).for_each(&mut *each);
    })
}

/// The records of the segments that may have something of this time.
fn each_record(
    directory: &Path,
    span: Span,
    each: &mut dyn FnMut(Record),
) -> io::Result<Vec<String>> {
    let mut remarks = Vec::new();
    let (mut read, mut kept_from_us) = (false, None);
    let all: Vec<(u64, PathBuf)> = segments(directory)?.into_iter().collect();
    for (index, (stamp, path)) in all.iter().enumerate() {
        // A segment ends before the next begins.
        let next = all.get(index + 1).map_or(u64::MAX, |(stamp, _)| *stamp);
        if next.saturating_mul(1_000_000) <= span.from_ns
            || stamp.saturating_mul(1_000_000) > span.to_ns
        {
            continue;
        }
        let open = path.extension().is_some_and(|ending| ending == OPEN);
        let damage = match bytes_of(path) {
            Ok(Some(bytes)) => segment::read(&bytes, each),
            Ok(None) => Some("larger than any segment"),
            // That nobody recorded would be another answer.
            Err(error) => {
                remarks.push(format!("{}: {error}", name_of(path)));
                kept_from_us = Some(error);
                continue;
            }
        };
        read = true;
        if let Some(damage) = damage.filter(|_| !open) {
            remarks.push(format!("{}: {damage}", name_of(path)));
        }
    }
    match kept_from_us {
        Some(error) if !read => Err(error),
        _ => Ok(remarks),
    }
}

/// A segment's bytes; none of one that is larger than any.
///
/// # Errors
/// It may not be read.
fn bytes_of(path: &Path) -> io::Result<Option<Vec<u8>>> {
    if path.metadata().is_ok_and(|facts| facts.len() > segment::MOST as u64) {
        return Ok(None);
    }
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(error),
        // Packed meanwhile: it is there under its other name.
        Err(_) => Ok(Some(std::fs::read(path.with_extension(PACKED)).unwrap_or_default())),
    }
}
