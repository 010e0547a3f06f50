//! `/api/v1/source`: a source file that a board's probes name, as far as it is in a directory of `--source`.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ask::Ask;
use super::reply::{self, Refusal, aside};
use super::shared::{Shared, meant};
use super::shown::Shown;
use super::source_dirs::{Found, find};
use crate::context::Look;
use crate::open_board::OpenBoard;
use crate::snapshot;

/// Lines of an answer.
const LINES: usize = 2_000;
/// Characters of a line.
const LONG: usize = 400;

/// What is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pick {
    /// Of this board.
    board: String,
    /// As the board has it.
    file: String,
    /// Around this line, where there are more than fit.
    #[serde(default)]
    line: u32,
}

pub(super) async fn source(
    State(shared): State<Shared>,
    Ask(pick): Ask<Pick>,
) -> Result<Response, Refusal> {
    if shared.settings.sources.is_empty() {
        return Err(Refusal::missing(
            "no sources here: start it with --source DIR, the directory above them",
        ));
    }
    let view = shared.view().await?;
    let boards: Vec<Arc<Shown>> = meant(&view, &pick.board)?.into_iter().cloned().collect();
    aside(move || {
        // Only what a board's probes are in: the question alone opens nothing.
        let sites =
            boards.iter().filter(|one| !one.foreign).map(|one| (one, sites(one, &pick.file)));
        let found = sites.into_iter().find(|(_, sites)| !sites.is_empty());
        let (board, sites) =
            found.ok_or_else(|| Refusal::missing("no probe of that board is in such a file"))?;
        let found = find(&shared.settings.sources, &pick.file)
            .ok_or_else(|| Refusal::missing("that file is not in a directory of --source"))?;
        Ok(reply::document(&document(board, &pick, &found, sites)))
    })
    .await
}

/// The probes of a board that are in this file.
fn sites(board: &Shown, file: &str) -> Vec<Value> {
    let Ok(open) = OpenBoard::open(board.candidate.clone(), Look::Verdict) else {
        return Vec::new();
    };
    let sites = snapshot::sites(&open.board, &open.board.contents(), None);
    let strings = snapshot::strings(&open.board);
    let here =
        sites.iter().filter(|site| strings.get(site.file).is_some_and(|name| name.raw() == file));
    let mut found: Vec<Value> = here
        .map(|site| {
            json!({ "line": site.line_column >> 32, "label": strings.get(site.label), "function": strings.get(site.function) })
        })
        .collect();
    found.sort_by_key(|site| site["line"].as_u64());
    found.truncate(LINES);
    found
}

fn document(board: &Shown, pick: &Pick, found: &Found, sites: Vec<Value>) -> Value {
    let all = found.text.lines().count();
    let first = (pick.line as usize).saturating_sub(LINES / 2).min(all.saturating_sub(LINES));
    let cut = |line: &str| line.chars().take(LONG).collect::<String>();
    let lines: Vec<String> = found.text.lines().skip(first).take(LINES).map(cut).collect();
    let began = board.report.as_ref().map(|report| u128::from(report.started_wall_ns));
    let modified = found.modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let changed = began.zip(modified).map(|(began, modified)| modified.as_nanos() > began);
    json!({
        "schema": 1, "board": board.row.name, "pid": board.row.pid, "file": pick.file, "first_line": first + 1,
        "lines_all": all, "lines": lines, "changed_since_start": changed, "probes": sites,
    })
}
