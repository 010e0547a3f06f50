//! A condition, and how it is read.

use crate::words::quantity::duration;

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// The longest time of a thread at one line that is not idle; of threads of this name.
    Stalled(String),
    /// A thread's share of busy time in the last second, in percent; of threads of this name.
    Load(String),
    /// The age of a queue's oldest item; of queues of this name.
    Oldest(String),
    /// How long an operation has been active; of this kind.
    Over(String),
    /// A counter's growth a second, over the last second.
    Rate(String),
    /// A counter's or gauge's value; the members of a family added up.
    Value(String),
    /// A sampled process ended.
    Ended,
}

/// A condition.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Condition {
    /// As it was written.
    pub text: String,
    /// What is looked at.
    pub what: What,
    /// Whether it holds below the limit, not above.
    pub below: bool,
    /// The limit: ns, percent, or a number.
    pub limit: f64,
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// A sentence that says what is wrong and what is expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let wrong = |why: &str| {
            format!(
                "--when '{}': {why}; write it like 'stalled>2s', 'load(io-*)>90', 'oldest>500ms', \
                 'over(request)>5s', 'rate(commits)<10', 'backlog_jobs>1000' or 'ended'",
                crate::words::term::term(text)
            )
        };
        if text == "ended" {
            let (what, below, limit) = (What::Ended, false, 0.0);
            return Ok(Self { text: text.to_owned(), what, below, limit });
        }
        let Some(at) = text.find(['>', '<']) else {
            return Err(wrong("it has no > or <"));
        };
        let (what, rest) = text.split_at(at);
        let (below, limit) = (rest.starts_with('<'), rest[1..].trim());
        if limit.starts_with('=') {
            return Err(wrong("only > and < are known"));
        }
        let what = What::parse(what.trim()).map_err(|why| wrong(&why))?;
        let limit = match what {
            What::Stalled(_) | What::Oldest(_) | What::Over(_) if below => {
                return Err(wrong("a time that something has stood or waited takes > alone"));
            }
            What::Stalled(_) | What::Oldest(_) | What::Over(_) => {
                duration(limit).map(|time| time.as_nanos() as f64).map_err(|why| wrong(&why))?
            }
            _ => {
                let number = limit.strip_suffix('%').filter(|_| matches!(what, What::Load(_)));
                number
                    .unwrap_or(limit)
                    .parse::<f64>()
                    .ok()
                    .filter(|number| number.is_finite())
                    .ok_or_else(|| wrong(&format!("`{limit}` is no number")))?
            }
        };
        Ok(Self { text: text.to_owned(), what, below, limit })
    }

    /// Whether a value is beyond the limit.
    pub fn holds(&self, value: f64) -> bool {
        if self.below { value < self.limit } else { value > self.limit }
    }
}

impl What {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (word, inside) = match text.split_once('(') {
            Some((word, rest)) => {
                let inside = rest.strip_suffix(')').ok_or("a bracket is not closed")?;
                (word.trim_end(), Some(inside.trim()))
            }
            None => (text, None),
        };
        if word.is_empty() || inside.is_some_and(str::is_empty) {
            return Err("a name is missing".to_owned());
        }
        let any = || inside.unwrap_or("*").to_owned();
        Ok(match (word, inside) {
            ("stalled", _) => Self::Stalled(any()),
            ("load", _) => Self::Load(any()),
            ("oldest", _) => Self::Oldest(any()),
            ("over", _) => Self::Over(any()),
            ("rate", Some(name)) => Self::Rate(name.to_owned()),
            ("value", Some(name)) => Self::Value(name.to_owned()),
            ("rate", None) => return Err("`rate` wants a counter: rate(NAME)".to_owned()),
            ("ended", _) => return Err("`ended` stands alone".to_owned()),
            (other, Some(_)) => return Err(format!("`{other}(…)` is not known")),
            (name, None) => Self::Value(name.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read() {
        let read = |text: &str| {
            let found = Condition::parse(text).expect(text);
            (found.what, found.below, found.limit)
        };
        let any = || "*".to_owned();
        assert_eq!(read("stalled>2s"), (What::Stalled(any()), false, 2e9));
        assert_eq!(
            read(" stalled(store-*) > 500ms "),
            (What::Stalled("store-*".into()), false, 5e8)
        );
        assert_eq!(read("load>90"), (What::Load(any()), false, 90.0));
        assert_eq!(read("load(io-0)<5%"), (What::Load("io-0".into()), true, 5.0));
        assert_eq!(read("oldest(updates)>1m"), (What::Oldest("updates".into()), false, 6e10));
        assert_eq!(read("over>5s"), (What::Over(any()), false, 5e9));
        assert_eq!(read("over(request)>1m"), (What::Over("request".into()), false, 6e10));
        assert_eq!(read("rate(commits)<0.5"), (What::Rate("commits".into()), true, 0.5));
        assert_eq!(read("backlog_jobs>1000"), (What::Value("backlog_jobs".into()), false, 1000.0));
        assert_eq!(read("value(load)>3"), (What::Value("load".into()), false, 3.0));
        assert_eq!(read("ended"), (What::Ended, false, 0.0));
    }

    #[test]
    fn a_wrong_condition_is_one_line_that_says_why() {
        for (text, why) in [
            ("", "no > or <"),
            ("stalled", "no > or <"),
            ("stalled<2s", "> alone"),
            ("stalled>2x", "unknown unit `x`"),
            ("over<2s", "> alone"),
            ("stalled(a>2s", "not closed"),
            ("load>much", "`much` is no number"),
            ("load>=90", "only > and <"),
            ("rate>5", "rate(NAME)"),
            ("rate()>5", "name is missing"),
            (">5", "name is missing"),
            ("cpu(x)>5", "`cpu(…)` is not known"),
            ("ended>1", "stands alone"),
            ("a>inf", "is no number"),
        ] {
            let said = Condition::parse(text).expect_err(text);
            assert!(said.contains(why) && !said.contains('\n'), "{text}: {said}");
        }
    }
}
