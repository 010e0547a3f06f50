//! Moments as people say them.

use super::quantity::duration;
use super::term::term;

const SECOND_NS: u64 = 1_000_000_000;

/// A moment as people say it: so long ago, a time of the last day, or a date with time; all in UTC.
///
/// # Errors
/// What would be right.
pub fn moment(text: &str, now_ns: u64) -> Result<u64, String> {
    if text == "now" {
        return Ok(now_ns);
    }
    if let Ok(ago) = duration(text) {
        return Ok(now_ns.saturating_sub(u64::try_from(ago.as_nanos()).unwrap_or(u64::MAX)));
    }
    let wrong = || format!("{}: write 2h, 03:12 or 2026-01-31T03:12:00Z", term(text));
    let day = 86_400 * SECOND_NS;
    let Some((date, clock)) = text.split_once(['T', ' ']) else {
        let today = now_ns / day * day + clock_ns(text).ok_or_else(wrong)?;
        // The last time that it was so late.
        return Ok(if today > now_ns { today.saturating_sub(day) } else { today });
    };
    let days = days(date).ok_or_else(wrong)?;
    Ok(days * day + clock_ns(clock.trim_end_matches('Z')).ok_or_else(wrong)?)
}

/// A moment of [`rfc3339`](crate::clock::rfc3339), ns since 1970; `None` when it is none.
#[cfg_attr(not(feature = "serve"), allow(dead_code, reason = "read where other hosts are asked"))]
pub(crate) fn from_rfc3339(text: &str) -> Option<u64> {
    let whole = moment(text, 0).ok().filter(|_| text.contains('T'))?;
    let rest = text.split_once('.').map_or("", |(_, rest)| rest.trim_end_matches('Z'));
    let millis: u64 = format!("{:0<3.3}", rest).parse().ok()?;
    Some(whole + millis * 1_000_000)
}

/// `HH:MM[:SS]`.
fn clock_ns(text: &str) -> Option<u64> {
    let whole = text.split('.').next()?;
    let parts: Option<Vec<u64>> = whole.split(':').map(|part| part.parse().ok()).collect();
    let (hours, minutes, seconds) = match parts?[..] {
        [hours, minutes] => (hours, minutes, 0),
        [hours, minutes, seconds] => (hours, minutes, seconds),
        _ => return None,
    };
    (hours < 24 && minutes < 60 && seconds < 60)
        .then_some((hours * 3600 + minutes * 60 + seconds) * SECOND_NS)
}

/// Days of `YYYY-MM-DD` since 1970.
fn days(text: &str) -> Option<u64> {
    let mut parts = text.split('-').map(|part| part.parse::<u64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        2 => 28 + u64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(1970..2500).contains(&year) || !(1..=12).contains(&month) || !(1..=longest).contains(&day)
    {
        return None;
    }
    // Years begin in March, so that the odd day is the last.
    let shifted = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let of_era = (shifted % 400) * 365 + (shifted % 400) / 4 - (shifted % 400) / 100 + of_year;
    (shifted / 400 * 146_097 + of_era).checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::rfc3339;

    #[test]
    fn moments_are_as_people_say_them() {
        // 2026-01-31T12:00:00Z
        let now = 1_769_860_800 * SECOND_NS;
        let at = |text: &str| moment(text, now).map(rfc3339);
        assert_eq!(at("2h"), Ok("2026-01-31T10:00:00.000Z".to_owned()));
        assert_eq!(at("03:12"), Ok("2026-01-31T03:12:00.000Z".to_owned()));
        assert_eq!(at("23:00:05"), Ok("2026-01-30T23:00:05.000Z".to_owned()));
        assert_eq!(at("2024-02-29T00:00:01Z"), Ok("2024-02-29T00:00:01.000Z".to_owned()));
        assert_eq!(at("now"), Ok("2026-01-31T12:00:00.000Z".to_owned()));
        for text in ["2026-01-31T12:00:00.007Z", "1970-01-01T00:00:00.000Z"] {
            assert_eq!(from_rfc3339(text).map(rfc3339).as_deref(), Some(text));
        }
        assert_eq!(from_rfc3339("2h").or(from_rfc3339("x")).or(from_rfc3339("12:00")), None);
        let no_such_day = ["2026-02-29T00:00Z", "2100-02-29T00:00Z", "2026-04-31T00:00Z"];
        assert_eq!(at("2000-02-29T00:00Z"), Ok("2000-02-29T00:00:00.000Z".to_owned()));
        let others = ["25:00", "yesterday", "2026-13-01T00:00:00Z", "1:2:3:4", "-"];
        for wrong in no_such_day.into_iter().chain(others) {
            assert!(at(wrong).is_err(), "{wrong}");
        }
    }
}
