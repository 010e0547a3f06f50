//! The binary: parse, run, turn the result into an exit code.

#[cfg(target_os = "linux")]
use std::io::{self, Write};
#[cfg(target_os = "linux")]
use std::process::ExitCode;

#[cfg(target_os = "linux")]
use inspect::cli::command::{self, Early};
#[cfg(target_os = "linux")]
use inspect::cli::{self, Failure, complete};

/// Boards live on Linux, and so do the front ends.
#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!(
        "inspect: the program runs on Linux alone; here the library reads saved boards and recordings"
    );
    std::process::exit(1);
}

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    match complete::answered(std::env::args_os()) {
        Ok(false) => {}
        Ok(true) => return ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "inspect: {error}");
            return ExitCode::from(2);
        }
    }
    let mut out = io::BufWriter::new(cli::stdout());
    let result = match command::parse(std::env::args_os()) {
        Ok(cli) => cli::run(&cli, &mut out, &mut io::stderr()),
        Err(Early::Text(text)) => out.write_all(text.as_bytes()).map_err(Failure::from),
        Err(Early::Wrong(failure)) => {
            Err(cli::check::wrong(std::env::args_os(), failure, &mut out))
        }
    };
    // What was said before a failure is still worth having, and a failure does not hide that it could not be written.
    let flushed = out.flush().map_err(Failure::from);
    let failures: Vec<Failure> = [result.err(), flushed.err()].into_iter().flatten().collect();
    for (index, failure) in failures.iter().enumerate() {
        let said = failures[..index].iter().any(|before| before.text == failure.text);
        if !failure.text.is_empty() && !said {
            // stderr may be closed; the exit code still tells.
            let text = format!("inspect: {}", failure.text);
            let _ = writeln!(io::stderr(), "{}", cli::folded(&io::stderr(), &text));
        }
    }
    failures.first().map_or(ExitCode::SUCCESS, |failure| ExitCode::from(failure.code))
}
