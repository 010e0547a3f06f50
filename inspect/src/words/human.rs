//! Times and numbers for people: at most seven columns wide, so that tables stand still.

/// A time span.
pub fn time(ns: u64) -> String {
    let s = ns / 1_000_000_000;
    match ns {
        0..1_000 => format!("{ns}ns"),
        1_000..1_000_000 => format!("{}us", three(ns as f64 / 1e3)),
        1_000_000..1_000_000_000 => format!("{}ms", three(ns as f64 / 1e6)),
        _ if s < 60 => format!("{}s", three((ns / 1_000_000) as f64 / 1e3)),
        _ if s < 3600 => format!("{}m{:02}s", s / 60, s % 60),
        _ if s < 86_400 => format!("{}h{:02}m", s / 3600, s / 60 % 60),
        _ => format!("{}d{:02}h", s / 86_400, s / 3600 % 24),
    }
}

/// How long something has lasted that is there: what began while it was looked at has not lasted nothing.
pub fn lasting(ns: u64) -> String {
    if ns == 0 { "<1us".to_owned() } else { time(ns) }
}

/// Three digits of a number below a thousand, cut rather than rounded.
fn three(value: f64) -> String {
    if value < 10.0 {
        format!("{:.2}", (value * 100.0).floor() / 100.0)
    } else if value < 100.0 {
        format!("{:.1}", (value * 10.0).floor() / 10.0)
    } else {
        format!("{:.0}", value.floor())
    }
}

/// A whole number, digits in groups of three; above 10^12 with a suffix.
pub fn whole(value: u64) -> String {
    if value >= 1_000_000_000_000 {
        return short(value as f64);
    }
    let digits = value.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A signed whole number.
pub fn signed(value: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}", whole(value.unsigned_abs()))
}

/// A number with three digits and a suffix.
pub fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    for (limit, suffix) in
        [(1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")]
    {
        if value >= limit {
            return format!("{}{suffix}", three(value / limit));
        }
    }
    three(value)
}

/// Bytes, in powers of 1024.
pub fn bytes(value: u64) -> String {
    let mut scaled = value as f64;
    for unit in ["B", "KiB", "MiB", "GiB", "TiB"] {
        if scaled < 1000.0 {
            return if unit == "B" {
                format!("{value}B")
            } else {
                format!("{}{unit}", three(scaled))
            };
        }
        scaled /= 1024.0;
    }
    format!("{}PiB", three(scaled))
}

/// A share in percent.
pub fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

/// A value in its unit: times and bytes in words, anything else as a number.
pub fn in_unit(value: u64, unit: &str) -> String {
    match unit {
        "ns" => time(value),
        "us" => time(value.saturating_mul(1_000)),
        "ms" => time(value.saturating_mul(1_000_000)),
        "bytes" | "B" => bytes(value),
        _ => whole(value),
    }
}

/// What "nothing is known" looks like.
pub const NONE: &str = "-";

/// A value that may not be known.
pub fn or_none<T>(value: Option<T>, say: impl Fn(T) -> String) -> String {
    value.map_or_else(|| NONE.to_owned(), say)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short_at_every_scale() {
        for (ns, text) in [
            (0, "0ns"),
            (999, "999ns"),
            (1_500, "1.50us"),
            (999_999, "999us"),
            (20_000_000, "20.0ms"),
            (59_999_999_999, "59.9s"),
            (63_000_000_000, "1m03s"),
            (3_600_000_000_000, "1h00m"),
            (90_000_000_000_000, "1d01h"),
        ] {
            assert_eq!(time(ns), text);
            assert!(text.len() <= 7);
        }
        assert!(time(u64::MAX).len() < 12);
    }

    #[test]
    fn numbers_are_grouped_and_bytes_scaled() {
        assert_eq!(whole(1_234_567), "1,234,567");
        assert_eq!(whole(12), "12");
        assert_eq!(signed(-1234), "-1,234");
        assert_eq!(signed(i64::MIN), "-9.22E");
        assert_eq!((short(12_345.0), short(0.0)), ("12.3k".into(), "0".into()));
        assert_eq!(bytes(1_536), "1.50KiB");
        assert_eq!(bytes(12), "12B");
    }
}
