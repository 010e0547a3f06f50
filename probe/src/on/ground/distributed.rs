//! Statics of one type that the linker gathers from all over the binary, wherever a macro put one.
//!
//! A linker puts the parts of a section side by side and, where the section's name is an identifier of C, says where
//! they begin and end. What each part is follows from the macros, the only ones that put something there.
#![expect(unsafe_code, reason = "a slice between two addresses that the linker gives")]

use core::ops::Deref;

/// The gathered statics.
#[derive(Debug)]
pub struct DistributedSlice<T: 'static> {
    start: *const T,
    stop: *const T,
}

// SAFETY: two addresses of statics.
unsafe impl<T: Sync> Send for DistributedSlice<T> {}
// SAFETY: it hands out shared references to statics.
unsafe impl<T: Sync> Sync for DistributedSlice<T> {}

impl<T> DistributedSlice<T> {
    /// What stands between two addresses.
    ///
    /// # Safety
    /// Values of `T`, side by side, and nothing else; for good.
    pub(crate) const unsafe fn between(start: *const T, stop: *const T) -> Self {
        assert!(size_of::<T>() > 0);
        Self { start, stop }
    }
}

impl<T> Deref for DistributedSlice<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        let bytes = self.stop.addr() - self.start.addr();
        // SAFETY: as was promised to `between`.
        unsafe { core::slice::from_raw_parts(self.start, bytes / size_of::<T>()) }
    }
}

impl<T> IntoIterator for &'static DistributedSlice<T> {
    type Item = &'static T;
    type IntoIter = core::slice::Iter<'static, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Declares what the linker gathers in a section. (The two names are the section's, as the linker forms them.)
macro_rules! distributed_slice {
    ($(#[$about:meta])* $vis:vis static $name:ident: [$of:ty] = $section:literal, $start:literal, $stop:literal;) => {
        $(#[$about])*
        #[expect(unsafe_code, reason = "names two symbols of the linker's, and a section")]
        $vis static $name: $crate::on::ground::distributed::DistributedSlice<$of> = {
            // SAFETY: the linker defines both, for a section that is there; no byte is read through them as declared.
            unsafe extern "Rust" {
                #[link_name = $start]
                static START: [$of; 0];
                #[link_name = $stop]
                static STOP: [$of; 0];
            }
            // The section is there also without anything in it. `mut`, as all of it is relocated when loaded.
            #[used]
            // SAFETY: no byte long.
            #[unsafe(link_section = $section)]
            static mut NOTHING: [$of; 0] = [];

            let (start, stop) = ((&raw const START).cast::<$of>(), (&raw const STOP).cast::<$of>());
            // SAFETY: the macros put values of this type into this section, and nothing else does.
            unsafe { $crate::on::ground::distributed::DistributedSlice::between(start, stop) }
        };
    };
}

pub(crate) use distributed_slice;
