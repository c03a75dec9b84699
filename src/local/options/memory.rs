//! Settings of the memory.

use super::bytes::bytes;
#[cfg(feature = "engine")]
use std::env;
use std::fs;
#[cfg(feature = "engine")]
use std::io;
#[cfg(feature = "engine")]
use std::path::PathBuf;

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

    /// The directory for what doesn't fit into memory, until the server ends: what queries spill, and the fields of a read replica's documents; by default, the system's for temporary files
    #[cfg(feature = "engine")]
    #[arg(long, value_name = "DIRECTORY")]
    pub scratch: Option<PathBuf>,
}

impl MemoryOptions {
    /// Bytes of memory.
    pub(in crate::local) fn bytes(&self) -> usize {
        let all = self.limit.unwrap_or_else(|| machine() / PART);
        usize::try_from(all).unwrap_or(usize::MAX)
    }

    /// Makes the directory that is named for what doesn't fit.
    #[cfg(feature = "engine")]
    pub(in crate::local) fn make_scratch(&self) -> io::Result<()> {
        let Some(directory) = &self.scratch else { return Ok(()) };
        let named = |error: io::Error| {
            let message = format!("can't make the directory of --scratch, {}", directory.display());
            io::Error::new(error.kind(), format!("{message}: {error}"))
        };
        fs::create_dir_all(directory).map_err(named)
    }

    /// The directory for what doesn't fit.
    #[cfg(feature = "engine")]
    pub(in crate::local) fn scratch(&self) -> PathBuf {
        self.scratch.clone().unwrap_or_else(env::temp_dir)
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
