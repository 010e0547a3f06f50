//! Names of workers of one group differ in their number.

/// A name without its number and what stands before that: `io` of `io-3`. A name that is all number stays.
pub fn stem(name: &str) -> &str {
    let stem = name.trim_end_matches(|char: char| char.is_ascii_digit());
    let stem = stem.trim_end_matches(['-', '_', '#', ':', ' ', '/']);
    if stem.is_empty() { name } else { stem }
}
