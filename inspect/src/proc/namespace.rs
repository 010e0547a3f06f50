//! Which boot and which namespaces a process is in, and what that does to its ids and times.

use std::os::unix::fs::MetadataExt;
use std::{fs, io};

use super::process::{Process, inner_pid, pids, process};

/// Whether `/proc` numbers processes as our own pid namespace does: it may be the mount of another.
///
/// # Errors
/// Why that cannot be told; without `/proc` there is nothing to be told.
pub fn numbers_as_we_do() -> io::Result<bool> {
    let me = fs::read_link("/proc/self")?;
    Ok(me.to_str().and_then(|text| text.parse().ok()) == Some(std::process::id()))
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

/// The processes that another pid namespace (by inode) calls `inner`, as far as `/proc` shows them.
///
/// # Errors
/// `/proc` cannot be listed.
pub fn find_in_namespace(inner: u32, pid_namespace: u64) -> io::Result<Option<Process>> {
    fs::read_dir("/proc")?;
    Ok(pids().into_iter().find_map(|pid| {
        if inner_pid(pid).ok()? != inner || namespace(Some(pid), "pid") != Some(pid_namespace) {
            return None;
        }
        process(pid)
    }))
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
