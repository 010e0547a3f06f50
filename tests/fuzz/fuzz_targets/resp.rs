//! Requests of RESP: whole or in pieces they are the same, within their limits, and what is refused stays refused.
#![no_main]
#![allow(dead_code, unreachable_pub, reason = "a module of the demo's, and not all of it")]

use libfuzzer_sys::fuzz_target;
use scoreboard_fuzz::Input;

mod limits {
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Limits {
        pub(crate) bulk_bytes: usize,
        pub(crate) arguments: usize,
        pub(crate) request_bytes: usize,
        pub(crate) output_bytes: usize,
    }
}
#[path = "../../../daemon-demo/src/resp/request.rs"]
mod request;

use request::Parser;

const LIMITS: limits::Limits = limits::Limits {
    bulk_bytes: 4096,
    arguments: 64,
    request_bytes: 16 << 10,
    output_bytes: 1 << 20,
};

/// Requests of an input that comes in pieces, and whether it was refused.
fn read(bytes: &[u8], mut pieces: impl FnMut() -> usize) -> (Vec<Vec<Vec<u8>>>, bool) {
    let (mut parser, mut all) = (Parser::default(), Vec::new());
    let (mut from, mut to) = (0, 0);
    loop {
        match parser.advance(&bytes[from..to], &LIMITS) {
            Ok(true) => {
                let request = parser.request(&bytes[from..to]);
                assert!(request.len() <= LIMITS.arguments && parser.used() <= to - from);
                all.push(request.words_from(0).map(<[u8]>::to_vec).collect());
                let used = parser.next();
                assert!(used > 0, "it goes on");
                from += used;
            }
            Ok(false) if to == bytes.len() => return (all, false),
            Ok(false) => to = (to + pieces().max(1)).min(bytes.len()),
            Err(_) => return (all, true),
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let mut sizes = Input(input.bytes(16));
    let whole = read(input.0, || usize::MAX / 2);
    let in_pieces = read(input.0, || usize::from(sizes.byte() % 32));
    assert_eq!(whole, in_pieces);
});
