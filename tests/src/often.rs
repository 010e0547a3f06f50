//! What is claimed of 18 runs in 20, for runs that hang on the machine's pace.

/// Whether it holds: in 18 of every 20 of as many runs as the environment says (`CAPACITY_RUNS`). Else in two before it does
/// not in three: of a claim that is true one run in ten is wrong, and a test of a single run fails as often; this one fails
/// in one of 270.
pub fn holds(mut run: impl FnMut() -> bool) -> bool {
    let said = std::env::var("CAPACITY_RUNS").ok().and_then(|text| text.parse::<u32>().ok());
    if let Some(runs) = said {
        let right = (0..runs).filter(|_| run()).count();
        return right * 20 >= runs as usize * 18;
    }
    let (mut right, mut wrong) = (0, 0);
    while right < 2 && wrong < 3 {
        if run() { right += 1 } else { wrong += 1 }
    }
    right == 2
}
