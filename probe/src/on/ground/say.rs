//! What `probe` has to say: one line on stderr where that can neither wait, signal nor fail, and in any
//! case kept for [`remarks`]. Never on stdout.
#![expect(unsafe_code, reason = "follows pointers that only `keep` sets")]

mod stderr;

use core::sync::atomic::{AtomicPtr, Ordering};

pub(crate) use stderr::write;

/// As many remarks are kept; there are a handful of reasons to make one.
const KEPT: usize = 16;
/// A line is no longer, in bytes: a pipe takes it whole or not at all.
const LONGEST: usize = 2000;

/// What was said. Pointers and no lock: a forked child may have to say something, too.
static REMARKS: [AtomicPtr<String>; KEPT] = [const { AtomicPtr::new(core::ptr::null_mut()) }; KEPT];

/// What `probe` said on stderr in this process, or would have if somebody could have read it there: settings
/// that were ignored, why there is no board, no keeper, no cancelling. The same stands on the board, as the
/// fact `probe_remarks`.
pub fn remarks() -> Vec<String> {
    kept().map(str::to_owned).collect()
}

fn kept() -> impl Iterator<Item = &'static str> {
    REMARKS.iter().map_while(|remark| {
        // Acquire: pairs with the release in `keep`.
        let remark = remark.load(Ordering::Acquire);
        // SAFETY: only `keep` stores here, and what it stores is leaked.
        let remark: Option<&'static String> = unsafe { remark.as_ref() };
        remark.map(String::as_str)
    })
}

/// Says one thing, once: what was said before is not repeated by a forked child's board. What it quotes of
/// the environment stays in its line.
pub(crate) fn say(text: &str) {
    let mut line = String::with_capacity(text.len());
    for char in text.chars().take(LONGEST) {
        if char.is_control() {
            line.extend(char.escape_default());
        } else {
            line.push(char);
        }
        if line.len() > LONGEST {
            break;
        }
    }
    if kept().any(|said| said == line) {
        return;
    }
    write(format!("probe: {line}\n").as_bytes());
    keep(line);
}

fn keep(line: String) {
    let line = Box::into_raw(Box::new(line));
    for place in &REMARKS {
        let free = core::ptr::null_mut();
        // Release: pairs with the acquire in `kept`.
        if place.compare_exchange(free, line, Ordering::Release, Ordering::Relaxed).is_ok() {
            return;
        }
    }
    forget(line);
}

fn forget(line: *mut String) {
    // SAFETY: `keep` made it from a box, and found no place to publish it.
    drop(unsafe { Box::from_raw(line) });
}
