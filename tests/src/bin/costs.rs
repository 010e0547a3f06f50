//! Prints what probes cost in instructions and things on the board in bytes: `cargo run -p tests --bin costs`.
#![expect(clippy::print_stdout, reason = "prints a table")]

use tests::costs;

fn main() -> std::io::Result<()> {
    let scratch = tempfile::tempdir()?;
    if let Some(counted) = costs::counted(scratch.path()) {
        println!("{:<46} {:>12} {:>8}", "probe", "instructions", "at most");
        for probe in costs::PROBES {
            let found = counted.get(probe.function).copied().unwrap_or(f64::NAN);
            println!("{:<46} {found:>12.1} {:>8}", probe.what, probe.at_most);
        }
    }
    println!("\n{:<46} {:>12}", "on the board", "bytes");
    for (what, bytes) in costs::bytes() {
        println!("{what:<46} {bytes:>12}");
    }
    Ok(())
}
