//! The verdict's table in the documentation is the one in the code.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::PathBuf;

/// `UPDATE_GOLDEN=1` rewrites the document, for a person to read the difference.
#[test]
fn the_documented_table_is_the_one_that_decides() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/verdict.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once("<!-- table -->\n").unwrap();
    let (table, tail) = rest.split_once("<!-- end -->").unwrap();
    let found = inspect::liveness::markdown();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let text = format!("{head}<!-- table -->\n{found}<!-- end -->{tail}");
        std::fs::write(&path, text).unwrap();
        return;
    }
    assert!(table == found, "docs/verdict.md differs; the table is now:\n{found}");
}
