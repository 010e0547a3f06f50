//! Locks that were waited for, by a recording: each by what its waiters' lines say, with the time of all who waited and
//! those who kept them waiting. It is of the ticks at which somebody was seen to wait; shorter waits are seen as often as
//! they meet a tick.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;

use serde_json::{Value, json};

use super::row::Spot;
use super::tally::{Options, Tally};
use super::words::{percent, place};
use crate::recording::{Entry, Sink};
use crate::render::{Look, Paint};
use crate::words::human::{time, whole};
use crate::words::term::{cut, fold, label, left, right, width};

/// Different waits that are told apart; a file with more was made to waste memory.
const MOST: usize = 65_536;
/// Holders that a lock names in JSON.
const HOLDERS: usize = 8;
/// The widest that a name gets.
const WIDEST: usize = 28;
/// What a wait is called that is for something without a name.
const NAMELESS: [&str; 3] = ["lock", "select", "join"];

/// A count of a recording, or of now, by lock.
#[derive(Debug)]
pub struct Locks {
    /// Threads, lines and times.
    pub tally: Tally,
    /// Ticks by waiter, its stack, who could act, and that one's stack.
    sums: BTreeMap<[u32; 4], u64>,
    /// How often a thread was seen to come to a stack.
    came: HashMap<u32, u64>,
    left_out: u64,
}

/// One lock, or all waits at one line for what has no name.
#[derive(Clone, Debug, Default)]
pub struct LockRow {
    /// Its name, or the place of the wait.
    pub name: String,
    /// Ticks that threads waited, all together.
    pub ticks: u64,
    /// Waits that were seen to begin.
    pub seen: u64,
    /// Threads that waited.
    pub threads: BTreeSet<u32>,
    /// Who kept them waiting, thread and stack, in ticks; the most first. Who is not known is not there.
    pub holders: Vec<([u32; 2], u64)>,
    stacks: BTreeSet<u32>,
}

impl Default for Locks {
    fn default() -> Self {
        let tally = Tally::new(Options::default());
        Self { tally, sums: BTreeMap::new(), came: HashMap::new(), left_out: 0 }
    }
}

impl Sink for Locks {
    fn put(&mut self, entry: &Entry) -> std::io::Result<()> {
        match entry {
            Entry::Blamed { thread, stack, by, at, ticks } => {
                let key = [*thread, *stack, *by, *at];
                if self.sums.len() < MOST || self.sums.contains_key(&key) {
                    let sum = self.sums.entry(key).or_default();
                    *sum = sum.saturating_add(*ticks);
                } else {
                    self.left_out = self.left_out.saturating_add(*ticks);
                }
            }
            Entry::At { stack, .. } if self.came.len() < MOST || self.came.contains_key(stack) => {
                *self.came.entry(*stack).or_default() += 1;
            }
            _ => {}
        }
        self.tally.put(entry)
    }

    fn work(&self) -> u64 {
        self.tally.work()
    }
}

impl Locks {
    /// Every lock, those that were waited for longest first.
    pub fn rows(&self) -> Vec<LockRow> {
        let mut rows: BTreeMap<String, LockRow> = BTreeMap::new();
        let mut holders: BTreeMap<String, BTreeMap<[u32; 2], u64>> = BTreeMap::new();
        for (&[thread, stack, by, at], &ticks) in &self.sums {
            let name = self.tally.leaf(stack).map_or_else(
                || "?".to_owned(),
                |site| {
                    let named =
                        !NAMELESS.contains(&site.label.raw()) && !site.label.raw().is_empty();
                    if named { site.label.raw().to_owned() } else { place(&Spot::from(site)) }
                },
            );
            let row = rows.entry(name.clone()).or_default();
            row.ticks = row.ticks.saturating_add(ticks);
            row.threads.insert(thread);
            row.stacks.insert(stack);
            // Itself: nobody knows who could act.
            if (thread, stack) != (by, at) {
                *holders.entry(name).or_default().entry([by, at]).or_default() += ticks;
            }
        }
        let mut all: Vec<LockRow> = rows
            .into_iter()
            .map(|(name, mut row)| {
                row.holders = holders.remove(&name).unwrap_or_default().into_iter().collect();
                row.holders.sort_by_key(|(who, ticks)| (std::cmp::Reverse(*ticks), *who));
                row.seen = row.stacks.iter().filter_map(|stack| self.came.get(stack)).sum();
                row.name = name;
                row
            })
            .collect();
        all.sort_by(|a, b| b.ticks.cmp(&a.ticks).then_with(|| a.name.cmp(&b.name)));
        all
    }

    fn ns(&self, ticks: u64) -> u64 {
        (ticks as f64 * self.tally.duration_ns as f64 / self.tally.ticks.max(1) as f64) as u64
    }

    /// Thread and line of a holder.
    fn holder(&self, [by, at]: [u32; 2]) -> (String, Option<Spot>) {
        let thread = self.tally.threads.get(by as usize);
        let name = thread.map_or_else(|| "?".to_owned(), |one| one.name.raw().to_owned());
        (name, self.tally.leaf(at).map(Spot::from))
    }

    /// Schema 1.
    pub fn json(&self) -> Value {
        let rows = self.rows();
        let all: u64 = rows.iter().map(|row| row.ticks).sum();
        let locks = rows.iter().map(|row| {
            let holders = row.holders.iter().take(HOLDERS).map(|(who, ticks)| {
                let (thread, spot) = self.holder(*who);
                json!({
                    "thread": thread,
                    "file": spot.as_ref().map(|spot| spot.file.raw()),
                    "line": spot.as_ref().map(|spot| spot.line),
                    "function": spot.as_ref().map(|spot| spot.function.raw()),
                    "label": spot.as_ref().map(|spot| spot.label.raw()),
                    "share": *ticks as f64 / row.ticks.max(1) as f64,
                })
            });
            json!({
                "name": row.name,
                "waited_ns": self.ns(row.ticks),
                "share": row.ticks as f64 / all.max(1) as f64,
                "waits_seen": row.seen,
                "threads": row.threads.len(),
                "held_by": holders.collect::<Vec<_>>(),
            })
        });
        json!({
            "schema": 1,
            "duration_ns": self.tally.duration_ns,
            "ticks": self.tally.ticks,
            "missed_ticks": self.tally.missed,
            "samples_left_out": self.left_out,
            "locks": locks.collect::<Vec<_>>(),
        })
    }

    /// The table.
    pub fn text(&self, look: &Look) -> String {
        let rows = self.rows();
        let all: u64 = rows.iter().map(|row| row.ticks).sum();
        let mut out = fold(
            &format!(
                "{} ticks in {}; 100% = {} that threads waited for locks, room in channels or ends of threads, all \
                 together",
                whole(self.tally.ticks),
                time(self.tally.duration_ns),
                time(self.ns(all))
            ),
            look.columns,
        );
        if rows.is_empty() {
            return out;
        }
        let names: Vec<String> = rows.iter().map(|row| label(&row.name.as_str().into())).collect();
        let widest = WIDEST.min(look.columns.saturating_sub(30)).max(8);
        let wide = names.iter().map(|name| width(name)).max().unwrap_or(4).clamp(4, widest);
        let heading = format!(
            " {} {} {} {} {}  MOST OFTEN HELD BY",
            left("LOCK", wide),
            right("WAITED", 7),
            right("SHARE", 6),
            right("SEEN", 6),
            right("THREADS", 7)
        );
        let heading = look.paint(Paint::Strong, &cut(&heading, look.columns));
        let _ = writeln!(out, "\n{heading}");
        for (row, name) in rows.iter().zip(&names) {
            let held = row.holders.first().map_or_else(
                || "not known".to_owned(),
                |(who, ticks)| {
                    let (thread, spot) = self.holder(*who);
                    let share = percent(*ticks as f64 / row.ticks.max(1) as f64);
                    let at = spot.map(|spot| format!(" at {}", place(&spot))).unwrap_or_default();
                    format!("{}{at}, {share}", label(&thread.as_str().into()))
                },
            );
            let text = format!(
                " {} {} {} {} {}  {held}",
                left(name, wide),
                right(&time(self.ns(row.ticks)), 7),
                right(&percent(row.ticks as f64 / all.max(1) as f64), 6),
                right(&whole(row.seen), 6),
                right(&row.threads.len().to_string(), 7)
            );
            let _ = writeln!(out, "{}", cut(&text, look.columns));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{BoardInfo, SiteInfo};
    use crate::words::label::Label;
    use probe::layout::Class;

    /// Four threads: one holds, and three wait, two of them for what has a name.
    fn recorded() -> Locks {
        let site = |label: &str, line: u32, class: Class| {
            Entry::Site(SiteInfo {
                board: 0,
                file: Label::from("src/store.rs"),
                line,
                column: 1,
                function: Label::from("store::work"),
                label: Label::from(label),
                class,
                scope: false,
                counted: false,
            })
        };
        let board = BoardInfo {
            name: Label::from("recordd"),
            pid: 1,
            instance: 1,
            build: Label::from(""),
            program: Label::from(""),
            built_ns: 0,
        };
        let mut all = vec![
            Entry::Start { rate_mhz: 1_000_000, wall_ns: 0 },
            Entry::Board(board),
            site("sorts", 10, Class::Work),
            site("index", 20, Class::Wait),
            site("lock", 30, Class::Wait),
        ];
        all.extend((0..3).map(|stack| Entry::Stack(vec![stack])));
        for tid in 0..4 {
            let name = Label::from(format!("thread-{tid}").as_str());
            all.push(Entry::Thread { board: 0, tid, name });
        }
        for (thread, stack) in [(0, 0), (1, 1), (2, 1), (3, 2)] {
            all.push(Entry::At { thread, stack });
        }
        all.push(Entry::Ticks { at_ns: 0, count: 1_000 });
        for (thread, stack, by, at, ticks) in
            [(1, 1, 0, 0, 900), (2, 1, 0, 0, 500), (2, 1, 1, 1, 100), (3, 2, 3, 2, 50)]
        {
            all.push(Entry::Blamed { thread, stack, by, at, ticks });
        }
        all.push(Entry::End { duration_ns: 1_000_000_000, why: Label::from("as asked") });
        let mut locks = Locks::default();
        all.iter().for_each(|entry| locks.put(entry).expect("room"));
        locks
    }

    #[test]
    fn locks_stand_by_the_time_that_was_waited_for_them_with_who_held_them() {
        let locks = recorded();
        let said = locks.json();
        let index = &said["locks"][0];
        assert_eq!(
            (&index["name"], &index["waited_ns"]),
            (&"index".into(), &1_500_000_000_u64.into())
        );
        assert_eq!((&index["threads"], &index["waits_seen"]), (&2.into(), &2.into()));
        assert_eq!(
            (&index["held_by"][0]["thread"], &index["held_by"][0]["line"]),
            (&"thread-0".into(), &10.into())
        );
        let share = index["held_by"][0]["share"].as_f64().expect("a share");
        assert!((share - 1_400.0 / 1_500.0).abs() < 1e-9);
        // Without a name it is called by the line of the wait; who holds it is not known.
        let other = &said["locks"][1];
        assert_eq!((&other["name"], &other["held_by"]), (&"store.rs:30".into(), &json!([])));
        let shares: f64 = [index, other].iter().filter_map(|lock| lock["share"].as_f64()).sum();
        assert!((shares - 1.0).abs() < 1e-9);
        for columns in [40, 100] {
            let text = locks.text(&Look { columns, ..Look::default() });
            assert!(text.lines().all(|line| width(line) <= columns), "{text}");
            assert!(text.contains("index") && text.contains("1.50s"), "{text}");
        }
        assert!(Locks::default().rows().is_empty());
    }
}
