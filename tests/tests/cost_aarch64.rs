//! What probes cost on 64-bit ARM, as instructions in the compiled code: built for it here, taken apart, not run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use tests::build;

const TARGET: &str = "aarch64-unknown-linux-gnu";
const LINKER: &str = "aarch64-linux-gnu-gcc";
const OBJDUMP: &str = "aarch64-linux-gnu-objdump";

/// The fixture's functions, each as the instructions on its way.
type Ways = BTreeMap<String, Vec<String>>;

/// `fixture-cost` for the target, where that is installed. In CI it must be.
fn program() -> Option<PathBuf> {
    let sysroot = build::run(Command::new("rustc").args(["--print", "sysroot"]));
    if !std::path::Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET).exists() {
        build::skip(&format!("rustup target add {TARGET}"));
        return None;
    }
    if !build::needs(LINKER, "gcc-aarch64-linux-gnu")
        || !build::needs(OBJDUMP, "binutils-aarch64-linux-gnu")
    {
        return None;
    }
    let target = build::target().join("for-tests/fixture-cost-aarch64");
    build::run(
        build::cargo_release()
            .args(["--quiet", "--locked", "--package", "fixture-cost"])
            .args(["--bin", "fixture-cost", "--target", TARGET, "--target-dir"])
            .arg(&target)
            .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", LINKER)
            .current_dir(build::root()),
    );
    Some(target.join(TARGET).join("release/fixture-cost"))
}

/// What is between a function's entry and its return with no branch taken. Saving and restoring registers is left out:
/// it belongs to the function.
fn ways(listing: &str) -> Ways {
    let mut ways = Ways::new();
    let mut inside: Option<String> = None;
    for line in listing.lines() {
        if let Some(name) = line.strip_suffix(">:").and_then(|line| line.split_once('<')) {
            let name =
                name.1.strip_prefix("fixture_cost::cost_").filter(|name| !name.contains(':'));
            inside = name.map(str::to_owned);
            continue;
        }
        let Some(name) = &inside else { continue };
        let Some((_, instruction)) = line.split_once(":\t") else { continue };
        let way = ways.entry(name.clone()).or_default();
        let verb = instruction.split('\t').next().unwrap_or_default().trim();
        if verb == "ret" {
            inside = None;
        } else if !is_frame(verb, instruction) {
            way.push(instruction.trim().to_owned());
        }
    }
    ways
}

/// Whether an instruction saves or restores registers, or makes the frame for that.
fn is_frame(verb: &str, instruction: &str) -> bool {
    let moves = matches!(verb, "stp" | "ldp" | "str" | "ldr") && instruction.contains("[sp");
    moves || instruction.contains("x29, sp") || instruction.contains("sp, sp,")
}

#[track_caller]
fn costs(ways: &Ways, function: &str, most: usize, stores: usize) {
    let way = ways.get(function).unwrap_or_else(|| panic!("no function cost_{function}"));
    assert!(
        way.len() <= most,
        "cost_{function}: {} instructions, at most {most}\n{}",
        way.len(),
        way.join("\n")
    );
    let found = way.iter().filter(|line| line.starts_with("st")).count();
    assert_eq!(found, stores, "cost_{function}\n{}", way.join("\n"));
    // Locked or exclusive accesses of either kind, and calls of what chooses between them.
    let locked = |line: &&String| {
        ["ldx", "ldax", "stx", "stlx", "cas", "ldadd", "swp", "b\t", "bl\t"]
            .iter()
            .any(|verb| line.starts_with(verb))
    };
    assert_eq!(way.iter().find(locked), None, "cost_{function}\n{}", way.join("\n"));
}

#[test]
fn probes_on_64_bit_arm_cost_as_many_instructions_as_kept_here() {
    let Some(program) = program() else { return };
    let listing = build::run(
        Command::new(OBJDUMP)
            .args(["--disassemble", "--demangle", "--no-show-raw-insn"])
            .arg(program),
    );
    let ways = ways(&listing);
    costs(&ways, "nothing", 0, 0);
    // An address takes two instructions here, and the thread's own memory three: 9 where x86-64 has 5.
    costs(&ways, "tag", 9, 1);
    costs(&ways, "three_tags", 9 + 3 + 3, 3);
    costs(&ways, "tag_in_group", 9 + 3, 1);
    costs(&ways, "tag_with_hits", 9 + 7, 2);
    // Two of its stores are into the thread's own memory.
    costs(&ways, "tag_with_argument", 24, 4 + 2);
    costs(&ways, "counter", 10, 1);
    costs(&ways, "counter_add", 10, 1);
    costs(&ways, "scope", 24, 6);
}

#[test]
fn a_way_is_read_as_the_disassembler_writes_it() {
    let listing = "0000000000000010 <fixture_cost::cost_one>:\n  10:\tstp\tx29, x30, [sp, #-32]!\n  14:\tmov\tx29, sp\n  \
                   18:\tmrs\tx8, tpidr_el0\n  1c:\tstr\tx9, [x8, #8]\n  20:\tldp\tx29, x30, [sp], #32\n  24:\tret\n  \
                   28:\tb\t98f8 <slow>\n\n0000000000000030 <fixture_cost::cost_one::SITE::here>:\n  30:\tnop\n";
    let ways = ways(listing);
    assert_eq!(ways.keys().collect::<Vec<_>>(), ["one"]);
    assert_eq!(ways["one"], ["mrs\tx8, tpidr_el0", "str\tx9, [x8, #8]"]);
}
