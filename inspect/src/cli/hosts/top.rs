//! `top` over hosts.

use super::super::args::Cli;
use super::super::failure::Failure;
use super::super::top::{ended, on_a_terminal, options};
use super::ask::{hosts, named};
use crate::locate::Target;
use crate::top::hosts::{self as screen, About, TABS};
use crate::top::state::State;

pub(super) fn run(cli: &Cli, target: &Target) -> Result<(), Failure> {
    let common = &cli.common;
    on_a_terminal(common)?;
    let about = About { board: named(target)? };
    let whom = hosts(common)?;
    let state = State::of(TABS, common.filter.as_deref(), common.all);
    ended(screen::run(whom, about, state, &options(common)))
}
