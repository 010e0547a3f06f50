//! Operations, as a daemon writes them.

/// An operation that this thread works on until the returned guard is dropped: a request, a job, a
/// connection. It stands on the board with its age, its statuses and where it is, and for a while
/// after its end with its outcome; see [`Operation`](crate::Operation).
///
/// `op!(KIND [, sensitive] [, peer = PEER] [, parent = ID] [, LABEL])`
///
/// - The kind is a literal, one word: `"request"`.
/// - The label is a format with its arguments, `"GET {path}"`, or any expression that is a string
///   (cheaper: it is copied, not formatted). 64 bytes of it are kept, less beside a long peer.
/// - `sensitive` keeps the label off the board unless the daemon was told otherwise
///   ([`Config::sensitive`](crate::Config::sensitive)).
/// - The peer is anything with a `Display`: 40 bytes of it are kept; one that was cut is marked.
/// - The parent is an [`OpId`](crate::OpId) in an option, as [`Op::id`](crate::Op::id) gives it; without it, the
///   operation that this thread works on.
///
/// Never waits and never allocates. When the table is full the operation is not recorded, and that is
/// counted. Cost of beginning and end together: two clock reads and about as many stores as the label has
/// words, and forty.
///
/// ```
/// # fn read(_: &str) -> Result<(), probe::Cancelled> {
/// # let path = "/user/42";
/// let op = probe::op!("request", "GET {path}");
/// probe::op_status!("look up").check()?;
/// probe::op_status!("answer");
/// op.fail();
/// # Ok(()) }
/// # read("").unwrap();
/// ```
#[macro_export]
macro_rules! op {
    ($kind:literal $($rest:tt)*) => { $crate::__op_form!([begin $kind] [] [] [] $($rest)*) };
}

/// An operation that no thread works on yet: an [`Op`](crate::Op), to be handed on, entered, or carried by a
/// future. Takes the same forms as [`op!`](crate::op).
///
/// ```
/// let op = probe::begin_op!("connection", peer = "10.0.0.7:52044");
/// std::thread::spawn(move || {
///     let _here = op.enter();
///     probe::op_status!("handshake");
/// }).join().unwrap();
/// ```
#[macro_export]
macro_rules! begin_op {
    ($kind:literal $($rest:tt)*) => { $crate::__op_form!([begin_detached $kind] [] [] [] $($rest)*) };
}

/// Wraps a future so that it is an operation: `op_async!(future, KIND …)`, with the same forms as
/// [`op!`](crate::op). Each poll is a thread that works on it. It begins here, ends when the future is ready,
/// and ends as cancelled when that is dropped before. See [`Op::track`](crate::Op::track) and its like.
///
/// ```
/// # async fn fetch() -> u32 { probe::op_status!("reading"); 7 }
/// # async fn f() -> u32 {
/// probe::op_async!(fetch(), "request", "GET /user/42").await
/// # }
/// ```
#[macro_export]
macro_rules! op_async {
    ($future:expr, $kind:literal $($rest:tt)*) => {
        $crate::__op_async!($future, $crate::begin_op!($kind $($rest)*))
    };
}

/// Sorts the arguments of an operation: sensitive, peer, parent, then the label. Not for direct use.
#[doc(hidden)]
#[macro_export]
macro_rules! __op_form {
    ($do:tt [] $peer:tt $parent:tt , sensitive $($rest:tt)*) => {
        $crate::__op_form!($do [sensitive] $peer $parent $($rest)*)
    };
    ($do:tt $hidden:tt [] $parent:tt , peer = $peer:expr $(, $($rest:tt)*)?) => {
        $crate::__op_form!($do $hidden [$peer] $parent $(, $($rest)*)?)
    };
    ($do:tt $hidden:tt $peer:tt [] , parent = $parent:expr $(, $($rest:tt)*)?) => {
        $crate::__op_form!($do $hidden $peer [$parent] $(, $($rest)*)?)
    };
    ($do:tt $hidden:tt $peer:tt $parent:tt $(,)?) => {
        $crate::__op_made!($do $hidden $peer $parent ($crate::__private::Label::none()))
    };
    ($do:tt $hidden:tt $peer:tt $parent:tt , $format:literal $(, $($arguments:tt)*)?) => {
        $crate::__op_made!($do $hidden $peer $parent
            ($crate::__private::from_arguments(::core::format_args!($format $(, $($arguments)*)?))))
    };
    ($do:tt $hidden:tt $peer:tt $parent:tt , $label:expr $(,)?) => {
        $crate::__op_made!($do $hidden $peer $parent
            ($crate::__private::label(::core::convert::AsRef::<str>::as_ref(&$label))))
    };
    ($do:tt [$($hidden:ident)?] $peer:tt $parent:tt $($other:tt)*) => {
        ::core::compile_error!(
            "expected (\"kind\" [, sensitive] [, peer = who] [, parent = id] [, \"label\" …])"
        )
    };
}

/// Puts the parts of an operation together. Not for direct use.
#[doc(hidden)]
#[macro_export]
macro_rules! __op_made {
    ($do:tt [sensitive] $peer:tt $parent:tt ($label:expr)) => {
        $crate::__op_made!($do [] $peer $parent ($crate::__private::sensitive($label)))
    };
    ($do:tt [] [$peer:expr] $parent:tt ($label:expr)) => {
        $crate::__op_made!($do [] [] $parent ($crate::__private::peer($label, &$peer)))
    };
    ([$begin:ident $kind:literal] [] [] [] ($label:expr)) => {
        $crate::__op!($begin $kind $label, ::core::option::Option::None)
    };
    ([$begin:ident $kind:literal] [] [] [$parent:expr] ($label:expr)) => {
        $crate::__op!($begin $kind $label, $parent)
    };
}

/// The operation has another status: `op_status!("commit")` for the one that this thread works on (and the
/// thread is at this line, as with [`tag!`](crate::tag)), `op_status!(op, "commit")` for an
/// [`Op`](crate::Op) at hand. A class goes before the label, as in `tag!`: `op_status!(wait, "lock")`.
///
/// Returns [`Asked`](crate::Asked): whether somebody asked the operation to end, to be looked at or not.
/// The time in each status is added up, for the operation (in six words; rarer ones share the last) and
/// for all operations together. Cost: a clock read and about fifteen stores.
///
/// ```
/// # fn f() -> Result<(), probe::Cancelled> {
/// let op = probe::op!("job");
/// probe::op_status!("read").check()?;
/// probe::op_status!(wait, "lock");
/// probe::op_status!(op, "write");
/// # Ok(()) }
/// # f().unwrap();
/// ```
#[macro_export]
macro_rules! op_status {
    (work, $label:literal $(,)?) => { $crate::__status!([Work] [] $label) };
    (wait, $label:literal $(,)?) => { $crate::__status!([Wait] [] $label) };
    (idle, $label:literal $(,)?) => { $crate::__status!([Idle] [] $label) };
    ($label:literal $(,)?) => { $crate::__status!([Work] [] $label) };
    ($op:expr, work, $label:literal $(,)?) => { $crate::__status!([Work] [$op] $label) };
    ($op:expr, wait, $label:literal $(,)?) => { $crate::__status!([Wait] [$op] $label) };
    ($op:expr, idle, $label:literal $(,)?) => { $crate::__status!([Idle] [$op] $label) };
    ($op:expr, $label:literal $(,)?) => { $crate::__status!([Work] [$op] $label) };
}

/// Whether somebody asked the operation that this thread works on to end, as [`Asked`](crate::Asked): for long
/// loops within one status. A few loads.
#[macro_export]
macro_rules! op_asked {
    () => { $crate::__or_nothing!($crate::__private::asked_here() => $crate::Asked::no()) };
}

/// The operation is called otherwise from here on, when more is known of it than at its beginning:
/// `op_label!("client {id}")` for the one that this thread works on, `op_label!(op, "client {id}")` for an
/// [`Op`](crate::Op) at hand. Its peer stays. Cost: the formatting, and two atomic operations.
///
/// ```
/// let connection = probe::op!("connection", peer = "10.0.0.7:52044");
/// # let id = 7;
/// probe::op_label!("client {id}");
/// probe::op_label!(connection, "client {id}, authenticated");
/// ```
#[macro_export]
macro_rules! op_label {
    ($format:literal $(, $($arguments:tt)*)?) => {
        $crate::__when_in!($crate::__private::label_here($crate::__private::from_arguments(
            ::core::format_args!($format $(, $($arguments)*)?)
        )))
    };
    ($op:expr, $format:literal $(, $($arguments:tt)*)?) => {
        $crate::__when_in!($crate::Op::set_label(&$op, ::core::format_args!($format $(, $($arguments)*)?)))
    };
}

/// The operation is for somebody else, or that is known only now (behind a proxy): `op_peer!(who)` for the one that this
/// thread works on, `op_peer!(op, who)` for an [`Op`](crate::Op) at hand. Its label stays.
///
/// ```
/// let connection = probe::begin_op!("connection");
/// probe::op_peer!(connection, "10.0.0.7:52044");
/// ```
#[macro_export]
macro_rules! op_peer {
    ($who:expr $(,)?) => {
        $crate::__when_in!($crate::__private::peer_here(&$who))
    };
    ($op:expr, $who:expr $(,)?) => {
        $crate::__when_in!($crate::Op::set_peer(&$op, &$who))
    };
}

/// The operation is part of a trace that others began: `op_trace!(context)` for the one that this thread works on,
/// `op_trace!(op, context)` for an [`Op`](crate::Op) at hand. The context is a [`TraceContext`](crate::TraceContext), or
/// an option of one; see [`Op::set_trace`](crate::Op::set_trace). Cost: a thread-local look and six stores.
///
/// ```
/// # let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let request = probe::op!("request");
/// probe::op_trace!(probe::TraceContext::parse(header));
/// probe::op_trace!(request, probe::TraceContext::new(0x4bf9, 0xf067));
/// ```
#[macro_export]
macro_rules! op_trace {
    ($context:expr $(,)?) => {
        $crate::__when_in!($crate::__private::trace_here($context))
    };
    ($op:expr, $context:expr $(,)?) => {
        $crate::__when_in!($crate::Op::set_trace(&$op, $context))
    };
}
