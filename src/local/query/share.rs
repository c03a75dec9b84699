//! The parts of the memory for queries that virtual instances have.

use super::charged_pool::ChargedPool;
use super::sql_error::{SqlError, SqlErrorKind, SqlResult};
use crate::local::storage::Memory;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The part that one virtual instance has. Its queries divide it among them.
#[derive(Debug, Clone)]
pub struct Share {
    pub(super) environment: Arc<RuntimeEnv>,
    /// The turn of a query that may need all of it.
    pub(super) turn: Arc<Semaphore>,
}

/// The parts of all virtual instances that have run a query.
#[derive(Debug)]
pub(super) struct Shares {
    memory: Memory,
    /// Bytes of all parts together.
    bytes: usize,
    /// Where queries spill; by default, in the system's directory for temporary files.
    scratch: Option<PathBuf>,
    /// By instance: into how many parts the memory was divided, and its part.
    known: Mutex<BTreeMap<String, (usize, Share)>>,
}

impl Shares {
    pub(super) fn new(memory: Memory, bytes: usize, scratch: Option<PathBuf>) -> Self {
        Self { memory, bytes, scratch, known: Mutex::default() }
    }

    /// The part of an instance, one of so many equal ones. When their number changes, queries that
    /// run already keep what they have.
    pub(super) fn of(&self, instance: &str, parts: usize) -> SqlResult<Share> {
        let mut known = self.known.lock();
        if let Some((before, share)) = known.get(instance)
            && *before == parts
        {
            return Ok(share.clone());
        }
        known.retain(|_, (_, share)| Arc::strong_count(&share.environment) > 1);
        let pool = ChargedPool::new(self.bytes / parts.max(1), self.memory.clone());
        let mut disk = DiskManagerBuilder::default();
        if let Some(directory) = &self.scratch {
            disk.set_mode(DiskManagerMode::Directories(vec![directory.clone()]));
        }
        let environment = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(pool))
            .with_disk_manager_builder(disk)
            .build_arc();
        let environment = environment.map_err(|error| {
            let message = format!("The local Rockset has failed: {error}");
            SqlError::new(message).of_kind(SqlErrorKind::Internal)
        })?;
        let share = Share { environment, turn: Arc::new(Semaphore::new(1)) };
        known.insert(instance.to_string(), (parts, share.clone()));
        Ok(share)
    }
}
