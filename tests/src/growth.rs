//! How what `inspect` does grows with what is there to look at: instructions, counted by callgrind, of a look at boards of
//! which more and more is used. The boards have room for all of it from the beginning: what grows is what is used.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::build;
use crate::program::{self, Program};

/// One row: something there may be more of.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// For people.
    pub what: &'static str,
    /// Most of it that the plan of this project asks for.
    pub most: usize,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Threads,
    Sites,
    Numbers,
    Operations,
    Boards,
    Dead,
}

/// All rows.
pub const ROWS: [Row; 6] = [
    Row { what: "threads", most: 4_096, kind: Kind::Threads },
    // More places than these take a compiler a minute.
    Row { what: "sites", most: 4_096, kind: Kind::Sites },
    Row { what: "numbers, in families", most: 10_000, kind: Kind::Numbers },
    Row { what: "operations in flight", most: 16_000, kind: Kind::Operations },
    Row { what: "boards, in list", most: 500, kind: Kind::Boards },
    Row { what: "boards of the dead", most: 500, kind: Kind::Dead },
];

/// The keeper's name among the threads.
const KEEPER: &str = "probe-keeper";

/// A point of a curve: so many things, so many instructions.
pub type Point = (usize, u64);

impl Row {
    /// Whether each of them is a process.
    pub fn of_processes(&self) -> bool {
        matches!(self.kind, Kind::Boards | Kind::Dead)
    }

    /// Instructions of one look for each of these sizes.
    ///
    /// # Panics
    /// When a program does not run.
    pub fn counted(&self, sizes: &[usize]) -> Vec<Point> {
        sizes.iter().map(|&size| (size, self.instructions(size))).collect()
    }

    fn instructions(&self, size: usize) -> u64 {
        let grown = Grown::start(self, size, false);
        let scratch = tempfile::tempdir().unwrap_or_else(|error| panic!("a folder: {error}"));
        instructions(scratch.path(), &grown.looks(self.kind))
    }

    /// What so many of them cost otherwise.
    ///
    /// # Panics
    /// When a program does not run.
    pub fn side(&self, size: usize) -> Side {
        let grown = Grown::start(self, size, true);
        let inspect = program::debug("inspect");
        let resident_kib = resident_kib(Command::new(inspect).args(grown.looks(self.kind)));
        let keeper_share = grown.keeper_share(Duration::from_secs(5));
        Side { init_ns: grown.init_ns, keeper_share, resident_kib }
    }
}

/// What some size costs besides the instructions of a look. Times are of programs as they are built for tests.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// `init!`, ns.
    pub init_ns: u64,
    /// Share of a core that the keeper takes; 0 where there is no process.
    pub keeper_share: f64,
    /// Most memory that the look had, KiB.
    pub resident_kib: u64,
}

/// Boards of which so much is used.
struct Grown {
    programs: Vec<Program>,
    name: String,
    init_ns: u64,
}

impl Grown {
    fn start(row: &Row, size: usize, keeper: bool) -> Self {
        let name = program::name("grown");
        let (boards, size) = if row.of_processes() { (size, 0) } else { (1, size) };
        let (binary, what) = match row.kind {
            Kind::Sites => ("grown_sites", None),
            Kind::Threads => ("grown", Some("threads")),
            Kind::Numbers => ("grown", Some("numbers")),
            Kind::Operations => ("grown", Some("operations")),
            Kind::Boards | Kind::Dead => ("grown", Some("nothing")),
        };
        let mut init_ns = 0;
        let programs = (0..boards).map(|board| {
            let name = format!("{name}-{board}");
            let mut command = Command::new(program::debug(binary));
            command.arg(&name).args(what).arg(size.to_string());
            command.args(keeper.then_some("keeper"));
            let mut program = Program::start(&mut command, &name);
            let said = program.until_ready();
            let said = said.iter().find_map(|line| line.strip_prefix("init ")?.parse().ok());
            init_ns = said.unwrap_or(0).max(init_ns);
            if row.kind == Kind::Dead {
                program.kill();
            }
            program
        });
        Self { programs: programs.collect(), name, init_ns }
    }

    /// The arguments of a look at them.
    fn looks(&self, kind: Kind) -> Vec<String> {
        let (first, all) = (format!("{}-0", self.name), format!("{}-*", self.name));
        let words: &[&str] = match kind {
            // Those alone: what else is on the host comes and goes between two sizes.
            Kind::Boards | Kind::Dead => &["list", "--json", "-n", &all],
            Kind::Operations => &["ops", "--json", "-n", &first],
            _ => &["--json", "-n", &first],
        };
        words.iter().map(|&word| word.to_owned()).collect()
    }

    /// Share of a core of the first one's keeper, by the kernel's account.
    fn keeper_share(&self, over: Duration) -> f64 {
        let pid = self.programs.first().map_or(0, Program::pid);
        let ran = || keeper_ran_ns(pid).unwrap_or(0);
        let (before, start) = (ran(), Instant::now());
        std::thread::sleep(over);
        ran().saturating_sub(before) as f64 / start.elapsed().as_nanos() as f64
    }
}

fn keeper_ran_ns(pid: u32) -> Option<u64> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten();
    let keeper = tasks.map(|task| task.path()).find(|task| {
        let name = std::fs::read_to_string(task.join("comm")).unwrap_or_default();
        name.trim_end() == KEEPER
    });
    let text = std::fs::read_to_string(keeper?.join("schedstat")).ok()?;
    text.split(' ').next()?.parse().ok()
}

/// The most memory that a command has, by the kernel's account of its end.
fn resident_kib(command: &mut Command) -> u64 {
    let mut timed = Command::new("time");
    timed.args(["-f", "resident %M"]).arg(command.get_program()).args(command.get_args());
    let output = timed.output().unwrap_or_else(|error| panic!("time: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    let resident = said.lines().find_map(|line| line.strip_prefix("resident ")?.parse().ok());
    resident.unwrap_or_else(|| panic!("{said}"))
}

/// Instructions of `inspect`, as it is built for tests, of each process that it is.
fn instructions(scratch: &Path, arguments: &[String]) -> u64 {
    // Where it gives up root, what it counted is written as somebody else.
    let all = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(scratch, all).unwrap_or_else(|error| panic!("{scratch:?}: {error}"));
    let output = Command::new("valgrind")
        .args(["--quiet", "--tool=callgrind"])
        .arg(format!("--callgrind-out-file={}/%p", scratch.display()))
        .arg(program::debug("inspect"))
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("valgrind: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    // A list in which others' boards are dead says so by its code.
    assert!(
        output.stdout.len() > 100 && output.status.code() < Some(2),
        "{}: {said}",
        output.status
    );
    let files = std::fs::read_dir(scratch).into_iter().flatten().flatten();
    let sums = files.filter_map(|file| {
        let text = std::fs::read_to_string(file.path()).ok()?;
        let sum =
            |line: &str| line.strip_prefix("totals: ").and_then(|sum| sum.parse::<u64>().ok());
        text.lines().find_map(sum)
    });
    let sum: u64 = sums.sum();
    assert!(sum > 0, "nothing was counted: {said}");
    sum
}

/// The exponent with which a curve grows between its last two points, beyond what the first point, of next to nothing, costs.
pub fn exponent(points: &[Point]) -> f64 {
    let (Some(&first), [.., less, more]) = (points.first(), points) else { return f64::NAN };
    let beyond = |point: &Point| (point.1.saturating_sub(first.1)).max(1) as f64;
    (beyond(more) / beyond(less)).ln() / (more.0 as f64 / less.0 as f64).ln()
}

/// Whether the counting can be done here.
pub fn is_possible() -> bool {
    build::needs("valgrind", "valgrind")
}

/// Whether [`Row::side`] can be measured here.
pub fn sides_are_possible() -> bool {
    build::needs("time", "time")
}

/// All curves in one picture, both scales logarithmic.
pub fn svg(curves: &[(&str, Vec<Point>)]) -> String {
    const COLOURS: [&str; 6] = ["#1f5fa8", "#b3541e", "#2e7d4f", "#7b3fa0", "#666666", "#a8851f"];
    let all = || curves.iter().flat_map(|(_, points)| points);
    let high = all().map(|point| point.1).max().unwrap_or(10).max(10) as f64;
    let low = all().map(|point| point.1).min().unwrap_or(1).max(1) as f64;
    let wide = all().map(|point| point.0).max().unwrap_or(10).max(10) as f64;
    let x = |size: usize| 60.0 + 520.0 * (size.max(1) as f64).ln() / wide.ln();
    let y =
        |cost: u64| 330.0 - 290.0 * (cost.max(1) as f64 / low).ln() / (high / low).ln().max(0.1);
    let mut text = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 400\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"640\" height=\"400\" fill=\"white\"/>\n",
    );
    for power in 0..=(wide.log10() as u32) {
        let size = 10_usize.pow(power);
        let at = x(size);
        text += &format!(
            "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"40\" y2=\"330\" stroke=\"#e4e4e4\"/>\n"
        );
        text += &format!("<text x=\"{at:.1}\" y=\"346\" text-anchor=\"middle\">{size}</text>\n");
    }
    for power in (low.log10().ceil() as u32)..=(high.log10() as u32) {
        let at = y(10_u64.pow(power));
        text += &format!(
            "<line x1=\"60\" x2=\"580\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#e4e4e4\"/>\n"
        );
        text +=
            &format!("<text x=\"54\" y=\"{:.1}\" text-anchor=\"end\">1e{power}</text>\n", at + 4.0);
    }
    text += "<text x=\"60\" y=\"20\">instructions of one look (built for tests), by what there is of it</text>\n";
    for (index, (what, points)) in curves.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let line: Vec<String> =
            points.iter().map(|&(size, cost)| format!("{:.1},{:.1}", x(size), y(cost))).collect();
        text += &format!(
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{}\"/>\n",
            line.join(" ")
        );
        // Two lines of three.
        let (at, key, exponent) =
            (60 + 190 * (index % 3), 366 + 16 * (index / 3), exponent(points));
        text += &format!(
            "<text x=\"{at}\" y=\"{key}\" fill=\"{colour}\">{what}: ^{exponent:.2}</text>\n"
        );
    }
    text + "</svg>\n"
}
