//! Which of the options of every verb mean something for which.

/// The options of every verb that mean something for it. Any other is not in its help, and refused. (Without
/// a verb all of them do; `--color` does no harm anywhere.)
pub const TAKES: &[(&str, &str)] = &[
    ("list", "name pid file json jsonl wait interval count filter color endpoints"),
    ("top", "name pid file wait interval count sort filter all color endpoints"),
    ("dump", "name pid file wait"),
    ("record", "name pid file wait json count"),
    ("profile", "name pid file wait json filter all color"),
    ("report", "file json filter all color"),
    ("export", "name pid file wait filter"),
    ("annotate", "file json filter all color"),
    ("diff", "json wait interval filter all color"),
    ("ops", "name pid file json jsonl wait interval count sort filter since_start color endpoints"),
    ("ops cancel", "name pid json jsonl wait endpoints"),
    ("why", "name pid file json jsonl wait interval count color endpoints"),
    ("capacity", "name pid file json jsonl wait filter color endpoints"),
    ("waits", "name pid file json jsonl wait interval count filter color endpoints"),
    ("check", "name pid file json endpoints"),
    ("history", "name pid json jsonl color endpoints"),
    ("history record", "name pid"),
    #[cfg(feature = "serve")]
    ("serve", "endpoints"),
    #[cfg(feature = "serve")]
    ("link", "name pid filter"),
    ("doctor", "name pid file json"),
    ("clean", "name pid"),
    ("completions", ""),
    ("man", ""),
];

/// Whether an option means something for a verb that takes those: what is said of endpoints does where they are.
pub(super) fn taken(takes: &str, id: &str) -> bool {
    let is = |id: &str| takes.split(' ').any(|one| one == id);
    is(id) || id.starts_with("endpoints_") && is("endpoints")
}
