//! One probe in the source: a static, or made once at run time, whose address is the tag.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::on::ground::distributed::distributed_slice;
use crate::on::thread::registrar::{self, Ask};
use crate::on::thread::shard::shard;

pub use crate::layout::Class;

distributed_slice! {
    /// Every site of this binary, reached or not. The linker gathers them.
    pub static SITES: [Site] = "probe_sites", "__start_probe_sites", "__stop_probe_sites";
}

/// One probe in the source. Made by macros only.
#[derive(Debug)]
#[repr(align(8))]
pub struct Site {
    /// Source file, as the compiler saw it.
    pub file: &'static str,
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
    /// The enclosing function.
    pub function: Function,
    /// Label, or nothing.
    pub label: &'static str,
    /// What the thread does here.
    pub class: Class,
    /// Flags as on the board.
    pub flags: u64,
    /// The group that switches it, or nothing.
    pub group: &'static str,
    /// The group's switch.
    pub gate: Option<&'static Gate>,
    /// Where its passes are counted.
    pub hits: Option<&'static Hits>,
    /// Of a site that begins operations: their kind.
    pub kind: Option<&'static crate::on::sites::kind::Kind>,
    /// Of a site that is a status: what was spent in it.
    pub spent: Option<&'static crate::on::sites::kind::Spent>,
}

/// How a site's function is known.
#[derive(Clone, Copy, Debug)]
pub enum Function {
    /// By an item inside it, which says its own path: a type's name is not known at compile time.
    Around(fn() -> &'static str),
    /// By its path, or its module's.
    Named(&'static str),
}

impl Site {
    /// The tag that names this site.
    #[inline(always)]
    pub fn tag(&'static self) -> u64 {
        core::ptr::from_ref(self).addr() as u64
    }

    /// Path of the enclosing function.
    pub(crate) fn function_path(&self) -> &'static str {
        // The name is of a function inside the static inside the enclosing function.
        let path = match self.function {
            Function::Around(inside) => inside(),
            Function::Named(path) => return path,
        };
        let path = path.strip_suffix("::here").unwrap_or(path);
        let path = path.strip_suffix("::SITE").unwrap_or(path);
        path.trim_end_matches("::{{closure}}")
    }
}

/// The site of this binary with this tag. They stand side by side, so the tag says which of them it would be: nothing is
/// searched, and a number that is no tag is none's.
pub(crate) fn find(tag: u64) -> Option<&'static Site> {
    let first = SITES.as_ptr().addr() as u64;
    let number = tag.checked_sub(first)? as usize / size_of::<Site>();
    SITES.get(number).filter(|site| site.tag() == tag)
}

/// A group's switch, as one site sees it. On until the filter says otherwise.
#[derive(Debug)]
pub struct Gate(AtomicBool);

impl Gate {
    /// A switch that is on.
    pub const fn new() -> Self {
        Self(AtomicBool::new(true))
    }

    /// Whether the site's probe acts.
    #[inline(always)]
    pub fn is_on(&self) -> bool {
        // Relaxed: the switch guards nothing but its own probe.
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, on: bool) {
        self.0.store(on, Ordering::Relaxed);
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

/// Where a site's passes are counted: an offset into every thread's shard.
#[derive(Debug)]
pub struct Hits(pub(crate) AtomicU32);

impl Hits {
    /// Not placed yet: passes are thrown away until the board is made.
    pub const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// One pass.
    #[inline(always)]
    pub fn pass(&'static self) {
        match shard() {
            Some(shard) => shard.add(self.0.load(Ordering::Relaxed), 1),
            None => self.pass_first(),
        }
    }

    #[cold]
    #[inline(never)]
    fn pass_first(&self) {
        registrar::ask(Ask::Place);
        // Without a board there is nothing to remember the pass by.
        if let Some(shard) = shard() {
            shard.add(self.0.load(Ordering::Relaxed), 1);
        }
    }
}

impl Default for Hits {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
#[expect(unsafe_code, reason = "a tag names the section that its site is put into")]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_found_by_its_tag_and_by_no_other_number() {
        crate::tag!("one");
        crate::tag!("another");
        assert!(SITES.len() > 1);
        for site in &SITES {
            assert!(core::ptr::eq(find(site.tag()).expect("it is one"), site));
            assert!(find(site.tag() + 1).is_none() && find(site.tag() + 8).is_none());
        }
        let end = SITES.as_ptr_range().end.addr() as u64;
        let first = SITES.as_ptr().addr() as u64;
        assert!([0, 1, first - 8, end, u64::MAX].into_iter().all(|tag| find(tag).is_none()));
    }
}
