//! What everything else stands on: the clock, the machine and its limits, references to records, and
//! a line to the operator.
//!
//! ```text
//! clock   the cheapest stamp another process can read    record_ref  to a record, once there is one
//! limits  what could kill while a board is made          mounts  what may hang is known before it is touched
//! ours    whether a descriptor still is                  stay    never unmapped
//! peer    who is at the other end of a socket             standard  nothing of ours is stdin, stdout or stderr
//! say     a line on stderr that harms nobody           latest  what a room knows of a board
//! threads  of our own, and their pauses              futex  sleep on a word
//! settings  what probes ask for while they run      distributed  statics that the linker puts side by side
//! forks   how often this process was forked
//! ```

pub(crate) mod clock;
pub(crate) mod distributed;
pub(crate) mod forks;
pub(crate) mod futex;
pub(crate) mod latest;
pub(crate) mod limits;
pub(crate) mod mounts;
pub(crate) mod ours;
pub(crate) mod peer;
pub(crate) mod record_ref;
pub(crate) mod say;
pub(crate) mod settings;
pub(crate) mod standard;
pub(crate) mod stay;
pub(crate) mod threads;
