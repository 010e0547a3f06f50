//! What the kernel says of a process, read from `/proc` and nowhere else.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;

use crate::vitals::{CpuTotal, SOCKETS_UP_TO, Task, Vitals, percent_of};

/// One process, from its `stat` line.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// Whether `/proc` numbers processes as our own pid namespace does: it may be the mount of another.
///
/// # Errors
/// Why that cannot be told; without `/proc` there is nothing to be told.
pub fn numbers_as_we_do() -> io::Result<bool> {
    let me = fs::read_link("/proc/self")?;
    Ok(me.to_str().and_then(|text| text.parse().ok()) == Some(std::process::id()))
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

/// The inode that names a namespace of a process (`pid`, `mnt`, `time`), ours when `pid` is `None`.
pub fn namespace(pid: Option<u32>, kind: &str) -> Option<u64> {
    namespace_or(pid, kind).ok()
}

/// The same, with the reason why it cannot be told.
///
/// # Errors
/// What the system said.
pub fn namespace_or(pid: Option<u32>, kind: &str) -> io::Result<u64> {
    let who = pid.map_or_else(|| "self".to_owned(), |pid| pid.to_string());
    fs::metadata(format!("/proc/{who}/ns/{kind}")).map(|facts| facts.ino())
}

/// Where this boot's id stands.
pub const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// The 16 bytes of this boot's id.
pub fn boot_id() -> Option<[u8; 16]> {
    boot_id_or().ok()
}

/// The same, with the reason why it cannot be told.
///
/// # Errors
/// What the system said, or that what stands there is no id.
pub fn boot_id_or() -> io::Result<[u8; 16]> {
    let text = fs::read_to_string(BOOT_ID)?;
    parse_boot_id(&text).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn parse_boot_id(text: &str) -> Option<[u8; 16]> {
    let digits: Vec<u8> =
        text.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
    let (pairs, _) = digits.as_chunks::<2>();
    let mut id = [0; 16];
    if pairs.len() != id.len() {
        return None;
    }
    for (byte, [high, low]) in id.iter_mut().zip(pairs) {
        *byte = high << 4 | low;
    }
    Some(id)
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

/// The processes that another pid namespace (by inode) calls `inner`, as far as `/proc` shows them.
///
/// # Errors
/// `/proc` cannot be listed.
pub fn find_in_namespace(inner: u32, pid_namespace: u64) -> io::Result<Option<Process>> {
    fs::read_dir("/proc")?;
    Ok(pids().into_iter().find_map(|pid| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let ids = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
        let last: u32 = ids.split_whitespace().last()?.parse().ok()?;
        if last != inner || namespace(Some(pid), "pid") != Some(pid_namespace) {
            return None;
        }
        process(pid)
    }))
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

/// What the processes of a time namespace add to the time since boot, ns. Of the namespace that the
/// process is in, when it is also that of its children.
///
/// # Errors
/// It cannot be read, or the process is in another namespace than its children will be.
pub fn boot_time_offset(pid: Option<u32>) -> io::Result<i128> {
    let who = pid.map_or_else(|| "self".to_owned(), |pid| pid.to_string());
    if namespace_or(pid, "time")? != namespace_or(pid, "time_for_children")? {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let text = fs::read_to_string(format!("/proc/{who}/timens_offsets"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("boottime"));
    let mut numbers = line.unwrap_or_default().split_whitespace().map(str::parse::<i128>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(seconds)), Some(Ok(ns))) => Ok(seconds * 1_000_000_000 + ns),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Whether a process maps a file shared and to write, as the writer of a board does and no reader.
///
/// # Errors
/// What the system said; a process at its very end, which maps nothing at all, cannot tell either.
pub fn maps_to_write(pid: u32, dev: u64, ino: u64) -> io::Result<bool> {
    use std::io::BufRead;
    let file = fs::File::open(format!("/proc/{pid}/maps"))?;
    let device = format!("{:02x}:{:02x}", libc::major(dev), libc::minor(dev));
    let inode = ino.to_string();
    let (mut any, mut elsewhere) = (false, false);
    for line in io::BufReader::new(file).split(b'\n') {
        let line = line?;
        any = true;
        let mut fields = line.split(|&byte| byte == b' ').filter(|field| !field.is_empty());
        let rights = fields.nth(1).unwrap_or_default();
        let (on, which) = (fields.nth(1).unwrap_or_default(), fields.next().unwrap_or_default());
        if which == inode.as_bytes() && rights.starts_with(b"rw") && rights.ends_with(b"s") {
            if on == device.as_bytes() {
                return Ok(true);
            }
            // Some file systems name another device here than `stat` does.
            elsewhere = true;
        }
    }
    if any && !elsewhere { Ok(false) } else { Err(io::ErrorKind::Unsupported.into()) }
}

/// Thread ids of a process; `None` when `/proc` does not show it.
pub fn tasks(pid: u32) -> Option<Vec<Task>> {
    let mut tasks: Vec<Task> = fs::read_dir(format!("/proc/{pid}/task"))
        .ok()?
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .map(|tid| Task { tid, name: String::new() })
        .collect();
    tasks.sort_unstable_by_key(|task| task.tid);
    Some(tasks)
}

/// The threads of a process in another pid namespace, by their ids there, with names.
pub fn tasks_inside(pid: u32) -> Option<Vec<Task>> {
    let inner = |task: Task| {
        let status = fs::read_to_string(format!("/proc/{pid}/task/{}/status", task.tid)).ok()?;
        let line = |key: &str| status.lines().find_map(|line| line.strip_prefix(key));
        let tid = line("NSpid:")?.split_whitespace().last()?.parse().ok()?;
        Some(Task { tid, name: line("Name:")?.trim().to_owned() })
    };
    Some(tasks(pid)?.into_iter().filter_map(inner).collect())
}

/// The name of one thread.
pub fn task_name(pid: u32, tid: u32) -> String {
    fs::read(format!("/proc/{pid}/task/{tid}/comm"))
        .map(|bytes| String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned())
        .unwrap_or_default()
}

/// How a process is doing.
pub fn vitals(process: &Process) -> Vitals {
    let pid = process.pid;
    let uptime_ns = fs::read_to_string("/proc/uptime").ok().and_then(|text| {
        text.split(' ').next()?.parse::<f64>().ok().map(|seconds| (seconds * 1e9) as u64)
    });
    let tick_ns = 1_000_000_000 / TICKS;
    let age_ns = uptime_ns.map(|up| up.saturating_sub(process.start.saturating_mul(tick_ns)));
    let cpu_ns = process.cpu_ticks.saturating_mul(tick_ns);
    let links: Option<Vec<_>> = fs::read_dir(format!("/proc/{pid}/fd"))
        .ok()
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect());
    let page = 4096.max(page_bytes());
    let cpu_pct = age_ns.filter(|&age| age >= tick_ns).map(|age| percent_of(cpu_ns, age));
    Vitals {
        cpu_pct,
        cpu_pct_over_ns: age_ns,
        since_start: CpuTotal { cpu_pct, cpu_ns: Some(cpu_ns), over_ns: age_ns },
        rss_bytes: Some(process.rss_pages.saturating_mul(page)),
        threads: Some(process.threads),
        fds: links.as_ref().map(|links| links.len() as u64),
        fds_max: descriptor_limit(pid),
        sockets: links
            .filter(|links| links.len() <= SOCKETS_UP_TO)
            .map(|links| sockets(pid, &links)),
    }
}

/// Bytes of a page.
fn page_bytes() -> u64 {
    nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE)
        .ok()
        .flatten()
        .and_then(|bytes| u64::try_from(bytes).ok())
        .unwrap_or(4096)
}

/// The soft limit of open descriptors.
fn descriptor_limit(pid: u32) -> Option<u64> {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The process's TCP sockets by state.
fn sockets(pid: u32, links: &[std::path::PathBuf]) -> std::collections::BTreeMap<String, u64> {
    let inodes: std::collections::HashSet<u64> = links
        .iter()
        .filter_map(|link| {
            let target = fs::read_link(link).ok()?;
            target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
        })
        .collect();
    let mut states = std::collections::BTreeMap::new();
    if inodes.is_empty() {
        return states;
    }
    for table in ["tcp", "tcp6"] {
        let Ok(text) = fs::read_to_string(format!("/proc/{pid}/net/{table}")) else { continue };
        for line in text.lines().skip(1) {
            let mut fields = line.split_whitespace();
            let Some(state) = fields.nth(3) else { continue };
            let Some(inode) = fields.nth(5).and_then(|text| text.parse::<u64>().ok()) else {
                continue;
            };
            if inodes.contains(&inode) {
                *states.entry(tcp_state(state).to_owned()).or_default() += 1;
            }
        }
    }
    states
}

/// The kernel's two hex digits for a TCP state, in words.
fn tcp_state(digits: &str) -> &'static str {
    match digits {
        "01" => "established",
        "02" => "syn_sent",
        "03" => "syn_recv",
        "04" => "fin_wait1",
        "05" => "fin_wait2",
        "06" => "time_wait",
        "07" => "close",
        "08" => "close_wait",
        "09" => "last_ack",
        "0A" => "listen",
        "0B" => "closing",
        _ => "other",
    }
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

    #[test]
    fn sockets_are_told_apart_beyond_a_few_hundred_descriptors() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let near = std::net::TcpStream::connect(address).expect("connected");
        let _far = listener.accept().expect("accepted");
        // As many as a busy server has, and more than were once looked at.
        let _many: Vec<_> = (0..300).map(|_| near.try_clone().expect("a descriptor")).collect();
        let me = process(std::process::id()).expect("this process");
        let vitals = vitals(&me);
        assert!(vitals.fds.expect("descriptors") > 300);
        let states = vitals.sockets.expect("sockets");
        assert!(states["listen"] >= 1 && states["established"] >= 2, "{states:?}");
    }

    #[test]
    fn we_see_ourselves() {
        let me = process(std::process::id()).expect("this process");
        assert!(tasks(me.pid).expect("its threads").len() as u64 >= 1);
        assert!(vitals(&me).rss_bytes.expect("its memory") > 0);
    }
}
