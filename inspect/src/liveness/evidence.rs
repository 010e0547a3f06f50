//! Asking the witnesses. What is dear (what a process maps, two looks at the heartbeat) is asked only when
//! the answer can change the verdict.

use std::io;
use std::time::{Duration, Instant};

use probe::layout::{ClockKind, HeaderCopy};

use super::pulse::{Memory, STILL};
use super::state::{Proof, State};
use super::table::judge;
use super::witness::{Beat, Process as Answer, Seen, Unseen, Witness};
use crate::board_file::BoardFile;
use crate::pidfd;
use crate::proc::{self, Process};

/// Between two looks at a heartbeat.
const STEP: Duration = Duration::from_millis(5);
/// Three beats: a keeper that runs is not later than that, unless the machine is.
const SOON: Duration = Duration::from_millis(150);

/// How a board is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Asking {
    /// The file may be a copy of a board.
    pub may_be_copy: bool,
    /// Whether one may wait for a heartbeat, at most 2 s; else only what earlier looks saw counts.
    pub patient: bool,
}

/// What the witnesses of one board said.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// All of it, for the table.
    pub witness: Witness,
    /// What could not be seen, and why.
    pub unseen: Vec<Unseen>,
    /// The process, when it is there or its remains are.
    pub process: Option<Process>,
    /// The board's clocks are ours: this boot, and this time namespace.
    pub same_clock: bool,
    /// The board's stamps come from this boot's counter.
    pub same_counter: bool,
    /// The file's name was taken away.
    unlinked: bool,
}

impl Evidence {
    /// Asks the witnesses of a board. Only words of fixed places in the header are used, and the place
    /// of the heartbeat.
    pub fn gather(
        file: &BoardFile,
        header: &HeaderCopy,
        asking: Asking,
        memory: &mut Memory,
    ) -> Self {
        let mut all = Self {
            witness: Witness { copy: Seen::from_bool(asking.may_be_copy), ..Witness::SILENT },
            unseen: Vec::new(),
            process: None,
            same_clock: false,
            same_counter: false,
            unlinked: file.unlinked,
        };
        all.witness.lock = all.answer("its lock", "F_OFD_GETLK", file.lock_or());
        all.witness.boot = all.boot(header);
        all.clocks(header);
        all.process(file, header);
        let mut look = |all: &mut Self, memory: &mut Memory| {
            let (beat, unseen) = memory.look(file, header, all.stamps_are_ours(header));
            all.witness.beat = beat;
            unseen
        };
        let unseen = look(&mut all, memory);
        let readable = unseen.is_none();
        all.unseen.extend(unseen);
        all.owner(file);
        all.maps(file);
        if asking.patient && readable {
            // First whether it moves at all, then whether it stands for good: each only if it matters.
            all.wait(memory, SOON, Beat::Moves, &mut look);
            all.wait(memory, STILL + STEP, Beat::Still, &mut look);
        }
        all
    }

    /// The verdict, in words that say what could not be seen.
    pub fn verdict(&self) -> (State, Proof, String) {
        let (state, proof, text) = judge(&self.witness);
        let mut text = text.to_owned();
        if state == State::Stopped {
            let by = match self.process.as_ref().map(|process| process.state) {
                Some('t') => "stopped by a debugger (t)",
                _ => "stopped (T)",
            };
            text = text.replacen("stopped", by, 1);
        }
        let zombie = self.process.as_ref().is_some_and(|process| process.state == 'Z');
        if zombie && text == "dead" {
            text.push_str("; its parent has not collected it yet");
        }
        if self.unlinked {
            text.push_str("; its file has lost its name");
        }
        if !self.unseen.is_empty() {
            let unseen: Vec<String> = self.unseen.iter().map(Unseen::text).collect();
            text.push_str("; not seen: ");
            text.push_str(&unseen.join(", "));
        }
        (state, proof, text)
    }

    /// Keeps the reason when there is no answer.
    fn answer(&mut self, what: &'static str, tried: &str, said: io::Result<bool>) -> Seen {
        match said {
            Ok(yes) => Seen::from_bool(yes),
            Err(error) => {
                self.unseen.push(Unseen::new(what, tried, &error));
                Seen::Unknown
            }
        }
    }

    fn boot(&mut self, header: &HeaderCopy) -> Seen {
        if header.boot_id == [0, 0] {
            self.unseen.push(Unseen::because("the boot it is of", "its writer could not tell"));
            return Seen::Unknown;
        }
        let ours = proc::boot_id_or().map(|id| {
            let halves = id.as_chunks::<8>().0.iter().map(|half| u64::from_be_bytes(*half));
            halves.eq(header.boot_id)
        });
        self.answer("this boot", proc::BOOT_ID, ours)
    }

    /// Whether stamps on the board can be compared with our clocks. A lock does not outlive a boot:
    /// where it is held, another id only says that somebody gave this machine two.
    fn clocks(&mut self, header: &HeaderCopy) {
        self.same_counter = self.witness.boot != Seen::No || self.witness.lock == Seen::Yes;
        let time = match (header.time_namespace, proc::namespace(None, "time")) {
            (0, _) | (_, None) => true,
            (theirs, Some(ours)) => theirs == ours,
        };
        self.same_clock = self.same_counter && time;
    }

    fn stamps_are_ours(&self, header: &HeaderCopy) -> bool {
        match ClockKind::from_word(header.clock_kind) {
            // Every namespace reads the same counter.
            Some(kind) if Some(kind) == ClockKind::OF_THIS_MACHINE => self.same_counter,
            _ => self.same_clock,
        }
    }

    fn process(&mut self, file: &BoardFile, header: &HeaderCopy) {
        const WHAT: &str = "its process";
        let Ok(pid) = u32::try_from(header.pid) else {
            self.unseen.push(Unseen::because(WHAT, "no process has such a pid"));
            return;
        };
        let ours = match (header.pid_namespace, proc::namespace_or(None, "pid")) {
            (0, _) => {
                let why = "its writer could not tell its pid namespace";
                self.unseen.push(Unseen::because("its pid namespace", why));
                None
            }
            (_, Err(error)) => {
                let tried = "/proc/self/ns/pid";
                self.unseen.push(Unseen::new("our pid namespace", tried, &error));
                None
            }
            (theirs, Ok(ours)) => Some(theirs == ours),
        };
        self.witness.pids = ours.map_or(Seen::Unknown, Seen::from_bool);
        let ours = ours != Some(false);
        let direct = ours && proc::numbers_as_we_do().unwrap_or(true);
        let found = match direct {
            true => proc::stat(pid).map(Some),
            false => proc::find_in_namespace(pid, header.pid_namespace),
        };
        match found {
            Ok(Some(process)) => self.judge_start(file, header, process),
            // The kernel is asked itself. Its word holds in our own pid namespace alone.
            Ok(None) | Err(_) if self.witness.pids == Seen::Yes => match pidfd::exists(pid) {
                Ok(false) => self.witness.process = Answer::Gone,
                Ok(true) => self.hidden(WHAT, pid, found.err(), "it exists, and is hidden"),
                Err(error) => {
                    let tried = format!("pidfd_open of {pid}");
                    self.unseen.push(Unseen::new(WHAT, &tried, &error));
                }
            },
            Ok(None) => {
                let why = "its pid is not visible here: it is of another pid namespace";
                self.unseen.push(Unseen::because(WHAT, why));
            }
            Err(error) => {
                let tried = if direct { format!("/proc/{pid}/stat") } else { "/proc".to_owned() };
                self.unseen.push(Unseen::new(WHAT, &tried, &error));
            }
        }
    }

    fn hidden(&mut self, what: &'static str, pid: u32, error: Option<io::Error>, why: &str) {
        let mut unseen = match error {
            Some(error) => Unseen::new(what, &format!("/proc/{pid}/stat"), &error),
            None => Unseen::because(what, format!("/proc does not show {pid}")),
        };
        unseen.why = format!("{}; {why}", unseen.why);
        self.unseen.push(unseen);
    }

    /// A process has the board's pid: is it the one? Its start time says so, or that it maps the board.
    fn judge_start(&mut self, file: &BoardFile, header: &HeaderCopy, process: Process) {
        let here = match process.state {
            'T' | 't' => Answer::Stopped,
            // A leader that ended before its other threads is a zombie, and they still run.
            'Z' | 'X' | 'x' if process.threads <= 1 => Answer::Gone,
            _ => Answer::Runs,
        };
        match started_then(header, &process) {
            Ok(true) => {
                self.witness.process = here;
                self.process = Some(process);
            }
            // Another start time is another process. Without the namespace that says nothing.
            Ok(false) if self.witness.pids != Seen::Unknown => self.witness.process = Answer::Gone,
            said => {
                if let Ok(true) = proc::maps_to_write(process.pid, file.dev, file.ino) {
                    self.witness.mapped = Seen::Yes;
                    self.witness.process = here;
                    self.process = Some(process);
                    return;
                }
                let why = match said {
                    Ok(_) => "the process of that pid is another, or of another namespace".into(),
                    Err(error) => format!("its start time cannot be compared: {error}"),
                };
                self.unseen.push(Unseen::because("its process", why));
            }
        }
    }

    /// Whether the file is of somebody who may write that process's board.
    fn owner(&mut self, file: &BoardFile) {
        let Some(pid) = self.there() else { return };
        if file.uid == 0 {
            self.witness.owner = Seen::Yes;
            return;
        }
        let uids = proc::uids(pid).map(|uids| uids.contains(&file.uid));
        let tried = format!("/proc/{pid}/status");
        self.witness.owner = self.answer("its user", &tried, uids);
        // A process that changed its user still has the board that it made before.
        if self.witness.owner == Seen::No {
            self.ask_maps(file, pid);
            if self.witness.mapped == Seen::Yes {
                self.witness.owner = Seen::Yes;
            }
        }
    }

    /// What the process maps, if that can change the verdict.
    fn maps(&mut self, file: &BoardFile) {
        let Some(pid) = self.there() else { return };
        let with = |mapped| {
            let (state, proof, _) = judge(&Witness { mapped, ..self.witness });
            (state, proof)
        };
        if Seen::ALL.into_iter().any(|mapped| with(mapped) != with(Seen::Yes)) {
            self.ask_maps(file, pid);
        }
    }

    fn ask_maps(&mut self, file: &BoardFile, pid: u32) {
        if self.witness.mapped == Seen::Unknown {
            let maps = proc::maps_to_write(pid, file.dev, file.ino);
            let tried = format!("/proc/{pid}/maps");
            self.unseen.retain(|unseen| unseen.what != MAPS);
            self.witness.mapped = self.answer(MAPS, &tried, maps);
        }
    }

    /// The process, when it is there.
    fn there(&self) -> Option<u32> {
        let there = matches!(self.witness.process, Answer::Runs | Answer::Stopped);
        self.process.as_ref().filter(|_| there).map(|process| process.pid)
    }

    /// Looks at the heartbeat again and again until it says something, if saying `answer` instead of
    /// nothing would change the verdict.
    fn wait(
        &mut self,
        memory: &mut Memory,
        at_most: Duration,
        answer: Beat,
        look: &mut impl FnMut(&mut Self, &mut Memory) -> Option<Unseen>,
    ) {
        let with = |beat| {
            let (state, proof, _) = judge(&Witness { beat, ..self.witness });
            (state, proof)
        };
        if self.witness.beat != Beat::Unknown || with(answer) == with(Beat::Unknown) {
            return;
        }
        let began = Instant::now();
        while self.witness.beat == Beat::Unknown && began.elapsed() < at_most {
            std::thread::sleep(STEP);
            look(self, memory);
        }
    }
}

const MAPS: &str = "what its process maps";

/// Whether a process started when the board says, in the time namespace of whoever wrote it.
fn started_then(header: &HeaderCopy, process: &Process) -> io::Result<bool> {
    if process.start == header.pid_start {
        return Ok(true);
    }
    if header.pid_start == 0 {
        return Err(io::Error::other("it is not on the board"));
    }
    let ours = match (header.time_namespace, proc::namespace_or(None, "time")) {
        // A kernel without time namespaces.
        (0, _) => return Ok(false),
        (_, Err(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        (_, ours) => ours?,
    };
    if header.time_namespace == ours {
        return Ok(false);
    }
    // The kernel shows start times by the clock of whoever reads them.
    if proc::namespace_or(Some(process.pid), "time")? != header.time_namespace {
        return Ok(false);
    }
    let shift = proc::boot_time_offset(Some(process.pid))? - proc::boot_time_offset(None)?;
    let tick_ns = 1_000_000_000 / i128::from(proc::TICKS);
    let theirs = i128::from(process.start) + shift / tick_ns;
    Ok((theirs - i128::from(header.pid_start)).abs() <= 1)
}
