//! The daemon's tables and their row counts, read from its board without asking it.

/// The tables on the live board of that name and their rows. `None` when there is no such board, as
/// when probes are out.
pub(super) fn rows_from_board(name: &str) -> Option<Vec<(String, u64)>> {
    let rows = inspect::rows(name, "rows").ok()?;
    Some(rows.into_iter().map(|(table, rows)| (table, u64::try_from(rows).unwrap_or(0))).collect())
}
