//! Who holds a lock, and who waits for it.

use std::mem;

use probe::layout::*;
use probe::protocol::{occupancy, waiting};

use super::{Reader, View, Words};

impl Reader {
    /// Each lock's record, and which slots' threads hold it.
    pub(super) fn locks(&self, copy: &Words, view: &mut View) {
        let slots: Vec<SlotCopy> = self
            .records(copy, SectionKind::Slots)
            .into_iter()
            .filter_map(|at| SlotCopy::from_words(copy.words(at)))
            .collect();
        for (index, at) in self.records(copy, SectionKind::Locks).into_iter().enumerate() {
            let body = |generation| Some((generation, LockCopy::from_words(copy.words(at))?));
            let read = occupancy::read(|| copy.word(at), body, &mut 0);
            let (record, held) = match read {
                occupancy::Reading::Live(_, Some((generation, record))) => {
                    let notes =
                        |slot: &SlotCopy| slot.shared.contains(&noted_alone(record.identity));
                    let mut held: Vec<String> = (0..)
                        .zip(&slots)
                        .filter(|(_, slot)| notes(slot))
                        .map(|(n, _): (u64, _)| n.to_string())
                        .collect();
                    if record.waiting > 0 {
                        held.extend(
                            holder_of(record.holder, generation).map(|party| format!("{party:#x}")),
                        );
                    }
                    (format!("a lock, {} wait", record.waiting), held.join(" "))
                }
                occupancy::Reading::Vacant => ("vacant".to_owned(), String::new()),
                _ => ("TORN".to_owned(), String::new()),
            };
            view.insert(format!("lock {index}"), record);
            view.insert(format!("held {index}"), held);
        }
    }
}

/// What the thread of a slot waits for, and how.
pub(super) fn wait(copy: &Words, at: usize) -> String {
    let word = |offset: usize| copy.word(at + offset);
    let rest = [
        mem::offset_of!(SlotRecord, wait_for),
        mem::offset_of!(SlotRecord, wait_how),
        mem::offset_of!(SlotRecord, wait_since),
    ];
    let number = || word(mem::offset_of!(SlotRecord, wait));
    match waiting::read(number, |index| word(rest[index]), &mut 0) {
        Some((_, [target, how, since])) if since > 0 => {
            let lock = (target & 0xffff).checked_sub(1);
            let lock = lock.map_or_else(|| "TORN".to_owned(), |lock| lock.to_string());
            let how =
                WaitHow::from_word(how).map_or_else(|| "TORN".to_owned(), |how| format!("{how:?}"));
            format!("lock {lock}, {how}")
        }
        Some(_) => "TORN".to_owned(),
        None => "none".to_owned(),
    }
}
