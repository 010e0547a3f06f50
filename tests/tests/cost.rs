//! What probes cost, as instructions in the compiled code: never as time.

#![cfg(target_arch = "x86_64")]

use std::collections::BTreeMap;

use iced_x86::{Instruction, Mnemonic};
use tests::{build, code};

type Ways = BTreeMap<String, Vec<Instruction>>;

/// The fixture's functions, each as the instructions on its way.
fn ways(arguments: &[&str]) -> Ways {
    let program = build::release("fixture-cost", "fixture-cost", arguments);
    code::functions(&program)
        .into_iter()
        .filter_map(|(name, (address, bytes))| {
            let name = name.strip_prefix("fixture_cost::cost_")?.to_owned();
            let way = if name.contains("mutex") || name.contains("rwlock") {
                code::shortest
            } else {
                code::straight
            };
            (!name.contains(':')).then(|| (name, way(address, &bytes)))
        })
        .collect()
}

#[track_caller]
fn costs(ways: &Ways, function: &str, most: usize) {
    let way = ways.get(function).unwrap_or_else(|| panic!("no function cost_{function}"));
    assert!(
        way.len() <= most,
        "cost_{function}: {} instructions, at most {most}\n{}",
        way.len(),
        code::listing(way)
    );
    let locked = way.iter().any(|i| i.has_lock_prefix() || i.mnemonic() == Mnemonic::Xchg);
    assert!(!locked, "cost_{function}: lock prefix\n{}", code::listing(way));
}

#[track_caller]
fn stores(ways: &Ways, function: &str, stores: usize) {
    let way = &ways[function];
    let found = way.iter().filter(|instruction| code::stores(instruction)).count();
    assert_eq!(found, stores, "cost_{function}\n{}", code::listing(way));
}

#[test]
fn a_tag_is_five_instructions_and_each_further_one_two() {
    let ways = ways(&[]);
    costs(&ways, "nothing", 0);
    costs(&ways, "tag", 5);
    stores(&ways, "tag", 1);
    costs(&ways, "three_tags", 5 + 2 + 2);
    stores(&ways, "three_tags", 3);
    // The line marked, the argument counted, the argument, the line.
    costs(&ways, "tag_with_argument", 15);
    stores(&ways, "tag_with_argument", 4);
    costs(&ways, "tag_with_hits", 5 + 5);
    costs(&ways, "tag_in_group", 5 + 3);
}

#[test]
fn a_counter_is_five_instructions_and_a_scope_seventeen() {
    let ways = ways(&[]);
    costs(&ways, "counter", 5);
    costs(&ways, "counter_add", 5);
    stores(&ways, "counter_add", 1);
    costs(&ways, "scope", 17);
}

/// What a wrapper costs more than what it wraps, in and out together.
#[track_caller]
fn costs_more(ways: &Ways, wrapped: &str, plain: &str, most: usize, stores_more: usize) {
    let (with, without) = (&ways[wrapped], &ways[plain]);
    let listings = || format!("{}\n---\n{}", code::listing(with), code::listing(without));
    let more = with.len() as i64 - without.len() as i64;
    assert!(more <= most as i64, "cost_{wrapped}: {more} more\n{}", listings());
    let stores = |way: &[Instruction]| way.iter().filter(|one| code::stores(one)).count();
    assert_eq!(stores(with), stores(without) + stores_more, "{}", listings());
    let locked = |way: &[Instruction]| {
        way.iter().filter(|i| i.has_lock_prefix() || i.mnemonic() == Mnemonic::Xchg).count()
    };
    assert_eq!(locked(with), locked(without), "no lock prefix of our own\n{}", listings());
}

#[test]
fn a_mutex_is_ten_instructions_and_two_stores_more_than_what_it_wraps() {
    let ways = ways(&[]);
    costs_more(&ways, "mutex", "plain_mutex", 10, 2);
}

#[test]
fn a_read_lock_is_fourteen_instructions_more() {
    let ways = ways(&[]);
    let (with, without) = (&ways["rwlock"], &ways["plain_rwlock"]);
    let more = with.len() as i64 - without.len() as i64;
    assert!(more <= 14, "{more}\n{}---\n{}", code::listing(with), code::listing(without));
}

#[test]
fn a_tag_with_a_trail_is_eight_instructions() {
    let ways = ways(&["--features", "trail"]);
    costs(&ways, "tag", 8);
    stores(&ways, "tag", 3);
}
