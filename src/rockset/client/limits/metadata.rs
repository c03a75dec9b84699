//! Limits metadata calls to what Rockset allows an organisation.
//!
//! Rockset allows an organisation a number of reads and a number of updates of metadata per
//! minute, and answers 429 beyond. Until the first 429, nothing is held back. After it, the
//! documented limit is assumed, and then corrected by what Rockset accepts, as for
//! [writes](super::limiter), but counted by minutes. Documents and queries are not metadata: the
//! virtual instance limits them.

use super::limiter::Limiter;
use super::rate::{Learning, Rate};
use crate::rockset::operations::{OPERATIONS, Operation};
use std::time::Duration;
use tokio::time::Instant;

/// The largest number of metadata calls in flight. More would not be answered sooner, and all of
/// them could be throttled before the first 429 arrives.
const AT_ONCE: usize = 16;

/// The time without a 429 in which the rate doubles, in seconds.
const DOUBLING_SECS: f64 = 120.0;

/// The time without a 429 after which nothing is held back any more.
const FORGET_AFTER: Duration = Duration::from_secs(600);

/// The lowest rate, in calls per second.
const MIN_RATE: f64 = 1.0 / 60.0;

/// The limits on metadata calls that are assumed after the first 429 to one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetadataLimits {
    /// Reads per minute.
    pub reads: f64,
    /// Creations, updates and deletions per minute.
    pub updates: f64,
}

impl Default for MetadataLimits {
    /// The documented limits of an organisation.
    fn default() -> Self {
        Self { reads: 500.0, updates: 50.0 }
    }
}

impl MetadataLimits {
    /// The part of one client, if several share the limits.
    pub fn share(self, part: f64) -> Self {
        Self { reads: self.reads * part, updates: self.updates * part }
    }

    /// The limiters of reads and of updates, with holds of at most `longest`.
    pub(in crate::rockset::client) fn limiters(self, longest: Duration) -> (Limiter, Limiter) {
        let limiter = |per_minute: f64| {
            let learning = Learning {
                assumed: Some((per_minute / 60.0).max(MIN_RATE)),
                doubling_range_secs: (DOUBLING_SECS, DOUBLING_SECS),
                min_period: Duration::from_secs(60),
                min_rate: MIN_RATE,
                forget_after: Some(FORGET_AFTER),
            };
            let rate = Rate::with(Instant::now(), learning);
            Limiter::with(AT_ONCE, AT_ONCE, longest, rate)
        };
        (limiter(self.reads), limiter(self.updates))
    }
}

/// The learned rates of metadata calls. `None` without a 429: then nothing is held back.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MetadataRate {
    /// Reads per minute.
    pub reads_per_minute: Option<f64>,
    /// Creations, updates and deletions per minute.
    pub updates_per_minute: Option<f64>,
}

/// The limit that a call counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rockset::client) enum LimitKind {
    Read,
    Update,
    /// Documents and queries, which are not metadata.
    Data,
}

impl LimitKind {
    /// The limit of an operation, by the name of the client's function.
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
