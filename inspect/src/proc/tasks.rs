//! The threads of a process.

use std::fs::{self, File};
use std::io::Read as _;

use super::process::innermost;
use crate::vitals::Task;

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
        Some(Task { tid: innermost(&status)?, name: line("Name:")?.trim().to_owned() })
    };
    Some(tasks(pid)?.into_iter().filter_map(inner).collect())
}

/// The name of one thread, asked for with one read: a recorder asks for many.
pub fn task_name(pid: u32, tid: u32) -> String {
    let mut bytes = [0; 64];
    let length = File::open(format!("/proc/{pid}/task/{tid}/comm"))
        .and_then(|mut file| file.read(&mut bytes))
        .unwrap_or_default();
    let name = String::from_utf8_lossy(bytes.get(..length).unwrap_or_default());
    name.trim_end_matches('\n').to_owned()
}
