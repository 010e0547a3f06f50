//! What `inspect why` says of a program that nothing is wrong with but where it runs: its control groups, the processors
//! and the memory that it gets, who stops it, and who cannot see it.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use serde_json::Value;
use tests::asked::{DEADLINE, first_is, ids, is_sound, why};
use tests::behind::{AS_OTHER, behind, inspect_behind, may_unshare};
use tests::build;
use tests::cgroup::Cgroup;
use tests::program::{self, Program};
use tests::wait;

/// A quota of its control group stops it: where groups can be made at all.
#[test]
fn who_is_throttled_by_a_control_group_is_told_so() {
    let name = program::name("throttled");
    let Some(group) = Group::with_quota(&name, 20) else {
        return tests::build::skip("control groups of processors cannot be made here");
    };
    let (program, _) = Program::behave(&name, &["ails", "busy"]);
    std::fs::write(group.0.join("cgroup.procs"), program.pid().to_string()).expect("a member");
    let answer = first_is(&name, "cpu-throttled");
    assert!(answer["verdict"].as_str().expect("a title").contains("quota"), "{answer}");
}

/// A control group for processors, of whichever version there is.
struct Group(std::path::PathBuf);

impl Group {
    /// May use so many hundredths of one processor.
    fn with_quota(name: &str, percent: u64) -> Option<Self> {
        let top = std::path::Path::new("/sys/fs/cgroup");
        let (old, new) = (top.join("cpu"), top.join("cgroup.controllers"));
        let is_old = old.join("cpu.stat").exists();
        let group = if is_old { old.join(name) } else { top.join(name) };
        if !is_old && !std::fs::read_to_string(new).ok()?.split(' ').any(|one| one == "cpu") {
            return None;
        }
        std::fs::create_dir(&group).ok()?;
        let group = Self(group);
        let quota = percent * 1_000;
        let written = match is_old {
            true => std::fs::write(group.0.join("cpu.cfs_quota_us"), quota.to_string()),
            false => std::fs::write(group.0.join("cpu.max"), format!("{quota} 100000")),
        };
        written.ok().map(|()| group)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Its member has been killed, and is gone in a moment.
        let gone = || std::fs::remove_dir(&self.0).is_ok().then_some(());
        wait::until("its group can be removed", Duration::from_secs(10), gone);
    }
}

/// The kernel ends a process at once whose group has no memory left: it is told before.
#[test]
fn who_is_near_the_limit_of_its_memory_is_told_so() {
    let name = program::name("near-limit");
    let Some(group) = Cgroup::new(&name) else {
        return build::skip("control groups of memory cannot be made here");
    };
    let enter = format!("{}; exec \"$@\"", group.enter());
    let _program = behind(&["sh", "-c", &enter, "sh"], &name, &["ails", "ballast"]);
    assert!(!ids(&why(&["-n", &name]).0).contains(&"memory-limit"), "there is no limit");
    // The fixture holds 64 MiB, which are 91 % of it, and a few more.
    assert!(group.limit(70 << 20), "a limit");
    let answer = first_is(&name, "memory-limit");
    let used = answer["findings"][0]["evidence"][0]["value"].as_f64().expect("bytes");
    assert!(used >= f64::from(58 << 20), "{answer}");
}

/// The process's thread of this name, once it calls itself so.
fn tid(pid: u32, name: &str) -> String {
    let called = |tid: &String| {
        let comm = std::fs::read_to_string(format!("/proc/{pid}/task/{tid}/comm"));
        comm.is_ok_and(|comm| comm.trim() == name)
    };
    wait::until(name, DEADLINE, || {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("tasks").flatten();
        tasks.map(|task| task.file_name().to_string_lossy().into_owned()).find(called)
    })
}

/// A thread of the lowest kind on a processor that another one uses up: it is ready all the time.
#[test]
fn a_thread_that_gets_no_processor_is_not_one_that_waits() {
    if !build::needs("taskset", "util-linux") || !build::needs("chrt", "util-linux") {
        return;
    }
    let name = program::name("starved");
    let (program, _) = Program::behave(&name, &["ails", "hot"]);
    let tid = tid(program.pid(), "spinner");
    // The last of ours: the first has the interrupts.
    let one = nix::sched::sched_getaffinity(Pid::this()).expect("processors");
    let one = (0..1024).rev().find(|&cpu| one.is_set(cpu).unwrap_or(false)).expect("one");
    build::run(Command::new("taskset").args(["-p", "-c", &one.to_string(), &tid]));
    build::run(Command::new("chrt").args(["--idle", "-p", "0", &tid]));
    let mut busy = Command::new("taskset");
    busy.args(["-c", &one.to_string(), "sh", "-c", "echo ready; while :; do :; done"]);
    let mut busy = Program::start(&mut busy, "nobody's");
    busy.until_ready();
    let answer = first_is(&name, "thread-starved");
    assert_eq!(answer["findings"][0]["where"][0]["thread"], "spinner", "{answer}");
}

/// A debugger that holds one thread, the keeper: all that it looks after is old.
#[test]
fn a_keeper_that_is_held_is_told_and_its_process_lives() {
    let name = program::name("held-keeper");
    let (program, _) = Program::behave(&name, &["ails", "well"]);
    let keeper: i32 = tid(program.pid(), "probe-keeper").parse().expect("a number");
    let keeper = Pid::from_raw(keeper);
    ptrace::seize(keeper, ptrace::Options::empty()).expect("one's own child may be looked at");
    ptrace::interrupt(keeper).expect("it is stopped");
    waitpid(keeper, Some(WaitPidFlag::__WALL)).expect("it is");
    let answer = first_is(&name, "keeper-silent");
    assert_eq!(answer["boards"][0]["state"], "live", "{answer}");
    ptrace::detach(keeper, None).expect("it goes on");
    wait::until("it looks again", DEADLINE, || {
        (!ids(&why(&["-n", &name]).0).contains(&"keeper-silent")).then_some(())
    });
}

/// Stopped for some seconds: the loads of that time are of fewer looks.
#[test]
fn a_keeper_that_missed_many_looks_says_so_afterwards() {
    let name = program::name("late-keeper");
    let (program, _) = Program::behave(&name, &["ails", "well"]);
    program.signal(Signal::SIGSTOP);
    wait::until("six seconds of it", DEADLINE, || {
        let age = program::board(program.pid())["heartbeat_age_ns"].as_u64();
        (age > Some(6_000_000_000)).then_some(())
    });
    program.signal(Signal::SIGCONT);
    let answer = first_is(&name, "keeper-late");
    assert_eq!(answer["verdict"].as_str().map(|text| text.contains("keeper")), Some(false));
}

/// What the answer is for a reader in a pid namespace of its own: it sees the board and not the process.
fn why_from_elsewhere(name: &str) -> Value {
    let shell = &["unshare", "-p", "--fork", "--mount-proc"];
    let output = inspect_behind(shell, &["why", "--json", "-n", name]);
    assert!(output.status.success(), "{output:?}");
    let answer = serde_json::from_slice(&output.stdout).expect("JSON");
    is_sound(&answer, output.stdout.len());
    answer
}

#[test]
fn of_a_process_that_is_not_to_be_seen_only_what_is_known_is_said() {
    if !may_unshare() {
        return;
    }
    let name = program::name("elsewhere");
    let (program, _) = Program::behave(&name, &["ails", "blocked"]);
    let finds = |id: &str| {
        wait::until(id, DEADLINE, || {
            let answer = why_from_elsewhere(&name);
            (ids(&answer).first() == Some(&id)).then_some(answer)
        })
    };
    // It stands, and whether it computes the kernel would tell.
    let answer = finds("thread-stalled");
    assert_eq!(answer["findings"][0]["where"][0]["label"], "computes", "{answer}");
    let not_known = answer["not_known"].as_array().expect("a list");
    assert!(!not_known.is_empty(), "{answer}");
    program.signal(Signal::SIGSTOP);
    finds("unreachable");
}

/// A thread that says that it works and reads from a pipe: in which call the kernel has it, of what, and a command that
/// leads to who has the other end. Whom the kernel does not show that is told so.
#[test]
fn of_a_blocked_thread_the_call_is_told_to_whom_the_kernel_shows_it() {
    let name = program::name("blocked-in-pipe");
    program::debug("inspect");
    let mut command = Command::new(program::debug("fixture-behave"));
    let mut program = Program::start(
        command.args([&name, "ails", "blocked-in-pipe"]).env("PROBE_MODE", "0444"),
        &name,
    );
    program.until_ready();
    let answer = first_is(&name, "thread-blocked");
    let first = &answer["findings"][0];
    let title = first["title"].as_str().expect("a title");
    assert!(title.contains("hash the upload") && title.contains(", in read of pipe:["), "{title}");
    let evidence = first["evidence"].as_array().expect("evidence").iter();
    let told: BTreeMap<&str, &Value> =
        evidence.map(|one| (one["what"].as_str().unwrap_or_default(), &one["value"])).collect();
    assert!(told["system call"].as_str().is_some_and(|call| call.starts_with("read of pipe:[")));
    assert_eq!(told["state"], "S, sleeps", "{told:?}");
    // Some kernels are built without the names of their functions.
    assert!(told.get("in the kernel at").is_none_or(|at| at.is_string()), "{told:?}");
    let asks = first["next"][0].as_str().expect("a command");
    let output = Command::new("sh").args(["-c", asks]).output().expect("it runs");
    let found = String::from_utf8_lossy(&output.stdout);
    let both = found.lines().filter(|line| line.contains(&format!("/proc/{}/", program.pid())));
    assert_eq!(both.count(), 2, "{asks}: {found}");
    if !may_unshare() {
        return;
    }
    let as_other: Vec<&str> = AS_OTHER.split(' ').collect();
    let output = inspect_behind(&as_other, &["why", "--json", "-n", &name]);
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(ids(&answer).first(), Some(&"thread-blocked"), "{answer:#}");
    let not_known = answer["not_known"].as_array().expect("a list");
    let says = |text: &Value| text.as_str().is_some_and(|text| text.starts_with("in which call"));
    assert!(not_known.iter().any(says), "{answer:#}");
    assert_eq!(answer["findings"][0]["confidence"], 0.7, "{answer:#}");
}

/// Boards with too little room: what is not seen is counted, and told as no fault of the daemon.
#[test]
fn what_found_no_room_is_told_after_everything_else() {
    let (few, many) = (program::name("few-slots"), program::name("many-ops"));
    let (_few, _) = Program::behave(&few, &["crowd", "40", "4"]);
    let (_many, _) = Program::behave(&many, &["too-many", "70000", "70000"]);
    for (name, id) in [(&few, "threads-unseen"), (&many, "losses"), (&many, "windows-unseen")] {
        let answer = wait::until(id, DEADLINE, || {
            let (answer, bytes) = why(&["-n", name]);
            is_sound(&answer, bytes);
            ids(&answer).contains(&id).then_some(answer)
        });
        // The crowd stands and says that it works; nothing else is told before what is lost.
        let said = ids(&answer);
        let others: Vec<_> = said
            .iter()
            .filter(|other| {
                !["thread-blocked", "losses", "threads-unseen", "windows-unseen"].contains(*other)
            })
            .collect();
        assert!(others.is_empty(), "{answer:#}");
    }
}

/// The least that was open grows from stretch to stretch, for a minute.
#[test]
fn descriptors_that_grow_without_an_end_are_told_before_the_limit() {
    if std::fs::metadata("/proc/self/fd").is_ok_and(|facts| facts.len() == 0) {
        return build::skip("this kernel does not count descriptors (Linux 6.2 and on do)");
    }
    let name = program::name("grows");
    let (_program, _) = Program::behave(&name, &["ails", "leaks"]);
    wait::until("descriptors-grow", Duration::from_secs(180), || {
        let (answer, bytes) = why(&["-n", &name]);
        is_sound(&answer, bytes);
        (ids(&answer).first() == Some(&"descriptors-grow")).then_some(())
    });
}
