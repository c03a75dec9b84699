//! Sessions of DataFusion, in which queries run.

use datafusion::execution::memory_pool::MemoryLimit;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::prelude::{SessionConfig, SessionContext};
use std::sync::Arc;
use std::thread::available_parallelism;

/// Parts of the memory of a thread.
const SHARES: usize = 16;

/// What all sessions have in common. To make it takes longer than most queries do.
#[derive(Debug)]
pub(super) struct Sessions {
    common: SessionState,
    threads: usize,
}

impl Sessions {
    pub(super) fn new() -> Self {
        let threads = available_parallelism().map_or(1, usize::from);
        let mut config = SessionConfig::new()
            .with_target_partitions(threads)
            .with_create_default_catalog_and_schema(false);
        // Logical and physical plan judge differently whether a CASE can be null.
        config.options_mut().execution.skip_physical_aggregate_schema_check = true;
        // The rule would move filters before the conditions that guard them, and gain nothing:
        // columns in memory are read whole.
        let rules = PhysicalOptimizer::default().rules;
        let rules = rules.into_iter().filter(|rule| !rule.name().starts_with("FilterPushdown"));
        // Plans hold their functions and tables. A session looks none up by its name.
        let common = SessionStateBuilder::new()
            .with_config(config)
            .with_physical_optimizer_rules(rules.collect())
            .build();
        Self { common, threads }
    }

    /// Begins a session that has this memory.
    pub(super) fn begin(&self, environment: Arc<RuntimeEnv>) -> SessionContext {
        let mut config = self.common.config().clone();
        let execution = &mut config.options_mut().execution;
        let part = part(&environment, self.threads);
        execution.sort_spill_reservation_bytes = execution.sort_spill_reservation_bytes.min(part);
        let state = SessionStateBuilder::new_from_existing(self.common.clone())
            .with_config(config)
            .with_runtime_env(environment)
            .build();
        SessionContext::new_with_state(state)
    }
}

/// The part of the memory for queries that a thread of so many has for the merge after a sort, or for
/// batches.
pub(super) fn part(environment: &RuntimeEnv, threads: usize) -> usize {
    match environment.memory_pool.memory_limit() {
        MemoryLimit::Finite(bytes) => bytes / (threads * SHARES),
        _ => usize::MAX,
    }
}
