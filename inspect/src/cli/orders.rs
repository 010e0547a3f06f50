//! The orders that `--sort` takes.

use clap::ValueEnum;
use clap::builder::TypedValueParser;

use crate::render::Sort;

/// Some of the orders, by their names.
pub(super) fn orders(some: &'static [Sort]) -> impl TypedValueParser<Value = Sort> {
    let names = some.iter().filter_map(Sort::to_possible_value);
    clap::builder::PossibleValuesParser::new(names).try_map(|name| Sort::from_str(&name, false))
}
