//! Looking at compiled code: functions by name, and their instructions on the way that is taken when
//! nothing is the first time.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register};
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};

/// The machine code of every function of a program, by demangled name without its hash.
///
/// # Panics
/// When the file is not a program with symbols.
#[track_caller]
pub fn functions(program: &Path) -> BTreeMap<String, (u64, Vec<u8>)> {
    let bytes = std::fs::read(program).unwrap_or_else(|error| panic!("{program:?}: {error}"));
    let file = object::File::parse(&*bytes).unwrap_or_else(|error| panic!("{program:?}: {error}"));
    let code = |symbol: &object::Symbol<'_, '_>| {
        let section = file.section_by_index(symbol.section_index()?).ok()?;
        let data = section.data_range(symbol.address(), symbol.size()).ok()??;
        let name = rustc_demangle::demangle(symbol.name().ok()?);
        Some((format!("{name:#}"), (symbol.address(), data.to_vec())))
    };
    file.symbols()
        .filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0)
        .filter_map(|symbol| code(&symbol))
        .collect()
}

/// The instructions of a function from its entry to its return, with no branch taken: what a probe
/// costs once its thread is registered. Saving and restoring registers is left out: it belongs to the
/// function.
///
/// # Panics
/// When the way does not end in a return.
#[track_caller]
pub fn straight(address: u64, code: &[u8]) -> Vec<Instruction> {
    let mut way = Vec::new();
    for instruction in Decoder::with_ip(64, code, address, DecoderOptions::NONE) {
        match instruction.flow_control() {
            FlowControl::Return => return way,
            FlowControl::Next | FlowControl::ConditionalBranch => {}
            other => panic!("{instruction}: {other:?} on the way\n{way:#?}"),
        }
        if !matches!(instruction.mnemonic(), Mnemonic::Push | Mnemonic::Pop) {
            way.push(instruction);
        }
    }
    panic!("no return");
}

/// The instructions of the shortest way from a function's entry to its return that calls nothing, whichever way its
/// branches are laid out: of a lock, the way on which nobody else has it. Saving and restoring registers is left out, and
/// the room on the stack that other ways need.
///
/// # Panics
/// When every way calls something.
#[track_caller]
pub fn shortest(address: u64, code: &[u8]) -> Vec<Instruction> {
    let all: BTreeMap<u64, Instruction> = Decoder::with_ip(64, code, address, DecoderOptions::NONE)
        .into_iter()
        .map(|instruction| (instruction.ip(), instruction))
        .collect();
    let mut before: BTreeMap<u64, u64> = BTreeMap::new();
    let mut next = VecDeque::from([address]);
    while let Some(at) = next.pop_front() {
        let Some(instruction) = all.get(&at) else { continue };
        let behind = match instruction.flow_control() {
            FlowControl::Return => {
                let mut way = vec![at];
                while let Some(&from) = before.get(way.last().unwrap_or(&at)) {
                    way.push(from);
                }
                let way = way.iter().rev().filter_map(|at| all.get(at)).copied();
                return way
                    .filter(|one| !is_frame(one) && one.flow_control() != FlowControl::Return)
                    .collect();
            }
            FlowControl::Next => vec![instruction.next_ip()],
            FlowControl::ConditionalBranch => {
                vec![instruction.next_ip(), instruction.near_branch_target()]
            }
            FlowControl::UnconditionalBranch => vec![instruction.near_branch_target()],
            _ => continue,
        };
        for to in behind {
            if to != address && !before.contains_key(&to) {
                before.insert(to, at);
                next.push_back(to);
            }
        }
    }
    panic!("no way without a call");
}

/// It belongs to the function's frame.
fn is_frame(instruction: &Instruction) -> bool {
    let of_stack = matches!(instruction.mnemonic(), Mnemonic::Add | Mnemonic::Sub)
        && instruction.op0_register() == Register::RSP;
    of_stack
        || matches!(
            instruction.mnemonic(),
            Mnemonic::Push | Mnemonic::Pop | Mnemonic::Jmp | Mnemonic::Nop
        )
}

/// Whether an instruction writes memory other than the thread's own (which `fs` reaches).
pub fn stores(instruction: &Instruction) -> bool {
    let writes = !matches!(instruction.mnemonic(), Mnemonic::Cmp | Mnemonic::Test);
    instruction.op0_kind() == OpKind::Memory
        && writes
        && instruction.segment_prefix() != Register::FS
}

/// The way as text, for a failing test's message.
pub fn listing(way: &[Instruction]) -> String {
    way.iter().map(|instruction| format!("  {instruction}\n")).collect()
}
