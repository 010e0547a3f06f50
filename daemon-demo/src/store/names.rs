//! What the tables of the data file are called, and what stands in it.

use redb::TableDefinition;

use super::record::TABLES;

pub(super) type RowTable = TableDefinition<'static, u32, &'static [u8]>;
type TtlTable = TableDefinition<'static, (u64, &'static [u8]), ()>;

/// The names of table `n`: on the board, in redb, of its times to live, and of its row count.
pub(super) struct Names {
    pub(super) rows: RowTable,
    pub(super) ttl: TtlTable,
    pub(super) count: &'static str,
}

macro_rules! names {
    ($($name:literal)*) => {
        [$(Names {
            rows: TableDefinition::new($name),
            ttl: TableDefinition::new(concat!($name, ".ttl")),
            count: concat!("rows.", $name),
        }),*]
    };
}

pub(super) const NAMES: [Names; TABLES] = names!(
    "db0" "db1" "db2" "db3" "db4" "db5" "db6" "db7" "db8" "db9" "db10" "db11" "db12" "db13" "db14" "db15"
);

/// What the file said when it was opened, and says after each commit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Contents {
    /// Sequence number of the last commit.
    pub(crate) commit: u64,
    /// Records of each table.
    pub(crate) rows: [u64; TABLES],
}
