//! Durations and sizes as people write them: `500ms 2s 1m`, `64KiB 16MiB`.

/// Durations in one grammar with `inspect`: `500ms`, `2s`, a bare number of seconds.
pub(crate) use inspect::words::quantity::duration;

/// Reads a size in bytes: a whole number, alone or with `KiB`, `MiB`, `GiB`.
///
/// # Errors
/// Says what was expected, for clap to print.
pub(crate) fn bytes(text: &str) -> Result<usize, String> {
    let (number, unit) = split(text);
    let number: usize = number.parse().map_err(|_| expected_bytes(text))?;
    let unit_bytes: usize = match unit {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(expected_bytes(text)),
    };
    number.checked_mul(unit_bytes).ok_or_else(|| expected_bytes(text))
}

/// The same, where nothing would be no limit but a program that refuses everything.
///
/// # Errors
/// Says what was expected, for clap to print.
pub(crate) fn some_bytes(text: &str) -> Result<usize, String> {
    bytes(text).and_then(|bytes| some(bytes, text))
}

/// Reads a number that is at least one.
///
/// # Errors
/// Says what was expected, for clap to print.
pub(crate) fn at_least_one(text: &str) -> Result<usize, String> {
    let number = text.parse().map_err(|_| format!("`{text}` is not a whole number"))?;
    some(number, text)
}

fn some(value: usize, text: &str) -> Result<usize, String> {
    if value == 0 { Err(format!("`{text}` is nothing: at least 1")) } else { Ok(value) }
}

fn split(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

fn expected_bytes(text: &str) -> String {
    format!("`{text}` is not a size such as 4096, 64KiB or 16MiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_may_carry_units() {
        assert_eq!(bytes("4096"), Ok(4096));
        assert_eq!(bytes("16MiB"), Ok(16 << 20));
        for wrong in ["", "MiB", "16MB", "99999999999999999999"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
        assert_eq!((bytes("0"), some_bytes("1B"), at_least_one("7")), (Ok(0), Ok(1), Ok(7)));
        for wrong in ["0", "-1", "", "0KiB"] {
            assert!(some_bytes(wrong).is_err() && at_least_one(wrong).is_err(), "{wrong}");
        }
    }
}
