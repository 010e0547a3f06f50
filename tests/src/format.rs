//! The tables of `docs/FORMAT.md`, from the layout's own declarations.

use std::fmt::Write as _;

use probe::layout::declared::{Declared, RECORDS, SECTIONS};

const END: &str = "<!-- end of table -->";

/// A document with its tables made anew: each stands between `<!-- table NAME -->`, of a record, `sections` or `all`, and
/// `<!-- end of table -->`.
///
/// # Errors
/// A table without an end, or of a record that is none.
pub fn renewed(document: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = document;
    while let Some((before, after)) = rest.split_once("<!-- table ") {
        let (name, after) = after.split_once(" -->").ok_or("a marker without an end")?;
        let (_, after) = after.split_once(END).ok_or_else(|| format!("table {name} has no end"))?;
        let tables = match name {
            "all" => {
                RECORDS.iter().map(|record| heading(record) + &table(record)).collect::<String>()
            }
            "sections" => sections(),
            name => RECORDS
                .iter()
                .find(|record| record.name == name)
                .map(table)
                .ok_or_else(|| format!("no record {name}"))?,
        };
        let _ = write!(out, "{before}<!-- table {name} -->\n{tables}{END}");
        rest = after;
    }
    Ok(out + rest)
}

fn sections() -> String {
    let mut table = String::from("| kind | section | what is in it |\n| --- | --- | --- |\n");
    for kind in SECTIONS {
        let _ = writeln!(table, "| {} | `{}` | {} |", kind.number, kind.name, prose(kind.about));
    }
    table
}

fn heading(record: &Declared) -> String {
    format!("\n### {}: {} bytes\n\n{}\n\n", record.name, record.bytes, prose(record.about))
}

fn table(record: &Declared) -> String {
    let mut table = String::from("| offset | word | meaning |\n| --- | --- | --- |\n");
    for field in record.fields {
        let words = match field.words {
            1 => String::new(),
            words => format!(" ({words} words)"),
        };
        let about = prose(field.about);
        let _ = writeln!(table, "| {:#04x} | `{}`{words} | {about} |", field.offset, field.name);
    }
    table
}

/// Documentation as prose: without links to items, on one line, safe in a table.
fn prose(about: &str) -> String {
    let words = about.split_whitespace().collect::<Vec<_>>().join(" ");
    words.replace("super::", "").replace("[`", "`").replace("`]", "`").replace('|', "\\|")
}
