//! Words of ours that come back in JSON of another host: `work`, `lock`, the id of a rule. In a report they are
//! static texts; what another host calls so is one of a bounded number of short, printable texts, whatever it
//! sends.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde::de::{Deserialize, Deserializer};

/// A word of ours. Not spelled `&'static str` in a struct, which would have to be borrowed from the JSON.
pub type Word = &'static str;

/// Words that are remembered: those of every version of this program are fewer than three hundred.
const MOST: usize = 2_048;
/// Bytes of one.
const LONGEST: usize = 64;
/// What any other is called.
const OTHER: Word = "?";

/// The static text of a word.
fn known(text: &str) -> Word {
    let plain = text.len() <= LONGEST && text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if !plain {
        return OTHER;
    }
    static WORDS: OnceLock<Mutex<HashSet<Word>>> = OnceLock::new();
    let words = WORDS.get_or_init(Mutex::default);
    let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(word) = words.get(text) {
        return word;
    }
    if words.len() >= MOST {
        return OTHER;
    }
    // Never given back, and bounded: a hostile host fills the table once.
    let word: Word = Box::leak(text.to_owned().into_boxed_str());
    words.insert(word);
    word
}

/// A word.
///
/// # Errors
/// It is no text.
pub(crate) fn word<'de, D: Deserializer<'de>>(from: D) -> Result<Word, D::Error> {
    Ok(known(&<Cow<'_, str>>::deserialize(from)?))
}

/// A word, or none.
///
/// # Errors
/// It is no text.
pub(crate) fn maybe<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Word>, D::Error> {
    Ok(<Option<Cow<'_, str>>>::deserialize(from)?.map(|text| known(&text)))
}

/// Several.
///
/// # Errors
/// One is no text.
pub(crate) fn words<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Word>, D::Error> {
    let all = <Vec<Cow<'_, str>>>::deserialize(from)?;
    Ok(all.iter().map(|text| known(text)).collect())
}

/// Values by word.
///
/// # Errors
/// It is no map of such values.
pub(crate) fn keys<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<BTreeMap<Word, T>, D::Error> {
    let all = <BTreeMap<Cow<'_, str>, T>>::deserialize(from)?;
    Ok(all.into_iter().map(|(text, value)| (known(&text), value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_another_host_sends_words_are_few_short_and_harmless() {
        assert_eq!(known("work"), "work");
        assert!(std::ptr::eq(known("wait"), known("wait")));
        for hostile in ["\x1b[31m", "größe", "a\nb", &"x".repeat(65)] {
            assert_eq!(known(hostile), OTHER, "{hostile:?}");
        }
        let told: HashSet<Word> = (0..3 * MOST).map(|n| known(&format!("word {n}"))).collect();
        assert!(told.len() <= MOST + 1 && told.contains(OTHER), "{}", told.len());
    }
}
