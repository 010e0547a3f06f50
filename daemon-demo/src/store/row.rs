//! A row: the records whose keys fall into one bucket, stored together as one value of redb.
//!
//! ```text
//! record   expires_ms u64 | key length u32 | value length u32 | key | value      little-endian
//! row      record, record, ...                                                   in order of insertion
//! ```

use std::collections::BTreeMap;

use super::record::{Record, Update};

/// Bytes of a record before its key.
pub(crate) const HEAD: usize = 16;

/// The bucket of a key: FNV-1a, mixed so that its last bytes count as much as its first. It must not
/// change, as it is in the files.
pub(crate) fn bucket_of(key: &[u8], buckets: u32) -> u32 {
    let mut hash = key.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    // The remainder is below `buckets`, so it fits.
    u32::try_from((hash >> 32) % u64::from(buckets.max(1))).unwrap_or(0)
}

/// One record as it lies in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored<'a> {
    /// See [`Record::expires_ms`].
    pub(crate) expires_ms: u64,
    /// The key.
    pub(crate) key: &'a [u8],
    /// The value.
    pub(crate) value: &'a [u8],
}

/// The records of a row. A damaged row ends early: redb checks its pages, so this is a bug, not a disk.
pub(crate) fn records(row: &[u8]) -> impl Iterator<Item = Stored<'_>> {
    let mut rest = row;
    std::iter::from_fn(move || {
        let (expires_ms, after) = rest.split_first_chunk::<8>()?;
        let (key_length, after) = after.split_first_chunk::<4>()?;
        let (value_length, after) = after.split_first_chunk::<4>()?;
        let (key, after) = after.split_at_checked(to_usize(*key_length))?;
        let (value, after) = after.split_at_checked(to_usize(*value_length))?;
        rest = after;
        Some(Stored { expires_ms: u64::from_le_bytes(*expires_ms), key, value })
    })
}

/// The record of `key` in a row.
pub(crate) fn find(row: &[u8], key: &[u8]) -> Option<Record> {
    let found = records(row).find(|stored| stored.key == key)?;
    Some(Record { value: found.value.into(), expires_ms: found.expires_ms })
}

/// What the updates of one row come to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Merged {
    /// The new row; empty when no record is left.
    pub(crate) row: Vec<u8>,
    /// Records more (or fewer) than before.
    pub(crate) added: i64,
    /// Times to live that no longer hold.
    pub(crate) ttl_gone: Vec<(u64, Box<[u8]>)>,
    /// Times to live that now hold.
    pub(crate) ttl_new: Vec<(u64, Box<[u8]>)>,
}

/// Applies updates to a row: one read, one write, however many updates.
pub(crate) fn merge(old: &[u8], updates: &BTreeMap<Box<[u8]>, Update>) -> Merged {
    let mut merged = Merged::default();
    for stored in records(old) {
        if updates.contains_key(stored.key) {
            merged.added -= 1;
            if stored.expires_ms != 0 {
                merged.ttl_gone.push((stored.expires_ms, stored.key.into()));
            }
        } else {
            append(&mut merged.row, stored);
        }
    }
    for (key, update) in updates {
        if let Update::Put(record) = update {
            merged.added += 1;
            append(
                &mut merged.row,
                Stored { expires_ms: record.expires_ms, key, value: &record.value },
            );
            if record.expires_ms != 0 {
                merged.ttl_new.push((record.expires_ms, key.clone()));
            }
        }
    }
    merged
}

fn append(row: &mut Vec<u8>, stored: Stored<'_>) {
    row.extend_from_slice(&stored.expires_ms.to_le_bytes());
    row.extend_from_slice(&to_length(stored.key).to_le_bytes());
    row.extend_from_slice(&to_length(stored.value).to_le_bytes());
    row.extend_from_slice(stored.key);
    row.extend_from_slice(stored.value);
}

/// The protocol's limits keep keys and values far below 4 GiB.
fn to_length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

fn to_usize(length: [u8; 4]) -> usize {
    usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(value: &str, expires_ms: u64) -> Update {
        Update::Put(Record { value: value.as_bytes().into(), expires_ms })
    }

    fn updates(list: &[(&str, Update)]) -> BTreeMap<Box<[u8]>, Update> {
        list.iter().map(|(key, update)| (key.as_bytes().into(), update.clone())).collect()
    }

    #[test]
    fn a_row_takes_updates_and_keeps_the_rest() {
        let first = merge(&[], &updates(&[("a", put("1", 0)), ("b", put("2", 77))]));
        assert_eq!(first.added, 2);
        assert_eq!(first.ttl_new, vec![(77, b"b".as_slice().into())]);

        let second = merge(
            &first.row,
            &updates(&[("b", put("3", 0)), ("c", put("", 0)), ("d", Update::Delete)]),
        );
        assert_eq!(second.added, 1);
        assert_eq!(second.ttl_gone, vec![(77, b"b".as_slice().into())]);
        assert_eq!(find(&second.row, b"a").map(|r| r.value), Some(b"1".as_slice().into()));
        assert_eq!(find(&second.row, b"b").map(|r| r.expires_ms), Some(0));
        assert_eq!(find(&second.row, b"c").map(|r| r.value.len()), Some(0));

        let third = merge(
            &second.row,
            &updates(&[("a", Update::Delete), ("b", Update::Delete), ("c", Update::Delete)]),
        );
        assert_eq!((third.added, third.row.len()), (-3, 0));
    }

    #[test]
    fn a_damaged_row_ends_early() {
        let row = merge(&[], &updates(&[("a", put("1", 0)), ("b", put("2", 0))])).row;
        for length in 0..row.len() {
            assert!(records(&row[..length]).count() <= 1);
        }
    }

    #[test]
    fn keys_spread_over_the_buckets_and_stay_there() {
        let keys = (0..500).map(|n| format!("key{n}"));
        let used: std::collections::BTreeSet<u32> =
            keys.map(|key| bucket_of(key.as_bytes(), 4096)).collect();
        assert!(used.len() > 400, "{} buckets", used.len());
        assert_eq!(bucket_of(b"key:000000000001", 4096), 2307);
        assert!((0..1000_u32).all(|n| bucket_of(&n.to_le_bytes(), 7) < 7));
    }
}
