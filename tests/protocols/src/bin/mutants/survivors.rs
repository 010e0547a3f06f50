//! The list of those that loom lets live.

use std::path::Path;
use std::{fs, io};

/// `survivors.txt`: for each mutant that loom lets live its key, and after it, indented, who kills
/// it (`miri`, `stepping` or `nobody`) and why.
pub(crate) struct Survivor {
    pub(crate) key: String,
    pub(crate) killer: String,
    pub(crate) seen: bool,
}

pub(crate) fn survivors(path: &Path) -> io::Result<Vec<Survivor>> {
    let text = fs::read_to_string(path)?;
    let mut survivors: Vec<Survivor> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        match survivors.last_mut() {
            Some(last) if line.starts_with(' ') => {
                if last.killer.is_empty()
                    && let Some((killer, _)) = line.trim().split_once(':')
                {
                    last.killer = killer.to_owned();
                }
            }
            _ => survivors.push(Survivor {
                key: line.trim_end().to_owned(),
                killer: String::new(),
                seen: false,
            }),
        }
    }
    Ok(survivors)
}
