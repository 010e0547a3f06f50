//! A traced process, one instruction at a time.

use std::io;
use std::process::{Child, Command, Stdio};

use nix::errno::Errno;
use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// Why a traced thread stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// One instruction was executed.
    Step,
    /// It has reached a marker: an `int3`.
    Marker,
    /// A signal is about to be delivered.
    Signal(Signal),
    /// It has ended.
    Gone,
}

/// A program some of whose threads ask to be traced by this thread. Killed when dropped.
#[derive(Debug)]
pub struct Traced {
    child: Child,
    /// The thread that stopped last.
    thread: Pid,
    /// Whether it can go on: it has stopped, and not ended.
    stopped: bool,
    /// A thread that came to its marker while the end of the one before it had yet to be told.
    ahead: Option<Pid>,
}

impl Traced {
    /// Starts `command`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let child = command.stdin(Stdio::null()).spawn()?;
        let thread = Pid::from_raw(child.id() as i32);
        Ok(Self { child, thread, stopped: false, ahead: None })
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a traced thread to stop. Children of other threads of this process are not looked at:
    /// several tests may trace at a time.
    ///
    /// # Errors
    /// What the kernel says.
    fn wait(&mut self) -> nix::Result<Stop> {
        let stop = self.wait_any()?;
        self.stopped = stop != Stop::Gone;
        Ok(stop)
    }

    fn wait_any(&mut self) -> nix::Result<Stop> {
        loop {
            let flags = Some(WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD);
            match waitpid(Pid::from_raw(-1), flags)? {
                WaitStatus::Stopped(thread, Signal::SIGTRAP) => {
                    self.thread = thread;
                    // An `int3` is the kernel's own signal (SI_KERNEL); a step is told as TRAP_TRACE,
                    // and the way into a handler as a plain SIGTRAP.
                    const SI_KERNEL: i32 = 0x80;
                    let code = ptrace::getsiginfo(thread)?.si_code;
                    return Ok(if code == SI_KERNEL { Stop::Marker } else { Stop::Step });
                }
                WaitStatus::Stopped(thread, signal) => {
                    self.thread = thread;
                    return Ok(Stop::Signal(signal));
                }
                WaitStatus::Exited(thread, _) | WaitStatus::Signaled(thread, ..) => {
                    self.thread = thread;
                    return Ok(Stop::Gone);
                }
                _ => {}
            }
        }
    }

    /// Executes one instruction, or takes the first step into the handler of `signal`.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn step(&mut self, signal: Option<Signal>) -> nix::Result<Stop> {
        let thread = self.thread;
        ptrace::step(thread, signal)?;
        loop {
            let stop = self.wait()?;
            if self.thread == thread {
                return Ok(stop);
            }
            // Joining a thread does not wait until its end is told. So this is the end of an earlier
            // thread, told late, or the next thread at its marker, told early.
            if stop == Stop::Marker {
                self.ahead = Some(self.thread);
            }
            self.thread = thread;
        }
    }

    /// Lets the thread run on, if it has not ended, until a thread comes to a marker.
    ///
    /// # Errors
    /// What the kernel says; ECHILD when the process has ended.
    pub fn run_to_marker(&mut self) -> nix::Result<()> {
        if let Some(thread) = self.ahead.take() {
            self.thread = thread;
            self.stopped = true;
            return Ok(());
        }
        if self.stopped {
            ptrace::cont(self.thread, None)?;
        }
        loop {
            match self.wait()? {
                Stop::Marker => return Ok(()),
                Stop::Step => ptrace::cont(self.thread, None)?,
                Stop::Signal(signal) => ptrace::cont(self.thread, Some(signal))?,
                Stop::Gone if self.thread.as_raw() as u32 == self.pid() => {
                    return Err(Errno::ECHILD);
                }
                Stop::Gone => {}
            }
        }
    }

    /// Ends the process at once, as `kill -9` does.
    pub fn kill(&mut self) {
        let pid = Pid::from_raw(self.child.id() as i32);
        let _ = nix::sys::signal::kill(pid, Signal::SIGKILL);
        // Every traced thread reports its end, the process last.
        loop {
            match waitpid(Pid::from_raw(-1), Some(WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD)) {
                Ok(WaitStatus::Exited(gone, _) | WaitStatus::Signaled(gone, ..)) if gone == pid => {
                    break;
                }
                Ok(_) | Err(Errno::EINTR) => {}
                Err(_) => break,
            }
        }
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        self.kill();
    }
}
