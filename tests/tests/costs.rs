//! What probes cost in instructions that are really executed, as `tests::costs` has it.

#![cfg(target_arch = "x86_64")]

use tests::costs::{self, PROBES};

#[test]
fn no_probe_costs_more_instructions_than_the_table_says() {
    let scratch = tempfile::tempdir().expect("a folder");
    let Some(counted) = costs::counted(scratch.path()) else { return };
    let listed: Vec<_> = PROBES.iter().map(|probe| probe.function).collect();
    for function in counted.keys() {
        assert!(listed.contains(&function.as_str()), "{function} is not in the table");
    }
    let mut wrong = Vec::new();
    for probe in PROBES {
        let found = counted.get(probe.function).copied().unwrap_or(f64::INFINITY);
        // A duration that is longer than all before costs more: how often that happens differs from run to run. Fewer are
        // not right either: the table would promise too little.
        let (most, least) = (probe.at_most as f64 + 2.0, probe.at_most as f64 * 0.95 - 2.0);
        if found > most || found < least {
            wrong.push(format!("{}: {found}, in the table {}", probe.what, probe.at_most));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_file_of_callgrind_is_read_as_it_is_written() {
    let text = "fn=(1) a::caller\n10 5\ncfn=(2) a::one::x\ncalls=3 20\n11 30\n12 1\ncfn=(3) a::one::y\ncalls=1 20\n13 7\n\
                fn=(4) a::other\ncfn=(2)\ncalls=9 20\n14 900\n\nfn=(1)\ncfn=(2)\ncalls=1 20\n11 14\n";
    let found = costs::of_each_call(text, "a::caller", "a::one::");
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [("x".into(), 11.0), ("y".into(), 7.0)]);
}
