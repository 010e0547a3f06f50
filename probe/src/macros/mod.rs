//! The probes as a daemon writes them. Each macro here only sorts its arguments; what it then calls
//! is chosen, by `cfg` in this crate, to be the probe (`on/emit.rs`) or nothing (`off.rs`).

mod earlier;
mod ops;

/// This thread is at this line: one word, one store.
///
/// Forms, each part optional and in this order:
/// `tag!([work|wait|idle,] [hits,] [group = "name",] ["label" [, argument]])`
///
/// - The class says what the thread does here: `work` (the default), `wait` (for something the
///   work in hand needs) or `idle` (nothing to do).
/// - `hits` also counts, exactly, how often the line was passed.
/// - `group` lets `PROBE_FILTER` switch it at run time.
/// - The argument is any integer: which table, which peer, which lock.
///
/// Cost on a registered thread: 5 instructions with one store (each further tag in a function with no
/// call between: 2). An argument adds 10 instructions, `hits` 5, `group`
/// 3 (which is all that a switched-off one costs).
///
/// The compiler may move arithmetic across a tag, which is a relaxed store: calls, I/O and other
/// atomics stay on their side. Where a value must be computed on one side, wrap it in [`compute_here!`](crate::compute_here).
///
/// ```
/// fn serve(table: u32) {
///     probe::tag!();
///     probe::tag!("parse");
///     probe::tag!("look up", table);
///     probe::tag!(wait, "disk");
///     probe::tag!(hits, "answer");
/// }
/// # serve(1);
/// ```
#[macro_export]
macro_rules! tag {
    ($($form:tt)*) => { $crate::__position!([tag] [Work] [] [] $($form)*) };
}

/// A tag that nests: it holds until the returned guard is dropped, also on panic and early return,
/// and then the outer scope's last line stands again. Takes the same forms as [`tag!`](crate::tag).
///
/// Tags inside it move its line and never hide the scope itself. 30 levels are shown; deeper ones
/// are counted. A guard that is forgotten or dropped out of order is put right by the next outer one.
/// The guard cannot leave its thread, so holding it across `.await` in a future that must be `Send`
/// does not compile: use [`scoped!`](crate::scoped) or `#[probe::instrument]` there.
///
/// Cost: 16 instructions, in and out together.
///
/// ```compile_fail
/// # async fn other() {}
/// fn must_be_send(_: impl Send) {}
/// must_be_send(async {
///     let _scope = probe::scope!("commit");
///     other().await;
/// });
/// ```
///
/// ```
/// fn commit(batch: u64) {
///     let _scope = probe::scope!("commit", batch);
///     probe::tag!("write");
/// }
/// # commit(1);
/// ```
#[macro_export]
macro_rules! scope {
    ($($form:tt)*) => { $crate::__position!([scope] [Work] [] [] $($form)*) };
}

/// Wraps a future so that its position belongs to it: at each poll the scope is entered and the line
/// that the future had reached stands again; between polls the thread shows nothing of it.
/// `scoped!(future, FORM)` with the same forms as [`tag!`](crate::tag).
///
/// ```
/// # async fn fetch() -> u32 { probe::tag!("reading"); 7 }
/// # async fn f() -> u32 {
/// probe::scoped!(fetch(), "fetch").await
/// # }
/// fn must_be_send(_: impl Send) {}
/// must_be_send(async {
///     probe::scoped!(fetch(), "commit").await;
/// });
/// ```
#[macro_export]
macro_rules! scoped {
    ($future:expr) => { $crate::__scoped!($future, [Work] [] [] [] []) };
    ($future:expr, $($form:tt)*) => { $crate::__position!([scoped $future] [Work] [] [] $($form)*) };
}

/// Sorts the arguments of a position probe: first what to do, then class, `hits` and group as far as
/// they are known, then what is left. Not for direct use.
#[doc(hidden)]
#[macro_export]
macro_rules! __position {
    ($do:tt $class:tt $hits:tt $group:tt work $(, $($rest:tt)*)?) => {
        $crate::__position!($do [Work] $hits $group $($($rest)*)?)
    };
    ($do:tt $class:tt $hits:tt $group:tt wait $(, $($rest:tt)*)?) => {
        $crate::__position!($do [Wait] $hits $group $($($rest)*)?)
    };
    ($do:tt $class:tt $hits:tt $group:tt idle $(, $($rest:tt)*)?) => {
        $crate::__position!($do [Idle] $hits $group $($($rest)*)?)
    };
    ($do:tt $class:tt [] $group:tt hits $(, $($rest:tt)*)?) => {
        $crate::__position!($do $class [hits] $group $($($rest)*)?)
    };
    ($do:tt $class:tt $hits:tt [] group = $name:literal $(, $($rest:tt)*)?) => {
        $crate::__position!($do $class $hits [$name] $($($rest)*)?)
    };
    ([tag] $class:tt $hits:tt $group:tt $($label:literal $(, $arg:expr)? $(,)?)?) => {
        $crate::__tag!($class $hits $group [$($label)?] [$($($arg)?)?])
    };
    ([scope] $class:tt $hits:tt $group:tt $($label:literal $(, $arg:expr)? $(,)?)?) => {
        $crate::__scope!($class $hits $group [$($label)?] [$($($arg)?)?])
    };
    ([scoped $future:expr] $class:tt $hits:tt $group:tt $($label:literal $(, $arg:expr)? $(,)?)?) => {
        $crate::__scoped!($future, $class $hits $group [$($label)?] [$($($arg)?)?])
    };
    ($($other:tt)*) => {
        ::core::compile_error!(
            "expected ([work|wait|idle,] [hits,] [group = \"name\",] [\"label\" [, argument]])"
        )
    };
}

/// Adds to a counter: `count!(COUNTER)` adds one, `count!(COUNTER, n)` adds `n`.
///
/// Cost on a registered thread: 5 instructions, no lock prefix; a member of a family or a shared
/// counter is one atomic add.
#[macro_export]
macro_rules! count {
    ($counter:expr $(,)?) => {
        $crate::count!($counter, 1u64)
    };
    ($counter:expr, $n:expr $(,)?) => {
        $crate::__when_in!($crate::__private::Count::add(
            &$counter,
            $crate::__private::Number::to_u64($n)
        ))
    };
}

/// Sets a gauge to a level, any integer, or a `Duration` in nanoseconds. One store; and a compare for its high-water mark.
/// A gauge begins at 0, which counts as its first level: the mark of one that was only ever below is 0.
#[macro_export]
macro_rules! set {
    ($gauge:expr, $level:expr $(,)?) => {
        $crate::__when_in!($crate::__private::Level::set(
            &$gauge,
            $crate::__private::Number::to_i64($level)
        ))
    };
}

/// Moves a gauge by a signed amount. One atomic add; and a compare for its high-water mark.
#[macro_export]
macro_rules! adjust {
    ($gauge:expr, $by:expr $(,)?) => {
        $crate::__when_in!($crate::__private::Level::adjust(
            &$gauge,
            $crate::__private::Number::to_i64($by)
        ))
    };
}

/// Adds one value to a histogram: any integer, or a `Duration` in nanoseconds. Two plain adds and a compare, in a block of this thread's own; atomic ones where no
/// block is left for it.
#[macro_export]
macro_rules! record {
    ($histogram:expr, $value:expr $(,)?) => {
        $crate::__when_in!($crate::__private::Sample::record(
            &$histogram,
            $crate::__private::Number::to_u64($value)
        ))
    };
}

/// A periodic job just ran. Two stores and a clock read.
#[macro_export]
macro_rules! beat {
    ($heartbeat:expr $(,)?) => {
        $crate::__when_in!($crate::__private::Beat::beat(&$heartbeat))
    };
}

/// How far a long task has come: `progress!(PROGRESS, done, total)`. Two stores.
#[macro_export]
macro_rules! progress {
    ($progress:expr, $done:expr, $total:expr $(,)?) => {
        $crate::__when_in!($crate::__private::Advance::advance(
            &$progress,
            $crate::__private::Number::to_u64($done),
            $crate::__private::Number::to_u64($total)
        ))
    };
}

/// A member of a family: `member!(ROWS, "db0")`. It appears on the board now and is gone when the
/// handle is dropped. Slow (it looks for room in a table): keep the handle. Of a label that is longer than 63 bytes less its
/// key the end is replaced by `…` and four digits that tell it from others that begin alike.
#[macro_export]
macro_rules! member {
    ($family:expr, $label:expr $(,)?) => {
        $crate::__member!($family, $label)
    };
}

/// The time now, as a [`Stamp`](crate::Stamp) to be shared between adjacent events. One clock read
/// (about 10 ns where the TSC is trusted).
#[macro_export]
macro_rules! now {
    () => { $crate::__or_nothing!($crate::__private::now() => $crate::Stamp::NONE) };
}

/// An item enters a queue: `queue_arrive!(QUEUE)` or `queue_arrive!(QUEUE, now)`. Returns the [`Stamp`](crate::Stamp)
/// that travels with the item. One atomic add, a compare, and a clock read unless a stamp is given.
#[macro_export]
macro_rules! queue_arrive {
    ($queue:expr $(,)?) => { $crate::queue_arrive!($queue, $crate::now!()) };
    ($queue:expr, $now:expr $(,)?) => { $crate::__or_nothing!($crate::__private::Flow::arrive(&$queue, $now) => $crate::Stamp::NONE) };
}

/// An item's service begins on this thread: `queue_start!(QUEUE, arrived)` or `queue_start!(QUEUE, arrived, now)`,
/// where `arrived` is its stamp from [`queue_arrive!`](crate::queue_arrive). Records its waiting time and makes this thread busy.
/// Returns the stamp to hand to [`queue_complete!`](crate::queue_complete). Where a panic may come in between and be caught, the
/// thread would be busy for ever: [`queue_serve!`](crate::queue_serve) is a guard.
#[macro_export]
macro_rules! queue_start {
    ($queue:expr, $arrived:expr $(,)?) => { $crate::queue_start!($queue, $arrived, $crate::now!()) };
    ($queue:expr, $arrived:expr, $now:expr $(,)?) => { $crate::__or_nothing!($crate::__private::Flow::start(&$queue, $arrived, $now) => $crate::Stamp::NONE) };
}

/// An item's service ends on this thread: `queue_complete!(QUEUE, started)` or `queue_complete!(QUEUE, started, now)`.
/// Records its service time; the thread is idle once it has completed all that it started.
#[macro_export]
macro_rules! queue_complete {
    ($queue:expr, $started:expr $(,)?) => {
        $crate::queue_complete!($queue, $started, $crate::now!())
    };
    ($queue:expr, $started:expr, $now:expr $(,)?) => {
        $crate::__when_in!($crate::__private::Flow::complete(&$queue, $started, $now))
    };
}

/// An item's service on this thread, from here until the returned guard is dropped, also by a panic that is
/// caught further up: [`queue_start!`](crate::queue_start) and [`queue_complete!`](crate::queue_complete) in one. `queue_serve!(QUEUE, arrived)` or
/// `queue_serve!(QUEUE, arrived, now)`. Bound to its thread.
///
/// ```
/// probe::metrics! { queue JOBS = "jobs_served"; }
/// fn run(job: (probe::Stamp, u32)) -> u32 {
///     let _serving = probe::queue_serve!(JOBS, job.0);
///     job.1 + 1
/// }
/// let arrived = probe::queue_arrive!(JOBS);
/// assert_eq!(run((arrived, 1)), 2);
/// ```
#[macro_export]
macro_rules! queue_serve {
    ($queue:expr, $arrived:expr $(,)?) => { $crate::queue_serve!($queue, $arrived, $crate::now!()) };
    ($queue:expr, $arrived:expr, $now:expr $(,)?) => { $crate::__or_nothing!($crate::__private::serve(&$queue, $arrived, $now) => $crate::Serving::nothing(&$queue)) };
}

/// A gauge is higher until the returned guard is dropped, also by a panic: `hold!(GAUGE)` by one, `hold!(GAUGE, n)`
/// by `n`. Connections that are open, bytes that are in use. The guard may go to another thread.
///
/// ```
/// probe::metrics! { gauge OPEN = "open_connections", "connections"; }
/// let open = probe::hold!(OPEN);
/// std::thread::spawn(move || drop(open)).join().unwrap();
/// ```
#[macro_export]
macro_rules! hold {
    ($gauge:expr $(,)?) => { $crate::hold!($gauge, 1i64) };
    ($gauge:expr, $by:expr $(,)?) => { $crate::__or_nothing!($crate::__private::hold(&$gauge, $crate::__private::Number::to_i64($by)) => $crate::Held::nothing(&$gauge)) };
}

/// Items leave a queue without service (dropped, superseded): `queue_leave!(QUEUE)` or `queue_leave!(QUEUE, n)`.
#[macro_export]
macro_rules! queue_leave {
    ($queue:expr $(,)?) => {
        $crate::queue_leave!($queue, 1u64)
    };
    ($queue:expr, $n:expr $(,)?) => {
        $crate::__when_in!($crate::__private::Flow::leave(
            &$queue,
            $crate::__private::Number::to_u64($n)
        ))
    };
}

/// Items that enter a queue and leave it at once, without service: an update that a newer one takes the place of, a
/// request that is refused when it comes. `queue_pass!(QUEUE)` or `queue_pass!(QUEUE, n)`: as
/// [`queue_arrive!`](crate::queue_arrive) and [`queue_leave!`](crate::queue_leave) for each, at the cost of a counter
/// and without a clock; the highest depth does not see them.
#[macro_export]
macro_rules! queue_pass {
    ($queue:expr $(,)?) => {
        $crate::queue_pass!($queue, 1u64)
    };
    ($queue:expr, $n:expr $(,)?) => {
        $crate::__when_in!($crate::__private::Flow::pass(
            &$queue,
            $crate::__private::Number::to_u64($n)
        ))
    };
}

/// Says which item is now at the head: `queue_head!(QUEUE, Some(stamp))`, or `None` for an empty queue. To
/// be called by whoever removes or replaces the head, under the queue's own lock; from it comes the age of
/// the oldest item, which stays right when items are superseded or reordered. One store. A channel from which items
/// come in the order in which they went in is declared as `fifo` in [`metrics!`](crate::metrics) and needs none.
#[macro_export]
macro_rules! queue_head {
    ($queue:expr, $stamp:expr $(,)?) => {
        $crate::__when_in!($crate::__private::Flow::head(&$queue, $stamp))
    };
}

/// This thread is busy until the returned guard is dropped: load without a queue. Two clock reads
/// and a few stores, in and out together.
#[macro_export]
macro_rules! busy {
    () => { $crate::__or_nothing!($crate::__private::busy() => $crate::Busy::new()) };
}

/// A named text: `fact!("config", text)`. Written rarely; 112 bytes of it are kept.
#[macro_export]
macro_rules! fact {
    ($key:literal, $text:expr $(,)?) => {
        $crate::__fact!($key, $text)
    };
}

/// A [`sync::Mutex`](crate::sync::Mutex) with a name, also in a static: `mutex!("index", value)`. One that is made by
/// `Mutex::new` is called by the file and line where that stands.
///
/// ```
/// use probe::sync::Mutex;
/// static INDEX: Mutex<Vec<u32>> = probe::mutex!("index", Vec::new());
/// INDEX.lock().unwrap().push(1);
/// ```
#[cfg(feature = "std")]
#[macro_export]
macro_rules! mutex {
    ($name:literal, $value:expr $(,)?) => {
        $crate::sync::named::mutex($name, $value)
    };
}

/// A [`sync::RwLock`](crate::sync::RwLock) with a name, also in a static: `rwlock!("index", value)`.
///
/// ```
/// use probe::sync::RwLock;
/// static INDEX: RwLock<Vec<u32>> = probe::rwlock!("index", Vec::new());
/// assert!(INDEX.read().unwrap().is_empty());
/// ```
#[cfg(feature = "std")]
#[macro_export]
macro_rules! rwlock {
    ($name:literal, $value:expr $(,)?) => {
        $crate::sync::named::rwlock($name, $value)
    };
}

/// Pins a value at this place: what it is computed from is done before, what uses it comes after. Costs
/// a trip through memory at most. Without probes it is the value itself.
#[macro_export]
macro_rules! compute_here {
    ($value:expr) => {
        $crate::__private::pin($value)
    };
}

/// Makes this process's board: `init!("name")`, or `init!("name", |config| config.threads(128))`.
/// Returns the [`Status`](crate::Status). It never fails the daemon: what went wrong is said once on
/// stderr and in the status, and probes then write to private memory. Calling it again does nothing.
/// Call it after daemonizing. The name is a `&str`, a `String`, or what else has `as_ref` to `str`; it may hold letters and
/// digits of ASCII, `-`, `_`, and `.` but for the first place. What else is in it becomes `_`, and of more than 100
/// characters the first 100 count; see [`Config`](crate::Config).
#[cfg(feature = "std")]
#[macro_export]
macro_rules! init {
    ($name:expr $(,)?) => {
        $crate::init!($name, |config| config)
    };
    ($name:expr, $config:expr $(,)?) => {
        $crate::__init!($name, $config)
    };
}

/// Declares named numbers, each a `static` with its documentation comment as help:
///
/// ```
/// probe::metrics! {
///     /// Jobs that writers handed over.
///     pub counter SUBMITTED = "jobs_submitted", "jobs";
///     /// Jobs that a newer one made needless.
///     pub counter SUPERSEDED = "jobs_superseded", "jobs";
///     /// Share of the jobs that were never written.
///     pub ratio AVOIDED = "writes_avoided", [SUPERSEDED] / [SUBMITTED];
///     /// Jobs that wait.
///     pub gauge BACKLOG = "backlog", "jobs";
///     /// Time of a commit.
///     pub histogram COMMIT = "commit_time", "ns";
///     /// The expiry job.
///     pub heartbeat EXPIRY = "expiry", every 1000 ms;
///     /// Rows loaded.
///     pub progress LOADED = "loaded", "rows";
///     /// Update jobs.
///     pub queue JOBS = "jobs";
///     /// Mails to be sent, first in, first out: the age of the oldest needs no `queue_head!`.
///     pub fifo MAILS = "mails";
///     /// Rows of each table.
///     pub gauge family ROWS = "rows", "rows", by "table";
/// }
/// let rows = probe::member!(ROWS, "users");
/// probe::set!(rows, 3);
/// probe::count!(SUBMITTED);
/// ```
///
/// Attributes stand where they stand on a `static`: `#[cfg(unix)]` leaves a number out elsewhere. The time of a
/// heartbeat is a literal, the name of a constant (`u64`, ms), or such an expression in parentheses:
/// `every EXPIRY_MS ms`, `every (limits::EXPIRY_MS / 2) ms`. One call may declare thousands.
#[macro_export]
macro_rules! metrics {
    ($($declarations:tt)*) => {
        $crate::__private::each_metric! { [$crate] $($declarations)* }
    };
}

/// Sorts a declaration by its kind. Not for direct use.
#[doc(hidden)]
#[macro_export]
macro_rules! __declare {
    ($about:tt [$($vis:tt)*] counter $name:ident = $text:literal, $unit:literal) => {
        $crate::__metric!($about $($vis)* $name: Counter = $text, $unit);
    };
    ($about:tt [$($vis:tt)*] gauge $name:ident = $text:literal, $unit:literal) => {
        $crate::__metric!($about $($vis)* $name: Gauge = $text, $unit);
    };
    ($about:tt [$($vis:tt)*] histogram $name:ident = $text:literal, $unit:literal) => {
        $crate::__metric!($about $($vis)* $name: Histogram = $text, $unit);
    };
    ($about:tt [$($vis:tt)*] progress $name:ident = $text:literal, $unit:literal) => {
        $crate::__metric!($about $($vis)* $name: Progress = $text, $unit);
    };
    ($about:tt [$($vis:tt)*] queue $name:ident = $text:literal) => {
        $crate::__metric!($about $($vis)* $name: Queue = $text, "items");
    };
    ($about:tt [$($vis:tt)*] fifo $name:ident = $text:literal) => {
        $crate::__metric!($about $($vis)* $name: Fifo = $text, "items");
    };
    ($about:tt [$($vis:tt)*] heartbeat $name:ident = $text:literal, every $every:tt ms) => {
        $crate::__metric!($about $($vis)* $name: Heartbeat = $text, "beats", $every);
    };
    ($about:tt [$($vis:tt)*] ratio $name:ident = $text:literal, [$($over:expr),+ $(,)?] / [$($under:expr),+ $(,)?]) => {
        $crate::__metric!($about $($vis)* $name: Ratio = $text, "", &[$(&$over),+], &[$(&$under),+]);
    };
    ($about:tt [$($vis:tt)*] gauge family $name:ident = $text:literal, $unit:literal, by $key:literal) => {
        $crate::__metric!($about $($vis)* $name: GaugeFamily = $text, $unit, $key);
    };
    ($about:tt [$($vis:tt)*] counter family $name:ident = $text:literal, $unit:literal, by $key:literal) => {
        $crate::__metric!($about $($vis)* $name: CounterFamily = $text, $unit, $key);
    };
    ($about:tt [$($vis:tt)*] $kind:ident $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "`", ::core::stringify!($kind $($rest)*), "` declares no number; expected one of: \
            counter NAME = \"name\", \"unit\"; gauge …; histogram …; progress …; queue NAME = \"name\"; fifo …; \
            heartbeat NAME = \"name\", every N ms (a number, a constant, or an expression in parentheses); ratio NAME = \"name\", [A] / [B]; \
            counter family NAME = \"name\", \"unit\", by \"key\"; gauge family …"
        ));
    };
}

/// What an attribute adds to a number's help. Not for direct use.
#[doc(hidden)]
#[macro_export]
macro_rules! __help {
    (doc = $text:expr) => {
        ::core::concat!($text, "\n")
    };
    ($($other:tt)*) => {
        ""
    };
}
