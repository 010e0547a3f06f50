//! `zerocopy` reads a record by its own proof; the words of a record are read by the table. Both say the same.

use super::{
    FrameCopy, HeaderCopy, LockCopy, MetricCopy, OpCopy, QueueCopy, SectionCopy, SiteCopy, SlotCopy,
};
use zerocopy::{FromBytes, IntoBytes};

macro_rules! same {
    ($($copy:ident),*) => {$(
        let words: Vec<u64> = (1..=<$copy>::BYTES as u64 / 8).map(|word| word << 40 | word).collect();
        let (theirs, _) = <$copy>::read_from_prefix(words.as_bytes()).expect("as many bytes");
        assert_eq!(<$copy>::from_words(&words), Some(theirs));
        assert_eq!(theirs.as_bytes(), words.as_bytes());
        assert_eq!(<$copy>::from_words(&words[1..]), None);
    )*};
}

#[test]
fn records_are_read_as_zerocopy_reads_them() {
    same!(
        HeaderCopy,
        SectionCopy,
        SiteCopy,
        SlotCopy,
        FrameCopy,
        OpCopy,
        QueueCopy,
        MetricCopy,
        LockCopy
    );
}
