//! `load`: a mixed load from several client processes, each with several connections.
//!
//! The processes are this program again, with the hidden verb `load-client`; each reports its totals
//! on its standard output and joins the daemon's board name with tags of its own.

pub(crate) mod client;
mod mix;
mod rows;
mod totals;

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use crate::args::Load;
use crate::failure::Failure;
use totals::Totals;

/// Runs the load and prints its totals.
///
/// # Errors
/// A client process could not be started or failed, or lost its daemon.
pub(crate) fn run(load: &Load) -> Result<(), Failure> {
    let began = Instant::now();
    let clients: Vec<Child> =
        (0..load.processes).map(|index| start(load, index)).collect::<Result<_, _>>()?;
    let mut totals = Totals::default();
    let mut failed = None;
    for client in clients {
        match client.wait_with_output() {
            Ok(output) => {
                totals.merge(&Totals::read(&String::from_utf8_lossy(&output.stdout)));
                if !output.status.success() {
                    failed = Some(format!("a client process ended with {}", output.status));
                }
            }
            Err(error) => failed = Some(format!("cannot wait for a client process: {error}")),
        }
    }
    let rows = rows::rows_from_board(&load.name);
    // A closed pipe is no error.
    let _ = print(&totals, rows.as_deref(), began.elapsed().as_secs_f64());
    match (totals.lost, failed) {
        (Some(why), _) => Err(Failure::new(
            format!("lost the daemon at {}: {why}", load.connect),
            "start it with `daemon-demo serve`, or name another address with --connect",
        )),
        (None, Some(why)) => Err(Failure::new(why, "")),
        (None, None) => Ok(()),
    }
}

fn start(load: &Load, index: u16) -> Result<Child, Failure> {
    let spawn = || {
        Command::new(std::env::current_exe()?)
            .arg("load-client")
            .args(["--index", &index.to_string()])
            .args(["--connect", &load.connect.to_string()])
            .args(["--name", &load.name])
            .args(["--clients", &load.clients.to_string()])
            .args(["--keys", &load.keys.to_string()])
            .args(["--pipeline", &load.pipeline.to_string()])
            .args(["--read-share", &load.read_share.to_string()])
            .args(["--value", &load.value.to_string()])
            .args(["--duration", &format!("{}ms", load.duration.as_millis())])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
    };
    spawn().map_err(|error| Failure::new(format!("cannot start a client process: {error}"), ""))
}

fn print(totals: &Totals, rows: Option<&[(String, u64)]>, seconds: f64) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{:<8} {:>12} {:>12} {:>12}", "command", "sent", "replies", "errors")?;
    for (kind, count) in mix::KINDS.iter().zip(&totals.kinds) {
        writeln!(out, "{kind:<8} {:>12} {:>12} {:>12}", count.sent, count.replies, count.errors)?;
    }
    let all = totals.all();
    writeln!(out, "{:<8} {:>12} {:>12} {:>12}", "all", all.sent, all.replies, all.errors)?;
    writeln!(
        out,
        "{:.0} replies/s over {seconds:.1} s",
        count_as_f64(all.replies) / seconds.max(0.001)
    )?;
    if let Some(rows) = rows {
        writeln!(out, "rows, as the daemon's board says:")?;
        for (table, rows) in rows {
            writeln!(out, "  {table:<6} {rows:>12}")?;
        }
    }
    out.flush()
}

/// Exact up to 2^53, which no load reaches.
fn count_as_f64(count: u64) -> f64 {
    count as f64
}
