//! `capacity`: how much more each queue and group of workers can take.

use std::io::Write;
use std::time::{Duration, Instant};

use super::args::Cli;
use super::common::{boards, look};
use super::failure::Failure;
use crate::capacity::{APART, Group, Watch, together};
use crate::clock::{Moment, rfc3339};
use crate::context::Look as Around;
use crate::liveness::State;
use crate::locate::Target;
use crate::render::{capacity, text};

/// For how long it looks when nothing is said.
pub(super) const DEFAULT: Duration = Duration::from_secs(2);

pub(super) fn run(
    cli: &Cli,
    target: &Target,
    duration: Option<Duration>,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> Result<(), Failure> {
    let look = look(&cli.common);
    let mut boards = boards(target, &cli.common, Around::All, remarks)?;
    let mut watches: Vec<Watch> = boards.iter().map(|_| Watch::default()).collect();
    let moves = boards.iter().any(|one| one.context.state == State::Live && !one.is_saved());
    let (begin, duration) = (Instant::now(), duration.unwrap_or(DEFAULT));
    let mut due = begin;
    loop {
        for (board, watch) in boards.iter_mut().zip(&mut watches) {
            watch.look(board)?;
        }
        if !moves || begin.elapsed() >= duration {
            break;
        }
        due = (due + APART).max(Instant::now());
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    let shown = |group: &Group| look.shows(&group.name);
    let groups: Vec<Vec<Group>> = watches.iter().map(Watch::groups).collect();
    if cli.common.json || cli.common.jsonl {
        let groups = groups.into_iter().map(|all| all.into_iter().filter(shown).collect());
        let taken_at = rfc3339(Moment::now(false).wall_ns);
        super::common::document(cli, out, &together(groups, taken_at))?;
        return Ok(out.flush()?);
    }
    for (number, (board, groups)) in boards.iter_mut().zip(&groups).enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        board.look(Around::All);
        let report = board.report()?;
        write!(out, "{}{}", text::heading(&report, &look), capacity::groups(groups, &look))?;
    }
    Ok(out.flush()?)
}
