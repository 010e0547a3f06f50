//! Durations and sizes as people write them: `500ms 2s 1m`, `64KiB 16MiB`.

use std::time::Duration;

/// Reads a duration: a whole number with `ms`, `s`, `m` or `h`; `0` needs no unit.
///
/// # Errors
/// Says what was expected, for clap to print.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text);
    let number: u64 = number.parse().map_err(|_| expected_duration(text))?;
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "" if number == 0 => 0,
        _ => return Err(expected_duration(text)),
    };
    number
        .checked_mul(unit_ms)
        .map(Duration::from_millis)
        .ok_or_else(|| expected_duration(text))
}

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
    number
        .checked_mul(unit_bytes)
        .ok_or_else(|| expected_bytes(text))
}

fn split(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

fn expected_duration(text: &str) -> String {
    format!("`{text}` is not a duration such as 500ms, 2s or 1m")
}

fn expected_bytes(text: &str) -> String {
    format!("`{text}` is not a size such as 4096, 64KiB or 16MiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_carry_units() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(duration("1m"), Ok(Duration::from_secs(60)));
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        for wrong in ["", "2", "s", "1.5s", "-1s", "18446744073709551615h", "2 s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_may_carry_units() {
        assert_eq!(bytes("4096"), Ok(4096));
        assert_eq!(bytes("16MiB"), Ok(16 << 20));
        for wrong in ["", "MiB", "16MB", "99999999999999999999"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
