//! Counted samples as profiles (`v1development`, as of opentelemetry-proto 1.10): tables whose first element means
//! nothing, a profile for each board, a sample for each thread and stack.

use std::collections::HashMap;

use super::attributes::{About, Of, scope};
use crate::export::cells::{TORN, cells, class_word, frame_name, thread_name};
use crate::export::protobuf::Message;
use crate::report::Tally;
use crate::words::term::term;

/// Tables that all profiles of a message refer to.
struct Tables {
    texts: HashMap<String, u64>,
    text_table: Vec<String>,
    functions: HashMap<(u64, u64), u64>,
    locations: HashMap<(u64, u32, u32), u64>,
    stacks: HashMap<Vec<u64>, u64>,
    attributes: HashMap<(u64, String), u64>,
    /// The dictionary's tables, beside the texts.
    function_table: Vec<Message>,
    location_table: Vec<Message>,
    stack_table: Vec<Message>,
    attribute_table: Vec<Message>,
}

impl Tables {
    fn new() -> Self {
        let nothing = || vec![Message::default()];
        Self {
            texts: HashMap::from([(String::new(), 0)]),
            text_table: vec![String::new()],
            functions: HashMap::new(),
            locations: HashMap::new(),
            stacks: HashMap::new(),
            attributes: HashMap::new(),
            function_table: nothing(),
            location_table: nothing(),
            stack_table: nothing(),
            attribute_table: nothing(),
        }
    }

    fn text(&mut self, text: &str) -> u64 {
        let text = term(text);
        if let Some(&number) = self.texts.get(&text) {
            return number;
        }
        let number = self.text_table.len() as u64;
        self.texts.insert(text.clone(), number);
        self.text_table.push(text);
        number
    }

    fn location(&mut self, name: &str, file: &str, line: u32, column: u32) -> u64 {
        let (name, file) = (self.text(name), self.text(file));
        let table = &mut self.function_table;
        let function = *self.functions.entry((name, file)).or_insert_with(|| {
            let mut function = Message::default();
            function.number(1, name).number(2, name).number(3, file);
            table.push(function);
            table.len() as u64 - 1
        });
        let table = &mut self.location_table;
        *self.locations.entry((function, line, column)).or_insert_with(|| {
            let mut spot = Message::default();
            spot.number(1, function).number(2, line.into()).number(3, column.into());
            let mut location = Message::default();
            location.message(3, &spot);
            table.push(location);
            table.len() as u64 - 1
        })
    }

    fn stack(&mut self, locations: Vec<u64>) -> u64 {
        let table = &mut self.stack_table;
        *self.stacks.entry(locations).or_insert_with_key(|locations| {
            let mut stack = Message::default();
            stack.packed(1, locations);
            table.push(stack);
            table.len() as u64 - 1
        })
    }

    fn attribute(&mut self, key: &str, value: &str) -> u64 {
        let key = self.text(key);
        let table = &mut self.attribute_table;
        *self.attributes.entry((key, value.to_owned())).or_insert_with(|| {
            let mut any = Message::default();
            any.text(1, &term(value));
            let mut attribute = Message::default();
            attribute.number(1, key).message(2, &any);
            table.push(attribute);
            table.len() as u64 - 1
        })
    }

    fn dictionary(&self) -> Message {
        let mut all = Message::default();
        let nothing = Message::default();
        all.message(1, &nothing);
        self.location_table.iter().for_each(|one| _ = all.message(2, one));
        self.function_table.iter().for_each(|one| _ = all.message(3, one));
        all.message(4, &nothing);
        self.text_table.iter().for_each(|text| _ = all.text(5, text));
        self.attribute_table.iter().for_each(|one| _ = all.message(6, one));
        self.stack_table.iter().for_each(|one| _ = all.message(7, one));
        all
    }
}

/// A request message with what was counted.
pub fn profiles(tally: &Tally, more: &[(String, String)]) -> Vec<u8> {
    let mut tables = Tables::new();
    let mut request = Message::default();
    let mut samples: Vec<Message> = vec![Message::default(); tally.boards.len()];
    for (cell, sites) in cells(tally) {
        let mut stack: Vec<u64> = sites
            .iter()
            .map(|site| tables.location(&frame_name(site), site.file.raw(), site.line, site.column))
            .collect();
        if cell.stack.is_none() {
            stack.push(tables.location(TORN, "", 0, 0));
        }
        // Innermost first.
        stack.reverse();
        let thread = tally.threads.get(cell.thread as usize);
        let mut attributes = vec![
            tables.attribute("thread.name", &thread_name(tally, &cell)),
            tables.attribute("scoreboard.class", class_word(tally, &cell)),
        ];
        attributes.extend(thread.map(|one| tables.attribute("thread.id", &one.tid.to_string())));
        let mut sample = Message::default();
        sample.number(1, tables.stack(stack)).packed(2, &attributes).packed(4, &[cell.samples]);
        let board = thread.map_or(0, |thread| thread.board as usize);
        if let Some(all) = samples.get_mut(board) {
            all.message(2, &sample);
        }
    }
    let (counted, count) = (tables.text("samples"), tables.text("count"));
    let (wall, unit) = (tables.text("wall"), tables.text("nanoseconds"));
    for (board, samples) in tally.boards.iter().zip(&samples) {
        let mut kind = Message::default();
        kind.number(1, counted).number(2, count);
        let mut period = Message::default();
        period.number(1, wall).number(2, unit);
        let mut profile = Message::default();
        profile.message(1, &kind);
        profile.0.extend_from_slice(&samples.0);
        profile.fixed(3, tally.wall_ns).number(4, tally.duration_ns);
        profile.message(5, &period).number(6, tally.duration_ns / tally.ticks.max(1));
        let id = [board.instance.to_be_bytes(), tally.wall_ns.to_be_bytes()].concat();
        profile.bytes(7, &id);
        let ticks = [
            ("scoreboard.ticks", Of::Number(tally.ticks)),
            ("scoreboard.ticks.missed", Of::Number(tally.missed)),
        ];
        let mut of_scope = Message::default();
        of_scope.message(1, &scope(&ticks)).message(2, &profile);
        let mut resource = Message::default();
        resource.message(1, &About::sampled(board, more).resource()).message(2, &of_scope);
        request.message(1, &resource);
    }
    request.message(2, &tables.dictionary());
    request.0
}
