//! How what `inspect` does grows with what is there to look at: instructions, counted by callgrind, of a look at boards of
//! which more and more is used. The boards have room for all of it from the beginning: what grows is what is used.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::{build, program};

/// One row: something there may be more of.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// For people.
    pub what: &'static str,
    /// Most of it that the plan of this project asks for.
    pub most: usize,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Threads,
    Numbers,
    Operations,
    Boards,
}

/// All rows.
pub const ROWS: [Row; 4] = [
    Row { what: "threads", most: 4_096, kind: Kind::Threads },
    Row { what: "numbers, in families", most: 4_000, kind: Kind::Numbers },
    Row { what: "operations in flight", most: 16_000, kind: Kind::Operations },
    Row { what: "boards, in list", most: 500, kind: Kind::Boards },
];

/// A point of a curve: so many things, so many instructions.
pub type Point = (usize, u64);

/// Instructions of one look for each of these sizes.
///
/// # Panics
/// When a program does not run.
pub fn counted(row: &Row, sizes: &[usize]) -> Vec<Point> {
    sizes.iter().map(|&size| (size, look(row, size))).collect()
}

fn look(row: &Row, size: usize) -> u64 {
    let of = |wanted: bool| if wanted { size.to_string() } else { "0".to_owned() };
    let (threads, numbers, ops) = match row.kind {
        Kind::Threads => (of(true), of(false), of(false)),
        Kind::Numbers => (of(false), of(true), of(false)),
        Kind::Operations => (of(false), of(false), of(true)),
        Kind::Boards => (of(false), of(false), of(false)),
    };
    let one = program::name("grown");
    let boards = if matches!(row.kind, Kind::Boards) { size } else { 1 };
    let started: Vec<_> = (0..boards)
        .map(|board| {
            let name = format!("{one}-{board}");
            let mut command = Command::new(program::debug("fixture-cost", "grown"));
            command.args([&name, &threads, &numbers, &ops]);
            let mut started = program::Program::start(&mut command, &name);
            started.until_ready();
            (started, name)
        })
        .collect();
    let scratch = tempfile::tempdir().unwrap_or_else(|error| panic!("a folder: {error}"));
    let first = started.first().map_or(one.as_str(), |(_, name)| name);
    let arguments: &[&str] = match row.kind {
        Kind::Boards => &["list", "--json"],
        Kind::Operations => &["ops", "--json", "-n", first],
        _ => &["--json", "-n", first],
    };
    instructions(scratch.path(), arguments)
}

/// Instructions of `inspect`, as it is built for tests, of each process that it is.
fn instructions(scratch: &Path, arguments: &[&str]) -> u64 {
    // Where it gives up root, what it counted is written as somebody else.
    let all = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(scratch, all).unwrap_or_else(|error| panic!("{scratch:?}: {error}"));
    let output = Command::new("valgrind")
        .args(["--quiet", "--tool=callgrind"])
        .arg(format!("--callgrind-out-file={}/%p", scratch.display()))
        .arg(program::debug("scoreboard-inspect", "inspect"))
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

/// All curves in one picture, both scales logarithmic.
pub fn svg(curves: &[(&str, Vec<Point>)]) -> String {
    const COLOURS: [&str; 5] = ["#1f5fa8", "#b3541e", "#2e7d4f", "#7b3fa0", "#666666"];
    let all = || curves.iter().flat_map(|(_, points)| points);
    let high = all().map(|point| point.1).max().unwrap_or(10).max(10) as f64;
    let low = all().map(|point| point.1).min().unwrap_or(1).max(1) as f64;
    let wide = all().map(|point| point.0).max().unwrap_or(10).max(10) as f64;
    let x = |size: usize| 60.0 + 520.0 * (size.max(1) as f64).ln() / wide.ln();
    let y =
        |cost: u64| 330.0 - 290.0 * (cost.max(1) as f64 / low).ln() / (high / low).ln().max(0.1);
    let mut text = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 380\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"640\" height=\"380\" fill=\"white\"/>\n",
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
        let (key, exponent) = (370.0 + 0.0 * index as f64, exponent(points));
        let at = 60 + 140 * index;
        text += &format!(
            "<text x=\"{at}\" y=\"{key}\" fill=\"{colour}\">{what}: ^{exponent:.2}</text>\n"
        );
    }
    text + "</svg>\n"
}
