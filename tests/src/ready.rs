//! What the machine takes from a thread: the time that it was ready and had no processor, by the kernel's account.

use std::time::Instant;

/// A thread of a process, from a moment on.
#[derive(Debug)]
pub struct Ready<'a> {
    pid: u32,
    name: &'a str,
    began: Instant,
    before_ns: u64,
}

impl<'a> Ready<'a> {
    /// From now on.
    pub fn of(pid: u32, name: &'a str) -> Self {
        Self { pid, name, began: Instant::now(), before_ns: waited_ns(pid, name) }
    }

    /// The share of the time since then.
    pub fn share(&self) -> f64 {
        let waited = waited_ns(self.pid, self.name).saturating_sub(self.before_ns);
        (waited as f64 / self.began.elapsed().as_nanos().max(1) as f64).min(1.0)
    }
}

/// Nothing where the kernel keeps no account.
fn waited_ns(pid: u32, name: &str) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let of = |path: &std::path::Path| {
        let comm = std::fs::read_to_string(path.join("comm")).ok()?;
        let account = std::fs::read_to_string(path.join("schedstat")).ok()?;
        (comm.trim_end() == name).then(|| account.split(' ').nth(1)?.parse::<u64>().ok())?
    };
    tasks.filter_map(|task| of(&task.path())).sum()
}
