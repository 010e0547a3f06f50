//! Commands about the connection and the daemon.

use std::fmt::Write as _;

use super::refusal::{Refusal, subcommand};
use super::spec::{After, Command, Context, Outcome, find};
use crate::resp::reply;
use crate::resp::request::{Request, integer};
use crate::store::TABLES;

/// `PING [text]`
pub(super) fn ping(context: &mut Context<'_>, request: &Request<'_>) -> Outcome {
    probe::tag!(hits, "PING");
    match request.len() {
        1 => reply::simple(context.out, "PONG"),
        2 => reply::bulk(context.out, request.word(1)),
        _ => {
            return Err(Refusal::new("ERR wrong number of arguments for 'ping' command"));
        }
    }
    Ok(After::Next)
}

/// `ECHO text`
pub(super) fn echo(context: &mut Context<'_>, request: &Request<'_>) -> Outcome {
    probe::tag!(hits, "ECHO");
    reply::bulk(context.out, request.word(1));
    Ok(After::Next)
}

/// `QUIT`
pub(super) fn quit(context: &mut Context<'_>, _: &Request<'_>) -> Outcome {
    probe::tag!(hits, "QUIT");
    reply::ok(context.out);
    Ok(After::Close)
}

/// `SELECT table`
pub(super) fn select(context: &mut Context<'_>, request: &Request<'_>) -> Outcome {
    probe::tag!(hits, "SELECT");
    let table = integer(request.word(1)).ok_or_else(Refusal::not_an_integer)?;
    context.session.table = usize::try_from(table)
        .ok()
        .filter(|&table| table < TABLES)
        .ok_or_else(|| Refusal::new("ERR DB index is out of range"))?;
    reply::ok(context.out);
    Ok(After::Next)
}

/// `CLIENT SETNAME|GETNAME|SETINFO|ID`
pub(super) fn client(context: &mut Context<'_>, request: &Request<'_>) -> Outcome {
    probe::tag!(hits, "CLIENT");
    const LONGEST_NAME: usize = 256;
    match (request.word(1).to_ascii_uppercase().as_slice(), request.len()) {
        (b"SETNAME", 3) => {
            let name = request.word(2);
            if name.len() > LONGEST_NAME || name.iter().any(|byte| !byte.is_ascii_graphic()) {
                return Err(Refusal::new(
                    "ERR Client names cannot contain spaces, newlines or special characters.",
                ));
            }
            context.session.name = name.to_vec();
            reply::ok(context.out);
        }
        (b"GETNAME", 2) if context.session.name.is_empty() => reply::nil(context.out),
        (b"GETNAME", 2) => reply::bulk(context.out, &context.session.name),
        (b"SETINFO", 4) => reply::ok(context.out),
        (b"ID", 2) => reply::count(context.out, context.session.id),
        _ => return Err(subcommand("CLIENT", request)),
    }
    Ok(After::Next)
}

/// `CONFIG GET pattern`
pub(super) fn config(context: &mut Context<'_>, request: &Request<'_>) -> Outcome {
    probe::tag!(hits, "CONFIG");
    if !request.word(1).eq_ignore_ascii_case(b"GET") || request.len() < 3 {
        return Err(subcommand("CONFIG", request));
    }
    let settings = &context.shared.settings;
    let all = [
        // What redis-benchmark asks for: it is saved at once, and not by appending.
        ("save", String::new()),
        ("appendonly", "no".to_owned()),
        ("databases", TABLES.to_string()),
        ("dir", settings.data.display().to_string()),
        ("maxclients", settings.max_clients.to_string()),
        ("proto-max-bulk-len", settings.max_bulk.to_string()),
        ("client-query-buffer-limit", settings.max_request.to_string()),
        ("timeout", "0".to_owned()),
    ];
    let asked = |name: &str| {
        request.words_from(2).any(|word| word == b"*" || word.eq_ignore_ascii_case(name.as_bytes()))
    };
    let found: Vec<_> = all.iter().filter(|(name, _)| asked(name)).collect();
    reply::array(context.out, 2 * found.len());
    for (name, value) in found {
        reply::bulk(context.out, name.as_bytes());
        reply::bulk(context.out, value.as_bytes());
    }
    Ok(After::Next)
}

/// `COMMAND [COUNT|LIST|INFO [name..]|DOCS [name..]]`
pub(super) fn command(context: &mut Context<'_>, request: &Request<'_>) -> Outcome {
    probe::tag!(hits, "COMMAND");
    let commands = context.commands;
    let named = || -> Vec<Option<&Command>> {
        if request.len() <= 2 {
            commands.iter().map(Some).collect()
        } else {
            request
                .words_from(2)
                .map(|name| find(commands, name).map(|(_, command)| command))
                .collect()
        }
    };
    let out = &mut *context.out;
    match (request.word(1).to_ascii_uppercase().as_slice(), request.len()) {
        (b"COUNT", 2) => reply::count(out, commands.len()),
        (b"LIST", 2) => {
            reply::array(out, commands.len());
            commands.iter().for_each(|command| reply::bulk(out, command.name.as_bytes()));
        }
        (b"" | b"INFO", _) => {
            let named = named();
            reply::array(out, named.len());
            for command in named {
                match command {
                    Some(command) => describe(out, command),
                    None => out.extend_from_slice(b"*-1\r\n"),
                }
            }
        }
        (b"DOCS", _) => {
            let named: Vec<_> = named().into_iter().flatten().collect();
            reply::array(out, 2 * named.len());
            for command in named {
                reply::bulk(out, command.name.as_bytes());
                reply::array(out, 4);
                for text in ["summary", command.summary, "group", "generic"] {
                    reply::bulk(out, text.as_bytes());
                }
            }
        }
        _ => return Err(subcommand("COMMAND", request)),
    }
    Ok(After::Next)
}

fn describe(out: &mut Vec<u8>, command: &Command) {
    reply::array(out, 6);
    reply::bulk(out, command.name.as_bytes());
    reply::integer(out, command.arity);
    reply::array(out, 1);
    reply::simple(out, if command.is_write { "write" } else { "readonly" });
    let (first, last, step) = command.keys;
    for position in [first, last, step] {
        reply::integer(out, position);
    }
}

/// `INFO [section]`: one text, whatever the section.
pub(super) fn info(context: &mut Context<'_>, _: &Request<'_>) -> Outcome {
    probe::tag!(hits, "INFO");
    let shared = context.shared;
    let status = shared.store.status();
    let mut text = String::new();
    // Writing to memory does not fail.
    let _ = write!(
        text,
        "# Server\r\nredis_version:7.0.0\r\nserver_name:daemon-demo\r\nversion:{}\r\nprocess_id:{}\r\ntcp_port:{}\r\nuptime_in_seconds:{}\r\n\
         io_threads:{}\r\n\r\n# Clients\r\nconnected_clients:{}\r\nmaxclients:{}\r\n\r\n\
         # Persistence\r\nlast_commit:{}\r\ncommits_failing:{}\r\nfile_bytes:{}\r\n\r\n# Jobs\r\n",
        env!("CARGO_PKG_VERSION"),
        std::process::id(),
        shared.port,
        shared.started.elapsed().as_secs(),
        shared.settings.io_threads,
        shared.clients(),
        shared.settings.max_clients,
        status.committed,
        status.failing.as_deref().unwrap_or("no"),
        shared.store.disk().file_bytes(),
    );
    let (counts, backlog) = shared.store.counts();
    let _ = write!(
        text,
        "jobs_submitted:{}\r\njobs_superseded:{}\r\njobs_dropped:{}\r\njobs_rolled_up:{}\r\n\
         jobs_committed:{}\r\nbacklog_jobs:{backlog}\r\n",
        counts.submitted, counts.superseded, counts.dropped, counts.rolled_up, counts.committed,
    );
    let _ = write!(text, "\r\n# Keyspace\r\n");
    for (table, rows) in shared.store.rows().iter().enumerate().filter(|&(_, &rows)| rows > 0) {
        let _ = write!(text, "db{table}:keys={rows},expires=0,avg_ttl=0\r\n");
    }
    reply::bulk(context.out, text.as_bytes());
    Ok(After::Next)
}
