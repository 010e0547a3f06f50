//! The slots of a board: a thread comes, is told apart, and goes.

pub(crate) mod register;
