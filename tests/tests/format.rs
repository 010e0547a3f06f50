//! `docs/FORMAT.md` says what the layout declares.

use probe::layout::declared::RECORDS;
use tests::{build, format};

fn document() -> String {
    std::fs::read_to_string(build::root().join("docs/FORMAT.md")).expect("docs/FORMAT.md")
}

#[test]
fn its_tables_are_those_of_the_layout() {
    let document = document();
    let renewed = format::renewed(&document).expect("whole tables");
    let wrong = document.lines().zip(renewed.lines()).find(|(is, should)| is != should);
    assert_eq!(wrong, None, "differs first here: cargo run -p tests --bin format");
    assert_eq!(document, renewed, "cargo run -p tests --bin format");
    assert!(document.contains("<!-- table all -->"), "no tables at all");
}

#[test]
fn a_table_that_differs_is_found() {
    let wrong = document().replacen("| 0x08 |", "| 0x10 |", 1);
    assert_ne!(format::renewed(&wrong).expect("whole tables"), wrong);
    assert!(format::renewed("<!-- table Nobody -->\n<!-- end of table -->").is_err());
    assert!(format::renewed("<!-- table Header -->\n").is_err());
}

/// Records follow on each other without gaps: no word is without a meaning.
#[test]
fn every_word_of_a_record_is_declared() {
    for record in RECORDS {
        let end = record.fields.iter().fold(0, |at, field| {
            assert_eq!(field.offset, at, "{}.{}", record.name, field.name);
            assert!(!field.about.trim().is_empty(), "{}.{}", record.name, field.name);
            at + 8 * field.words
        });
        assert_eq!(end, record.bytes, "{}", record.name);
    }
}
