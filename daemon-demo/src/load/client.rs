pub(crate) fn run(_: &crate::args::LoadClient) -> Result<(), crate::failure::Failure> {
    Ok(())
}
