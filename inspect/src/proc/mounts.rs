//! What is mounted where, as a process sees it.

use std::{fs, io};

/// One line of a mount table. Fields as in proc_pid_mountinfo(5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mount {
    /// Device, `major:minor`.
    pub device: String,
    /// Where.
    pub at: String,
    /// Kind of file system.
    pub kind: String,
    /// Its own options, not those of the mount.
    pub options: String,
}

/// The mounts that a process (`self`: ours) sees; of those at one place the last is on top.
///
/// # Errors
/// What the system said.
pub fn mounts(who: &str) -> io::Result<Vec<Mount>> {
    let table = fs::read(format!("/proc/{who}/mountinfo"))?;
    Ok(parse(&String::from_utf8_lossy(&table)))
}

/// A mount table, read; a line that is none is left out.
pub(crate) fn parse(table: &str) -> Vec<Mount> {
    table.lines().filter_map(mount).collect()
}

fn mount(line: &str) -> Option<Mount> {
    let (fields, rest) = line.split_once(" - ")?;
    let mut fields = fields.split(' ').skip(2);
    let (device, at) = (fields.next()?, fields.nth(1)?);
    let mut rest = rest.split(' ');
    let (kind, options) = (rest.next()?, rest.nth(1)?);
    Some(Mount {
        device: device.to_owned(),
        at: at.to_owned(),
        kind: kind.to_owned(),
        options: options.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_fields_that_may_be_missing() {
        let all = parse(
            "22 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw,errors=remount-ro\n\
             23 22 0:5 / /proc rw - proc proc rw,hidepid=2\n\
             no line\n24 22 0:6 / /dev/shm rw - tmpfs\n",
        );
        let short: Vec<_> =
            all.iter().map(|one| (&*one.device, &*one.at, &*one.kind, &*one.options)).collect();
        assert_eq!(
            short,
            [
                ("254:0", "/", "ext4", "rw,errors=remount-ro"),
                ("0:5", "/proc", "proc", "rw,hidepid=2")
            ]
        );
    }

    #[test]
    fn we_have_a_root() {
        assert!(mounts("self").expect("our mounts").iter().any(|mount| mount.at == "/"));
    }
}
