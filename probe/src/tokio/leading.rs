//! What a guard is to its holder: the value of its lock, or a part of it.

/// Guards that lead to what may be read.
macro_rules! reads {
    ($([$($generics:tt)*] $guard:ty, $to:ty, $pointer:expr;)*) => {$(
        impl<$($generics)*> Deref for $guard {
            type Target = $to;

            fn deref(&self) -> &$to {
                let pointer: fn(&Self) -> NonNull<$to> = $pointer;
                // SAFETY: the guard holds the lock, so nobody else writes the value or this part of it.
                unsafe { pointer(self).as_ref() }
            }
        }

        impl<$($generics)*> fmt::Debug for $guard
        where
            $to: fmt::Debug,
        {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&**self, f)
            }
        }

        impl<$($generics)*> fmt::Display for $guard
        where
            $to: fmt::Display,
        {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&**self, f)
            }
        }
    )*};
}

/// Guards that lead to what may be written, too.
macro_rules! writes {
    ($([$($generics:tt)*] $guard:ty, $to:ty, $pointer:expr;)*) => {$(
        impl<$($generics)*> DerefMut for $guard {
            fn deref_mut(&mut self) -> &mut $to {
                let pointer: fn(&Self) -> NonNull<$to> = $pointer;
                // SAFETY: the guard holds the lock alone, and is borrowed alone.
                unsafe { pointer(self).as_mut() }
            }
        }
    )*};
}

pub(super) use {reads, writes};
