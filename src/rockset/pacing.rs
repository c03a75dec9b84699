//! Keeping below the organisation's limits on metadata calls.
//!
//! Rockset allows an organisation so many reads and updates of metadata a minute, and
//! answers 429 beyond. A task of many bindings would run into that on every start, so
//! its calls are spread before they are sent. Documents and queries are not metadata;
//! what limits them is the virtual instance.

use super::operations::{OPERATIONS, Operation};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many metadata calls a client makes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pacing {
    /// Reads a minute.
    pub reads: f64,
    /// Creations, updates and deletions a minute.
    pub updates: f64,
}

impl Default for Pacing {
    /// What Rockset allows a whole organisation.
    fn default() -> Self {
        Self { reads: 500.0, updates: 50.0 }
    }
}

impl Pacing {
    /// The part of one client where several share the limits.
    pub fn share(self, part: f64) -> Self {
        Self { reads: self.reads * part, updates: self.updates * part }
    }
}

/// Which limit a call counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Update,
    /// Of documents, or of what a query answers.
    Data,
}

impl Kind {
    fn of(operation: &Operation) -> Self {
        let name = operation.function;
        match (operation.method, operation.tag) {
            (_, "Documents" | "Queries" | "Shared Lambdas") => Self::Data,
            _ if name.starts_with("execute_") || name.starts_with("query_") => Self::Data,
            ("GET", _) => Self::Read,
            _ if name.starts_with("get_") => Self::Read,
            _ => Self::Update,
        }
    }
}

/// Holds calls back until they may be made.
#[derive(Debug)]
pub(super) struct Pacer {
    reads: Bucket,
    updates: Bucket,
}

impl Pacer {
    pub fn new(pacing: Pacing) -> Self {
        Self { reads: Bucket::new(pacing.reads), updates: Bucket::new(pacing.updates) }
    }

    /// Waits until a call of that operation may be made, in the order of asking.
    pub async fn wait(&self, function: &str) {
        let operation = OPERATIONS.iter().find(|operation| operation.function == function);
        let wait = match operation.map(Kind::of) {
            Some(Kind::Read) => self.reads.take(),
            Some(Kind::Update) => self.updates.take(),
            Some(Kind::Data) | None => return,
        };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }
}

/// Half of a minute's calls may be made at once; the rest is spread evenly, so that
/// no minute has more than its limit.
const BURST: f64 = 0.5;

#[derive(Debug)]
struct Bucket {
    burst: f64,
    per_second: f64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Below zero by as many calls as are waiting.
    left: f64,
    at: Instant,
}

impl Bucket {
    fn new(per_minute: f64) -> Self {
        let burst = (per_minute * BURST).max(1.0);
        let per_second = (per_minute * (1.0 - BURST) / 60.0).max(f64::MIN_POSITIVE);
        Self { burst, per_second, state: Mutex::new(State { left: burst, at: Instant::now() }) }
    }

    /// Takes a turn, and says how long it is until then.
    fn take(&self) -> Duration {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let earned = now.duration_since(state.at).as_secs_f64() * self.per_second;
        state.left = (state.left + earned).min(self.burst) - 1.0;
        state.at = now;
        let wait = (-state.left).max(0.0) / self.per_second;
        Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX)
    }
}
