//! Which commands a client sends.

use redis::Cmd;

use crate::args::Load;

/// The kinds of commands: the first is the read.
pub(super) const KINDS: [&str; 5] = ["GET", "SET", "INCR", "MSET", "DEL"];

/// An endless mix of commands, another one for each seed.
#[derive(Debug)]
pub(super) struct Mix {
    state: u64,
    keys: u32,
    read_share: u8,
    value: Vec<u8>,
}

impl Mix {
    pub(super) fn new(load: &Load, seed: u64) -> Self {
        Self {
            state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            keys: load.keys,
            read_share: load.read_share,
            value: vec![b'x'; load.value],
        }
    }

    /// The next command and its kind.
    pub(super) fn next(&mut self) -> (usize, Cmd) {
        let (draw, write) = (self.below(100), self.below(100));
        let kind = match write {
            _ if draw < u32::from(self.read_share) => 0,
            0..60 => 1,
            60..80 => 2,
            80..90 => 3,
            _ => 4,
        };
        let key = self.key();
        let command = match kind {
            0 => Cmd::get(key),
            1 => Cmd::set(key, &self.value),
            // Numbers have keys of their own: adding to text is an error.
            2 => Cmd::incr(format!("count:{}", self.below(self.keys)), 1),
            3 => {
                let keys = [key, self.key(), self.key()];
                Cmd::mset(&keys.map(|key| (key, &self.value)))
            }
            _ => Cmd::del(key),
        };
        (kind, command)
    }

    fn key(&mut self) -> String {
        format!("load:{}", self.below(self.keys))
    }

    /// A number below `end`, by xorshift64: good enough to spread keys.
    fn below(&mut self, end: u32) -> u32 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        u32::try_from((self.state >> 32) % u64::from(end.max(1))).unwrap_or(0)
    }
}
