//! What `inspect capacity` foretells of the demo's core at half load: a server of batches over a real disk, of which two rows
//! on one page cost one write, so that an item costs less the larger its batch. `CAPACITY_RUNS=20` for the full figure.
#![expect(clippy::print_stdout, reason = "figures for whoever runs it with --nocapture")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::demo::Demo;
use tests::ready::Ready;
use tests::{alone, often, program, wait};

const DEADLINE: Duration = Duration::from_secs(60);
/// Connections that write.
const WRITERS: u32 = 4;
/// Few of them are twice in a batch, and soon all of them are there: a store that grows takes less and less.
const KEYS: u64 = 10_000;

/// Writers of random keys, until dropped.
struct Load {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// So many writes a second in all; `None`: as many as are taken.
    fn start(address: &str, rate: Option<f64>) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let threads = (0..WRITERS).map(|number| {
            let (over, address) = (Arc::clone(&over), address.to_owned());
            std::thread::spawn(move || write(&address, number, rate, &over))
        });
        Self { threads: threads.collect(), over }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// One writer. It reads its replies, and has 256 of them to come at most.
fn write(address: &str, number: u32, rate: Option<f64>, over: &AtomicBool) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    let (began, mut sent, mut dice) = (Instant::now(), 0u64, u64::from(number) + 1);
    let mut replies = [0; 4096];
    while !over.load(Ordering::Relaxed) {
        let due = rate.map_or(64, |rate| {
            let due = began.elapsed().as_secs_f64() * rate / f64::from(WRITERS);
            (due as u64).saturating_sub(sent).min(256)
        });
        let mut text = Vec::new();
        for _ in 0..due {
            dice = dice
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let key = format!("{:08}", (dice >> 33) % KEYS);
            text.extend_from_slice(
                format!("*3\r\n$3\r\nSET\r\n$8\r\n{key}\r\n$3\r\nabc\r\n").as_bytes(),
            );
        }
        sent += due;
        if stream.write_all(&text).is_err() {
            return;
        }
        // Each is "+OK" and the end of its line.
        let mut left = due * 5;
        while left > 0 {
            match stream.read(&mut replies) {
                Ok(count @ 1..) => left = left.saturating_sub(count as u64),
                _ => return,
            }
        }
        if rate.is_some() {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn asked(board: &str) -> Value {
    let output = program::inspect(&["capacity", "--json", "-n", board, "-d", "2s"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let groups = answer["groups"].as_array().expect("groups");
    groups.iter().find(|group| group["name"] == "updates").expect("the core's queue").clone()
}

/// Rows a second that it commits when more come than it can take, once its queue is as long as it may be: as many as it did,
/// and as many as it would have done had its core never been ready without a processor.
fn saturated(demo: &Demo) -> [f64; 2] {
    let _load = Load::start(&demo.address, None);
    // What the board remembers of the load before is behind it then.
    let begin = Instant::now();
    wait::until("it is full", DEADLINE, || {
        let ready = Ready::of(demo.child.id(), "store-core");
        let group = asked(&demo.board);
        let full = group["utilization"].as_f64().is_some_and(|share| share > 0.95);
        let settled = begin.elapsed() > Duration::from_secs(5);
        let did = group["throughput"].as_f64().filter(|_| full && settled)?;
        Some([did, did / (1.0 - ready.share()).max(0.1)])
    })
}

/// What is foretold at half of that.
fn at_half(demo: &Demo, full: f64) -> Value {
    let _load = Load::start(&demo.address, Some(full / 2.0));
    std::thread::sleep(Duration::from_secs(2));
    wait::until("something is foretold", DEADLINE, || {
        let group = asked(&demo.board);
        let near = |rate: f64| (0.4..0.6).contains(&(rate / full));
        let half = group["throughput"].as_f64().is_some_and(near);
        (half && group["saturation"].is_object()).then_some(group)
    })
}

/// What was foretold, and the least and the most of the rates at which it was full before and after: a store that ages, and a
/// machine that others use as well, are not as fast then as before.
fn foretold_and_true() -> (Value, [f64; 2]) {
    let data = tempfile::tempdir().expect("a directory");
    // The largest batch is bounded, as in any daemon that slows its writers.
    let bounds = ["--backlog-jobs", "400", "--buckets", "16384"];
    let demo = Demo::start(&program::name("core"), data.path(), &bounds);
    let before = saturated(&demo);
    let group = at_half(&demo, before[0]);
    let after = saturated(&demo);
    (group, [before[0].min(after[0]), before[1].max(after[1])])
}

#[test]
fn what_the_core_of_the_demo_can_take_is_foretold_from_half_of_it() {
    let _turn = alone::turn();
    program::debug("inspect");
    let foretold = often::holds(|| {
        let (group, truth) = foretold_and_true();
        let found = group["saturation"]["value"].as_f64().expect("a rate");
        // What was true in between nobody knows better.
        let off = found / found.clamp(truth[0], truth[1]) - 1.0;
        println!(
            "at {} a second foretold {found:.0}, of {:.0} to {:.0}: {:+.1} % ({})",
            group["throughput"],
            truth[0],
            truth[1],
            off * 100.0,
            group["model"]
        );
        off.abs() <= 0.2 && group["at_least"] == false
    });
    assert!(foretold);
}
