//! The words of a recording's dictionary, read back: what samples refer to.

use probe::layout::Class;

use super::entry::{BoardInfo, Entry, MAX_FRAMES, SiteInfo};
use super::wire::Bytes;

/// Boards, sites, stacks and threads at most.
const MAX_KNOWN: u32 = 1 << 22;

/// What has been introduced so far.
#[derive(Default)]
pub(super) struct Known {
    boards: u32,
    pub(super) sites: u32,
    pub(super) stacks: u32,
    pub(super) threads: u32,
}

/// A chunk of the dictionary.
pub(super) fn read(
    bytes: &mut Bytes<'_>,
    known: &mut Known,
    take: &mut impl FnMut(Entry) -> Option<()>,
) -> Option<()> {
    while !bytes.is_empty() {
        let entry = match bytes.take(1)?[0] {
            1 => {
                known.boards = count(known.boards)?;
                let (pid, instance, built_ns) = (bytes.number()?, bytes.number()?, bytes.number()?);
                let (name, build, program) = (bytes.text()?, bytes.text()?, bytes.text()?);
                Entry::Board(BoardInfo { name, pid, instance, build, program, built_ns })
            }
            2 => {
                known.sites = count(known.sites)?;
                Entry::Site(site(bytes, known)?)
            }
            3 => {
                known.stacks = count(known.stacks)?;
                let frames = bytes.small()? as usize;
                if frames > MAX_FRAMES {
                    return None;
                }
                let site = |bytes: &mut Bytes<'_>| bytes.small().filter(|&site| site < known.sites);
                Entry::Stack((0..frames).map(|_| site(bytes)).collect::<Option<_>>()?)
            }
            4 => {
                known.threads = count(known.threads)?;
                let board = bytes.small().filter(|&board| board < known.boards)?;
                Entry::Thread { board, tid: bytes.number()?, name: bytes.text()? }
            }
            5 => {
                let board = bytes.small().filter(|&board| board < known.boards)?;
                Entry::BoardEnd { board, verdict: bytes.text()? }
            }
            6 => {
                let thread = bytes.small().filter(|&thread| thread < known.threads)?;
                Entry::Renamed { thread, name: bytes.text()? }
            }
            7 => {
                let board = bytes.small().filter(|&board| board < known.boards)?;
                let (threads, without_room) = (bytes.number()?, bytes.number()?);
                Entry::Unseen { board, threads, without_room }
            }
            _ => return None,
        };
        take(entry)?;
    }
    Some(())
}

fn count(known: u32) -> Option<u32> {
    (known < MAX_KNOWN).then_some(known + 1)
}

fn site(bytes: &mut Bytes<'_>, known: &Known) -> Option<SiteInfo> {
    let board = bytes.small().filter(|&board| board < known.boards)?;
    let (line, column, flags) = (bytes.small()?, bytes.small()?, bytes.number()?);
    let (file, function, label) = (bytes.text()?, bytes.text()?, bytes.text()?);
    Some(SiteInfo {
        board,
        file,
        line,
        column,
        function,
        label,
        class: Class::from_word(flags & 3)?,
        scope: flags & 4 != 0,
        counted: flags & 8 != 0,
    })
}
