//! Names that macros had earlier: they say so when they are used, and do what the new ones do.

/// One macro under the name that it had. `$` is handed in, as a macro that makes macros must have it.
macro_rules! earlier {
    ($($dollar:tt $old:ident is $new:ident, $note:literal;)*) => {$(
        #[doc(hidden)]
        #[deprecated(note = $note)]
        #[macro_export]
        macro_rules! $old {
            ($dollar($dollar form:tt)*) => { $crate::$new!($dollar($dollar form)*) };
        }
    )*};
}

earlier! {
    $ arrive is queue_arrive, "it is called `queue_arrive!`";
    $ start is queue_start, "it is called `queue_start!`";
    $ complete is queue_complete, "it is called `queue_complete!`";
    $ serve is queue_serve, "it is called `queue_serve!`";
    $ leave is queue_leave, "it is called `queue_leave!`";
    $ head is queue_head, "it is called `queue_head!`";
    $ status is op_status, "it is called `op_status!`";
    $ asked is op_asked, "it is called `op_asked!`";
    $ label is op_label, "it is called `op_label!`";
    $ peer is op_peer, "it is called `op_peer!`";
    $ pin is compute_here, "it is called `compute_here!`";
}
