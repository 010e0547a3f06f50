//! Makes the tables of `docs/FORMAT.md` anew.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = tests::build::root().join("docs/FORMAT.md");
    let renewed = tests::format::renewed(&std::fs::read_to_string(&path)?)?;
    std::fs::write(path, renewed)?;
    Ok(())
}
