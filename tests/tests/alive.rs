//! A daemon at work: threads in crowds, late destructors, readers that come, are stopped and killed; nobody costs
//! anybody anything that can be counted.
#![expect(clippy::print_stdout, reason = "figures for whoever runs it with --nocapture")]

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tests::demo::Demo;
use tests::program::{self, Program, named};

fn hazards() -> PathBuf {
    program::debug("fixture-hazards")
}

/// A `fixture-hazards` and the first line that it says.
fn start(what: &[&str]) -> (Program, String) {
    program::debug("inspect");
    let name = program::name("alive");
    let mut command = Command::new(hazards());
    let mut program = Program::talking(command.arg(&name).args(what), &name);
    let line = program.line();
    (program, line)
}

fn asked(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn first_number(line: &str) -> u64 {
    line.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or_default()
}

#[test]
fn a_thread_at_work_meets_no_page_fault() {
    let (_program, said) = start(&["at-work", "4000"]);
    assert_eq!(said, "8000 right 0 faults");
}

/// Named maps of files are not in a core unless somebody asks for them: the control does.
#[test]
fn a_core_has_no_board_in_it() {
    const MARKER: &[u8] = b"KAPPA-7431-ON-THE-BOARD";
    let pattern = std::fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    let pattern = pattern.trim();
    if pattern.is_empty() || pattern.contains(['|', '/', '%']) {
        tests::build::skip(&format!("cores go to {pattern:?} here"));
        return;
    }
    let cores = |filter: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let name = program::name("core");
        let mut command = Command::new(hazards());
        let command = command.args([&name, "core", filter]).current_dir(folder.path());
        let output = command.output().expect("it runs");
        program::remove_boards(&name);
        let mut files = std::fs::read_dir(folder.path()).expect("a folder").flatten();
        let core = files.next().unwrap_or_else(|| panic!("no core: {output:?}"));
        let bytes = std::fs::read(core.path()).expect("a core");
        // The words of the program itself are in a core: those of the board have a board's magic in their pages.
        let boards = bytes.chunks(4096).filter(|page| page.starts_with(b"SCOREBD1")).count();
        let magic = probe::layout::MAGIC.to_ne_bytes();
        let boards = boards.max(bytes.chunks(4096).filter(|page| page.starts_with(&magic)).count());
        assert!(bytes.windows(MARKER.len()).any(|some| some == MARKER));
        boards
    };
    assert_eq!(cores(""), 0);
    // Bit 3: maps of files that are shared.
    assert_eq!(cores("0x3b"), 1);
}

/// `LATE_THREADS=N` for more.
#[test]
fn destructors_that_probe_in_any_order_end_nothing() {
    let threads = asked("LATE_THREADS", 300);
    let (_program, said) = start(&["late", &threads.to_string()]);
    assert_eq!(said, format!("{} right", threads * 2));
}

/// What a thread-local with a destructor of its own does then.
#[test]
fn a_naive_thread_local_ends_the_process() {
    use std::os::unix::process::ExitStatusExt;
    let output = Command::new(hazards()).args(["naive", "naive-late"]).output().expect("it runs");
    assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{output:?}");
}

/// A thousand on 64 slots: all are answered, all is counted, none waits for another. `CROWD_SECONDS=60` for longer.
#[test]
fn a_thousand_threads_on_sixty_four_slots_cost_nobody_anything() {
    let seconds = asked("CROWD_SECONDS", 2).to_string();
    let (program, said) = start(&["crowd", "1000", &seconds]);
    let numbers: Vec<u64> = said.split(' ').filter_map(|word| word.parse().ok()).collect();
    let [sum, least, most] = numbers[..] else { panic!("{said}") };
    println!("1000 threads, {seconds} s: {sum} requests, {least} to {most} a thread");
    assert!(least > 0 && sum >= 5000, "{said}");
    let board = program::board(program.pid());
    assert_eq!(named(&board["counters"], "answered")["value"], sum);
    assert_eq!(board["reader"]["torn"], 0);
    assert_eq!(board["capacity"]["threads"]["max"], 64);
}

/// `CHURN=1000000` for the figure.
#[test]
fn threads_that_come_and_go_as_fast_as_can_be_are_all_counted() {
    let threads = asked("CHURN", 8000);
    let (program, said) = start(&["churn", &threads.to_string()]);
    println!("{said}");
    let right = first_number(&said);
    assert_eq!(right, threads / 4 * 4, "{said}");
    let board = program::board(program.pid());
    assert_eq!(named(&board["counters"], "answered")["value"], right);
    assert!(board["threads"].as_array().is_some_and(|threads| threads.len() <= 5));
}

/// A reader of this board that goes on by itself.
fn reader(pid: u32, what: &[&str]) -> Child {
    let mut command = Command::new(program::debug("inspect"));
    let command = command.args(what).args(["-p", &pid.to_string()]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs")
}

/// Readers that run, are stopped and are killed leave no file, no lock and no descriptor, and no answer is another one.
/// `READERS=1000` kills as many.
#[test]
fn readers_that_are_killed_stopped_and_many_leave_nothing_and_cost_nobody() {
    let data = tempfile::tempdir().expect("a folder");
    let demo = Demo::start(&program::name("watched"), data.path(), &[]);
    let pid = demo.child.id();
    let descriptors = || std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
    let files = || {
        std::fs::read_dir("/dev/shm").map_or(0, |all| {
            all.flatten()
                .filter(|entry| entry.file_name().to_string_lossy().contains("watched-"))
                .count()
        })
    };
    let mut client = demo.connect();
    assert_eq!(client.ask(&["SET", "key", "1"]), "+OK");
    let before = (descriptors(), files());
    let endless = ["--interval", "10ms", "--count", "100000", "--json"];
    let mut many: Vec<Child> = (0..10).map(|_| reader(pid, &endless)).collect();
    for (at, child) in many.iter().enumerate() {
        let signal = if at % 2 == 0 { Signal::SIGSTOP } else { Signal::SIGCONT };
        let _ =
            nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.id().cast_signed()), signal);
    }
    let killed = asked("READERS", 30);
    for round in 0..killed {
        let mut one = reader(pid, &endless);
        // At another moment each time.
        let until = Instant::now() + Duration::from_millis(round * 7 % 40);
        let mut number = 1;
        while Instant::now() < until {
            number += 1;
            assert_eq!(client.ask(&["INCR", "key"]), format!(":{number}"));
        }
        assert_eq!(client.ask(&["SET", "key", "1"]), "+OK");
        let _ = one.kill();
        let _ = one.wait();
    }
    for child in &mut many {
        let _ = child.kill();
        let _ = child.wait();
    }
    assert_eq!((descriptors(), files()), before);
    let board = program::board(pid);
    assert_eq!((&board["state"], &board["reader"]["torn"]), (&"live".into(), &0.into()));
    println!("{killed} readers killed, 5 stopped, 5 running");
}

/// A thread at work does no system call and so waits for nobody, however many look at its board, spin on it, are stopped
/// in the middle of it, or are killed: the kernel ends who calls it. Its quantiles are printed, not judged: they are the
/// machine's. `ATTACHED=full` for a table with up to 50 readers, and a thousand that are killed.
#[test]
fn whoever_looks_a_thread_at_work_calls_nobody_and_waits_for_nobody() {
    let full = std::env::var_os("ATTACHED").is_some();
    let requests = if full { "200000" } else { "20000" };
    let name = program::name("attached");
    program::debug("inspect");
    let hazards = program::debug("fixture-hazards");
    let mut command = Command::new(&hazards);
    let mut program = Program::talking(command.args([&name, "attached", requests]), &name);
    program.until_ready();
    let pid = program.pid();
    let endless = ["--interval", "10ms", "--count", "1000000", "--json"];
    let spinning = ["--interval", "1ms", "--count", "10000000", "--json"];
    let mut stdin = program.child.stdin.take().expect("piped");
    // Rounds until whoever is beside it is done; of several the worst.
    let mut row = |what: &str, many: Vec<Child>, beside: Option<JoinHandle<()>>| {
        let mut worst = [0.0f64; 4];
        loop {
            let over = beside.as_ref().is_none_or(JoinHandle::is_finished);
            stdin.write_all(b"x").expect("a byte");
            let said = program.line();
            let numbers: Vec<f64> = said.split(' ').filter_map(|word| word.parse().ok()).collect();
            assert_eq!(numbers.len(), 4, "{what}: {said:?}");
            worst.iter_mut().zip(numbers).for_each(|(worst, one)| *worst = worst.max(one));
            if over {
                break;
            }
        }
        for mut child in many {
            let _ = child.kill();
            let _ = child.wait();
        }
        let [right, us @ ..] = worst;
        let [half, most, nearly_all] = us.map(|ns| ns / 1000.0);
        println!("{what:<22} {right:>9} {half:>9.1} {most:>9.1} {nearly_all:>9.1}");
    };
    println!("{:<22} {:>9} {:>9} {:>9} {:>9}", "readers", "requests", "p50 us", "p99", "p99.9");
    for many in [0, 1, 10, 50].into_iter().filter(|many| full || *many < 5) {
        row(&format!("{many}"), (0..many).map(|_| reader(pid, &endless)).collect(), None);
    }
    row("1 spins", vec![reader(pid, &spinning)], None);
    let stopped = reader(pid, &spinning);
    std::thread::sleep(Duration::from_millis(30));
    let it = nix::unistd::Pid::from_raw(stopped.id().cast_signed());
    nix::sys::signal::kill(it, Signal::SIGSTOP).expect("it lives");
    row("1 is stopped", vec![stopped], None);
    let kills = if full { 1000 } else { 5 };
    let killer = std::thread::spawn(move || {
        for round in 0..kills {
            let mut one = reader(pid, &spinning);
            std::thread::sleep(Duration::from_millis(round * 7 % 40));
            let _ = one.kill();
            let _ = one.wait();
        }
    });
    row(&format!("{kills} are killed"), Vec::new(), Some(killer));
    // The control: one system call more, and the process is gone.
    let mut command = Command::new(hazards);
    let careless = command.args([&name, "attached", "100", "careless"]);
    let mut careless = Program::talking(careless, &name);
    careless.until_ready();
    careless.child.stdin.take().expect("piped").write_all(b"x").expect("a byte");
    let status = careless.child.wait().expect("its end");
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(libc::SIGSYS));
}
