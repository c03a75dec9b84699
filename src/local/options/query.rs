//! Settings of queries.

use super::bytes::bytes;
use std::fs;

/// The part of the machine's memory that queries get by default: one in `PART`.
const PART: u64 = 4;

/// Assumed memory in bytes of a machine that doesn't tell it.
const UNKNOWN: u64 = 4 << 30;

/// How queries are run.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct QueryOptions {
    /// Memory for queries and for columns of collections that they have read, such as 500MB or 4GiB; by default, a quarter of that of the machine
    #[arg(long = "query-memory", value_name = "BYTES", value_parser = bytes)]
    pub memory: Option<u64>,
}

impl QueryOptions {
    /// Bytes for queries, and as many for columns.
    pub(in crate::local) fn memory(&self) -> usize {
        let all = self.memory.unwrap_or_else(|| machine() / PART);
        usize::try_from(all / 2).unwrap_or(usize::MAX)
    }
}

/// Bytes of memory that this process can have: of the machine, or fewer in a container.
fn machine() -> u64 {
    let limit = fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let limit = limit.and_then(|text| text.trim().parse::<u64>().ok());
    let all = fs::read_to_string("/proc/meminfo").ok();
    let all = all.and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib << 10)
    });
    limit.into_iter().chain(all).min().unwrap_or(UNKNOWN)
}
