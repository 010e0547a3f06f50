//! From mapped bytes to references to atomics: the only casts of the writer's side, each after its
//! bounds and alignment were checked.
#![expect(
    unsafe_code,
    reason = "turns a mapping that is never unmapped into references to atomics"
)]

use core::marker::PhantomData;
use core::ptr::NonNull;
use core::sync::atomic::AtomicU64;

use crate::layout::bytes::AnyBytes;

/// A mapping of the board: writable, page-aligned, never unmapped, all of it reserved in advance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    base: NonNull<u8>,
    length: usize,
}

// SAFETY: the segment is an address and a length; everything reached through it is atomics.
unsafe impl Send for Segment {}
// SAFETY: the segment is an address and a length; everything reached through it is atomics.
unsafe impl Sync for Segment {}

impl Segment {
    /// The mapping of `length` bytes at `base`.
    ///
    /// # Safety
    /// The bytes are mapped readable and writable, stay so for the rest of the process's life, are
    /// zeroed, and are touched by this process through atomics only.
    pub(crate) unsafe fn new(base: NonNull<u8>, length: usize) -> Self {
        Self { base, length }
    }

    /// One of private memory, for tests.
    #[cfg(test)]
    pub(crate) fn in_memory(length: usize) -> Option<Self> {
        let mut map = memmap2::MmapMut::map_anon(length).ok()?;
        let base = NonNull::new(map.as_mut_ptr())?;
        std::mem::forget(map);
        // SAFETY: new memory of `length` bytes, zeroed, mapped for good, known to nobody else.
        Some(unsafe { Self::new(base, length) })
    }

    /// Address of the first byte.
    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// Bytes of it.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// `count` records of type `T`, `stride` bytes apart from `offset` on; `None` when they do not fit
    /// or are not aligned.
    pub(crate) fn table<T: AnyBytes>(
        &self,
        offset: usize,
        stride: usize,
        count: usize,
    ) -> Option<Table<T>> {
        let last = count.checked_sub(1)?.checked_mul(stride)?.checked_add(offset)?;
        let aligned = (self.base.addr().get() + offset).is_multiple_of(align_of::<T>())
            && stride.is_multiple_of(align_of::<T>());
        let fits = last.checked_add(size_of::<T>())? <= self.length && stride >= size_of::<T>();
        if !aligned || !fits {
            return None;
        }
        // SAFETY: `offset` is inside the mapping, as just checked.
        let base = unsafe { self.base.byte_add(offset) }.cast();
        Some(Table { base, stride, count, records: PhantomData })
    }
}

/// Records in a segment.
#[derive(Debug)]
pub(crate) struct Table<T: 'static> {
    base: NonNull<T>,
    stride: usize,
    count: usize,
    records: PhantomData<&'static T>,
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Table<T> {}

// SAFETY: a table hands out shared references to records, which are made of atomics.
unsafe impl<T: Sync> Send for Table<T> {}
// SAFETY: a table hands out shared references to records, which are made of atomics.
unsafe impl<T: Sync> Sync for Table<T> {}

impl<T> Table<T> {
    /// Number of records.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Record `index`.
    pub(crate) fn get(&self, index: usize) -> Option<&'static T> {
        let at = self.address(index)?;
        // SAFETY: `Segment::table` checked that every record lies in the mapping and is aligned; the
        // mapping is never unmapped; the record is valid for any bytes (`AnyBytes`).
        Some(unsafe { at.as_ref() })
    }

    /// Address of record `index`.
    pub(crate) fn address(&self, index: usize) -> Option<NonNull<T>> {
        if index >= self.count {
            return None;
        }
        // SAFETY: `index` is below the count that `Segment::table` checked against the mapping.
        Some(unsafe { self.base.byte_add(index * self.stride) })
    }

    /// The records in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'static T> + use<'_, T> {
        (0..self.count).filter_map(|index| self.get(index))
    }
}

/// Words of a segment, as used for text, rings and buckets.
pub(crate) type Words = Table<AtomicU64>;
