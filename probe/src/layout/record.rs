//! One table, three witnesses: each record is written once as a table of offsets, from which the
//! compiler makes the live struct of atomics and its copied-out twin, and checks both against it.

/// Declares a record: the live form of atomics that the daemon writes, the plain form that a
/// reader copies out, and the proof that every word stands at the offset the table says.
macro_rules! record {
    (
        $(#[doc = $about:literal])*
        $live:ident, $copy:ident, $size:literal bytes {
            $( $(#[doc = $help:literal])* $offset:literal $field:ident $([$n:literal])?, )*
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug)]
        #[cfg_attr(
            feature = "layout",
            derive(zerocopy::FromBytes, zerocopy::IntoBytes, zerocopy::KnownLayout)
        )]
        #[repr(C, align(8))]
        pub struct $live {
            $( $(#[doc = $help])* pub $field: $crate::layout::record::word!(live $($n)?), )*
        }

        #[doc = concat!("A copy of one [`", stringify!($live), "`], as a reader holds it.")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[cfg_attr(
            feature = "layout",
            derive(zerocopy::FromBytes, zerocopy::IntoBytes, zerocopy::KnownLayout, zerocopy::Immutable)
        )]
        #[repr(C, align(8))]
        pub struct $copy {
            $( $(#[doc = $help])* pub $field: $crate::layout::record::word!(copy $($n)?), )*
        }

        impl $copy {
            /// Bytes of the record.
            pub const BYTES: usize = $size;

            /// The record as it is declared here: `docs/FORMAT.md` is made of it.
            #[cfg(feature = "layout")]
            pub const DECLARED: $crate::layout::declared::Declared = $crate::layout::declared::Declared {
                name: stringify!($live),
                about: concat!($($about),*),
                bytes: $size,
                fields: &[$( $crate::layout::declared::Field {
                    offset: core::mem::offset_of!($copy, $field),
                    name: stringify!($field),
                    words: $crate::layout::record::word!(count $($n)?),
                    about: concat!($($help),*),
                }, )*],
            };

            /// The record in the first words of `words`; `None` when there are too few.
            pub fn from_words(words: &[u64]) -> Option<Self> {
                let words: &[u64; $size / 8] = words.first_chunk()?;
                Some(Self { $( $field: $crate::layout::record::word!(of words, $offset $(, $n)?), )* })
            }
        }

        $crate::layout::bytes::any_bytes!($live { $($field),* });

        const _: () = {
            assert!(core::mem::size_of::<$live>() == $size);
            assert!(core::mem::size_of::<$copy>() == $size);
            $(
                assert!(core::mem::offset_of!($live, $field) == $offset);
                assert!(core::mem::offset_of!($copy, $field) == $offset);
            )*
        };
    };
}

/// One field, a word or a row of words: how many, its live type, its copied type, and its value in the words of a record.
macro_rules! word {
    (count) => {
        1
    };
    (count $n:literal) => {
        $n
    };
    (live) => {
        core::sync::atomic::AtomicU64
    };
    (live $n:literal) => {
        [core::sync::atomic::AtomicU64; $n]
    };
    (copy) => {
        u64
    };
    (copy $n:literal) => {
        [u64; $n]
    };
    (of $words:ident, $offset:literal) => {
        $words[$offset / 8]
    };
    (of $words:ident, $offset:literal, $n:literal) => {
        core::array::from_fn(|index| $words[$offset / 8 + index])
    };
}

pub(crate) use {record, word};
