//! The rooms: `CONTRIBUTING.md` has their order, and no import runs up in it; no two files import each other in a
//! circle; and what a reader gets lost in stays small.

#[path = "rooms/graph.rs"]
mod graph;
#[path = "rooms/order.rs"]
mod order;
#[path = "rooms/source.rs"]
mod source;

use std::collections::BTreeSet;
use std::path::Path;

use order::Order;
use source::Tree;

/// The crates that are looked at.
const CRATES: [&str; 3] = ["probe", "daemon-demo", "inspect"];
/// Lines of a function that need no reason.
const LONGEST: usize = 60;

fn repository(file: &str) -> String {
    format!("{}/../{file}", env!("CARGO_MANIFEST_DIR"))
}

fn tree(of: &str) -> Tree {
    Tree::read(Path::new(&repository(&format!("{of}/src"))))
}

fn contributing() -> String {
    std::fs::read_to_string(repository("CONTRIBUTING.md")).expect("CONTRIBUTING.md")
}

/// What is still wrong in a crate, by name; each list may only shrink.
fn permitted(list: &str) -> BTreeSet<String> {
    let path = repository(&format!("tests/tests/rooms/permitted/{list}.txt"));
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Nothing is found that is not permitted, by its name or by its folder's (which ends with a `/`).
#[track_caller]
fn is_permitted(list: &str, found: &BTreeSet<String>) {
    let permitted = permitted(list);
    let folder = |name: &str| name.split_once('/').map(|(folder, _)| format!("{folder}/"));
    let is_known = |name: &&String| {
        permitted.contains(*name) || folder(name).is_some_and(|folder| permitted.contains(&folder))
    };
    let new: Vec<&String> = found.iter().filter(|name| !is_known(name)).collect();
    assert!(new.is_empty(), "{list}: {new:#?}");
}

/// Imports that run up.
fn upward(tree: &Tree, order: &Order) -> BTreeSet<String> {
    let arrows = tree.arrows();
    let up = arrows.iter().filter(|(from, to)| order.floor(from) > order.floor(to));
    up.map(|(from, to)| format!("{from} imports {to}")).collect()
}

#[test]
fn no_import_runs_up() {
    let text = contributing();
    for of in CRATES {
        let order = Order::read(&text, of);
        let tree = tree(of);
        let homeless: Vec<&str> = tree.names().filter(|name| order.floor(name).is_none()).collect();
        assert!(homeless.is_empty(), "{of}: in no room of CONTRIBUTING.md: {homeless:?}");
        let empty =
            order.rooms().filter(|room| !tree.names().any(|name| order.room(name) == Some(*room)));
        let empty: Vec<&str> = empty.collect();
        assert!(empty.is_empty(), "{of}: rooms without a file: {empty:?}");
        is_permitted(&format!("{of}-up"), &upward(&tree, &order));
    }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    for of in CRATES {
        let tree = tree(of);
        let arrows = tree.arrows();
        let circles = graph::circles(&arrows);
        let inside = circles.iter().flatten().map(|name| (*name).to_owned()).collect();
        is_permitted(&format!("{of}-circles"), &inside);
    }
}

#[test]
fn a_function_that_is_long_says_why() {
    for of in CRATES {
        let long = tree(of).long_functions(LONGEST);
        let long = long.into_iter().map(|(file, name, _)| format!("{file}: {name}")).collect();
        is_permitted(&format!("{of}-long"), &long);
    }
}

#[test]
fn the_board_has_at_most_ten_fields() {
    let tree = tree("probe");
    let text = tree.text("on/board/tables.rs").expect("the board's tables");
    let fields = source::fields(text, "Board").expect("a struct Board");
    assert!((1..=10).contains(&fields.len()), "{fields:?}");
}

// The test itself, on trees that are made up.

fn made_up(files: &[(&str, &str)]) -> Tree {
    Tree::of(files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())))
}

const ORDER: &str = "\
```rooms house/src
lib        the entry point
roof       what is above
attic/box  a room in a room
ground     what is below
```
";

#[test]
fn an_import_that_runs_up_is_found_in_every_form() {
    let order = Order::read(ORDER, "house");
    assert_eq!(order.rooms().collect::<Vec<_>>(), ["lib", "roof", "attic/box", "ground"]);
    let forms = [
        "use crate::roof;",
        "use crate::roof::beam::Beam;",
        "use crate::{\n    roof::{Tile, beam},\n};",
        "pub(crate) use super::roof::*;",
        "fn f() -> u32 { super::roof::beam::length() }",
        "mod inner { pub use super::super::roof::Tile; }",
        "fn f(_: &'static str, _: crate::roof::Tile) {}",
    ];
    for form in forms {
        let tree = made_up(&[
            ("lib.rs", "mod ground; mod roof; use ground::stone;"),
            ("roof/mod.rs", "mod beam; use crate::ground::Stone;"),
            ("roof/beam.rs", ""),
            ("attic/box/mod.rs", "use crate::ground;"),
            ("ground.rs", form),
        ]);
        let up = upward(&tree, &order);
        assert_eq!(up.len(), 1 + usize::from(form.contains("{Tile, beam}")), "{form}: {up:?}");
        assert!(up.iter().all(|up| up.starts_with("ground.rs imports roof/")), "{form}: {up:?}");
    }
    let harmless = [
        "// use crate::roof;",
        "/* crate::roof */ const A: &str = \"crate::roof\"; const B: char = '\"'; // crate::roof",
        "const A: &str = r#\"crate::roof \" crate::roof\"#;",
        "macro_rules! m { () => { $crate::roof::beam() } }",
        "#[cfg(test)]\nmod tests { use crate::roof; }",
        "use core::roof::beam;",
    ];
    for form in harmless {
        let tree = made_up(&[("lib.rs", ""), ("roof.rs", ""), ("ground.rs", form)]);
        assert!(upward(&tree, &order).is_empty(), "{form}");
    }
}

#[test]
fn a_circle_is_found_also_through_a_parent() {
    let tree = made_up(&[
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "use crate::b::B;"),
        ("b.rs", "use crate::c;"),
        ("c.rs", "fn f() { crate::a::f() }"),
        ("d/mod.rs", "mod child; use child::Child;"),
        ("d/child.rs", "use super::Parent;"),
        ("e.rs", "use crate::a;"),
    ]);
    let circles = graph::circles(&tree.arrows()).concat();
    assert_eq!(circles, ["a.rs", "b.rs", "c.rs", "d/child.rs", "d/mod.rs"]);
    let tree = made_up(&[("a.rs", "use crate::b;"), ("b.rs", "use crate::c;"), ("c.rs", "")]);
    assert!(graph::circles(&tree.arrows()).is_empty());
}

#[test]
fn a_long_function_is_found_unless_it_says_why() {
    let body = |lines: usize| "    step();\n".repeat(lines);
    let long = |text: String| {
        let long = made_up(&[("lib.rs", &text)]).long_functions(10);
        long.into_iter().map(|(_, name, lines)| (name, lines)).collect::<Vec<_>>()
    };
    assert_eq!(long(format!("fn f() {{\n{}}}\n", body(8))), []);
    assert_eq!(long(format!("fn f() {{\n{}}}\n", body(9))), [("f".to_owned(), 11)]);
    assert_eq!(long(format!("// long: a table\nfn f() {{\n{}}}\n", body(9))), []);
    let brace = format!("fn f() {{\n    let _ = \"}}\"; // }}\n{}}}\nfn g();\n", body(8));
    assert_eq!(long(brace), [("f".to_owned(), 11)]);
}

#[test]
fn fields_are_counted() {
    let text = "struct Other { a: u8 }\nstruct Board {\n    /// One: a word.\n    pub(crate) a: Vec<(u8, u8)>,\n    #[cfg(x)]\n    b: [u8; 2],\n}\n";
    assert_eq!(source::fields(text, "Board"), Some(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(source::fields(text, "Boar"), None);
}
