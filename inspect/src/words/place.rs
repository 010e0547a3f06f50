//! The short forms of a path and of a function: what a table has room for.

/// The last part of a path.
pub(crate) fn short_file(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The last part of a function's path, without closures.
pub(crate) fn short_function(path: &str) -> String {
    let path = path.replace("::{{closure}}", "");
    // A generic's own path may hold colons: only what stands before it is cut.
    let (head, tail) = path.split_at(path.find('<').unwrap_or(path.len()));
    let head = head.rsplit("::").next().unwrap_or(head);
    if head.is_empty() { path.clone() } else { format!("{head}{tail}") }
}

/// The last part of a path.
pub fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The last part of a function's path.
pub fn leaf(function: &str) -> &str {
    let whole = function.trim_end_matches("::{{closure}}");
    whole.rsplit("::").next().unwrap_or(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_by_their_last_part() {
        assert_eq!(short_file("daemon/src/store.rs"), "store.rs");
        assert_eq!(short_function("demo::store::commit"), "commit");
        assert_eq!(short_function("demo::store::commit::{{closure}}"), "commit");
        assert_eq!(short_function("<a::B as c::D>::e"), "<a::B as c::D>::e");
    }
}
