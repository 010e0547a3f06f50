//! A question to many hosts, from the command line: who is asked, as often as wanted, and what is printed beside.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::super::args::{Cli, Common};
use super::super::common::{document, look, repeat};
use super::super::failure::Failure;
use super::super::whom::whom;
use crate::clock::{Moment, rfc3339};
use crate::endpoints::{Hosts, List, Question, Reply, Standing, State, Trust};
use crate::locate::Target;
use crate::render::Look;
use crate::root;
use crate::words::term::term;

/// Everything that a verb over hosts needs.
pub(super) struct Ask<'a> {
    pub(super) cli: &'a Cli,
    pub(super) look: Look,
    /// Of which boards, as the parameter `board` has it.
    pub(super) board: Option<String>,
    pub(super) out: &'a mut dyn Write,
    pub(super) remarks: &'a mut dyn Write,
    pub(super) hosts: Hosts,
    runtime: Option<tokio::runtime::Runtime>,
    said: Option<String>,
}

impl<'a> Ask<'a> {
    pub(super) fn new(
        cli: &'a Cli,
        target: &Target,
        out: &'a mut dyn Write,
        remarks: &'a mut dyn Write,
    ) -> Result<Self, Failure> {
        let board = named(target)?;
        let (list, trust) = hosts(&cli.common)?;
        let hosts = Hosts::new(list, trust);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .max_blocking_threads(16)
            .enable_all()
            .build()
            .map_err(|error| Failure::new(format!("nobody can be asked: {error}")))?;
        let look = look(&cli.common);
        Ok(Self { cli, look, board, out, remarks, hosts, runtime: Some(runtime), said: None })
    }

    /// Asks every endpoint, or one.
    pub(super) fn ask<T: DeserializeOwned + Send + 'static>(
        &mut self,
        question: &Question,
        only: Option<&str>,
    ) -> Vec<Reply<T>> {
        let Some(runtime) = &self.runtime else { return Vec::new() };
        let (replies, remark) = runtime.block_on(self.hosts.ask(question, only));
        if let Some(remark) = remark.as_ref().filter(|_| remark != self.said) {
            let _ = writeln!(self.remarks, "inspect: {remark}");
        }
        self.said = remark;
        replies
    }

    /// The same again until `found` says that the target is there, or the time of `--wait` is up.
    pub(super) fn ask_until<T: DeserializeOwned + Send + 'static>(
        &mut self,
        question: &Question,
        found: impl Fn(&T) -> bool,
    ) -> Vec<Reply<T>> {
        let deadline = self.cli.common.wait.map(|wait| Instant::now() + wait);
        loop {
            let replies: Vec<Reply<T>> = self.ask(question, None);
            let there = replies.iter().filter_map(|one| one.document.as_ref()).any(&found);
            if there || deadline.is_none_or(|at| Instant::now() >= at) {
                return replies;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    pub(super) fn json(&self) -> bool {
        self.cli.common.json || self.cli.common.jsonl
    }

    /// Prints a document: what it has of its own, and the endpoints beside.
    pub(super) fn document(
        &mut self,
        endpoints: &[Standing],
        rows: impl Serialize,
    ) -> Result<(), Failure> {
        #[derive(Serialize)]
        struct Document<'a, T> {
            schema: u32,
            taken_at: String,
            endpoints: &'a [Standing],
            #[serde(flatten)]
            rows: T,
        }
        let taken_at = rfc3339(Moment::now(false).wall_ns);
        document(self.cli, self.out, &Document { schema: 1, taken_at, endpoints, rows })
    }

    /// As often as `--count` and `--interval` say.
    pub(super) fn repeat(
        &mut self,
        mut once: impl FnMut(&mut Self) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let common = &self.cli.common;
        repeat(common, |_| {
            once(self)?;
            Ok(self.out.flush()?)
        })
    }

    /// Whether there is an answer to be content with.
    ///
    /// # Errors
    /// No endpoint answered, or none has what was named.
    pub(super) fn content(&self, endpoints: &[Standing], rows: usize) -> Result<(), Failure> {
        let ok = endpoints.iter().filter(|one| one.state == State::Ok).count();
        match (&self.board, ok, rows) {
            (_, 0, _) => Err(Failure::new("no endpoint answered")),
            (Some(board), _, 0) => {
                let at = match ok {
                    1 => "the endpoint that answered".to_owned(),
                    _ => format!("any of the {ok} endpoints that answered"),
                };
                let text = format!("no board {} at {at}", term(board));
                Err(Failure { code: 3, text })
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Ask<'_> {
    fn drop(&mut self) {
        // A name that is still being looked up is not waited for.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Of which boards, as the parameter `board` has it.
pub(super) fn named(target: &Target) -> Result<Option<String>, Failure> {
    match target {
        Target::Any => Ok(None),
        Target::Name(name) => Ok(Some(name.clone())),
        Target::Pid(pid) => Ok(Some(pid.to_string())),
        Target::File(_) => Err(Failure::usage("a file is on this host; leave out --endpoints")),
    }
}

/// The endpoints that the command line names, to be asked. Root is given up before anything that they say is read: to
/// who owns their sockets, if that is one, else to nobody.
pub(super) fn hosts(common: &Common) -> Result<(List, Trust), Failure> {
    let Some((list, trust)) = whom(common)? else { return Err(Failure::usage("no --endpoints")) };
    let mut owners: Vec<(u32, u32)> = list
        .sockets()
        .filter_map(|path| std::fs::metadata(path).ok())
        .map(|facts| (facts.uid(), facts.gid()))
        .collect();
    owners.dedup();
    let owner = if owners.len() == 1 { owners.pop() } else { None };
    root::leave_root_to(owner)
        .map_err(|errno| Failure::new(format!("cannot give up root before reading: {errno}")))?;
    Ok((list, trust))
}
