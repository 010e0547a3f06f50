//! What is mounted where, from the kernel's own table: the answer to "may this path hang?" before the path
//! is touched.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};

use nix::errno::Errno;

/// As many links are followed in one path, as the kernel does.
const LINKS: usize = 40;

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Mount {
    id: u64,
    parent: u64,
    /// What of the file system is seen here.
    pub(crate) root: PathBuf,
    pub(crate) point: PathBuf,
    pub(crate) kind: String,
    /// Options of the file system: a cgroup's controllers.
    pub(crate) options: String,
}

/// What can be expected of a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Medium {
    /// Memory.
    Memory,
    /// A local disk: it answers, but stores into a map of it may wait for the disk.
    Disk,
    /// The kernel's own.
    Kernel,
    /// A network, another process, or nobody knows what: it may never answer.
    Foreign,
}

impl Mount {
    /// What can be expected of it. What is not known here is not trusted.
    pub(crate) fn medium(&self) -> Medium {
        match self.kind.as_str() {
            "tmpfs" | "ramfs" | "rootfs" | "devtmpfs" => Medium::Memory,
            "ext2" | "ext3" | "ext4" | "xfs" | "btrfs" | "f2fs" | "zfs" | "bcachefs" | "jfs"
            | "reiserfs" | "nilfs2" | "overlay" | "aufs" | "vfat" | "exfat" | "msdos" | "ntfs3"
            | "squashfs" | "erofs" | "iso9660" | "udf" | "ecryptfs" | "hfsplus" | "ubifs"
            | "jffs2" | "minix" => Medium::Disk,
            "proc" | "sysfs" | "devpts" | "cgroup" | "cgroup2" | "mqueue" | "hugetlbfs"
            | "debugfs" | "tracefs" | "securityfs" | "configfs" | "pstore" | "bpf" | "nsfs"
            | "efivarfs" | "binfmt_misc" | "selinuxfs" | "resctrl" => Medium::Kernel,
            _ => Medium::Foreign,
        }
    }
}

/// The table.
#[derive(Debug)]
pub(crate) struct Mounts(Vec<Mount>);

impl Mounts {
    /// As it is now; `None` where there is no `/proc`.
    pub(crate) fn read() -> Option<Self> {
        let text = std::fs::read("/proc/self/mountinfo").ok()?;
        Some(Self::parse(&text))
    }

    pub(crate) fn parse(text: &[u8]) -> Self {
        Self(text.split(|&byte| byte == b'\n').filter_map(line).collect())
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Mount> {
        self.0.iter()
    }

    /// What is mounted at an absolute path without links or dots, or above it. `None` where the root
    /// itself is none of the table's, as after `chroot`.
    pub(crate) fn of(&self, path: &Path) -> Option<&Mount> {
        let is_root = |mount: &&Mount| {
            mount.point == Path::new("/") && !self.0.iter().any(|other| other.id == mount.parent)
        };
        let mut here = self.0.iter().find(is_root)?;
        // From mount to mount, as the kernel walks: the nearest on the way first, and what is mounted on
        // the same place later is a child of what was there.
        for _ in 0..=self.0.len() {
            let on_the_way = self.0.iter().filter(|mount| {
                mount.parent == here.id && mount.id != here.id && path.starts_with(&mount.point)
            });
            match on_the_way.min_by_key(|mount| mount.point.as_os_str().len()) {
                Some(next) => here = next,
                None => break,
            }
        }
        Some(here)
    }

    /// The mount that an open descriptor is on; `None` for pipes, sockets and what came from elsewhere.
    pub(crate) fn of_descriptor(&self, fd: RawFd) -> Option<&Mount> {
        let facts = std::fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).ok()?;
        let id =
            facts.lines().find_map(|line| line.strip_prefix("mnt_id:"))?.trim().parse().ok()?;
        self.0.iter().find(|mount: &&Mount| mount.id == id)
    }

    /// Follows an absolute path to where it leads, link by link, and asks of every step what it is on
    /// before it touches it.
    ///
    /// # Errors
    /// A step that may hang, or that is not there: one sentence.
    pub(crate) fn follow(&self, path: &Path) -> Result<PathBuf, String> {
        let named = path.display();
        let mut here = PathBuf::from("/");
        let mut ahead: VecDeque<OsString> = names(path);
        let mut links = 0;
        while let Some(name) = ahead.pop_front() {
            if name == ".." {
                here.pop();
                continue;
            }
            let next = here.join(&name);
            if let Some(mount) = self.of(&next)
                && mount.medium() == Medium::Foreign
            {
                return Err(format!(
                    "{named} is on {} (mounted at {}), which may hang: name a directory on tmpfs, \
                     as /run and /dev/shm are",
                    mount.kind,
                    mount.point.display()
                ));
            }
            let failed = |errno: Errno| format!("{named}: {}", errno.desc());
            let found = nix::sys::stat::lstat(&next).map_err(failed)?;
            if found.st_mode & libc::S_IFMT != libc::S_IFLNK {
                here = next;
                continue;
            }
            links += 1;
            if links > LINKS {
                return Err(failed(Errno::ELOOP));
            }
            let target = nix::fcntl::readlink(&next).map_err(failed)?;
            let target = Path::new(&target);
            if target.is_absolute() {
                here = PathBuf::from("/");
            }
            for name in names(target).into_iter().rev() {
                ahead.push_front(name);
            }
        }
        Ok(here)
    }
}

/// The steps of a path.
fn names(path: &Path) -> VecDeque<OsString> {
    let name = |component: Component<'_>| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    };
    path.components().filter_map(name).collect()
}

/// `ID PARENT DEVICE ROOT POINT OPTIONS TAGS… - KIND SOURCE OPTIONS`.
fn line(line: &[u8]) -> Option<Mount> {
    let mut words = line.split(|&byte| byte == b' ');
    let number = |word: Option<&[u8]>| std::str::from_utf8(word?).ok()?.parse().ok();
    let (id, parent) = (number(words.next())?, number(words.next())?);
    let (root, point) = (path(words.nth(1)?), path(words.next()?));
    let mut behind = words.skip_while(|&word| word != b"-").skip(1);
    let text = |word: Option<&[u8]>| word.map(|word| String::from_utf8_lossy(word).into_owned());
    let kind = text(behind.next())?;
    let options = text(behind.nth(1)).unwrap_or_default();
    Some(Mount { id, parent, root, point, kind, options })
}

/// A path of the table, where blanks and the like are octal.
fn path(word: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((&first, behind)) = rest.split_first() {
        let digits = behind.get(..3).filter(|_| first == b'\\');
        let octal =
            digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        match octal {
            Some(byte) => {
                bytes.push(byte);
                rest = behind.get(3..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = behind;
            }
        }
    }
    PathBuf::from(OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[u8] = b"21 1 8:1 / / rw shared:1 - ext4 /dev/vda1 rw\n\
        22 21 0:5 / /dev rw - devtmpfs none rw\n\
        23 22 0:6 / /dev/shm rw shared:3 master:1 - tmpfs tmpfs rw\n\
        30 21 0:30 / /srv/far rw - nfs4 far:/x rw\n\
        31 21 0:31 / /srv/far/away rw - ext4 /dev/vdb rw\n\
        40 21 0:40 / /a/b rw - tmpfs none rw\n\
        41 21 0:41 / /a rw - fuse.sshfs me: rw\n\
        50 21 0:50 / /over rw - tmpfs none rw\n\
        51 50 0:51 / /over rw - 9p none rw\n\
        60 21 0:60 / /with\\040blank rw - tmpfs none rw\n";

    #[test]
    fn a_path_is_on_what_the_kernel_would_find() {
        let mounts = Mounts::parse(TABLE);
        for (path, kind) in [
            ("/", "ext4"),
            ("/srv", "ext4"),
            ("/srv/farther", "ext4"),
            ("/dev/null", "devtmpfs"),
            ("/dev/shm/x", "tmpfs"),
            ("/srv/far", "nfs4"),
            // Mounted before what now hides it.
            ("/srv/far/away/x", "nfs4"),
            ("/a/b", "fuse.sshfs"),
            // Mounted on the same place: the later one.
            ("/over/x", "9p"),
            ("/with blank/x", "tmpfs"),
        ] {
            assert_eq!(mounts.of(Path::new(path)).map(|mount| &*mount.kind), Some(kind), "{path}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_trusted() {
        let medium = |path| Mounts::parse(TABLE).of(Path::new(path)).map(Mount::medium);
        assert_eq!(medium("/dev/shm"), Some(Medium::Memory));
        assert_eq!(medium("/"), Some(Medium::Disk));
        assert_eq!(medium("/a"), Some(Medium::Foreign));
        assert_eq!(medium("/over"), Some(Medium::Foreign));
        assert!(Mounts::parse(b"x y z\n\n9 8 - -\n").of(Path::new("/")).is_none());
    }

    #[test]
    fn links_are_followed_and_a_step_that_may_hang_is_not_taken() {
        let directory = tempdir();
        let (link, relative) = (directory.join("link"), directory.join("relative"));
        std::os::unix::fs::symlink("/srv/far/x", &link).expect("a link");
        std::os::unix::fs::symlink("link", &relative).expect("a link");
        let mounts = Mounts::parse(TABLE);
        for path in [&link, &relative, &directory.join("../x/../srv/far")] {
            let said = mounts.follow(path).expect_err("a step that may hang");
            assert!(said.contains("nfs4") || said.contains("No such file"), "{said}");
        }
        assert_eq!(mounts.follow(&directory), Ok(directory.clone()));
        std::fs::remove_dir_all(directory).expect("its own");
    }

    fn tempdir() -> PathBuf {
        let path = std::env::temp_dir().join(format!("probe-mounts-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory");
        path
    }
}
