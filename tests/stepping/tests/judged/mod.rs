//! What a board must say behind each operation, and which ways lead there.

use std::collections::{BTreeMap, BTreeSet};

use stepping::board::{FLUX, View};

/// What a record must say behind an operation; `round` counts from 0.
pub(super) fn expected(operation: &str, round: u64) -> Vec<(&'static str, String)> {
    let parity = if round.is_multiple_of(2) { "even" } else { "odd" };
    let n = round + 1;
    let thread = |text: String| vec![("thread 0", text)];
    match operation {
        "tag" => thread(format!("stepped: {parity}")),
        "tags" => thread("stepped: 5".to_owned()),
        "tag with argument" if round.is_multiple_of(2) => {
            thread(format!("stepped: one({})", round * 10 + 1))
        }
        "tag with argument" => thread(format!("stepped: two({})", round * 10 + 2)),
        "scope in" => thread("stepped: ready > outer -".to_owned()),
        "scope out" => thread("stepped: ready".to_owned()),
        "scope with argument" => thread(format!("stepped: ready > outer({}) -", round * 10 + 3)),
        "op end" => vec![("in flight", String::new())],
        "op enter" | "op leave" | "op poll" => {
            let holder = if operation == "op enter" { "0" } else { "nobody" };
            let one = format!("in flight even: 0-e [] by {holder}, 0 in all");
            vec![("in flight", "even: 0-e".to_owned()), ("op 0", one)]
        }
        "op label" => {
            let label = ["1-e", "0-e, and many more words of one-e"][(round % 2) as usize];
            vec![("in flight", format!("even: {label}"))]
        }
        _ if operation.starts_with("op ") => {
            let one = ["even: 0-e", "odd: a label that is longer: 1-o"];
            vec![("in flight", one[(round % 2) as usize].to_owned())]
        }
        "come" | "first job" => thread(format!("{parity}: {parity}")),
        "lock" => vec![("held 0", "0".to_owned())],
        "lock wait" => vec![
            ("held 0", "0".to_owned()),
            ("lock 0", "a lock, 0 wait".to_owned()),
            ("thread 0", "stepped: ready".to_owned()),
            ("wait 0", "none".to_owned()),
        ],
        "unlock" | "lock first" => {
            vec![("lock 0", "a lock, 0 wait".to_owned()), ("held 0", String::new())]
        }
        "lock gone" => vec![("lock 0", "vacant".to_owned())],
        "go" => thread("vacant".to_owned()),
        "set" | "adjust" => vec![("level", n.to_string()), ("level max", n.to_string())],
        "record" => vec![
            ("histogram 2 count", n.to_string()),
            ("histogram 2 sum", (1..=n).sum::<u64>().to_string()),
            ("histogram 2 max", n.to_string()),
        ],
        "beat" => vec![("job beats", n.to_string())],
        "progress" => vec![("done", n.to_string()), ("done total", "1000".to_owned())],
        "arrive" => vec![("jobs arrivals", n.to_string())],
        "start" => vec![("jobs starts", n.to_string())],
        "complete" => vec![("jobs completions", n.to_string())],
        "leave" => vec![("jobs removed", n.to_string())],
        "head" => vec![("jobs head known", "1".to_owned())],
        "fact" => {
            let letter = char::from(b'a' + (round % 26) as u8).to_string();
            vec![("fact config", letter.repeat(20 + (round % 5) as usize * 20))]
        }
        _ => Vec::new(),
    }
}

/// Values that a record went through during one operation, each when it changed.
#[derive(Default)]
pub(super) struct Chains(BTreeMap<String, Vec<String>>);

impl Chains {
    pub(super) fn add(&mut self, view: &View) {
        let known: BTreeSet<String> = self.0.keys().chain(view.keys()).cloned().collect();
        let first = self.0.is_empty();
        for name in known {
            let value = view.get(&name).map_or("absent", String::as_str);
            let chain = self
                .0
                .entry(name)
                .or_insert_with(|| if first { Vec::new() } else { vec!["absent".to_owned()] });
            if chain.last().map(String::as_str) != Some(value) {
                chain.push(value.to_owned());
            }
        }
    }

    /// Each record was the old one, then possibly said that it was in flux, then the new one. What
    /// consists of several steps by its nature goes through them in order.
    pub(super) fn judge(&self, operation: &str) {
        for (name, chain) in &self.0 {
            let steps: Vec<&str> = chain.iter().map(String::as_str).collect();
            whole(operation, name, &steps);
            let [first, middle @ .., last] = steps.as_slice() else { continue };
            let middle: Vec<&&str> = middle.iter().filter(|step| !step.contains(FLUX)).collect();
            let right = match (operation, name.as_str()) {
                // One tag more each time; the oldest may be given up before.
                (_, name) if name.starts_with("trail") => {
                    steps.windows(2).all(|two| goes_on(two[0], two[1]))
                }
                // Held, and let go of again.
                ("lock first", "held 0") => middle.iter().all(|step| **step == "0"),
                ("lock wait", name) if waited(name).is_some() => {
                    waited(name) == Some(middle.iter().map(|step| **step).collect())
                }
                ("tags", "thread 0") => {
                    middle.iter().map(|step| &step[9..]).eq(["1", "2", "3", "4"])
                }
                // Registered, and not yet anywhere.
                ("come", "thread 0") => {
                    middle.iter().all(|step| step.ends_with(": -")) && middle.len() < 2
                }
                // The record had another occupant before.
                ("op begin", name) if name.starts_with("op ") => {
                    middle.iter().all(|step| **step == "vacant") && middle.len() < 2
                }
                // Held, and not held.
                ("op poll", "op 0") => {
                    middle.iter().all(|step| step.contains("by 0")) && middle.len() < 2
                }
                // In it, and back where it was.
                ("op poll", "thread 0") => {
                    middle.iter().all(|step| **step == "stepped: even") && middle.len() < 2
                }
                // Neither of the two labels while one is being written: never half of one.
                ("op label", name) if name.starts_with("op ") => {
                    middle.iter().all(|step| step.contains("even:  [")) && middle.len() < 2
                }
                ("op label", "in flight") => {
                    middle.iter().all(|step| **step == "even: ") && middle.len() < 2
                }
                // The fixture ends a job before the thread ends.
                ("go", "worker 0") => {
                    middle.iter().all(|step| step.starts_with("0 in hand")) && middle.len() < 2
                }
                _ => middle.is_empty(),
            };
            assert!(right, "{operation}: {name} went from {first:?} over {middle:?} to {last:?}");
        }
    }
}

/// What a thread's wait goes through, from before it waits until it has the lock of another one: the thread in the second
/// slot has it until nobody is named, and never both.
fn waited(name: &str) -> Option<Vec<&'static str>> {
    match name {
        "held 0" => Some(vec!["1 0x10002", ""]),
        "lock 0" => Some(vec!["a lock, 1 wait"]),
        "thread 0" => Some(vec!["stepped: lock"]),
        "wait 0" => Some(vec!["lock 0, Exclusive"]),
        _ => None,
    }
}

/// Whether a trail, the newest tag first, follows another one: without the oldest tags of that, and with one more at most.
fn goes_on(before: &str, after: &str) -> bool {
    let newer = after.split_once(" < ").map_or("", |(_, rest)| rest);
    before.starts_with(after) || before.starts_with(newer)
}

/// No value is torn, of an unknown line, or a line with another line's argument.
pub(super) fn whole(operation: &str, name: &str, values: &[&str]) {
    for value in values {
        let wrong = value.contains("TORN") || value.contains("UNKNOWN");
        let pairs = [("one(", '1'), ("two(", '2'), ("outer(", '3'), ("handled(", '7')];
        let mispaired = pairs.iter().any(|&(site, digit)| {
            value.split(site).skip(1).any(|rest| {
                rest.split(')').next().and_then(|argument| argument.chars().last()) != Some(digit)
            })
        });
        let mixed = name.starts_with("op ") && !is_one_operation(value);
        assert!(!wrong && !mispaired && !mixed, "{operation}: {name} was {values:?}");
    }
}

/// Whether kind, label and statuses are one operation's: they share a letter.
fn is_one_operation(value: &str) -> bool {
    let Some((kind, rest)) = value.split_once(": ") else { return value == "vacant" };
    let letter = kind.rsplit(' ').next().and_then(|kind| kind.chars().next()).unwrap_or('?');
    let Some((label, rest)) = rest.split_once(" [") else { return false };
    let Some((row, _)) = rest.split_once(']') else { return false };
    // Empty while it is being changed.
    (label.is_empty() || label.ends_with(&format!("-{letter}")))
        && row.split_whitespace().all(|one| one.starts_with(letter))
}
