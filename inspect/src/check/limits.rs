//! What is asked: a limit from where on something is a warning, and one from where on it is critical.

use crate::trigger::What;
use crate::words::quantity::duration;

/// Limits of a value that is better the lower it is, or of one that is better the higher.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// Beyond this it is a warning.
    pub warning: f64,
    /// Beyond this it is critical; without it nothing is.
    pub critical: Option<f64>,
    /// Whether beyond is below.
    pub below: bool,
}

impl Limits {
    /// Reads `WARN` or `WARN,CRIT`, each by `one`.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    fn parse(
        text: &str,
        below: bool,
        one: impl Fn(&str) -> Result<f64, String>,
    ) -> Result<Self, String> {
        if text.split(',').count() > 2 {
            return Err("more than two limits; write WARN or WARN,CRIT".to_owned());
        }
        let (warning, critical) = match text.split_once(',') {
            Some((warning, critical)) => (one(warning.trim())?, Some(one(critical.trim())?)),
            None => (one(text.trim())?, None),
        };
        let turned = |critical: f64| if below { critical > warning } else { critical < warning };
        if critical.is_some_and(turned) {
            return Err("CRIT comes before WARN; write WARN,CRIT".to_owned());
        }
        Ok(Self { warning, critical, below })
    }

    /// Times, in ns.
    ///
    /// # Errors
    /// The same.
    pub fn times(text: &str) -> Result<Self, String> {
        Self::parse(text, false, |text| duration(text).map(|time| time.as_nanos() as f64))
    }

    /// Percent, with or without the sign.
    ///
    /// # Errors
    /// The same.
    pub fn percent(text: &str) -> Result<Self, String> {
        Self::parse(text, false, |text| {
            let number = number(text.strip_suffix('%').unwrap_or(text))?;
            let fits = (0.0..=100.0).contains(&number);
            fits.then_some(number).ok_or_else(|| format!("`{text}` is not within 0 and 100"))
        })
    }

    /// Whether a value is beyond a limit of these.
    pub fn beyond(&self, value: f64, limit: f64) -> bool {
        if self.below { value < limit } else { value > limit }
    }
}

fn number(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| format!("`{}` is no number", crate::words::term::term(text)))
}

/// A limit of a number of the daemon's own.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NumberLimit {
    /// As it was written before the limits: the number's name, or `rate(NAME)`.
    pub name: String,
    /// What is looked at.
    pub what: What,
    /// Its limits.
    pub limits: Limits,
}

impl NumberLimit {
    /// Reads `NAME>WARN[,CRIT]` or `NAME<WARN[,CRIT]`; NAME may be `rate(NAME)`.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let at = text.find(['>', '<']).ok_or("it has no > or <; write it like 'errors>100'")?;
        let (name, rest) = text.split_at(at);
        let what = match What::parse(name.trim())? {
            what @ (What::Rate(_) | What::Value(_)) => what,
            _ => {
                return Err(format!(
                    "`{}` is no number; the option of that name asks for it",
                    crate::words::term::term(name.trim())
                ));
            }
        };
        let limits = Limits::parse(&rest[1..], rest.starts_with('<'), number)?;
        Ok(Self { name: name.trim().to_owned(), what, limits })
    }
}

/// Everything that is asked of a board. That it lives is always asked.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Asked {
    /// Longest time that a thread, not idle, stands still; ns.
    pub stalled: Option<Limits>,
    /// Whether a late periodic job is critical.
    pub overdue: bool,
    /// Whether threads that wait for each other for ever are critical.
    pub deadlock: bool,
    /// Highest load of a thread over 10 s; percent.
    pub load: Option<Limits>,
    /// Age of the oldest operation at work, or item in a queue; ns.
    pub oldest: Option<Limits>,
    /// Whether anything that found no room on the board is a warning.
    pub lost: bool,
    /// Numbers of the daemon's own.
    pub numbers: Vec<NumberLimit>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read() {
        let limits = |warning, critical, below| Limits { warning, critical, below };
        assert_eq!(Limits::times("5s,1m"), Ok(limits(5e9, Some(6e10), false)));
        assert_eq!(Limits::times("500ms"), Ok(limits(5e8, None, false)));
        assert_eq!(Limits::percent("80, 95%"), Ok(limits(80.0, Some(95.0), false)));
        let below = NumberLimit::parse("connections < 10,1").expect("a limit");
        assert_eq!(
            (below.name.as_str(), below.limits),
            ("connections", limits(10.0, Some(1.0), true))
        );
        let rate = NumberLimit::parse("rate(errors)>5").expect("a rate");
        assert_eq!(rate.what, What::Rate("errors".to_owned()));
    }

    #[test]
    fn a_wrong_limit_says_why() {
        for (said, why) in [
            (Limits::times("1m,5s").expect_err("turned"), "CRIT comes before WARN"),
            (Limits::times("-5s").expect_err("negative"), "negative"),
            (Limits::times("5s,").expect_err("no second"), "write a time"),
            (Limits::times("1s,2s,3s").expect_err("a third"), "more than two limits"),
            (NumberLimit::parse("c>1,2,3").expect_err("a third"), "more than two limits"),
            (Limits::percent("101").expect_err("too much"), "not within 0 and 100"),
            (NumberLimit::parse("errors").expect_err("no sign").clone(), "no > or <"),
            (NumberLimit::parse("errors>x").expect_err("no number"), "`x` is no number"),
            (NumberLimit::parse("c<1,10").expect_err("turned"), "CRIT comes before WARN"),
            (NumberLimit::parse("load>5").expect_err("an option"), "the option of that name"),
        ] {
            assert!(said.contains(why) && !said.contains('\n'), "{said}");
        }
    }
}
