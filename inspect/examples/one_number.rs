//! `one_number BOARD COUNTER`: a counter of every live process of that name, as Prometheus reads it.

use std::io::Write;

use inspect::{OpenBoard, Target};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let (Some(name), Some(counter)) = (words.next(), words.next()) else {
        return Err("one_number BOARD COUNTER".into());
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "# TYPE {counter} counter")?;
    for mut board in inspect::open(&Target::Name(name))?.into_iter().filter(OpenBoard::exists) {
        let report = board.report()?;
        // Of a family, all members together.
        let of_it = report.counters.iter().filter(|one| one.name.raw() == counter);
        let total: u64 = of_it.map(|one| one.value).sum();
        writeln!(out, "{counter}{{pid=\"{}\"}} {total}", report.pid)?;
    }
    Ok(())
}
