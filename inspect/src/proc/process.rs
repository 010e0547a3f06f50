//! One process: its `stat` line, its users, its id in its own namespace.

use std::{fs, io};

/// One process, from its `stat` line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Process {
    /// Process id, in our pid namespace.
    pub pid: u32,
    /// State letter: `R`, `S`, `D`, `T` (stopped), `t` (traced), `Z` (zombie), `X`.
    pub state: char,
    /// Start time, clock ticks since boot.
    pub start: u64,
    /// User and system time so far, clock ticks.
    pub cpu_ticks: u64,
    /// Threads.
    pub threads: u64,
    /// Resident pages.
    pub rss_pages: u64,
}

/// Ticks a second of the times in `/proc`; every Linux architecture we support has this one.
pub const TICKS: u64 = 100;

/// The process with this id, if there is one and it may be seen.
pub fn process(pid: u32) -> Option<Process> {
    stat(pid).ok()
}

/// The process with this id, as `/proc` numbers it.
///
/// # Errors
/// Why it is not shown. That is no proof that there is none: a hidden process looks the same.
pub fn stat(pid: u32) -> io::Result<Process> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    parse_stat(&line).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Parses a `stat` line; the name in parentheses may itself hold parentheses and spaces.
fn parse_stat(line: &str) -> Option<Process> {
    let pid = line.split(' ').next()?.parse().ok()?;
    let rest: Vec<&str> = line[line.rfind(')')? + 1..].split_whitespace().collect();
    let number = |index: usize| rest.get(index)?.parse::<u64>().ok();
    Some(Process {
        pid,
        state: rest.first()?.chars().next()?,
        start: number(19)?,
        cpu_ticks: number(11)?.checked_add(number(12)?)?,
        threads: number(17)?,
        rss_pages: number(21)?,
    })
}

/// Process ids that `/proc` shows, in ascending order.
pub fn pids() -> Vec<u32> {
    let mut pids: Vec<u32> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    pids.sort_unstable();
    pids
}

/// The four user ids of a process: real, effective, saved, of the file system.
///
/// # Errors
/// What the system said.
pub fn uids(pid: u32) -> io::Result<Vec<u32>> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    let uids = line.unwrap_or_default().split_whitespace().filter_map(|text| text.parse().ok());
    let uids: Vec<u32> = uids.collect();
    if uids.len() == 4 { Ok(uids) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// What a process is called in the innermost pid namespace that it is in.
///
/// # Errors
/// What the system said; kernels before 4.1 do not tell.
pub fn inner_pid(pid: u32) -> io::Result<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    innermost(&status).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// The last id of a status file's `NSpid`, of a process or a thread.
pub(super) fn innermost(status: &str) -> Option<u32> {
    let ids = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    ids.split_whitespace().last()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_full_of_parentheses_does_not_shift_the_fields() {
        let rest = "S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 3 0 9876 1000 42 0";
        let process = parse_stat(&format!("12 (a) b) (c) {rest}")).expect("a stat line");
        assert_eq!(
            process,
            Process { pid: 12, state: 'S', start: 9876, cpu_ticks: 200, threads: 3, rss_pages: 42 }
        );
        assert_eq!(parse_stat("12 (x"), None);
    }
}
