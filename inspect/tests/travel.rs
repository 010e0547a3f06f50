//! Saved boards travel: to a machine of the other byte order, and to one that has no live boards.

mod common;

use std::path::Path;

use common::sample;
use inspect::snapshot::Board;
use inspect::source::Source;
use inspect::{OpenBoard, OpenError, Target, saved};
use probe::layout::SectionKind;

/// The words of a saved board, as a machine of the other byte order would have written them.
fn turned_round(bytes: &[u8]) -> Vec<u8> {
    let word = |index: usize| {
        let bytes = bytes[8 * index..8 * index + 8].try_into().expect("a word");
        u64::from_ne_bytes(bytes)
    };
    // The context is text, and text has no byte order.
    let context = 32..32 + word(2) as usize;
    let words = bytes.chunks(8).enumerate().flat_map(|(index, word)| {
        let mut word = word.to_vec();
        if !context.contains(&(8 * index)) {
            word.reverse();
        }
        word
    });
    words.collect()
}

/// The one board of a file, as JSON without the file's own name.
fn said(path: &Path) -> Result<String, OpenError> {
    let mut boards = inspect::open(&Target::File(path.to_owned()))?;
    let mut report = boards.iter_mut().map(OpenBoard::report).next().expect("one")?;
    report.path = String::new();
    Ok(serde_json::to_string(&report).expect("JSON"))
}

#[test]
fn a_saved_board_of_the_other_byte_order_says_the_same() {
    let directory = tempfile::tempdir().expect("a directory");
    let board = Board::open(Source::Memory(sample().finish()), Path::new("sample")).expect("one");
    assert!(board.contents().get(SectionKind::Strings).is_some_and(|strings| strings.used > 0));
    let mut bytes = Vec::new();
    saved::write(&mut bytes, &board, &common::context(inspect::State::Live)).expect("saved");
    let (ours, theirs) = (directory.path().join("ours"), directory.path().join("theirs"));
    std::fs::write(&ours, &bytes).expect("written");
    std::fs::write(&theirs, turned_round(&bytes)).expect("written");
    assert_ne!(std::fs::read(&ours).ok(), std::fs::read(&theirs).ok());
    let expected = said(&ours).expect("read");
    assert!(expected.contains("holder"), "{expected}");
    assert_eq!(said(&theirs).expect("read"), expected);
}

/// A board's own file was not saved: nothing says what surrounded it.
#[test]
fn a_boards_own_file_of_the_other_byte_order_is_refused_with_a_way_out() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("sample.1.2");
    let words: Vec<u8> =
        sample().finish().iter().flat_map(|word| word.swap_bytes().to_ne_bytes()).collect();
    std::fs::write(&path, words).expect("written");
    let error = said(&path).expect_err("not here");
    assert_eq!(error.exit_code(), 5);
    let text = error.to_string();
    assert!(text.contains("other byte order") && text.contains("`inspect dump`"), "{text}");
}
