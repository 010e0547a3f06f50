//! The order of a crate's rooms, as `CONTRIBUTING.md` draws it: a fenced block `rooms CRATE/src`, the top floor first,
//! a room on each line before what it is for. A room is a file or a folder below the crate's `src`, and has all in it
//! that no longer name claims.

/// The rooms of a crate, from the top down.
pub(crate) struct Order {
    rooms: Vec<String>,
}

impl Order {
    /// Reads the picture of the crate `of`.
    pub(crate) fn read(text: &str, of: &str) -> Self {
        let head = format!("```rooms {of}/src");
        let lines = text.lines().skip_while(|line| *line != head).skip(1);
        let lines = lines.take_while(|line| !line.starts_with("```"));
        let rooms = lines.filter_map(|line| line.split_whitespace().next());
        Self { rooms: rooms.map(str::to_owned).collect() }
    }

    /// Names of the rooms, from the top down.
    pub(crate) fn rooms(&self) -> impl Iterator<Item = &str> {
        self.rooms.iter().map(String::as_str)
    }

    /// The room of a file.
    pub(crate) fn room(&self, file: &str) -> Option<&str> {
        let stem = file.strip_suffix(".rs").unwrap_or(file);
        let stem = stem.strip_suffix("/mod").unwrap_or(stem);
        let has = |room: &&str| {
            stem.strip_prefix(*room).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.rooms().filter(has).max_by_key(|room| room.len())
    }

    /// How far down that is.
    pub(crate) fn floor(&self, file: &str) -> Option<usize> {
        let room = self.room(file)?;
        self.rooms().position(|other| other == room)
    }
}
