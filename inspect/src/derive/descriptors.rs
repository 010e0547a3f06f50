//! Whether the process leaks descriptors: from the least that were open in each stretch of its life.

use crate::model::FdTrend;
use crate::snapshot::Pulse;

/// A life shorter than this says nothing: daemons open files as they start.
const LIFE_NS: u64 = 60_000_000_000;
/// Stretches that must all have grown.
const STRETCHES: usize = 4;
/// By so many descriptors at least, all together.
const BY: u64 = 8;

/// What the keeper's looks come to.
pub fn trend(pulse: &Pulse) -> Option<FdTrend> {
    let least: Vec<u64> = pulse.fd_least.iter().copied().take(pulse.fd_stretches).collect();
    if least.is_empty() {
        return None;
    }
    let life = pulse.fd_stretch_ns.saturating_mul(least.len() as u64);
    let last = least.get(least.len().saturating_sub(STRETCHES + 1)..).unwrap_or_default();
    let each = last.len() > STRETCHES
        && last.iter().zip(last.iter().skip(1)).all(|(before, after)| before < after);
    let by = last.first().zip(last.last()).map_or(0, |(first, last)| last.saturating_sub(*first));
    let growing = life >= LIFE_NS && each && by >= BY;
    Some(FdTrend { least, stretch_ns: pulse.fd_stretch_ns, growing })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growing(least: &[u64], stretch_s: u64) -> bool {
        let pulse = Pulse {
            beats: 1,
            skipped: 0,
            stamp: 0,
            mono_ns: 0,
            wall_ns: 0,
            processor: None,
            fd_least: core::array::from_fn(|index| least.get(index).copied().unwrap_or(0)),
            fd_stretches: least.len(),
            fd_stretch_ns: stretch_s * 1_000_000_000,
        };
        trend(&pulse).is_some_and(|trend| trend.growing)
    }

    #[test]
    fn only_what_grows_all_the_time_is_a_leak() {
        assert!(growing(&[9, 20, 31, 40, 55, 63, 70], 16));
        assert!(!growing(&[9, 20, 31, 40, 55, 63, 70], 1), "too young to tell");
        assert!(!growing(&[9, 200, 200, 200, 200, 200, 200], 64), "it opened what it needs");
        assert!(!growing(&[9, 10, 11, 12, 13, 14, 15], 64), "a few are no leak yet");
        assert!(!growing(&[9, 20, 31, 40, 39, 63, 70], 64), "it gives some back");
        assert!(!growing(&[9, 60, 70], 64), "too few looks");
    }
}
