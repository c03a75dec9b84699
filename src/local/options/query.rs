//! Settings of queries.

use super::bytes::bytes;

/// The part of the memory that queries get by default: one in `PART`.
const PART: usize = 4;

/// How queries are run.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct QueryOptions {
    /// The part of --memory that queries may take while they run, beside the columns that they read, such as 500MB or 1GiB; by default, a quarter
    #[arg(long = "query-memory", value_name = "BYTES", value_parser = bytes)]
    pub memory: Option<u64>,
}

impl QueryOptions {
    /// Bytes for queries, of so many for everything.
    pub(in crate::local) fn bytes(&self, all: usize) -> usize {
        let given = self.memory.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        given.unwrap_or(all / PART)
    }
}
