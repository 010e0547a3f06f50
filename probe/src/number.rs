//! The numbers that probes take.

/// Any integer, or a `Duration` in nanoseconds, as a word for the board. What is too large saturates. A negative one keeps
/// its bits where a word has no sign: as an argument it is what it was; counted, it takes away from a number that should
/// only grow; and as a value of a histogram it is among the largest.
pub trait Number: Copy {
    /// As an unsigned word; negative values keep their bits.
    fn to_u64(self) -> u64;
    /// As a signed level; what is too large saturates.
    fn to_i64(self) -> i64;
}

macro_rules! number {
    ($($unsigned:ty),*; $($signed:ty),*) => {
        $(impl Number for $unsigned {
            #[inline(always)]
            fn to_u64(self) -> u64 { self as u64 }
            #[inline(always)]
            fn to_i64(self) -> i64 { i64::try_from(self).unwrap_or(i64::MAX) }
        })*
        $(impl Number for $signed {
            #[inline(always)]
            fn to_u64(self) -> u64 { self as u64 }
            #[inline(always)]
            fn to_i64(self) -> i64 { self as i64 }
        })*
    };
}

number!(u8, u16, u32, u64, usize; i8, i16, i32, i64, isize);

/// In nanoseconds: what is declared in `"ns"` takes it as it is. The most is 584 years, 292 for a gauge.
impl Number for core::time::Duration {
    #[inline]
    fn to_u64(self) -> u64 {
        u64::try_from(self.as_nanos()).unwrap_or(u64::MAX)
    }
    #[inline]
    fn to_i64(self) -> i64 {
        i64::try_from(self.as_nanos()).unwrap_or(i64::MAX)
    }
}

impl Number for bool {
    #[inline(always)]
    fn to_u64(self) -> u64 {
        u64::from(self)
    }
    #[inline(always)]
    fn to_i64(self) -> i64 {
        i64::from(self)
    }
}
