//! A memory cgroup of a test's own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::{program, wait};

/// A new memory cgroup with one in it, removed when dropped.
#[derive(Debug)]
pub struct Cgroup {
    outer: PathBuf,
    two: bool,
}

impl Cgroup {
    /// `None` where none can be made.
    pub fn new(of: &str) -> Option<Self> {
        let root = Path::new("/sys/fs/cgroup");
        let two = root.join("cgroup.controllers").exists();
        let base = if two { root.to_owned() } else { root.join("memory") };
        if two {
            let _ = std::fs::write(base.join("cgroup.subtree_control"), "+memory");
        }
        let outer = base.join(program::name(of));
        std::fs::create_dir(&outer).ok()?;
        let made = Self { outer, two };
        if two {
            std::fs::write(made.outer.join("cgroup.subtree_control"), "+memory").ok()?;
        }
        std::fs::create_dir(made.outer.join("inner")).ok()?;
        Some(made)
    }

    /// Limits the outer one.
    pub fn limit(&self, bytes: u64) -> bool {
        let file = if self.two { "memory.max" } else { "memory.limit_in_bytes" };
        std::fs::write(self.outer.join(file), bytes.to_string()).is_ok()
    }

    /// A shell command that puts the shell into the inner one.
    pub fn enter(&self) -> String {
        format!("echo $$ > {}/inner/cgroup.procs", self.outer.display())
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        wait::until("the cgroup's end", Duration::from_secs(60), || {
            let _ = std::fs::remove_dir(self.outer.join("inner"));
            let _ = std::fs::remove_dir(&self.outer);
            (!self.outer.exists()).then_some(())
        });
    }
}
