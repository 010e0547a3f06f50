//! The cancel socket of a daemon that lives in this process: whatever is sent, only the exact triple of run, record and
//! generation cancels, and the answer is one of three.
#![no_main]

use std::io::{Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};

use libfuzzer_sys::fuzz_target;
use probe::layout::{CancelAnswer, CancelRequest, cancel_name};

struct Daemon {
    instance: u64,
    op: probe::Op,
    id: u64,
}

fn daemon() -> Daemon {
    let name = format!("fuzz-cancel-{}", std::process::id());
    let status = probe::init!(&name, |config| config.cancel(true));
    assert!(matches!(status, probe::Status::Board(_)), "{status:?}");
    let op = probe::begin_op!("request", "the only one");
    let mut boards = inspect::open(&inspect::Target::Name(name)).expect("a board");
    let report = boards[0].report().expect("a report");
    // As it is shown: its record and its generation.
    let (index, generation) = report.ops[0].id.split_once('-').expect("an id");
    let number = |text: &str| text.parse::<u64>().expect("a number");
    let id = number(generation) << 16 | (number(index) + 1);
    Daemon { instance: report.instance, op, id }
}

fuzz_target!(|data: &[u8]| {
    thread_local! {
        static DAEMON: Daemon = daemon();
    }
    DAEMON.with(|daemon| ask(daemon, data));
});

fn ask(daemon: &Daemon, data: &[u8]) {
    let mut bytes = data.to_vec();
    // Some of them nearly right.
    if data.first().is_some_and(|first| first & 1 == 1) {
        let request = CancelRequest { instance: daemon.instance, id: daemon.id ^ 1 << 40 };
        bytes = request.to_bytes().to_vec();
        for (at, byte) in data.iter().skip(1).enumerate() {
            let at = at % bytes.len();
            bytes[at] ^= byte;
        }
    }
    let address = SocketAddr::from_abstract_name(cancel_name(daemon.instance)).expect("a name");
    let mut stream = UnixStream::connect_addr(&address).expect("it listens");
    let _ = stream.write_all(&bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    let right = CancelRequest { instance: daemon.instance, id: daemon.id }.to_bytes();
    let exact = bytes.get(..right.len()) == Some(&right);
    if !said.is_empty() {
        let said = <[u8; CancelAnswer::BYTES]>::try_from(&said[..]).expect("one answer");
        assert!(CancelAnswer::from_bytes(&said).is_some());
    }
    assert!(exact || daemon.op.check().is_ok());
}
