//! A process's TCP sockets by state. The kernel lists those of all processes of a network at once, so that a daemon of few
//! sockets beside a busy proxy would cost what the proxy has: how many there are is asked first.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;

use crate::vitals::{OTHERS_SOCKETS, OTHERS_SOCKETS_EACH};

/// The sockets with these inodes, as `net`, a process's folder of that name, has them; `None` where most are of others.
pub(super) fn by_state(net: &Path, inodes: &HashSet<u64>) -> Option<BTreeMap<String, u64>> {
    let mut states = BTreeMap::new();
    if inodes.is_empty() {
        return Some(states);
    }
    if all(net) > OTHERS_SOCKETS + OTHERS_SOCKETS_EACH * inodes.len() as u64 {
        return None;
    }
    for table in ["tcp", "tcp6"] {
        let Ok(file) = File::open(net.join(table)) else { continue };
        for line in BufReader::new(file).lines().map_while(Result::ok).skip(1) {
            let mut fields = line.split_whitespace();
            let Some(state) = fields.nth(3) else { continue };
            let Some(inode) = fields.nth(5).and_then(|text| text.parse::<u64>().ok()) else {
                continue;
            };
            if inodes.contains(&inode) {
                *states.entry(in_words(state).to_owned()).or_default() += 1;
            }
        }
    }
    Some(states)
}

/// How many TCP sockets the tables list, those in `TIME_WAIT` among them.
fn all(net: &Path) -> u64 {
    let counted = |file: &str| fs::read_to_string(net.join(file)).unwrap_or_default();
    ["sockstat", "sockstat6"].iter().map(|file| of_tcp(&counted(file))).sum()
}

fn of_tcp(text: &str) -> u64 {
    let lines = text.lines().filter(|line| line.starts_with("TCP: ") || line.starts_with("TCP6: "));
    let counts = lines.flat_map(|line| {
        let words: Vec<&str> = line.split_whitespace().skip(1).collect();
        let pairs = words.chunks_exact(2).map(|pair| (pair[0].to_owned(), pair[1].parse().ok()));
        pairs.collect::<Vec<(String, Option<u64>)>>()
    });
    let listed = counts.filter(|(name, _)| name == "inuse" || name == "tw");
    listed.filter_map(|(_, count)| count).fold(0, u64::saturating_add)
}

/// The kernel's two hex digits for a TCP state, in words.
fn in_words(digits: &str) -> &'static str {
    match digits {
        "01" => "established",
        "02" => "syn_sent",
        "03" => "syn_recv",
        "04" => "fin_wait1",
        "05" => "fin_wait2",
        "06" => "time_wait",
        "07" => "close",
        "08" => "close_wait",
        "09" => "last_ack",
        "0A" => "listen",
        "0B" => "closing",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A network with so many sockets, the inodes of which begin at 1,000.
    fn network(sockets: u64) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |file: &str, text: String| {
            fs::write(folder.path().join(file), text).expect("written");
        };
        write(
            "sockstat",
            format!(
                "sockets: used 9\nTCP: inuse {sockets} orphan 3 tw 0 alloc 9 mem 9\nUDP: inuse 7 mem 0\n"
            ),
        );
        write("sockstat6", "TCP6: inuse 0\nUDP6: inuse 0\n".to_owned());
        let row = |n: u64| {
            format!(
                "   {n}: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 {} 1 0 100 0\n",
                n + 1000
            )
        };
        write(
            "tcp",
            "  sl  local_address\n".to_owned() + &(0..sockets).map(row).collect::<String>(),
        );
        folder
    }

    #[test]
    fn sockets_of_others_are_not_read_through() {
        let inodes = HashSet::from([1000, 1001]);
        let few = network(50);
        let found = by_state(few.path(), &inodes).expect("counted");
        assert_eq!(found, BTreeMap::from([("listen".to_owned(), 2)]));
        // A table that must not be opened: a folder in its place is no table.
        let many = network(0);
        let text = "TCP: inuse 60000 orphan 0 tw 40000 alloc 1 mem 1\n";
        fs::write(many.path().join("sockstat"), text).expect("written");
        assert_eq!(by_state(many.path(), &inodes), None);
        assert_eq!(by_state(many.path(), &HashSet::new()), Some(BTreeMap::new()), "it has none");
        // Whoever has most of them himself is told, however many they are.
        let own: HashSet<u64> = (0..50_000).collect();
        assert!(by_state(many.path(), &own).is_some());
    }

    #[test]
    fn the_kernels_counts_are_read() {
        assert_eq!(of_tcp("sockets: used 23\nTCP: inuse 1 orphan 0 tw 137 alloc 1 mem 366\n"), 138);
        assert_eq!(of_tcp("TCP6: inuse 12\nUDP6: inuse 3\n"), 12);
        assert_eq!(of_tcp("TCP: inuse\nTCP: tw x inuse 4\n"), 4);
        assert_eq!(of_tcp(""), 0);
    }
}
