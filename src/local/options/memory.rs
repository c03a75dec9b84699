//! Settings of the memory.

use super::bytes::bytes;
use std::fs;

/// The part of the machine's memory that the server takes by default: one in `PART`.
const PART: u64 = 2;

/// Assumed memory in bytes of a machine that doesn't tell it.
const UNKNOWN: u64 = 4 << 30;

/// How much memory documents and queries take.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct MemoryOptions {
    /// Memory for documents, what queries read of them, and queries while they run, such as 500MB or 4GiB; with --data, the fields of documents that were not used for longest leave it, and are read again when they are needed; without it, writes are refused when it is full; by default, half of that of the machine
    #[arg(id = "memory_limit", long = "memory", value_name = "BYTES", value_parser = bytes)]
    pub limit: Option<u64>,
}

impl MemoryOptions {
    /// Bytes of memory.
    pub(in crate::local) fn bytes(&self) -> usize {
        let all = self.limit.unwrap_or_else(|| machine() / PART);
        usize::try_from(all).unwrap_or(usize::MAX)
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
