//! What a room knows of this process's board, made anew for each board and left for good: a forked child's board
//! takes the place of the parent's, and what was made for that one stays reachable, so that no leak checker
//! finds it lost.

use super::record_ref::RecordRef;

/// A value that the process has one of at a time, once it has one.
#[derive(Debug)]
pub(crate) struct Latest<T: 'static>(RecordRef<Made<T>>);

/// The value, and the one before it.
#[derive(Debug)]
struct Made<T: 'static> {
    value: T,
    _before: Option<&'static Made<T>>,
}

impl<T: Sync> Latest<T> {
    /// There is none yet.
    pub(crate) const fn none() -> Self {
        Self(RecordRef::unset())
    }

    /// The newest one.
    #[inline(always)]
    pub(crate) fn get(&self) -> Option<&'static T> {
        self.0.get().map(|made| &made.value)
    }

    /// It is `value` from now on. Only one thread at a time does, that which makes a board.
    pub(crate) fn set(&self, value: T) -> &'static T {
        let made: &'static Made<T> = Box::leak(Box::new(Made { value, _before: self.0.get() }));
        self.0.place(made);
        &made.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_counts_and_the_one_before_stays() {
        static VALUE: Latest<u32> = Latest::none();
        assert_eq!(VALUE.get(), None);
        let first = VALUE.set(1);
        let second = VALUE.set(2);
        assert_eq!((first, second, VALUE.get()), (&1, &2, Some(&2)));
    }
}
