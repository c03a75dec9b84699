//! Keeping to the organisation's limits on metadata calls.
//!
//! Rockset allows an organisation so many reads and updates of metadata a minute, and
//! answers 429 beyond. As long as it doesn't, nothing is held back. Once it has, what is
//! documented is assumed, and corrected by what it takes from then on, as it is for
//! [writes](super::limiter); only that it goes by minutes. Documents and queries are not
//! metadata; what limits them is the virtual instance.

use super::limiter::Limiter;
use super::rate::{Learning, Rate};
use crate::rockset::operations::{OPERATIONS, Operation};
use std::time::Duration;
use tokio::time::Instant;

/// How many metadata calls may be under way at once. More would not be answered sooner,
/// and all of them could be refused before the first refusal is known.
const AT_ONCE: usize = 16;

/// After how much time without a 429 the rate has doubled.
const DOUBLING: f64 = 120.0;

/// After how much time without a 429 nothing is held back any more.
const FORGOTTEN: Duration = Duration::from_secs(600);

/// The lowest rate, in calls a second.
const LOWEST: f64 = 1.0 / 60.0;

/// What is assumed of the limits on metadata calls, once one has shown itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetadataLimits {
    /// Reads a minute.
    pub reads: f64,
    /// Creations, updates and deletions a minute.
    pub updates: f64,
}

impl Default for MetadataLimits {
    /// What Rockset allows a whole organisation.
    fn default() -> Self {
        Self { reads: 500.0, updates: 50.0 }
    }
}

impl MetadataLimits {
    /// The part of one client where several share the limits.
    pub fn share(self, part: f64) -> Self {
        Self { reads: self.reads * part, updates: self.updates * part }
    }

    /// What lets reads and updates go. No hold is longer than `longest`.
    pub(in crate::rockset::client) fn limiters(self, longest: Duration) -> (Limiter, Limiter) {
        let limiter = |per_minute: f64| {
            let learning = Learning {
                assumed: Some((per_minute / 60.0).max(LOWEST)),
                doubling: (DOUBLING, DOUBLING),
                shortest: Duration::from_secs(60),
                lowest: LOWEST,
                forgotten: Some(FORGOTTEN),
            };
            let rate = Rate::with(Instant::now(), learning);
            Limiter::with(AT_ONCE, AT_ONCE, longest, rate)
        };
        (limiter(self.reads), limiter(self.updates))
    }
}

/// How fast metadata calls go. `None` where no limit has shown itself: they aren't held
/// back.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MetadataRate {
    /// Reads a minute.
    pub reads_per_minute: Option<f64>,
    /// Creations, updates and deletions a minute.
    pub updates_per_minute: Option<f64>,
}

/// Which limit a call counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rockset::client) enum LimitKind {
    Read,
    Update,
    /// Of documents, or of what a query answers.
    Data,
}

impl LimitKind {
    /// That of the client's function.
    pub fn of(function: &str) -> Self {
        let operation = OPERATIONS.iter().find(|operation| operation.function == function);
        operation.map_or(Self::Data, Self::of_operation)
    }

    fn of_operation(operation: &Operation) -> Self {
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
