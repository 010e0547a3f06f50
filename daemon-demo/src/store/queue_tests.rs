//! The queue against a model: plain maps that are written at once.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const KEYS: u8 = 12;
const USED_TABLES: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    Put { table: usize, key: u8, value: u8 },
    Delete { table: usize, key: u8 },
    Flush { table: usize },
    Take,
    Confirm,
}

fn step() -> impl Strategy<Value = Step> {
    let table = 0..USED_TABLES;
    let key = 0..KEYS;
    prop_oneof![
        6 => (table.clone(), key.clone(), any::<u8>()).prop_map(|(table, key, value)| Step::Put { table, key, value }),
        2 => (table.clone(), key).prop_map(|(table, key)| Step::Delete { table, key }),
        1 => table.prop_map(|table| Step::Flush { table }),
        1 => Just(Step::Take),
        1 => Just(Step::Confirm),
    ]
}

/// Four keys to a row.
fn bucket(key: u8) -> u32 {
    u32::from(key / 4)
}

type Records = BTreeMap<(usize, u8), u8>;

/// What a batch does to a disk.
fn write(disk: &mut Records, batch: &Layer) {
    for (number, table) in batch.tables.iter().enumerate() {
        if table.is_flushed() {
            disk.retain(|&(table, _), _| table != number);
        }
        for (key, update) in table.rows.values().flat_map(|row| &row.updates) {
            match update {
                Update::Put(record) => disk.insert((number, key[0]), record.value[0]),
                Update::Delete => disk.remove(&(number, key[0])),
            };
        }
    }
}

/// The bytes that a layer should account for.
fn bytes(layer: &Layer) -> usize {
    let rows = layer.tables.iter().flat_map(|table| table.rows.values());
    rows.flat_map(|row| &row.updates)
        .map(|(key, update)| update.bytes(key))
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reads_see_queued_writes_and_every_job_is_counted_once(steps in prop::collection::vec(step(), 0..120)) {
        let mut queue = IndexedQueue::new(0);
        let mut model = Records::new();
        let mut disk = Records::new();
        let mut submitted = 0;
        let mut in_hand: Option<Arc<Layer>> = None;

        for step in steps {
            match step {
                Step::Put { table, key, value } => {
                    submitted += 1;
                    model.insert((table, key), value);
                    let record = Record { value: [value].as_slice().into(), expires_ms: 0 };
                    queue.submit(table, bucket(key), [key].into(), Update::Put(record));
                }
                Step::Delete { table, key } => {
                    submitted += 1;
                    model.remove(&(table, key));
                    queue.submit(table, bucket(key), [key].into(), Update::Delete);
                }
                Step::Flush { table } => {
                    submitted += 1;
                    model.retain(|&(other, _), _| other != table);
                    queue.flush(table);
                }
                Step::Take => {
                    let batch = queue.take();
                    prop_assert!(in_hand.is_none() || batch.is_none());
                    in_hand = in_hand.or(batch);
                }
                Step::Confirm => {
                    if let Some(batch) = in_hand.take() {
                        write(&mut disk, &batch);
                        queue.confirm();
                    }
                }
            }

            let counts = queue.counts();
            prop_assert_eq!(counts.submitted, submitted);
            let accounted = counts.superseded + counts.dropped + counts.rolled_up + counts.committed;
            prop_assert_eq!(submitted, accounted + queue.backlog_jobs() as u64);

            let waiting = queue.waiting.tables.iter().flat_map(TableWrites::arrivals).count();
            prop_assert_eq!(queue.waiting.jobs, waiting);
            prop_assert_eq!(queue.waiting.bytes, bytes(&queue.waiting));
            prop_assert_eq!(
                queue.waiting.oldest.map(|arrival| arrival.since),
                queue.waiting.tables.iter().flat_map(TableWrites::arrivals).map(|arrival| arrival.since).min()
            );
            prop_assert_eq!(queue.oldest().is_some(), queue.backlog_jobs() > 0);

            for table in 0..USED_TABLES {
                for key in 0..KEYS {
                    let seen = match queue.find(table, bucket(key), &[key]) {
                        Known::Record(record) => Some(record.value[0]),
                        Known::Absent => None,
                        Known::Elsewhere => disk.get(&(table, key)).copied(),
                    };
                    prop_assert_eq!(seen, model.get(&(table, key)).copied(), "table {} key {}", table, key);
                }
            }
        }

        // Drained, the disk is the model.
        if let Some(batch) = in_hand {
            write(&mut disk, &batch);
            queue.confirm();
        }
        if let Some(batch) = queue.take() {
            write(&mut disk, &batch);
            queue.confirm();
        }
        prop_assert_eq!(disk, model);
        prop_assert_eq!(queue.backlog_jobs(), 0);
        prop_assert_eq!(queue.backlog_bytes(), 0);
    }
}

#[test]
fn each_way_to_avoid_work_has_its_count() {
    let put = |value: u8| {
        Update::Put(Record {
            value: [value].as_slice().into(),
            expires_ms: 0,
        })
    };
    let mut queue = IndexedQueue::new(7);
    queue.submit(0, 1, [b'a'].into(), put(1));
    queue.submit(0, 1, [b'a'].into(), put(2));
    queue.submit(0, 1, [b'b'].into(), put(3));
    queue.submit(1, 1, [b'a'].into(), put(4));
    assert_eq!(queue.backlog_jobs(), 2);
    queue.flush(0);
    queue.flush(0);
    assert_eq!(queue.backlog_jobs(), 2);
    assert_eq!(queue.next_generation(), 8);
    queue.take();
    assert_eq!(queue.next_generation(), 9);
    queue.confirm();
    assert_eq!(queue.generation(), 8);
    assert_eq!(
        queue.counts(),
        Counts {
            submitted: 6,
            superseded: 2,
            dropped: 1,
            rolled_up: 1,
            committed: 2
        }
    );
}
