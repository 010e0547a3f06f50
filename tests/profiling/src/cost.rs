//! What the sampler costs itself: processor time beside an empty loop, and work a tick.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use inspect::board_file::{BoardFile, Mapping, Trust};
use inspect::recording::{Behind, Entry, Sink, Writer};
use inspect::sampler::{BoardSampler, Clock, Machine, Numbers};
use inspect::snapshot::Board;
use inspect::source::Source;
use inspect::{OpenBoard, Target};
use probe::layout::{BLOCK_BYTES, FrameCopy, SectionKind, SiteCopy, WORD};

use crate::child::{Subject, measured, this};
use timing::median;

use crate::spread;

pub(crate) fn run(rounds: usize) -> std::io::Result<()> {
    processor(rounds)?;
    often(rounds)?;
    work()
}

/// Milliseconds of one run.
const LENGTH: u64 = 4_000;

/// Whole processes, one right after the other in alternating order.
fn processor(rounds: usize) -> std::io::Result<()> {
    println!(
        "processor time a tick of the recorder beside an empty loop, {rounds} rounds of {LENGTH} ms"
    );
    println!(
        "{:<28} {:>9} {:>9}  {:<22} {:>9} {:>9}",
        "", "recorder", "empty", "ratio", "delivered", "by empty"
    );
    for (label, kind, number) in [
        ("16 threads at rest", "crowd", 16),
        ("64 threads at rest", "crowd", 64),
        ("1 thread, 3 lines in 700 us", "shares", 700),
        ("64 threads, 3 lines in 20 ms", "many", 64),
    ] {
        let subject = Subject::start(kind, number)?;
        let scratch = tempfile::tempdir()?;
        let (mut ours, mut empty, mut ratios) = (vec![], vec![], vec![]);
        let (mut delivered, mut by_empty) = (vec![], vec![]);
        for round in 0..rounds {
            let recorder = || -> std::io::Result<(f64, f64)> {
                let file = scratch.path().join(round.to_string());
                let (cpu, said) = recorded(&subject, "1000", &file)?;
                Ok((cpu, said("ticks")))
            };
            let loop_alone = || measured(this().args(["empty", &LENGTH.to_string()]));
            let ((cpu, ticks), (base, said)) = if round % 2 == 0 {
                let ours = recorder()?;
                (ours, loop_alone()?)
            } else {
                let base = loop_alone()?;
                (recorder()?, base)
            };
            // Per tick: where the machine is busy, not both are given as many.
            let base_ticks: f64 = said.trim().parse().unwrap_or(f64::NAN);
            ours.push(cpu / ticks);
            empty.push(base / base_ticks);
            ratios.push(cpu / ticks / (base / base_ticks));
            delivered.push(ticks / LENGTH as f64);
            by_empty.push(base_ticks / LENGTH as f64);
        }
        println!(
            "{label:<28} {:>6.1} us {:>6.1} us  {:<22} {:>7.2} % {:>7.2} %",
            median(&ours),
            median(&empty),
            spread(&ratios),
            median(&delivered) * 100.0,
            median(&by_empty) * 100.0
        );
    }
    Ok(())
}

/// A recording of a subject: its processor time, us, and the numbers that it said.
fn recorded(
    subject: &Subject,
    rate: &str,
    file: &Path,
) -> std::io::Result<(f64, impl Fn(&str) -> f64 + use<>)> {
    let length = format!("{LENGTH}ms");
    let mut command = this();
    command.args(["inspect", "record", &subject.name, "--json", "-r", rate, "-d", &length, "-o"]);
    let (cpu, said) = measured(command.arg(file))?;
    let said: serde_json::Value = serde_json::from_str(&said)?;
    Ok((cpu, move |name: &str| said[name].as_f64().unwrap_or(f64::NAN)))
}

/// As often as it can, awake between ticks.
fn often(rounds: usize) -> std::io::Result<()> {
    println!(
        "\na recorder at 100 kHz, which spins on a processor of its own, {rounds} rounds of {LENGTH} ms"
    );
    println!(
        "{:<28} {:>9} {:>9} {:>14} {:>14}",
        "", "delivered", "least", "of a processor", "bytes/sample"
    );
    for (label, kind, number) in [
        ("64 threads at rest", "crowd", 64),
        ("16 threads, 3 lines in 20 ms", "many", 16),
        ("1 thread, 3 lines in 700 us", "shares", 700),
    ] {
        let subject = Subject::start(kind, number)?;
        let scratch = tempfile::tempdir()?;
        let (mut delivered, mut taken, mut bytes) = (vec![], vec![], vec![]);
        for round in 0..rounds {
            let file = scratch.path().join(round.to_string());
            let (cpu, said) = recorded(&subject, "100k", &file)?;
            delivered.push(said("ticks") / (said("ticks") + said("missed_ticks")));
            taken.push(cpu * 1e3 / said("duration_ns"));
            bytes.push(said("bytes") / said("samples"));
        }
        let least = delivered.iter().copied().fold(f64::INFINITY, f64::min);
        println!(
            "{label:<28} {:>7.2} % {:>7.2} % {:>14.2} {:>14.4}",
            median(&delivered) * 100.0,
            least * 100.0,
            median(&taken),
            median(&bytes)
        );
    }
    Ok(())
}

/// A copy of a subject's board in a file, mapped as a live board is, whose lines another thread moves.
struct Puppet {
    board: Board,
    file: File,
    /// Where each thread's line is.
    lines: Vec<u64>,
    sites: Vec<u64>,
}

impl Puppet {
    fn new(attached: &OpenBoard, directory: &Path) -> Option<Self> {
        let path = directory.join("board");
        std::fs::copy(&attached.board.path, &path).ok()?;
        let file = OpenOptions::new().write(true).open(&path).ok()?;
        let opened = BoardFile::open(&path, Trust::Named).ok()?;
        let source = Source::Map(Mapping::new(&opened)?, opened);
        let board = Board::open(source, &path).ok()?;
        let contents = board.contents();
        let slots = contents.get(SectionKind::Slots)?;
        let frames = contents.get(SectionKind::Frames)?;
        let line_at = |slot: u64| -> Option<u64> {
            let block = board.source.word(slots.at(slot)? + 0x28);
            Some(frames.at(slot)? + block * BLOCK_BYTES as u64 + FrameCopy::BYTES as u64 + 8)
        };
        let lines = (0..slots.used).filter_map(line_at).collect();
        let sites = contents.get(SectionKind::Sites)?;
        let address = |index: u64| -> Option<u64> {
            let mut words = [0; SiteCopy::BYTES / WORD];
            board.record(sites, index, &mut words);
            Some(SiteCopy::from_words(&words)?.address)
        };
        let sites = (0..sites.used).filter_map(address).collect();
        Some(Self { board, file, lines, sites })
    }

    /// Every thread at another line than before.
    fn move_all(&self, turn: u64) {
        for (thread, &at) in (0..).zip(&self.lines) {
            let site = self.sites[(turn + thread) as usize % self.sites.len()];
            let _ = self.file.write_all_at(&site.to_ne_bytes(), at);
        }
    }
}

/// Looking at threads and writing down what changed, at the pace of a sampler; what another thread moved
/// meanwhile is in the other core's cache.
fn work() -> std::io::Result<()> {
    println!(
        "\nwork a tick, us, packing and writing go on beside it: least tenth, median and mean of 2,000"
    );
    println!(
        "{:<10} {:>16} {:>24} {:>14}",
        "threads", "at rest", "all written meanwhile", "bytes/sample"
    );
    for threads in [16, 64, 256, 1024] {
        let subject = Subject::start("crowd", threads)?;
        let found = inspect::open(&Target::Pid(subject.pid())).unwrap_or_default();
        let scratch = tempfile::tempdir()?;
        let Some(puppet) = found.first().and_then(|found| Puppet::new(found, scratch.path()))
        else {
            println!("{threads:<10} skipped: no board");
            continue;
        };
        let rest = ticks(&puppet, false)?;
        let moved = ticks(&puppet, true)?;
        println!(
            "{threads:<10} {:>7.2} {:>7.2} {:>7.2} {:>11.2} {:>7.2} {:>7.2} {:>14.3}",
            rest.0[0], rest.0[1], rest.0[2], moved.0[0], moved.0[1], moved.0[2], moved.1
        );
    }
    Ok(())
}

/// Least tenth, median and mean of a tick, us; bytes a sample.
fn ticks(puppet: &Puppet, moving: bool) -> std::io::Result<([f64; 3], f64)> {
    const TICKS: u64 = 2_000;
    let mut writer = Behind::new(Writer::new(tempfile::tempfile()?));
    let mut numbers = Numbers::default();
    writer.put(&Entry::Start { rate_mhz: 1_000_000, wall_ns: 0 })?;
    let sampler = BoardSampler::open(&puppet.board, &mut numbers, &mut writer)?;
    let Some(mut sampler) = sampler else { return Ok(([f64::NAN; 3], f64::NAN)) };
    let turn = AtomicU64::new(0);
    let mut times = Vec::new();
    std::thread::scope(|scope| -> std::io::Result<()> {
        // Moves all lines between two ticks, then waits for the next.
        scope.spawn(|| {
            let mut done = 0;
            while done < u64::MAX {
                let wanted = turn.load(Ordering::Acquire);
                if wanted != done && wanted < u64::MAX && moving {
                    puppet.move_all(wanted);
                }
                done = wanted;
                std::thread::sleep(std::time::Duration::from_micros(50));
            }
        });
        let mut clock = Machine::new();
        let start = clock.now();
        for tick in 0..TICKS {
            clock.sleep_until(start + tick * 1_000_000);
            let before = Instant::now();
            sampler.look(&puppet.board, &mut numbers, &mut writer)?;
            writer.put(&Entry::Ticks { at_ns: tick * 1_000_000, count: 1 })?;
            times.push(before.elapsed().as_nanos() as f64 / 1e3);
            turn.store(tick + 1, Ordering::Release);
        }
        turn.store(u64::MAX, Ordering::Release);
        Ok(())
    })?;
    writer.put(&Entry::End { duration_ns: 0, why: "".into() })?;
    times.sort_by(f64::total_cmp);
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    let samples = TICKS * sampler.threads() as u64;
    let spread = [times[times.len() / 10], times[times.len() / 2], mean];
    Ok((spread, writer.finish()?.bytes() as f64 / samples as f64))
}
