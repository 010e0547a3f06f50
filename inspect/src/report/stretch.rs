//! A stretch of time, and how two become one.

/// A stretch of time: samples of each cell in it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Stretch {
    /// Cell and samples, by cell.
    pub cells: Vec<(usize, u64)>,
}

/// Two stretches as one.
pub(super) fn merge(a: Stretch, b: Stretch) -> Stretch {
    if a.cells.is_empty() || b.cells.is_empty() {
        return if a.cells.is_empty() { b } else { a };
    }
    // Both are in order.
    let mut cells: Vec<(usize, u64)> = Vec::with_capacity(a.cells.len().max(b.cells.len()));
    let (mut a, mut b) = (a.cells.into_iter().peekable(), b.cells.into_iter().peekable());
    loop {
        let next = match (a.peek(), b.peek()) {
            (Some(x), Some(y)) if y.0 < x.0 => b.next(),
            (None, _) => b.next(),
            _ => a.next(),
        };
        let Some((cell, samples)) = next else { return Stretch { cells } };
        match cells.last_mut() {
            Some(last) if last.0 == cell => last.1 += samples,
            _ => cells.push((cell, samples)),
        }
    }
}
