//! What probes cost a real daemon, a request: the demo under redis-benchmark, probes out beside probes in, in turns; and
//! what it costs that its locks show themselves, std's locks beside the wrapped ones.
//!
//! Every round starts each daemon anew and drives them one after the other, in an order that changes, a burst at a
//! time; those that are not driven sleep. What is held against stands in the table twice: the second row is the control, and
//! no difference smaller than its interval is one. Instructions are counted apart, by callgrind, on the threads that
//! serve requests.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, io};

use crate::child::this;
use crate::tools::missing;
use timing::Interval;

/// Bursts of each daemon in a round.
const BURSTS: usize = 6;
/// Requests that callgrind counts.
const COUNTED: u64 = 20_000;

/// The two demos that are held against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pair {
    /// Without and with probes.
    Probes,
    /// Both with probes: std's locks, and those that show themselves.
    Locks,
}

impl Pair {
    /// What each is called.
    fn names(self) -> [&'static str; 2] {
        match self {
            Self::Probes => ["probes out", "probes in"],
            Self::Locks => ["std's locks", "wrapped locks"],
        }
    }

    /// Where each is built, and with which features.
    fn builds(self) -> [(&'static str, &'static str); 2] {
        match self {
            Self::Probes => [("out", ""), ("in", "probes")],
            Self::Locks => [("plain", "probes,plain-locks"), ("in", "probes")],
        }
    }
}

/// One of the daemons of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Base,
    Control,
    Other,
    Recorded,
}

impl Way {
    const ALL: [Self; 4] = [Self::Base, Self::Control, Self::Other, Self::Recorded];

    fn label(self, [base, other]: [&str; 2]) -> String {
        match self {
            Self::Base => base.to_owned(),
            Self::Control => format!("{base} (control)"),
            Self::Other => other.to_owned(),
            Self::Recorded => format!("{other}, 1 kHz recorder"),
        }
    }

    fn is_base(self) -> bool {
        matches!(self, Self::Base | Self::Control)
    }
}

/// What a burst took: requests a second, and processor time of the daemon a request.
#[derive(Clone, Copy, Debug)]
struct Burst {
    a_second: f64,
    cpu_ns: f64,
}

pub(crate) fn run(pair: Pair, rounds: usize, programs: &[PathBuf]) -> io::Result<()> {
    for (program, package) in [("redis-benchmark", "redis-tools"), ("valgrind", "valgrind")] {
        if let Some(why) = missing(program, package) {
            return Err(io::Error::other(why));
        }
    }
    let [base, other] = match programs {
        [base, other] => [fs::canonicalize(base)?, fs::canonicalize(other)?],
        _ => {
            println!("building the demo twice, as a release is built");
            let [base, other] = pair.builds();
            [built(base)?, built(other)?]
        }
    };
    let names = pair.names();
    for pipeline in [1, 16] {
        let ratios = compared(&base, &other, pipeline, rounds)?;
        println!(
            "\nSET of 10,000 keys, 20 clients, {pipeline} in a pipeline: {rounds} rounds of {BURSTS} bursts, ratios to {}",
            names[0]
        );
        println!("{:<30} {:<28} processor time a request", "", "requests a second");
        for (way, pairs) in Way::ALL.into_iter().zip(&ratios).skip(1) {
            let of = |pick: fn(&(f64, f64)) -> f64| {
                Interval::of(&pairs.iter().map(pick).collect::<Vec<_>>()).to_string()
            };
            let label = way.label(names);
            println!("{label:<30} {:<28} {}", of(|pair| pair.0), of(|pair| pair.1));
        }
    }
    for pipeline in [1, 16] {
        let counts = [counted(&base, pipeline)?, counted(&other, pipeline)?];
        println!(
            "instructions a request of the serving threads, {pipeline} in a pipeline: {:.0} {}, {:.0} {}",
            counts[0], names[0], counts[1], names[1]
        );
    }
    Ok(())
}

/// The ratios of each way to the base, a pair a burst.
fn compared(
    base: &Path,
    other: &Path,
    pipeline: u32,
    rounds: usize,
) -> io::Result<Vec<Vec<(f64, f64)>>> {
    let mut ratios = vec![Vec::new(); Way::ALL.len()];
    for round in 0..rounds {
        let scratch = tempfile::tempdir()?;
        let mut daemons = Vec::new();
        for (index, way) in Way::ALL.into_iter().enumerate() {
            let program = if way.is_base() { base } else { other };
            daemons.push(Daemon::start(program, &scratch.path().join(index.to_string()))?);
        }
        let recorder = scratch.path().join("recording");
        let _recorder = Recorder::start(daemons.last(), &recorder)?;
        for burst in 0..BURSTS {
            let mut said = [None; Way::ALL.len()];
            for step in 0..said.len() {
                // Each follows each of the others as often.
                let index = (step * (1 + 2 * (burst % 2)) + round + burst) % said.len();
                said[index] = Some(daemons[index].burst(pipeline)?);
            }
            let Some(first) = said[0] else { continue };
            for (ratios, burst) in ratios.iter_mut().zip(said.into_iter().flatten()) {
                ratios.push((burst.a_second / first.a_second, burst.cpu_ns / first.cpu_ns));
            }
        }
    }
    Ok(ratios)
}

/// Builds the demo; the folder is kept apart from other builds, since features differ.
fn built((folder, features): (&str, &str)) -> io::Result<PathBuf> {
    let target = &format!("target/request-{folder}");
    let mut cargo = Command::new("cargo");
    cargo.args([
        "build",
        "--quiet",
        "--locked",
        "--release",
        "--package",
        "daemon-demo",
        "--target-dir",
        target,
        "--features",
        features,
    ]);
    if !cargo.status()?.success() {
        return Err(io::Error::other("the demo does not build; run this in the repository"));
    }
    fs::canonicalize(Path::new(target).join("release/daemon-demo"))
}

/// A demo daemon; it is killed when this is dropped.
struct Daemon {
    child: Child,
    port: u16,
}

impl Daemon {
    fn start(program: &Path, folder: &Path) -> io::Result<Self> {
        let mut command = Command::new(program);
        Self::spawn(&mut command, folder)
    }

    fn spawn(command: &mut Command, folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        // Free at this moment; one who takes it meanwhile makes the daemon say so and end.
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        command.args([
            "serve",
            "--io-threads",
            "2",
            "--listen",
            &format!("127.0.0.1:{port}"),
            "--data",
        ]);
        let child = command
            .arg(folder.join("data"))
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut daemon = Self { child, port };
        let until = Instant::now() + Duration::from_secs(60);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if Instant::now() > until || daemon.child.try_wait()?.is_some() {
                return Err(io::Error::other("the demo does not serve"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(daemon)
    }

    fn burst(&self, pipeline: u32) -> io::Result<Burst> {
        let requests = 20_000 * u64::from(pipeline.min(8));
        let (before, start) = (self.cpu_ns()?, Instant::now());
        self.bench(pipeline, requests)?;
        let seconds = start.elapsed().as_secs_f64();
        let cpu_ns = (self.cpu_ns()? - before) as f64 / requests as f64;
        Ok(Burst { a_second: requests as f64 / seconds, cpu_ns })
    }

    fn bench(&self, pipeline: u32, requests: u64) -> io::Result<()> {
        let mut bench = Command::new("redis-benchmark");
        bench.args(["-q", "-t", "set", "-r", "10000", "-c", "20", "-p", &self.port.to_string()]);
        bench.args(["-P", &pipeline.to_string(), "-n", &requests.to_string()]);
        let status =
            bench.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        if status.success() { Ok(()) } else { Err(io::Error::other("redis-benchmark failed")) }
    }

    /// Processor time of all its threads so far.
    fn cpu_ns(&self) -> io::Result<u64> {
        let mut sum = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            sum += text.split(' ').next().and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
        }
        Ok(sum)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `inspect record` of a daemon.
struct Recorder(Child);

impl Recorder {
    fn start(of: Option<&Daemon>, file: &Path) -> io::Result<Self> {
        let pid = of.map_or(0, |daemon| daemon.child.id()).to_string();
        let mut command = this();
        command.args(["inspect", "record", "-p", &pid, "-o"]).arg(file);
        let child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        Ok(Self(child))
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Instructions a request of the threads that serve, by callgrind: of all but the main thread and the one that commits, which
/// works by the batch, and batches are larger where everything is forty times slower.
fn counted(program: &Path, pipeline: u32) -> io::Result<f64> {
    let scratch = tempfile::tempdir()?;
    let mut command = Command::new("valgrind");
    command.args(["--quiet", "--tool=callgrind", "--separate-threads=yes"]);
    command
        .arg(format!("--callgrind-out-file={}", scratch.path().join("counted").display()))
        .arg(program);
    let mut daemon = Daemon::spawn(&mut command, scratch.path())?;
    daemon.bench(pipeline, COUNTED)?;
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(daemon.child.id().cast_signed()),
        nix::sys::signal::Signal::SIGTERM,
    )?;
    daemon.child.wait()?;
    let mut threads = Vec::new();
    for file in fs::read_dir(scratch.path())? {
        let path = file?.path();
        if !path.is_file() || !path.display().to_string().contains("counted-") {
            continue;
        }
        let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
        let sum = text.lines().find_map(|line| line.strip_prefix("totals: "));
        let sum = sum.or_else(|| text.lines().find_map(|line| line.strip_prefix("summary: ")));
        threads.push(sum.and_then(|text| text.trim().parse::<f64>().ok()).unwrap_or(0.0));
    }
    threads.sort_by(f64::total_cmp);
    // The busiest commits; the two after it serve.
    let serve: f64 = threads.iter().rev().skip(1).take(2).sum();
    Ok(serve / COUNTED as f64)
}
