//! How many bytes a process may still take from its memory cgroup and from every one above it. Pages of
//! files that the kernel can drop are not counted as taken: a cgroup that only ever read files is full of
//! them, and has room.

use std::path::{Path, PathBuf};

use crate::on::ground::mounts::{Mount, Mounts};

/// Names of the files of one version of the interface.
struct Version {
    /// Limits, and how much counts against each.
    limits: &'static [(&'static str, &'static str)],
    /// Lines of `memory.stat` with bytes that can be dropped.
    reclaimable: &'static [&'static str],
}

/// Version 1. Its limit on memory and swap together is one of memory where nothing is swapped.
const ONE: Version = Version {
    limits: &[
        ("memory.limit_in_bytes", "memory.usage_in_bytes"),
        ("memory.memsw.limit_in_bytes", "memory.memsw.usage_in_bytes"),
    ],
    reclaimable: &["total_inactive_file", "total_active_file"],
};
/// Version 2. Above `memory.high` nobody is killed, but everybody is slowed down without end.
const TWO: Version = Version {
    limits: &[("memory.max", "memory.current"), ("memory.high", "memory.current")],
    reclaimable: &["inactive_file", "active_file"],
};

/// The least room that this process's cgroup or one above it has, and which that is; `None` without a limit.
pub(super) fn room(mounts: &Mounts) -> Option<(u64, String)> {
    let membership = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    membership.lines().filter_map(|line| least(mounts, line)).min()
}

/// The same for one line of the membership: `ID:CONTROLLERS:PATH`.
fn least(mounts: &Mounts, line: &str) -> Option<(u64, String)> {
    let mut parts = line.splitn(3, ':');
    let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
    let has_memory = |list: &str| list.split(',').any(|controller| controller == "memory");
    let (version, mount) = if controllers.is_empty() {
        (&TWO, mounts.iter().find(|mount| mount.kind == "cgroup2")?)
    } else if has_memory(controllers) {
        let is_its = |mount: &&Mount| mount.kind == "cgroup" && has_memory(&mount.options);
        (&ONE, mounts.iter().find(is_its)?)
    } else {
        return None;
    };
    let top = &mount.point;
    let room = |at: PathBuf| Some((version.room(&at)?, at.display().to_string()));
    below(mount, path)
        .ancestors()
        .take_while(|at| at.starts_with(top))
        .filter_map(|at| room(at.to_owned()))
        .min()
}

/// Where a cgroup is seen, when its hierarchy is mounted so: a container may see its own as the root.
fn below(mount: &Mount, path: &str) -> PathBuf {
    let inside = Path::new(path).strip_prefix(&mount.root).unwrap_or(Path::new(""));
    let at = mount.point.join(inside);
    // Elsewhere, as seen from a namespace: what is mounted is then all that can be known.
    if inside.components().any(|part| part.as_os_str() == "..") { mount.point.clone() } else { at }
}

impl Version {
    /// Bytes that the cgroup at `at` has room for.
    fn room(&self, at: &Path) -> Option<u64> {
        let number = |file: &str| -> Option<u64> {
            std::fs::read_to_string(at.join(file)).ok()?.trim().parse().ok()
        };
        let stat = std::fs::read_to_string(at.join("memory.stat")).unwrap_or_default();
        let reclaimable = reclaimable(&stat, self.reclaimable);
        let left = |(limit, used): &(&str, &str)| {
            let used = number(used)?.saturating_sub(reclaimable);
            Some(number(limit)?.saturating_sub(used))
        };
        self.limits.iter().filter_map(left).min()
    }
}

/// Sum of these lines of a `memory.stat`.
fn reclaimable(stat: &str, names: &[&str]) -> u64 {
    let value = |line: &str| {
        let (name, value) = line.split_once(' ')?;
        names.contains(&name).then(|| value.trim().parse::<u64>().ok())?
    };
    stat.lines().filter_map(value).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_files_can_be_dropped_and_those_of_boards_cannot() {
        let stat = "cache 900\ntotal_cache 1000\ntotal_shmem 300\ntotal_inactive_anon 300\n\
                    total_inactive_file 600\ntotal_active_file 100\ninactive_file 7\n";
        assert_eq!(reclaimable(stat, ONE.reclaimable), 700);
        assert_eq!(reclaimable(stat, TWO.reclaimable), 7);
        assert_eq!(reclaimable("", ONE.reclaimable), 0);
    }

    #[test]
    fn the_least_room_of_all_above_counts() {
        let top = std::env::temp_dir().join(format!("probe-cgroup-{}", std::process::id()));
        let under = top.join("outer/inner");
        std::fs::create_dir_all(&under).expect("directories");
        let put = |at: &Path, limit: &str, used: &str, stat: &str| {
            for (file, text) in
                [("memory.max", limit), ("memory.current", used), ("memory.stat", stat)]
            {
                std::fs::write(at.join(file), text).expect("a file");
            }
        };
        put(&under, "1000\n", "100\n", "");
        put(&top.join("outer"), "500\n", "450\n", "inactive_file 100\n");
        put(&top, "max\n", "7000\n", "");
        assert_eq!(TWO.room(&under), Some(900));
        assert_eq!(TWO.room(&top.join("outer")), Some(150));
        assert_eq!(TWO.room(&top), None);
        let table = format!("1 0 0:1 / {} rw - cgroup2 none rw\n", top.display());
        let mounts = Mounts::parse(table.as_bytes());
        let outer = top.join("outer").display().to_string();
        assert_eq!(least(&mounts, "0::/outer/inner"), Some((150, outer)));
        assert_eq!(least(&mounts, "0::/"), None);
        assert_eq!(least(&mounts, "3:cpu:/outer/inner"), None);
        std::fs::remove_dir_all(&top).expect("its own");
    }

    #[test]
    fn a_container_sees_its_own_as_the_root() {
        let table = b"1 0 0:1 /docker/abc /sys/fs/cgroup/memory rw - cgroup none rw,memory\n";
        let mounts = Mounts::parse(table);
        let mount = mounts.iter().next().expect("one");
        assert_eq!(below(mount, "/docker/abc/x"), Path::new("/sys/fs/cgroup/memory/x"));
        assert_eq!(below(mount, "/elsewhere"), Path::new("/sys/fs/cgroup/memory"));
        assert_eq!(below(mount, "/docker/abc/../../x"), Path::new("/sys/fs/cgroup/memory"));
    }
}
