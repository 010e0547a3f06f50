//! What every board has, whatever its program counts: life, threads, operations, queues, jobs, the process.

use std::collections::BTreeMap;

use probe::layout::bucket_span;

use super::exposition::{Exposition, Kind, Labels, Value};
use super::names::{NANOSECONDS, Unit, seconds};
use super::powers::Native;
use crate::liveness::State;
use crate::model::{BoardReport, Counts, Distribution, ThreadReport};

/// One board's samples on their way.
struct Way<'a> {
    all: &'a mut Exposition,
    base: &'a Labels,
}

impl Way<'_> {
    fn put(&mut self, of: (&str, Kind, &str), more: &[(&str, &str)], value: impl ToString) {
        self.value(of, more, Value::One(value.to_string()));
    }

    /// Nothing is said of what is not known.
    fn maybe(
        &mut self,
        of: (&str, Kind, &str),
        more: &[(&str, &str)],
        value: Option<impl ToString>,
    ) {
        if let Some(value) = value {
            self.put(of, more, value);
        }
    }

    fn value(
        &mut self,
        (name, kind, help): (&str, Kind, &str),
        more: &[(&str, &str)],
        value: Value,
    ) {
        let more = more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let labels: Vec<(String, String)> = self.base.iter().cloned().chain(more).collect();
        self.all.add((&format!("scoreboard_{name}"), kind, help), &labels, value);
    }
}

/// Adds a board's.
pub(super) fn add(all: &mut Exposition, board: &BoardReport, base: &Labels) {
    let mut way = Way { all, base };
    life(&mut way, board);
    operations(&mut way, board);
    lost(&mut way, board);
    // What ended has no numbers that move; its last ones stand on its board.
    if board.state == State::Dead {
        return;
    }
    threads(&mut way, board);
    queues(&mut way, board);
    locks(&mut way, board);
    jobs(&mut way, board);
    process(&mut way, board);
}

fn life(way: &mut Way, board: &BoardReport) {
    use Kind::{Counter, Gauge, Info};
    let up = (board.state != State::Unreachable).then(|| u8::from(board.state.exists()));
    way.maybe(("up", Gauge, "1 while the process exists, 0 once it ended."), &[], up);
    let help = "1 for what the process is doing: live, stopped, dead or unreachable.";
    way.put(("state", Gauge, help), &[("state", board.state.word())], 1);
    let text = |label: &Option<crate::words::label::Label>| {
        label.as_ref().map(|label| label.raw().to_owned()).unwrap_or_default()
    };
    let (build, program) = (text(&board.build), text(&board.program));
    let about = [("build", &build[..]), ("program", &program), ("layout", &board.layout_version)];
    way.put(("board", Info, "What is running."), &about, 1);
    let help = "From the making of the board to now, or to the last sign of life.";
    way.put(("uptime_seconds", Gauge, help), &[], seconds(board.uptime_ns));
    let help = "Since the keeper last looked at the threads.";
    way.maybe(("heartbeat_age_seconds", Gauge, help), &[], board.heartbeat_age_ns.map(seconds));
    let help =
        "How bad it is, as the second line of `inspect` has it: 0 well, 1 warning, 2 critical.";
    way.put(("severity", Gauge, help), &[], board.headline.severity as u8);
    way.put(("panics", Counter, "Panics, also those that were caught."), &[], board.panics);
    if let Some(end) = &board.end {
        let help = "1 when the exit handlers ran and the code was 0, else 0.";
        way.put(("end_clean", Gauge, help), &[], u8::from(end.clean));
        way.maybe(("end_exit_code", Gauge, "The exit code."), &[], end.exit_code);
    } else if board.state == State::Dead {
        way.put(
            ("end_clean", Gauge, "1 when the exit handlers ran and the code was 0, else 0."),
            &[],
            0,
        );
    }
}

fn lost(way: &mut Way, board: &BoardReport) {
    for (of, count) in &board.lost {
        let help = "What found no room on the board, by kind.";
        way.put(("lost_records", Kind::Counter, help), &[("of", of)], count);
    }
    for (of, room) in &board.capacity {
        let more = [("of", *of)];
        way.put(("records_used", Kind::Gauge, "Records in use, by table."), &more, room.used);
        way.put(("records_max", Kind::Gauge, "Records that a table has."), &more, room.max);
    }
    let help = "Records given up after three tries in this look.";
    way.put(("reader_torn", Kind::Gauge, help), &[], board.reader.torn);
    let left_out: u64 = board.left_out.values().sum();
    let help = "Rows of the board that the reader had no room for.";
    way.put(("reader_left_out", Kind::Gauge, help), &[], left_out);
}

/// Threads of one name are one series: pools have many, and their ids change.
fn threads(way: &mut Way, board: &BoardReport) {
    use Kind::Gauge;
    let mut classes = BTreeMap::from([("idle", 0u64), ("wait", 0), ("work", 0)]);
    let mut names: BTreeMap<&str, Vec<&ThreadReport>> = BTreeMap::new();
    for thread in board.threads.iter().filter(|thread| thread.exists != Some(false)) {
        if let Some(count) = thread.class.and_then(|class| classes.get_mut(class)) {
            *count += 1;
        }
        names.entry(thread.name.raw()).or_default().push(thread);
    }
    for (class, count) in classes {
        way.put(
            ("threads", Gauge, "Threads by the class of their line."),
            &[("class", class)],
            count,
        );
    }
    let stalled =
        |threads: &[&ThreadReport]| threads.iter().filter(|thread| thread.stalled).count();
    let all: Vec<&ThreadReport> = names.values().flatten().copied().collect();
    let help = "Threads that are not idle and did not move for a second.";
    way.put(("threads_stalled", Gauge, help), &[], stalled(&all));
    let unprobed = board.unprobed_threads.as_ref().map(Vec::len);
    way.maybe(("threads_unprobed", Gauge, "Threads without a slot."), &[], unprobed);
    for (name, threads) in names {
        let more = [("thread", name)];
        let help = "Threads of that name.";
        way.put(("threads_named", Gauge, help), &more, threads.len());
        let longest =
            threads.iter().filter(|thread| thread.stalled).filter_map(|thread| thread.since_ns);
        let help = "For how long a thread of that name has stalled, 0 while none does.";
        way.put(
            ("thread_stalled_seconds", Gauge, help),
            &more,
            seconds(longest.max().unwrap_or(0)),
        );
        let loads: Vec<f64> = threads.iter().filter_map(|thread| thread.load.s10).collect();
        if loads.is_empty() {
            continue;
        }
        let help =
            "Share of the last 10 s with a job in hand, the mean of the threads of that name.";
        let mean = loads.iter().sum::<f64>() / loads.len() as f64;
        way.put(("thread_load_ratio", Gauge, help), &more, mean);
        let help = "The same of the busiest of them.";
        way.put(
            ("thread_load_max_ratio", Gauge, help),
            &more,
            loads.iter().copied().fold(0.0, f64::max),
        );
    }
}

fn operations(way: &mut Way, board: &BoardReport) {
    use Kind::{Counter, Gauge};
    for kind in &board.op_kinds {
        let name = kind.kind.raw();
        let more = [("kind", name)];
        way.put(("ops_in_flight", Gauge, "Operations in flight by kind."), &more, kind.in_flight);
        let of_kind = board.ops.iter().filter(|op| op.kind == kind.kind);
        let oldest = of_kind.filter_map(|op| op.active_ns).max();
        let help = "The longest that one of that kind is at it, without the time it rested.";
        way.put(("ops_oldest_seconds", Gauge, help), &more, seconds(oldest.unwrap_or(0)));
        let ends = kind.since_start;
        let ways = [
            ("ok", ends.ok),
            ("error", ends.error),
            ("cancelled", ends.cancelled),
            ("panicked", ends.panicked),
        ];
        for (outcome, count) in ways {
            let more = [("kind", name), ("outcome", outcome)];
            way.put(("ops_ended", Counter, "Operations that ended, by outcome."), &more, count);
        }
    }
    // A status has two rows while parts run in one of its places; whether they do changes, its series does not.
    let mut statuses: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for status in &board.op_statuses {
        let (now, ns) = statuses.entry(status.status.raw()).or_default();
        (*now, *ns) = (now.saturating_add(status.in_flight), ns.saturating_add(status.total_ns));
    }
    for (status, (now, ns)) in statuses {
        let more = [("status", status)];
        let help = "Operations in a status now.";
        way.put(("ops_in_status", Gauge, help), &more, now);
        let help = "Time of all operations in a status.";
        way.put(("ops_status_seconds", Counter, help), &more, seconds(ns));
    }
    let leaked = board.ops.iter().filter(|op| op.leaked).count();
    way.put(("ops_leaked", Gauge, "Operations that nobody will end, most likely."), &[], leaked);
}

fn queues(way: &mut Way, board: &BoardReport) {
    use Kind::{Counter, Gauge, Histogram};
    for queue in &board.queues {
        let more = [("queue", queue.name.raw())];
        way.put(("queue_depth", Gauge, "Items waiting."), &more, queue.depth);
        way.put(("queue_depth_max", Gauge, "Highest depth so far."), &more, queue.depth_max);
        let help = "Age of the item at the head.";
        let oldest = queue.oldest_age_ns.map(seconds);
        way.maybe(("queue_oldest_age_seconds", Gauge, help), &more, oldest);
        way.put(("queue_arrivals", Counter, "Items that entered."), &more, queue.arrivals);
        way.put(("queue_starts", Counter, "Items whose service began."), &more, queue.starts);
        way.put(
            ("queue_removed", Counter, "Items that left without service."),
            &more,
            queue.removed,
        );
        way.put(
            ("queue_completions", Counter, "Items whose service ended."),
            &more,
            queue.completions,
        );
        let help = "Mean load over 10 s of the threads that serve it.";
        way.maybe(("queue_utilization_ratio", Gauge, help), &more, queue.utilization.s10);
        let times = [
            (
                ("queue_wait_seconds", Histogram, "From arrival to start."),
                (&queue.wait_ns, &queue.wait_counts),
            ),
            (
                ("queue_service_seconds", Histogram, "From start to completion."),
                (&queue.service_ns, &queue.service_counts),
            ),
        ];
        for (of, (times, counts)) in
            times.into_iter().filter(|(_, (times, _))| times.recent.over_ns.is_some())
        {
            way.value(of, &more, buckets((times, counts), times.sum, NANOSECONDS));
        }
    }
}

/// Locks of one name are one series: they may be made again and again.
fn locks(way: &mut Way, board: &BoardReport) {
    if !board.waits.known {
        return;
    }
    let help = "Sets of threads or operations that wait for each other, and can never go on.";
    way.put(("deadlocks", Kind::Gauge, help), &[], board.waits.cycles.len());
    let mut names: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for lock in &board.waits.locks {
        let sum = names.entry((lock.name.raw(), lock.kind)).or_default();
        *sum = sum.saturating_add(lock.contended);
    }
    for ((lock, kind), contended) in names {
        let more = [("lock", lock), ("kind", kind)];
        let help = "Waits for a lock or channel that ended.";
        way.put(("lock_contended", Kind::Counter, help), &more, contended);
    }
}

/// Buckets that never change from one scrape to the next: at each power of 4, from a microsecond to 73 minutes
/// for nanoseconds, from 1 to 2^40 for others. A limit is included, so that of 4^k is 4^k - 1.
pub(super) fn buckets((values, counts): (&Distribution, &Counts), sum: u64, of: Unit) -> Value {
    let powers = if of.places == 9 { 5..=21 } else { 0..=20 };
    let up_to = powers.filter_map(|power: usize| {
        let limit = (1i128 << (2 * power)) - 1;
        Some((of.value(limit), *values.below.get(power)?))
    });
    let count = values.since_start.count;
    let mut native = Native::default();
    let one: f64 = of.value(1).parse().unwrap_or(1.0);
    for &(bucket, count) in counts {
        let (low, width) = bucket_span(bucket.into());
        native.add((low as f64 + (width - 1) as f64 / 2.0) * one, count);
    }
    Value::Buckets { up_to: up_to.collect(), count, sum: of.value(sum.into()), native }
}

fn jobs(way: &mut Way, board: &BoardReport) {
    use Kind::{Counter, Gauge};
    for job in &board.heartbeats {
        let more = [("task", job.name.raw())];
        let help = "How often a periodic job should run.";
        way.put(("heartbeat_period_seconds", Gauge, help), &more, seconds(job.every_ns));
        let help = "Since a periodic job ran.";
        way.maybe(("heartbeat_since_seconds", Gauge, help), &more, job.age_ns.map(seconds));
        way.put(("heartbeat_runs", Counter, "Times that a periodic job ran."), &more, job.count);
        let help = "1 when a periodic job is later than twice its period.";
        way.put(("heartbeat_overdue", Gauge, help), &more, u8::from(job.overdue));
    }
    for task in &board.progress {
        let more = [("task", task.name.raw())];
        way.put(("progress_done", Gauge, "Done of a long task."), &more, task.done);
        way.put(("progress_goal", Gauge, "Of how many."), &more, task.total);
    }
}

fn process(way: &mut Way, board: &BoardReport) {
    use Kind::{Counter, Gauge};
    let Some(vitals) = &board.vitals else { return };
    let help = "Processor time of the process.";
    way.maybe(("process_cpu_seconds", Counter, help), &[], vitals.since_start.cpu_ns.map(seconds));
    let help = "Resident memory.";
    way.maybe(("process_resident_memory_bytes", Gauge, help), &[], vitals.rss_bytes);
    way.maybe(("process_threads", Gauge, "Threads of the process."), &[], vitals.threads);
    way.maybe(("process_open_fds", Gauge, "Open descriptors."), &[], vitals.fds);
    way.maybe(("process_max_fds", Gauge, "Limit of open descriptors."), &[], vitals.fds_max);
    let growing = board.fd_trend.as_ref().map(|trend| u8::from(trend.growing));
    let help = "1 when the least number of descriptors grew from stretch to stretch.";
    way.maybe(("process_fds_growing", Gauge, help), &[], growing);
    for (state, count) in vitals.sockets.iter().flatten() {
        let more = [("state", &state[..])];
        way.put(("process_sockets", Gauge, "TCP sockets by state."), &more, count);
    }
}
