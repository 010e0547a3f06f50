//! `PROBE_FILTER`: which groups of probes are on.

use crate::on::sites::site::Site;

/// Rules such as `store::*=on,net=off`, in order; the last that matches a group decides. A name with
/// a `*` at its end matches what begins with it.
#[derive(Debug, Default)]
pub(crate) struct Filter<'a>(Vec<(&'a str, bool)>);

impl<'a> Filter<'a> {
    /// Reads the rules; what cannot be understood is handed to `complain` and left out.
    pub(crate) fn parse(text: &'a str, mut complain: impl FnMut(&str)) -> Self {
        let rules = text.split(',').map(str::trim).filter(|rule| !rule.is_empty());
        let rules = rules.filter_map(|rule| match rule.split_once('=') {
            Some((name, "on")) => Some((name, true)),
            Some((name, "off")) => Some((name, false)),
            _ => {
                complain(rule);
                None
            }
        });
        Self(rules.collect())
    }

    /// Whether a group is on. Without a rule it is.
    pub(crate) fn is_on(&self, group: &str) -> bool {
        let matches = |pattern: &str| match pattern.strip_suffix('*') {
            Some(start) => group.starts_with(start),
            None => group == pattern,
        };
        self.0.iter().rev().find(|(pattern, _)| matches(pattern)).is_none_or(|&(_, on)| on)
    }

    /// Sets a site's switch; tells whether it is off.
    pub(crate) fn apply(&self, site: &Site) -> bool {
        let on = site.group.is_empty() || self.is_on(site.group);
        if let Some(gate) = site.gate {
            gate.set(on);
        }
        !on
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_matching_rule_decides() {
        let mut bad = Vec::new();
        let filter = Filter::parse("store::*=off, store::index=on,net=off,x,*=maybe", |rule| {
            bad.push(rule.to_owned());
        });
        assert!(!filter.is_on("store::log"));
        assert!(filter.is_on("store::index"));
        assert!(!filter.is_on("net"));
        assert!(filter.is_on("network"));
        assert_eq!(bad, ["x", "*=maybe"]);
    }
}
