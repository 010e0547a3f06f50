//! What everything else stands on: the clock, the machine and its limits, pointers that are placed once, and
//! a line to the operator.
//!
//! ```text
//! clock   the cheapest stamp another process can read    placed  a pointer to a record, once there is one
//! limits  what could kill while a board is made          mounts  what may hang is known before it is touched
//! ours    whether a descriptor still is                  stay    never unmapped
//! peer    who is at the other end of a socket
//! say     a line on stderr that harms nobody           lasting  what a room knows of a board
//! settings  what probes ask for while they run      gathered  statics that the linker puts side by side
//! ```

pub(crate) mod clock;
pub(crate) mod gathered;
pub(crate) mod lasting;
pub(crate) mod limits;
pub(crate) mod mounts;
pub(crate) mod ours;
pub(crate) mod peer;
pub(crate) mod placed;
pub(crate) mod say;
pub(crate) mod settings;
pub(crate) mod stay;
