//! The binary: parse, run, turn the result into an exit code.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use inspect::cli::{self, args::Cli};

fn main() -> ExitCode {
    inspect::quiet_pipe();
    let cli = Cli::parse();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let result = cli::run(&cli, &mut out, &mut io::stderr());
    // What was said before a failure is still worth having.
    let flushed = out.flush();
    match (result, flushed) {
        (Ok(()), Ok(())) => ExitCode::SUCCESS,
        (Ok(()), Err(error)) => {
            let _ = writeln!(io::stderr(), "inspect: writing failed: {error}");
            ExitCode::FAILURE
        }
        (Err(failure), _) => {
            // stderr may be closed; the exit code still tells.
            let _ = writeln!(io::stderr(), "inspect: {}", failure.text);
            ExitCode::from(failure.code)
        }
    }
}
