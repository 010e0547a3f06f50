//! Servers that others wrote, each with the few lines by which its authors would add Scoreboard. What their boards
//! say is compared with what their clients had, in `tests/agree.rs`.
