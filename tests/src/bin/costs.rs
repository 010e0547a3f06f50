//! Prints what probes cost in instructions and things on the board in bytes: `cargo run -p tests --bin costs`; with
//! `builds`, the instructions in programs that are built otherwise.
#![expect(clippy::print_stdout, reason = "prints a table")]

use tests::costs::{self, BUILDS, PROBES};

fn main() -> std::io::Result<()> {
    let scratch = tempfile::tempdir()?;
    if std::env::args().any(|word| word == "builds") {
        builds(scratch.path());
        return Ok(());
    }
    if let Some(counted) = costs::counted(scratch.path()) {
        println!("{:<46} {:>12} {:>8}", "probe", "instructions", "at most");
        for probe in PROBES {
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

/// A column for each way to build.
fn builds(scratch: &std::path::Path) {
    let mut columns = Vec::new();
    for (number, (what, profile, settings)) in BUILDS.iter().enumerate() {
        let Some(counted) = costs::counted_built(profile, settings, scratch) else { return };
        println!("{}: {what}", number + 1);
        columns.push(counted);
    }
    if let Some(counted) = costs::counted_plugin(scratch) {
        println!(
            "{}: a library that is opened by a program, otherwise as the first",
            columns.len() + 1
        );
        columns.push(counted);
    }
    print!("\n{:<46}", "instructions");
    (1..=columns.len()).for_each(|number| print!(" {number:>7}"));
    println!();
    for probe in PROBES {
        print!("{:<46}", probe.what);
        for counted in &columns {
            print!(" {:>7.0}", counted.get(probe.function).copied().unwrap_or(f64::NAN));
        }
        println!();
    }
}
