//! pprof's `profile.proto`, written by hand (a dozen fields), in a gzip envelope.

use std::collections::HashMap;

use super::cells::TORN;
use super::cells::cells;
use super::cells::class_word;
use super::cells::frame_name;
use super::cells::thread_name;
use super::protobuf::Message;
use crate::recording::wire::crc32;
use crate::report::Tally;

/// Texts, each once; the first is empty.
struct Texts {
    all: Vec<String>,
    known: HashMap<String, u64>,
}

impl Texts {
    fn of(&mut self, text: &str) -> u64 {
        if let Some(&index) = self.known.get(text) {
            return index;
        }
        self.all.push(text.to_owned());
        self.known.insert(text.to_owned(), self.all.len() as u64 - 1);
        self.all.len() as u64 - 1
    }
}

/// The profile, packed.
pub fn pprof(tally: &Tally) -> Vec<u8> {
    let mut texts = Texts { all: vec![String::new()], known: HashMap::from([(String::new(), 0)]) };
    let mut profile = Message::default();
    let tick_ns = tally.duration_ns / tally.ticks.max(1);
    for (kind, unit) in [("samples", "count"), ("time", "nanoseconds")] {
        let mut value_type = Message::default();
        value_type.number(1, texts.of(kind)).number(2, texts.of(unit));
        profile.bytes(1, &value_type.0);
    }
    // Name, file, line: a function and a location each, with the same number.
    let mut places: HashMap<(String, String, u64), u64> = HashMap::new();
    for (cell, sites) in cells(tally) {
        let mut stack: Vec<(String, String, u64)> =
            vec![(thread_name(tally, &cell), String::new(), 0)];
        stack.extend(
            sites
                .iter()
                .map(|site| (frame_name(site), site.file.raw().to_owned(), u64::from(site.line))),
        );
        if cell.stack.is_none() {
            stack.push((TORN.to_owned(), String::new(), 0));
        }
        let mut locations = Vec::new();
        for place in stack {
            let next = places.len() as u64 + 1;
            let number = *places.entry(place.clone()).or_insert(next);
            if number == next {
                let (name, file, line) = place;
                let mut function = Message::default();
                let name = texts.of(&name);
                function
                    .number(1, number)
                    .number(2, name)
                    .number(3, name)
                    .number(4, texts.of(&file));
                profile.bytes(5, &function.0);
                let mut spot = Message::default();
                spot.number(1, number).number(2, line);
                let mut location = Message::default();
                location.number(1, number).bytes(4, &spot.0);
                profile.bytes(4, &location.0);
            }
            locations.push(number);
        }
        // Innermost first.
        locations.reverse();
        let mut sample = Message::default();
        sample.packed(1, &locations);
        sample.packed(2, &[cell.samples, cell.samples.saturating_mul(tick_ns)]);
        for (key, value) in
            [("thread", thread_name(tally, &cell)), ("class", class_word(tally, &cell).to_owned())]
        {
            let mut label = Message::default();
            label.number(1, texts.of(key)).number(2, texts.of(&value));
            sample.bytes(3, &label.0);
        }
        profile.bytes(2, &sample.0);
    }
    let mut period = Message::default();
    period.number(1, texts.of("time")).number(2, texts.of("nanoseconds"));
    profile.number(9, tally.wall_ns).number(10, tally.duration_ns);
    profile.bytes(11, &period.0).number(12, tick_ns);
    for text in &texts.all {
        profile.bytes(6, text.as_bytes());
    }
    gzip(&profile.0)
}

/// A gzip file without name and time.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    out.extend(miniz_oxide::deflate::compress_to_vec(bytes, 6));
    out.extend_from_slice(&crc32(bytes).to_le_bytes());
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out
}
