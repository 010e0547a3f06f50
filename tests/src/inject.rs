//! Makes chosen system calls of a program fail, or ends the program at one, by `ptrace`. The program says by marks
//! which part of its life it is in (see `fixture-hazards`), so only calls are met that `probe` makes there. Threads
//! that are started within a part are parts of their own, by their order.
#![expect(unsafe_code, reason = "the child asks to be traced between fork and exec")]

use std::collections::HashMap;
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// The option of `prctl` that is a mark.
const MARK: u64 = 0x5c0e_b0a2;
/// Parts of a life as the fixture marks them; 0 is none.
pub const INIT: u64 = 1;
/// A thread's first probe.
pub const REGISTRATION: u64 = 2;
/// The moment to look at the board.
pub const LOOK: u64 = 3;
/// From the end of `main` on.
pub const EXIT: u64 = 4;
/// The first thread that `init!` started; the next ones follow.
pub const OURS: u64 = 10;
/// Longest life of a program under test.
const PATIENCE: Duration = Duration::from_secs(60);

/// One system call of one part: the `nth` (from 0) of that number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// The part of the program's life.
    pub part: u64,
    /// Number of the call.
    pub number: u64,
    /// How many of that number came before in this part.
    pub nth: u32,
}

/// What is done at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// It fails with this error and does nothing.
    Fail(Errno),
    /// The process is killed before it.
    Kill,
}

/// What became of a run.
#[derive(Debug)]
pub struct Run {
    /// The calls of all parts, in order.
    pub calls: Vec<Call>,
    /// Whether the call that was to be harmed was made.
    pub met: bool,
    /// How it ended.
    pub end: WaitStatus,
    /// What it said.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
    /// Its process id.
    pub pid: u32,
}

#[derive(Default)]
struct Thread {
    part: u64,
    /// What the call that it is in shall return.
    fails: Option<Errno>,
    /// The argument that it gave, where it was changed.
    argument: Option<u64>,
}

struct Tracer {
    main: Pid,
    harm: Option<(Call, Harm)>,
    threads: HashMap<Pid, Thread>,
    /// Threads that stopped for the first time before their parent told of them.
    early: Vec<Pid>,
    started: u64,
    counts: HashMap<(u64, u64), u32>,
    calls: Vec<Call>,
    met: bool,
}

/// Runs a program to its end, with one call harmed if asked for; `look` is called at its mark `LOOK`, while it stands.
///
/// # Panics
/// When it cannot be traced.
#[track_caller]
pub fn run(command: &mut Command, harm: Option<(Call, Harm)>, look: impl FnMut()) -> Run {
    let traced = || ptrace::traceme().map_err(std::io::Error::from);
    // SAFETY: asks for one system call between fork and exec, and allocates nothing.
    let command = unsafe { command.pre_exec(traced) };
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let main = Pid::from_raw(child.id().cast_signed());
    let watch = watch(main);
    let mut tracer = Tracer {
        main,
        harm,
        threads: HashMap::from([(main, Thread::default())]),
        early: Vec::new(),
        started: 0,
        counts: HashMap::new(),
        calls: Vec::new(),
        met: false,
    };
    let end = tracer.follow(look).unwrap_or_else(|errno| panic!("{command:?}: {errno}"));
    drop(watch);
    let (stdout, stderr) = said(&mut child);
    let pid = child.id();
    Run { calls: tracer.calls, met: tracer.met, end, stdout, stderr, pid }
}

/// Kills what does not come to its end.
fn watch(main: Pid) -> Sender<()> {
    let (over, is_over) = channel();
    std::thread::spawn(move || {
        if is_over.recv_timeout(PATIENCE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            let _ = kill(main, Signal::SIGKILL);
        }
    });
    over
}

fn said(child: &mut Child) -> (String, String) {
    let mut texts = [String::new(), String::new()];
    if let Some(mut from) = child.stdout.take() {
        let _ = from.read_to_string(&mut texts[0]);
    }
    if let Some(mut from) = child.stderr.take() {
        let _ = from.read_to_string(&mut texts[1]);
    }
    texts.into()
}

impl Tracer {
    /// Follows it to its end.
    fn follow(&mut self, mut look: impl FnMut()) -> nix::Result<WaitStatus> {
        let flags = Some(WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD);
        // The stop at exec.
        waitpid(self.main, flags)?;
        let options = Options::PTRACE_O_TRACESYSGOOD
            | Options::PTRACE_O_TRACECLONE
            | Options::PTRACE_O_EXITKILL;
        ptrace::setoptions(self.main, options)?;
        ptrace::syscall(self.main, None)?;
        loop {
            let status = waitpid(Pid::from_raw(-1), flags)?;
            // A thread may be gone before it is told to go on.
            let gone = match status {
                WaitStatus::PtraceSyscall(thread) => self.at_call(thread, &mut look),
                WaitStatus::PtraceEvent(thread, ..) => self.started(thread),
                WaitStatus::Stopped(thread, signal) => self.stopped(thread, signal),
                WaitStatus::Exited(thread, _) | WaitStatus::Signaled(thread, ..)
                    if thread == self.main =>
                {
                    return Ok(status);
                }
                _ => Ok(()),
            };
            if let Err(errno) = gone
                && errno != Errno::ESRCH
            {
                return Err(errno);
            }
        }
    }

    fn stopped(&mut self, thread: Pid, signal: Signal) -> nix::Result<()> {
        if !self.threads.contains_key(&thread) {
            self.early.push(thread);
            return Ok(());
        }
        // A thread's first stop is no signal of the program's.
        let signal = Some(signal).filter(|signal| *signal != Signal::SIGSTOP);
        ptrace::syscall(thread, signal)
    }

    /// A thread started another one.
    fn started(&mut self, parent: Pid) -> nix::Result<()> {
        let new = Pid::from_raw(ptrace::getevent(parent)? as i32);
        let part = self.threads.get(&parent).map_or(0, |thread| thread.part);
        let own = if part == INIT { OURS + self.started } else { 0 };
        self.started += u64::from(part == INIT);
        self.threads.insert(new, Thread { part: own, ..Thread::default() });
        ptrace::syscall(parent, None)?;
        if let Some(at) = self.early.iter().position(|early| *early == new) {
            self.early.swap_remove(at);
            ptrace::syscall(new, None)?;
        }
        Ok(())
    }

    fn at_call(&mut self, id: Pid, look: &mut impl FnMut()) -> nix::Result<()> {
        let entering = ptrace::syscall_info(id)?.op == libc::PTRACE_SYSCALL_INFO_ENTRY;
        let mut registers = ptrace::getregs(id)?;
        let thread = self.threads.entry(id).or_default();
        if !entering {
            if let Some(errno) = thread.fails.take() {
                registers.rax = (-i64::from(errno as i32)).cast_unsigned();
                ptrace::setregs(id, registers)?;
            }
            if let Some(argument) = thread.argument.take() {
                registers.rdi = argument;
                ptrace::setregs(id, registers)?;
            }
            return ptrace::syscall(id, None);
        }
        let number = registers.orig_rax;
        if number == libc::SYS_prctl as u64 && registers.rdi == MARK {
            thread.part = registers.rsi;
            if thread.part == LOOK {
                look();
            }
        } else if thread.part != 0 && thread.part != LOOK {
            let nth = self.counts.entry((thread.part, number)).or_default();
            let call = Call { part: thread.part, number, nth: *nth };
            *nth += 1;
            self.calls.push(call);
            match self.harm.filter(|(harmed, _)| *harmed == call) {
                Some((_, Harm::Fail(errno))) => {
                    self.met = true;
                    if number == libc::SYS_brk as u64 {
                        // It has no errors: what it cannot do it does not, and says where it stands.
                        thread.argument = Some(registers.rdi);
                        registers.rdi = 0;
                    } else {
                        thread.fails = Some(errno);
                        // No call has this number: the kernel does nothing.
                        registers.orig_rax = u64::MAX;
                    }
                    ptrace::setregs(id, registers)?;
                }
                Some((_, Harm::Kill)) => {
                    self.met = true;
                    return kill(self.main, Signal::SIGKILL);
                }
                None => {}
            }
        }
        ptrace::syscall(id, None)
    }
}
