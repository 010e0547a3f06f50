//! What a process took of its host in a second: processor, memory, threads, descriptors. Behind what was sampled in a
//! record, so that older readers read all that they know.

use serde::{Deserialize, Serialize};

use crate::recording::wire::{Bytes, put};
use crate::vitals::Vitals;

/// What a process takes; of a point the mean of `cpu_pct` and the most of the others. Absent where nobody could see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default)]
pub struct Usage {
    /// Processor time in percent of one processor, over the last 10 to 20 s.
    pub cpu_pct: Option<f64>,
    /// Resident memory, bytes.
    pub rss_bytes: Option<u64>,
    /// Threads of the process, with and without a probe.
    pub threads: Option<u64>,
    /// Open descriptors.
    pub fds: Option<u64>,
}

impl Usage {
    /// What is kept of how a process is doing.
    pub(super) fn of(vitals: &Vitals) -> Self {
        let Vitals { cpu_pct, rss_bytes, threads, fds, .. } = *vitals;
        Self { cpu_pct, rss_bytes, threads, fds }
    }

    /// Nothing is known of it.
    pub(super) fn is_unknown(&self) -> bool {
        *self == Self::default()
    }

    /// Tenths of a percent, then levels; 0 is "not known", so that a level of 0 is 1.
    fn write(&self, out: &mut Vec<u8>) {
        let tenths = self.cpu_pct.map(|percent| (percent * 10.0).round() as u64);
        for level in [tenths, self.rss_bytes, self.threads, self.fds] {
            put(out, level.map_or(0, |level| level.saturating_add(1)));
        }
    }

    fn read(bytes: &mut Bytes<'_>) -> Option<Self> {
        let mut level = || Some(bytes.number()?.checked_sub(1));
        Some(Self {
            cpu_pct: level()?.map(|tenths| tenths as f64 / 10.0),
            rss_bytes: level()?,
            threads: level()?,
            fds: level()?,
        })
    }
}

/// Those of a record's boards, in their order.
pub(super) fn write<'a>(all: impl ExactSizeIterator<Item = &'a Usage>, out: &mut Vec<u8>) {
    put(out, all.len() as u64);
    all.for_each(|one| one.write(out));
}

/// Those of so many boards, from bytes that may be anything, or of a recorder that knew nothing of it.
pub(super) fn read(bytes: &mut Bytes<'_>, boards: usize) -> Option<Vec<Usage>> {
    if bytes.is_empty() {
        return Some(vec![Usage::default(); boards]);
    }
    let count = bytes.number()?;
    if count != boards as u64 {
        return None;
    }
    (0..count).map(|_| Usage::read(bytes)).collect()
}

/// A point's, on its way.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct UsageSum {
    cpu: (f64, u64),
    most: Usage,
}

impl UsageSum {
    pub(super) fn add(&mut self, one: &Usage) {
        if let Some(percent) = one.cpu_pct {
            self.cpu = (self.cpu.0 + percent, self.cpu.1 + 1);
        }
        let most = &mut self.most;
        most.rss_bytes = most.rss_bytes.max(one.rss_bytes);
        most.threads = most.threads.max(one.threads);
        most.fds = most.fds.max(one.fds);
    }

    /// Nothing where nobody saw anything.
    pub(super) fn finish(self) -> Option<Usage> {
        let (sum, times) = self.cpu;
        let mean = (sum / times.max(1) as f64 * 10.0).round() / 10.0;
        let usage = Usage { cpu_pct: Some(mean).filter(|_| times > 0), ..self.most };
        Some(usage).filter(|usage| !usage.is_unknown())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_come_back_and_what_is_not_known_stays_so() {
        let usage = |cpu_pct, rss_bytes| Usage { cpu_pct, rss_bytes, ..Usage::default() };
        let all = [
            Usage::default(),
            usage(Some(0.0), Some(0)),
            usage(Some(1234.5), Some(u64::MAX - 1)),
            Usage { threads: Some(7), fds: Some(1_000_000), ..usage(None, Some(4096)) },
        ];
        let mut bytes = Vec::new();
        write(all.iter(), &mut bytes);
        assert_eq!(read(&mut Bytes(&bytes), all.len()).as_deref(), Some(&all[..]));
    }

    #[test]
    fn of_an_older_recorder_nothing_is_known_and_of_damage_nothing_is_believed() {
        assert_eq!(read(&mut Bytes(&[]), 2), Some(vec![Usage::default(); 2]));
        let damaged: [&[u8]; 4] = [&[2, 0, 0, 0, 0, 0, 0, 0, 0], &[0], &[1, 5, 5], &[0xff; 30]];
        for bytes in damaged {
            assert_eq!(read(&mut Bytes(bytes), 1), None, "{bytes:?}");
        }
    }

    #[test]
    fn a_point_is_the_mean_of_work_and_the_most_of_what_is_held() {
        let mut sum = UsageSum::default();
        assert_eq!(sum.finish(), None);
        let all = [(10.0, Some(5), None), (30.0, Some(9), Some(2)), (20.0, None, Some(1))];
        for (cpu, rss_bytes, threads) in all {
            let cpu_pct = Some(cpu);
            sum.add(&Usage { cpu_pct, rss_bytes, threads, fds: None });
        }
        let most = Usage { rss_bytes: Some(9), threads: Some(2), ..Usage::default() };
        assert_eq!(sum.finish(), Some(Usage { cpu_pct: Some(20.0), ..most }));
    }
}
