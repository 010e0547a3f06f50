pub(crate) mod client;
pub(crate) fn run(_: &crate::args::Load) -> Result<(), crate::failure::Failure> {
    Ok(())
}
