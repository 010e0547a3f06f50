//! Clients that come and go and know what they must be told. Each has keys of its own, so what it wrote is what is
//! there; what was on its way when the daemon was killed may be there or not.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::{Dice, Stage};
use crate::demo::Client;

/// What may be the value of a key.
#[derive(Clone, Debug, Default)]
struct Known {
    acknowledged: Option<String>,
    /// Values that were sent since and never acknowledged: two in a row when a daemon that ends takes a connection, and
    /// closes it, twice.
    on_its_way: Vec<String>,
}

impl Known {
    fn acknowledged(value: Option<String>) -> Self {
        Self { acknowledged: value, on_its_way: Vec::new() }
    }

    /// Whether a reader may be told this value, or that there is none.
    fn may_be(&self, value: Option<&String>) -> bool {
        self.acknowledged.as_ref() == value
            || value.is_some_and(|value| self.on_its_way.contains(value))
    }
}

pub(super) fn client(stage: &Stage, number: u64, mut dice: Dice) {
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    let mut written = 0u64;
    while !stage.is_over() {
        let life = stage.life();
        let Ok(mut connection) = Client::new(&life.address) else {
            stage.rest(Duration::from_millis(50));
            continue;
        };
        stage.count("connections", 1);
        let until = Instant::now() + Duration::from_millis(200 + dice.below(4000));
        // Busy, or with pauses.
        let pause = Duration::from_millis([0, 0, 1, 20][dice.below(4) as usize]);
        while !stage.is_over() && Instant::now() < until {
            let key = format!("c{number}-{}", dice.below(40));
            written += 1;
            let value = format!("v{written}");
            let entry = known.entry(key.clone()).or_default();
            life.commands.0.fetch_add(1, Relaxed);
            let went_on = match dice.below(3) {
                0 => set(stage, &mut connection, &key, value, entry),
                _ => get(stage, &mut connection, &key, entry),
            };
            if !went_on {
                break;
            }
            life.commands.1.fetch_add(1, Relaxed);
            std::thread::sleep(pause);
        }
    }
}

/// Whether the connection is still there.
fn set(
    stage: &Stage,
    connection: &mut Client,
    key: &str,
    value: String,
    known: &mut Known,
) -> bool {
    known.on_its_way.push(value.clone());
    let answer = connection.send(&["SET", key, &value]).and_then(|()| connection.reply());
    match answer.as_deref() {
        Ok("+OK") => {
            *known = Known::acknowledged(Some(value));
            stage.count("writes acknowledged", 1);
            true
        }
        Ok(other) => {
            // Refused while it ends.
            if !other.starts_with('-') {
                stage.fault(format!("SET {key}: {other}"));
            }
            true
        }
        Err(_) => false,
    }
}

fn get(stage: &Stage, connection: &mut Client, key: &str, known: &mut Known) -> bool {
    let answer = connection.send(&["GET", key]).and_then(|()| connection.reply());
    let Ok(answer) = answer else { return false };
    let value = Some(&answer).filter(|answer| *answer != "$-1");
    if known.may_be(value) {
        // Whichever it was, it stays.
        *known = Known::acknowledged(value.cloned());
        stage.count("reads that were right", 1);
    } else if !answer.starts_with('-') || answer == "$-1" {
        stage.fault(format!("GET {key}: {answer}, known {known:?}"));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_was_sent_since_the_last_acknowledged_one_may_be_there_and_nothing_else() {
        let [old, first, second, other] = ["v1", "v2", "v3", "v4"].map(str::to_owned);
        let known = Known {
            acknowledged: Some(old.clone()),
            on_its_way: vec![first.clone(), second.clone()],
        };
        assert!([&old, &first, &second].into_iter().all(|value| known.may_be(Some(value))));
        assert!(!known.may_be(Some(&other)) && !known.may_be(None));
        assert!(Known::default().may_be(None) && !Known::default().may_be(Some(&old)));
    }
}
