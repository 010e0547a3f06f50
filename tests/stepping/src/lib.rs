//! Stops a process after every single instruction of a probe and reads the board that it would leave
//! if it were killed just there.
//!
//! A process killed by SIGKILL leaves its board as its last instruction left it, so the board of a
//! process that is stopped after instruction k is the board of one killed there: one run shows every
//! such board. The test also really kills, at some of them.

pub mod board;
pub mod holder;
pub mod trace;
