//! The binary: parse, run, turn the result into an exit code.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use inspect::cli::{self, Failure, args::Cli};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let result = cli::run(&cli, &mut out, &mut io::stderr());
    // What was said before a failure is still worth having.
    let flushed = out.flush().map_err(Failure::from);
    match result.and(flushed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.text.is_empty() {
                // stderr may be closed; the exit code still tells.
                let _ = writeln!(io::stderr(), "inspect: {}", failure.text);
            }
            ExitCode::from(failure.code)
        }
    }
}
