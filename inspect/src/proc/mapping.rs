//! What a process maps and holds open.

use std::path::PathBuf;
use std::{fs, io};

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

/// Whether a process maps something shared and to write that has lost its name.
pub fn maps_nameless(pid: u32) -> bool {
    let maps = fs::read(format!("/proc/{pid}/maps")).unwrap_or_default();
    maps.split(|&byte| byte == b'\n').any(|line| {
        line.ends_with(b" (deleted)") && line.windows(6).any(|rights| rights == b" rw-s ")
    })
}

/// The links of what a process holds: open (`fd`), mapped (`map_files`).
///
/// # Errors
/// What the system said.
pub fn links(pid: u32, kind: &str) -> io::Result<Vec<PathBuf>> {
    Ok(fs::read_dir(format!("/proc/{pid}/{kind}"))?.flatten().map(|entry| entry.path()).collect())
}
