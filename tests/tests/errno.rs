//! Hazard A9: whichever system call that `probe` makes fails, in `init!`, at a thread's registration, in the keeper, in
//! the thread of the cancel socket or at the exit, the daemon serves as if nothing were.
//!
//! A seeded sample by default; `ERRNO_CASES=all` for every case, `ERRNO_SEED=N` for another sample.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]
#![expect(clippy::print_stdout, reason = "figures for whoever runs it with --nocapture")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use inspect::context::Look;
use inspect::open_board::Found;
use inspect::{State, locate};
use nix::errno::Errno;
use nix::sys::wait::WaitStatus;
use tests::inject::{self, Call, EXIT, Harm, INIT, OURS, REGISTRATION, Run};
use tests::program;

/// What each call fails with.
const ERRNOS: [Errno; 8] = [
    Errno::ENOSPC,
    Errno::ENOMEM,
    Errno::EACCES,
    Errno::EMFILE,
    Errno::EINTR,
    Errno::EROFS,
    Errno::ENOSYS,
    Errno::EPERM,
];
/// Cases of a plain run.
const SAMPLE: usize = 160;
/// How often one call of one part is made to fail: the keeper's come again and again.
const OFTEN: u32 = 12;

/// Calls that are the C library's own, or that cannot fail.
fn is_ours(call: &Call) -> bool {
    const NOT: [libc::c_long; 6] = [
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_rt_sigreturn,
        // A thread's beginning in the C library, which ends the process itself where these fail.
        libc::SYS_rseq,
        libc::SYS_set_robust_list,
        libc::SYS_restart_syscall,
    ];
    !NOT.contains(&(call.number as libc::c_long))
}

/// The program, called so, with its board in this place.
fn marked(name: &str, what: &str, place: &str) -> Command {
    let mut command = Command::new(program::debug("fixture-hazards"));
    command.args([name, what]).env("PROBE_BOARD", place);
    command
}

/// One run in this place, with one call harmed.
fn run(place: &str, harm: Option<(Call, Harm)>) -> (String, Run) {
    let name = program::name("errno");
    let run = inject::run(&mut marked(&name, "marked", place), harm, || {});
    (name, run)
}

/// What is wrong with a run, if anything is.
fn fault(run: &Run) -> Option<String> {
    if run.end != WaitStatus::Exited(nix::unistd::Pid::from_raw(run.pid as i32), 0) {
        return Some(format!("it ended: {:?}", run.end));
    }
    let lines: Vec<&str> = run.stdout.lines().collect();
    let [served, status, _remarks] = lines[..] else {
        return Some("stdout is the program's own".to_owned());
    };
    if served != "40 right" {
        return Some("it did not serve".to_owned());
    }
    let failed = status.starts_with("Failed(\"") && status.len() > 20;
    if !failed && !status.starts_with("Board(\"/") {
        return Some("no status".to_owned());
    }
    let said: Vec<&str> = run.stderr.lines().collect();
    if said.len() > 1 || said.iter().any(|line| !line.starts_with("probe: ")) {
        return Some("more than one clear line".to_owned());
    }
    None
}

/// Every call of a run that nothing happens to, with each error.
fn cases(place: &str) -> Vec<(Call, Errno)> {
    let (name, plain) = run(place, None);
    program::remove_boards(&name);
    assert_eq!(fault(&plain), None, "{plain:#?}");
    let calls = plain.calls.into_iter().filter(|call| is_ours(call) && call.nth < OFTEN);
    calls.flat_map(|call| ERRNOS.map(|errno| (call, errno))).collect()
}

/// The next of a row of numbers without a pattern.
fn next(seed: &mut u64) -> usize {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed as usize
}

fn part(call: &Call) -> &'static str {
    match call.part {
        INIT => "init",
        REGISTRATION => "registration",
        EXIT => "exit",
        OURS.. => "threads of ours",
        _ => "elsewhere",
    }
}

/// What became of many runs.
#[derive(Default)]
struct Outcome {
    met: BTreeMap<&'static str, u32>,
    without: u32,
    faults: Vec<String>,
}

impl Outcome {
    fn add(&mut self, place: &str, call: &Call, errno: Errno, run: &Run) {
        if run.met {
            *self.met.entry(part(call)).or_insert(0) += 1;
        }
        self.without += u32::from(run.stdout.contains("\nFailed("));
        if let Some(why) = fault(run) {
            let (out, err) = (&run.stdout, &run.stderr);
            self.faults.push(format!("{why}: {place} {call:?} {errno}\n{out}{err}"));
        }
    }
}

#[test]
fn whichever_call_fails_the_daemon_serves() {
    let directory = tempfile::tempdir_in("/dev/shm").expect("a folder");
    let places = ["shm".to_owned(), format!("file:{}", directory.path().display())];
    let mut all: Vec<(&str, Call, Errno)> = Vec::new();
    for place in &places {
        all.extend(cases(place).into_iter().map(|(call, errno)| (place.as_str(), call, errno)));
    }
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = number("ERRNO_SEED").unwrap_or(1);
    let whole = std::env::var("ERRNO_CASES").is_ok_and(|cases| cases == "all");
    let of = all.len();
    if !whole {
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let picked = (0..SAMPLE).map(|_| all[next(&mut random) % of]);
        all = picked.collect();
    }
    let start = std::time::Instant::now();
    let next = AtomicUsize::new(0);
    let outcome = Mutex::new(Outcome::default());
    // Most of a run is waiting; each thread traces its own.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(&(place, call, errno)) = all.get(next.fetch_add(1, Relaxed)) {
                    let (name, run) = run(place, Some((call, Harm::Fail(errno))));
                    program::remove_boards(&name);
                    outcome.lock().expect("no panic").add(place, &call, errno, &run);
                }
            });
        }
    });
    let Outcome { met, without, faults } = outcome.into_inner().expect("no panic");
    let cases: u32 = met.values().sum();
    println!(
        "{cases} calls failed of {of} possible cases (seed {seed}; {met:?}), {without} runs without a board, \
         {} faults, {:.0?}",
        faults.len(),
        start.elapsed()
    );
    assert!(faults.is_empty(), "{} of {cases}:\n{}", faults.len(), faults.join("\n"));
    assert!(cases as usize * 10 > all.len() * 9, "{cases} of {} were met", all.len());
}

/// The control: std's sleep ends a program where the call is refused, and this finds it. So did `init!` once.
#[test]
fn a_program_that_does_not_mind_is_found() {
    let call = Call { part: INIT, number: libc::SYS_clock_nanosleep as u64, nth: 0 };
    let name = program::name("errno");
    let harm = Some((call, Harm::Fail(Errno::EPERM)));
    let run = inject::run(&mut marked(&name, "careless", "shm"), harm, || {});
    assert!(run.met && fault(&run).is_some_and(|why| why.starts_with("it ended")), "{run:#?}");
}

/// Hazard A10: killed before any call of `init!`, what is left is no board or a dead board, hides nobody, and
/// goes: the next of its name or `clean` removes it.
#[test]
fn killed_at_any_call_of_init_nothing_is_believed_and_nobody_hidden() {
    let directory = tempfile::tempdir_in("/dev/shm").expect("a folder");
    let file = format!("file:{}", directory.path().display());
    for (place, boards) in [("shm", Path::new("/dev/shm")), (&*file, directory.path())] {
        let name = program::name("half");
        let plain = inject::run(&mut marked(&name, "marked", place), None, || {});
        let ours = |call: &Call| call.part == INIT && is_ours(call) && call.nth < OFTEN;
        let calls: Vec<Call> = plain.calls.into_iter().filter(ours).collect();
        let (alive, _) = living(&name, place);
        let (mut left, mut whole) = (0, 0);
        for call in &calls {
            let harm = Some((*call, Harm::Kill));
            let run = inject::run(&mut marked(&name, "marked", place), harm, || {});
            assert!(!run.met || run.stdout.is_empty(), "{call:?}");
            let Some(path) = entry(boards, &format!("{name}.{}.", run.pid)) else { continue };
            left += 1;
            let candidates = locate::scan(boards).into_iter().filter(|one| one.name == name);
            let found = Found::open(candidates.collect(), Look::Verdict);
            let state = |pid| {
                found
                    .boards
                    .iter()
                    .find(|one| one.candidate.pid == pid)
                    .map(|one| one.context.state)
            };
            // The living one of that name is there as before.
            assert_eq!(state(alive.child.id()), Some(State::Live), "{call:?}");
            match state(run.pid) {
                Some(state) => {
                    assert_eq!(state, State::Dead, "{call:?}");
                    whole += 1;
                }
                None => {
                    let failed = found.failed.iter().find(|(one, _)| one.path == path);
                    assert_eq!(failed.map(|(_, why)| why.exit_code()), Some(5), "{call:?}");
                }
            }
            let _ = std::fs::remove_file(path);
        }
        let killed = calls.len();
        println!("{place}: killed before {killed} calls, {left} files left, {whole} of them whole");
        // A file has no name before it is whole.
        assert!(killed > 40 && whole > 0 && (place == "shm" || left == whole), "{left} {whole}");
    }
}

/// A daemon of that name that lives.
fn living(name: &str, place: &str) -> (program::Program, Vec<String>) {
    let mut command = Command::new(program::debug("fixture-behave"));
    let mut program =
        program::Program::start(command.args([name, "status"]).env("PROBE_BOARD", place), name);
    let said = program.until_ready();
    (program, said)
}

/// The file that begins so.
fn entry(directory: &Path, start: &str) -> Option<PathBuf> {
    let entries = std::fs::read_dir(directory).expect("a folder").flatten();
    let mut named = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(start));
    named.next().map(|entry| entry.path())
}
