//! What the layout says of itself, for documents and for readers that show raw words.

/// A record.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Declared {
    /// Its type's name.
    pub name: &'static str,
    /// What it is, as its documentation has it.
    pub about: &'static str,
    /// Its size.
    pub bytes: usize,
    /// Its fields, in order.
    pub fields: &'static [Field],
}

/// A field of a record.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Field {
    /// Bytes from the start of the record.
    pub offset: usize,
    /// Its name.
    pub name: &'static str,
    /// 64-bit words in it.
    pub words: usize,
    /// What it means, as its documentation has it.
    pub about: &'static str,
}

/// A kind of section.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Kind {
    /// The number in the table of contents.
    pub number: u64,
    /// Its name.
    pub name: &'static str,
    /// What it holds, as its documentation has it.
    pub about: &'static str,
}

/// Every kind of section, by its number.
pub const SECTIONS: &[Kind] = super::SectionKind::DECLARED;

/// Every record of the layout.
pub const RECORDS: [Declared; 20] = [
    super::HeaderCopy::DECLARED,
    super::SectionCopy::DECLARED,
    super::SiteCopy::DECLARED,
    super::MetricCopy::DECLARED,
    super::CellCopy::DECLARED,
    super::SlotCopy::DECLARED,
    super::FrameCopy::DECLARED,
    super::WatchCopy::DECLARED,
    super::WorkerCopy::DECLARED,
    super::QueueCopy::DECLARED,
    super::HistogramCopy::DECLARED,
    super::WindowCopy::DECLARED,
    super::RingHeadCopy::DECLARED,
    super::FactCopy::DECLARED,
    super::OpCopy::DECLARED,
    super::TraceCopy::DECLARED,
    super::LockCopy::DECLARED,
    super::LostCopy::DECLARED,
    super::PulseCopy::DECLARED,
    super::EndCopy::DECLARED,
];
