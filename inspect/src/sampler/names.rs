//! Which site a word means and which stack some words make, each introduced to the sink once.

use std::collections::HashMap;
use std::io;

use probe::layout::{Class, SITE_SCOPE, SITE_UNTOLD, SectionKind, SiteCopy, WORD};

use crate::recording::{Entry, Sink, SiteInfo};
use crate::snapshot::{self, Board, Sect};
use crate::words::label::Label;

/// Sites and stacks of one board at most: a board that goes on inventing some does not fill memory.
const MOST: usize = 1 << 20;

/// In the address of a site, for a thread that rests there: programs have no addresses that large.
const RESTS: u64 = 1 << 63;

/// Numbers given out so far, over all boards of a recording.
#[derive(Clone, Copy, Debug, Default)]
pub struct Numbers {
    pub(super) boards: u32,
    sites: u32,
    stacks: u32,
    pub(super) threads: u32,
}

/// Takes the next number.
pub(super) fn next(number: &mut u32) -> u32 {
    *number += 1;
    *number - 1
}

/// What is known of a board's sites and stacks.
#[derive(Debug)]
pub(super) struct Names {
    board: u32,
    sites: HashMap<u64, u32>,
    sites_used: u64,
    stacks: HashMap<Box<[u64]>, u32>,
    /// Sites that leave it to the kernel whether a thread works or waits there.
    untold: HashMap<u64, SiteInfo>,
    /// Counted sites: index, word of the shards, passes when last said.
    counted: Vec<(u32, u64, Option<u64>)>,
    shards: Option<Sect>,
}

impl Names {
    /// Introduces the sites of a board.
    pub(super) fn open(
        index: u32,
        board: &Board,
        numbers: &mut Numbers,
        sink: &mut dyn Sink,
    ) -> io::Result<Self> {
        let mut names = Self {
            board: index,
            sites: HashMap::new(),
            sites_used: 0,
            stacks: HashMap::new(),
            untold: HashMap::new(),
            counted: Vec::new(),
            shards: board.contents().get(SectionKind::Shards).copied(),
        };
        names.read_sites(board, numbers, sink)?;
        Ok(names)
    }

    /// Introduces sites that are not known yet.
    fn read_sites(
        &mut self,
        board: &Board,
        numbers: &mut Numbers,
        sink: &mut dyn Sink,
    ) -> io::Result<()> {
        let contents = board.contents();
        self.sites_used = contents.get(SectionKind::Sites).map_or(0, |sect| sect.used);
        let strings = snapshot::strings(board);
        let text = |word| strings.get(word).unwrap_or_else(|| Label::from(""));
        for site in snapshot::sites(board, &contents, None) {
            if self.sites.contains_key(&site.address) {
                continue;
            }
            let index = next(&mut numbers.sites);
            self.sites.insert(site.address, index);
            let word = site.hits.checked_sub(1).filter(|_| self.shards.is_some());
            self.counted.extend(word.map(|word| (index, word, None)));
            let info = SiteInfo {
                board: self.board,
                file: text(site.file),
                line: (site.line_column >> 32) as u32,
                column: site.line_column as u32,
                function: text(site.function),
                label: text(site.label),
                class: class(&site),
                scope: site.class_flags & SITE_SCOPE != 0,
                counted: word.is_some(),
            };
            if site.class_flags & SITE_UNTOLD != 0 {
                self.untold.insert(site.address, info.clone());
            }
            sink.put(&Entry::Site(info))?;
        }
        Ok(())
    }

    /// Says how often each counted site was passed, where that changed since it was last said.
    pub(super) fn hits(&mut self, board: &Board, all: bool, sink: &mut dyn Sink) -> io::Result<()> {
        let Some(shards) = self.shards else { return Ok(()) };
        // Whatever a board says, each word is read once.
        let mut read: HashMap<u64, u64> = HashMap::new();
        for (site, word, said) in &mut self.counted {
            let place = word.saturating_mul(WORD as u64);
            if place >= shards.stride {
                continue;
            }
            let passes = *read.entry(place).or_insert_with(|| {
                let rows = (0..shards.capacity).filter_map(|row| shards.at(row));
                rows.fold(0u64, |sum, at| sum.wrapping_add(board.source.word(at + place)))
            });
            if all || *said != Some(passes) {
                *said = Some(passes);
                sink.put(&Entry::Hits { site: *site, passes })?;
            }
        }
        Ok(())
    }

    /// Whether a site leaves it to the kernel what a thread does there.
    pub(super) fn is_untold(&self, address: u64) -> bool {
        self.untold.contains_key(&address)
    }

    /// What stands for such a site in the stack of a thread that rests there: the same place, as one where is
    /// waited, introduced when it is new.
    pub(super) fn resting(
        &mut self,
        address: u64,
        numbers: &mut Numbers,
        sink: &mut dyn Sink,
    ) -> io::Result<u64> {
        let rests = address ^ RESTS;
        if let Some(info) = self.untold.get(&address)
            && !self.sites.contains_key(&rests)
        {
            let info = SiteInfo { class: Class::Wait, counted: false, ..info.clone() };
            sink.put(&Entry::Site(info))?;
            self.sites.insert(rests, next(&mut numbers.sites));
        }
        Ok(rests)
    }

    /// The number of a stack (scopes and the line in the innermost), which is introduced when it is
    /// new. `None`: there have been too many.
    pub(super) fn stack(
        &mut self,
        words: &[u64],
        board: &Board,
        numbers: &mut Numbers,
        sink: &mut dyn Sink,
    ) -> io::Result<Option<u32>> {
        if let Some(&stack) = self.stacks.get(words) {
            return Ok(Some(stack));
        }
        if self.stacks.len() >= MOST || self.sites.len() >= MOST {
            return Ok(None);
        }
        let sites: io::Result<Vec<u32>> =
            words.iter().map(|&address| self.site(address, board, numbers, sink)).collect();
        sink.put(&Entry::Stack(sites?))?;
        let stack = next(&mut numbers.stacks);
        self.stacks.insert(words.into(), stack);
        Ok(Some(stack))
    }

    /// The number of a site. One that is not in the table may be a library's that was loaded since; else
    /// it is said to be unknown, never guessed.
    fn site(
        &mut self,
        address: u64,
        board: &Board,
        numbers: &mut Numbers,
        sink: &mut dyn Sink,
    ) -> io::Result<u32> {
        if !self.sites.contains_key(&address) {
            let used = board.contents().get(SectionKind::Sites).map_or(0, |sect| sect.used);
            if used != self.sites_used {
                self.read_sites(board, numbers, sink)?;
            }
        }
        if let Some(&site) = self.sites.get(&address) {
            return Ok(site);
        }
        let site = next(&mut numbers.sites);
        self.sites.insert(address, site);
        let none = || Label::from("");
        sink.put(&Entry::Site(SiteInfo {
            board: self.board,
            file: none(),
            line: 0,
            column: 0,
            function: none(),
            label: Label::from(format!("unknown site {address:#x}").as_str()),
            class: Class::Work,
            scope: false,
            counted: false,
        }))?;
        Ok(site)
    }
}

fn class(site: &SiteCopy) -> Class {
    Class::from_word(site.class_flags).unwrap_or_default()
}
