//! Sessions of DataFusion, in which queries run.

use super::share::Share;
use super::small_batches::{Read, with_small_batches};
use super::yielding::yielding;
use datafusion::common::Result;
use datafusion::execution::memory_pool::MemoryLimit;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SessionState, SessionStateBuilder, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{SessionConfig, SessionContext};
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Each thread sets aside one of so many parts of its memory, for the merge after a sort.
const SHARES: usize = 16;

/// Batches for which such a part has room, because a sort takes twice the bytes of a batch.
const BATCHES: usize = 2;

/// Queries that a virtual instance runs at once: one that keeps no more than one of so many parts of the
/// memory needs no turn.
const AT_ONCE: usize = 16;

/// The longest time that a query waits for others that may need all of the memory.
const PATIENCE: Duration = Duration::from_secs(10);

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
    pub(super) fn begin(&self, share: Share) -> Session {
        let Share { environment, turn } = share;
        let mut config = self.common.config().clone();
        let execution = &mut config.options_mut().execution;
        let part = part(&environment, self.threads * SHARES);
        execution.sort_spill_reservation_bytes = execution.sort_spill_reservation_bytes.min(part);
        let state = SessionStateBuilder::new_from_existing(self.common.clone())
            .with_config(config)
            .with_runtime_env(environment)
            .build();
        Session { context: SessionContext::new_with_state(state), turn }
    }
}

/// A session in which one query runs.
pub(super) struct Session {
    context: SessionContext,
    turn: Arc<Semaphore>,
}

/// A plan that is about to run.
pub(super) struct Prepared {
    pub(super) plan: Arc<dyn ExecutionPlan>,
    pub(super) context: Arc<TaskContext>,
    /// The turn that the query has until it ends, if it may need all of the memory.
    pub(super) turn: Option<OwnedSemaphorePermit>,
}

impl Session {
    /// Prepares a plan. One that may need all of the memory waits for others that do: beside each
    /// other, they would only be refused. It doesn't wait for long, because they may take long.
    pub(super) async fn prepare(&self, plan: LogicalPlan) -> Result<Prepared> {
        let frame = self.context.execute_logical_plan(plan).await?;
        let context = frame.task_ctx();
        let config = context.session_config().clone();
        let environment = context.runtime_env();
        let bytes = part(&environment, config.target_partitions() * SHARES * BATCHES);
        let plan = yielding(frame.create_physical_plan().await?)?;
        let read = Read::by(&plan, bytes)?;
        let (plan, rows) = with_small_batches(plan, &read, config.batch_size(), bytes)?;
        let context = context.with_session_config(config.with_batch_size(rows));
        let turn = match read.is_kept && read.bytes > part(&environment, AT_ONCE) {
            true => timeout(PATIENCE, self.turn.clone().acquire_owned()).await.ok(),
            false => None,
        };
        let turn = turn.and_then(std::result::Result::ok);
        Ok(Prepared { plan, context: Arc::new(context), turn })
    }
}

/// One of so many parts of the memory for queries.
fn part(environment: &RuntimeEnv, parts: usize) -> usize {
    match environment.memory_pool.memory_limit() {
        MemoryLimit::Finite(bytes) => bytes / parts,
        _ => usize::MAX,
    }
}
