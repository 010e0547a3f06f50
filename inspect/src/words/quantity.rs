//! Quantities as people write them.

use std::time::Duration;

/// A duration like `500ms`, `2s`, `1m`, `1h` or a bare number of seconds.
///
/// # Errors
/// A sentence that says what is expected.
pub fn duration(text: &str) -> Result<Duration, String> {
    if text.starts_with('-') && text[1..].starts_with(|char: char| char.is_ascii_digit()) {
        return Err("a time cannot be negative".to_owned());
    }
    let split =
        text.find(|char: char| !(char.is_ascii_digit() || char == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let scale = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return Err(format!("unknown unit `{unit}`; write 500ms, 2s, 1m or 1h")),
    };
    let number: f64 =
        number.parse().map_err(|_| "write a time like 500ms, 2s, 1m or 1h".to_owned())?;
    Duration::try_from_secs_f64(number * scale).map_err(|_| "that time is too long".to_owned())
}

/// A size like `64MiB`, `1GiB`, `500kB` or a bare number of bytes.
///
/// # Errors
/// A sentence that says what is expected.
pub fn size(text: &str) -> Result<u64, String> {
    let split = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let scale: u64 = match unit {
        "" | "B" => 1,
        "kB" => 1_000,
        "KiB" | "K" => 1 << 10,
        "MB" => 1_000_000,
        "MiB" | "M" => 1 << 20,
        "GB" => 1_000_000_000,
        "GiB" | "G" => 1 << 30,
        _ => return Err(format!("unknown unit `{unit}`; write 64MiB or 1GiB")),
    };
    let number: u64 = number.parse().map_err(|_| "write a size like 64MiB or 1GiB".to_owned())?;
    number.checked_mul(scale).ok_or_else(|| "that size is too large".to_owned())
}

/// Times a second, like `1000`, `10k` or `100k`, up to `MOST`.
///
/// # Errors
/// A sentence that says what is expected.
pub fn rate<const MOST: u32>(text: &str) -> Result<u32, String> {
    let (number, scale) = match text.strip_suffix('k') {
        Some(thousands) => (thousands, 1_000),
        None => (text, 1),
    };
    let rate = number.parse::<u32>().ok().and_then(|number| number.checked_mul(scale));
    rate.filter(|rate| (1..=MOST).contains(rate))
        .ok_or_else(|| format!("write a whole number from 1 to {MOST}, or of thousands: 10k"))
}

/// A duration of something that takes time.
///
/// # Errors
/// The same, and for a time of nothing.
pub fn some_time(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("a time of nothing; write one like 500ms, 2s, 1m or 1h".to_owned()),
        time => Ok(time),
    }
}
