//! pprof's `profile.proto`, written by hand (a dozen fields), in a gzip envelope.

use std::collections::HashMap;

use super::cells::{TORN, cells, class_word, frame_name, thread_name};
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

/// A name, a file and a line: a function and a location each, with the same number.
type Place = (String, String, u64);

/// A profile in the making: its message, and what in it is written once and pointed to.
struct Profile {
    message: Message,
    texts: Texts,
    places: HashMap<Place, u64>,
}

impl Profile {
    /// What its values are called, and in which unit.
    fn value(&mut self, field: u64, kind: &str, unit: &str) {
        let mut value_type = Message::default();
        value_type.number(1, self.texts.of(kind)).number(2, self.texts.of(unit));
        self.message.bytes(field, &value_type.0);
    }

    /// The number of a place, which is written when it comes first.
    fn place(&mut self, place: Place) -> u64 {
        if let Some(&number) = self.places.get(&place) {
            return number;
        }
        let number = self.places.len() as u64 + 1;
        let (name, file) = (self.texts.of(&place.0), self.texts.of(&place.1));
        let mut function = Message::default();
        function.number(1, number).number(2, name).number(3, name).number(4, file);
        self.message.bytes(5, &function.0);
        let mut spot = Message::default();
        spot.number(1, number).number(2, place.2);
        let mut location = Message::default();
        location.number(1, number).bytes(4, &spot.0);
        self.message.bytes(4, &location.0);
        self.places.insert(place, number);
        number
    }

    /// One stack, from the outermost place on, with its values and labels.
    fn sample(&mut self, stack: Vec<Place>, values: [u64; 2], labels: [(&str, &str); 2]) {
        let mut locations: Vec<u64> = stack.into_iter().map(|place| self.place(place)).collect();
        // Innermost first.
        locations.reverse();
        let mut sample = Message::default();
        sample.packed(1, &locations);
        sample.packed(2, &values);
        for (key, value) in labels {
            let mut label = Message::default();
            label.number(1, self.texts.of(key)).number(2, self.texts.of(value));
            sample.bytes(3, &label.0);
        }
        self.message.bytes(2, &sample.0);
    }
}

/// The profile, packed.
pub fn pprof(tally: &Tally) -> Vec<u8> {
    let texts = Texts { all: vec![String::new()], known: HashMap::from([(String::new(), 0)]) };
    let mut profile = Profile { message: Message::default(), texts, places: HashMap::new() };
    let tick_ns = tally.duration_ns / tally.ticks.max(1);
    profile.value(1, "samples", "count");
    profile.value(1, "time", "nanoseconds");
    for (cell, sites) in cells(tally) {
        let thread = thread_name(tally, &cell);
        let mut stack: Vec<Place> = vec![(thread.clone(), String::new(), 0)];
        for site in sites {
            stack.push((frame_name(site), site.file.raw().to_owned(), site.line.into()));
        }
        if cell.stack.is_none() {
            stack.push((TORN.to_owned(), String::new(), 0));
        }
        let values = [cell.samples, cell.samples.saturating_mul(tick_ns)];
        let class = class_word(tally, &cell);
        profile.sample(stack, values, [("thread", &thread), ("class", class)]);
    }
    profile.message.number(9, tally.wall_ns).number(10, tally.duration_ns);
    profile.value(11, "time", "nanoseconds");
    profile.message.number(12, tick_ns);
    for text in &profile.texts.all {
        profile.message.bytes(6, text.as_bytes());
    }
    gzip(&profile.message.0)
}

/// A gzip file without name and time.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    out.extend(miniz_oxide::deflate::compress_to_vec(bytes, 6));
    out.extend_from_slice(&crc32(bytes).to_le_bytes());
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out
}
