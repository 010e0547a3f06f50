//! How a process is doing: memory, processor time, descriptors, sockets.

use std::fs;

use super::mapping::links;
use super::process::{Process, TICKS};
use super::sockets::by_state;
use crate::vitals::{CpuTotal, SOCKETS_UP_TO, Vitals, percent_of};

/// How a process is doing, with its sockets.
pub fn vitals(process: &Process) -> Vitals {
    let pid = process.pid;
    let links = links(pid, "fd").ok();
    let usage = usage(process);
    Vitals {
        fds: links.as_ref().map(|links| links.len() as u64).or(usage.fds),
        fds_max: limit(&pid.to_string(), "Max open files"),
        sockets: links
            .filter(|links| links.len() <= SOCKETS_UP_TO)
            .and_then(|links| sockets(pid, &links)),
        ..usage
    }
}

/// What a process takes, as far as that costs little.
pub fn usage(process: &Process) -> Vitals {
    let uptime_ns = fs::read_to_string("/proc/uptime").ok().and_then(|text| {
        text.split(' ').next()?.parse::<f64>().ok().map(|seconds| (seconds * 1e9) as u64)
    });
    let tick_ns = 1_000_000_000 / TICKS;
    let age_ns = uptime_ns.map(|up| up.saturating_sub(process.start.saturating_mul(tick_ns)));
    let cpu_ns = process.cpu_ticks.saturating_mul(tick_ns);
    let page = 4096.max(page_bytes());
    let cpu_pct = age_ns.filter(|&age| age >= tick_ns).map(|age| percent_of(cpu_ns, age));
    Vitals {
        cpu_pct,
        cpu_pct_over_ns: age_ns,
        since_start: CpuTotal { cpu_pct, cpu_ns: Some(cpu_ns), over_ns: age_ns },
        rss_bytes: Some(process.rss_pages.saturating_mul(page)),
        threads: Some(process.threads),
        fds: descriptors(process.pid),
        fds_max: None,
        sockets: None,
    }
}

/// Open descriptors, as the size of their directory says since Linux 6.2, of processes of others too; it was nothing before.
fn descriptors(pid: u32) -> Option<u64> {
    let size = fs::metadata(format!("/proc/{pid}/fd")).ok()?.len();
    Some(size).filter(|&size| size > 0)
}

/// Bytes of a page.
fn page_bytes() -> u64 {
    nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE)
        .ok()
        .flatten()
        .and_then(|bytes| u64::try_from(bytes).ok())
        .unwrap_or(4096)
}

/// A soft limit of a process (`self`: ours) by its name there; `None` also where there is none.
pub fn limit(who: &str, name: &str) -> Option<u64> {
    let limits = fs::read_to_string(format!("/proc/{who}/limits")).ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The process's TCP sockets by state.
fn sockets(
    pid: u32,
    links: &[std::path::PathBuf],
) -> Option<std::collections::BTreeMap<String, u64>> {
    let inodes = links
        .iter()
        .filter_map(|link| {
            let target = fs::read_link(link).ok()?;
            target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
        })
        .collect();
    by_state(std::path::Path::new(&format!("/proc/{pid}/net")), &inodes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proc::{process, tasks};

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
