//! `serve`: HTTP, until it is told to end.

use std::io::{ErrorKind, Write};
use std::path::Path;

use super::args::{Cli, Serving};
use super::failure::{Failure, wrong_file};
use crate::serve::{self, Listen, Settings, SettingsError, Tls, Token};
use crate::words::term::term;

pub(super) fn run(cli: &Cli, how: &Serving, remarks: &mut dyn Write) -> Result<(), Failure> {
    let bound = serve::bind(settings(cli, how)?);
    let mut bound = bound.map_err(|error| cannot_listen(&how.listen, &error))?;
    bound.keep().map_err(|error| Failure::system(&error, error.to_string()))?;
    let early = how.history_from.as_deref().map(is_to_come).transpose()?.flatten();
    // Whoever started it may wait for this line; nobody has to read it.
    let _ = writeln!(remarks, "inspect: serving on {}", term(&bound.address()));
    if let Some(remark) = early {
        let _ = writeln!(remarks, "inspect: {remark}");
    }
    let _ = remarks.flush();
    serve::run(bound).map_err(|error| Failure::new(format!("serving ended: {error}")))
}

/// What is to be served, where, and to whom.
fn settings(cli: &Cli, how: &Serving) -> Result<Settings, Failure> {
    let mut settings = Settings::new(how.listen.clone());
    settings.hosts.clone_from(&how.hosts);
    let token = how.token_file.as_deref().map(Token::read).transpose();
    let file = [("--token-file", how.token_file.as_deref())];
    settings.token = token.map_err(|why| wrong_file(&file, &why))?;
    settings.history = how.history.clone().map(|directory| (directory, how.history_size));
    settings.past.clone_from(&how.history_from);
    settings.sources.clone_from(&how.sources);
    settings.sample = how.sample;
    let no_name =
        |name: &&String| name.is_empty() || name.contains([' ', '/', '@', ','].as_slice());
    if let Some(name) = how.hosts.iter().find(no_name) {
        let why = format!("--host {}: a name is meant, or NAME:PORT", term(name));
        return Err(Failure::usage(why));
    }
    if let Some(directory) = how.sources.iter().find(|directory| !directory.is_dir()) {
        let name = term(&directory.display().to_string());
        return Err(Failure::usage(format!("--source {name}: there is no such directory")));
    }
    settings.endpoints = super::whom::whom(&cli.common)?;
    if settings.endpoints.is_some() && (settings.history.is_some() || settings.past.is_some()) {
        return Err(Failure::usage("--history: with --endpoints each host keeps its own"));
    }
    settings.tls = match (&how.tls_cert, &how.tls_key) {
        (Some(certificate), Some(key)) => {
            let tls = Tls::read(certificate, key);
            let files = [("--tls-cert", Some(&**certificate)), ("--tls-key", Some(&**key))];
            Some(tls.map_err(|why| wrong_file(&files, &why))?)
        }
        _ => None,
    };
    settings.check().map_err(|error| match error {
        // Nothing is wrong in what was asked for: it is who asks.
        SettingsError::Root => Failure { code: 4, text: error.to_string() },
        other => Failure::usage(other.to_string()),
    })?;
    Ok(settings)
}

/// What is to be said of a past that nobody keeps so far: its recorder may begin later.
fn is_to_come(directory: &Path) -> Result<Option<String>, Failure> {
    let name = term(&directory.display().to_string());
    match std::fs::read_dir(directory) {
        Ok(_) => Ok(None),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Ok(Some(format!("--history-from {name}: nothing is there so far")))
        }
        Err(error) => Err(Failure::system(&error, format!("--history-from {name}: {error}"))),
    }
}

/// Why it cannot listen there, and what would help.
fn cannot_listen(listen: &Listen, error: &std::io::Error) -> Failure {
    let (place, other) = match listen {
        Listen::Tcp(at) => {
            (at.to_string(), format!("--listen {}:0 takes any that is free", host(at)))
        }
        Listen::Unix(path) => {
            (format!("unix:{}", path.display()), "--listen unix:PATH takes another".to_owned())
        }
    };
    let why = match error.kind() {
        ErrorKind::AddrInUse => format!("somebody listens there already; {other}"),
        ErrorKind::PermissionDenied => format!("{error}; {other}"),
        ErrorKind::AddrNotAvailable => "this host has no such address".to_owned(),
        _ => error.to_string(),
    };
    Failure::system(error, term(&format!("cannot listen on {place}: {why}")))
}

fn host(at: &std::net::SocketAddr) -> String {
    match at {
        std::net::SocketAddr::V4(at) => at.ip().to_string(),
        std::net::SocketAddr::V6(at) => format!("[{}]", at.ip()),
    }
}
