//! Draws how a look grows with what there is to look at: `cargo run -p tests --bin growth -- docs/growth.svg [MOST]`. Takes some
//! minutes; `MOST` bounds the sizes.
#![expect(clippy::print_stdout, reason = "prints a table")]

use tests::growth;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let bound = arguments.get(1).and_then(|word| word.parse().ok()).unwrap_or(usize::MAX);
    if !growth::is_possible() || !growth::sides_are_possible() {
        return Ok(());
    }
    let mut curves = Vec::new();
    for row in growth::ROWS {
        let most = row.most.min(bound);
        let sizes = [1, most / 64, most / 16, most / 4, most];
        let points = row.counted(&sizes);
        for (size, cost) in &points {
            println!("{:<24} {size:>8} {cost:>14}", row.what);
        }
        println!("{:<24} grows with exponent {:.3}", row.what, growth::exponent(&points));
        let side = row.side(most);
        println!(
            "{:<24} {most:>8} of them: init {:.1} ms, keeper {:.2} % of a core, a look {:.1} MiB",
            row.what,
            side.init_ns as f64 / 1e6,
            side.keeper_share * 100.0,
            side.resident_kib as f64 / 1024.0
        );
        curves.push((row.what, points));
        // After each row: who stops it has what was counted.
        if let Some(file) = arguments.first() {
            std::fs::write(file, growth::svg(&curves))?;
        }
    }
    Ok(())
}
