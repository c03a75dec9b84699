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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rockset::client::limits::limiter::Verdict;
    use parking_lot::Mutex;
    use std::sync::Arc;
    use tokio::task::JoinSet;

    /// An organisation's limit, as a bucket or by whole minutes.
    #[derive(Clone, Copy)]
    enum Limit {
        Bucket { says_when: bool },
        Minutes { says_when: bool },
    }

    struct Server {
        limit: Limit,
        per_minute: f64,
        left: f64,
        at: Instant,
        refused: u64,
    }

    impl Server {
        /// Whether a call is refused, and what is asked for then.
        fn refuses(&mut self, now: Instant) -> Option<Option<Duration>> {
            let since = (now - self.at).as_secs_f64();
            let (says_when, wait) = match self.limit {
                Limit::Bucket { says_when } => {
                    let earned = since * self.per_minute / 60.0;
                    self.left = (self.left + earned).min(self.per_minute);
                    self.at = now;
                    (says_when, (1.0 - self.left) * 60.0 / self.per_minute)
                }
                Limit::Minutes { says_when } => {
                    if since >= 60.0 {
                        (self.left, self.at) = (self.per_minute, now);
                    }
                    (says_when, 60.0 - (now - self.at).as_secs_f64())
                }
            };
            if self.left >= 1.0 {
                self.left -= 1.0;
                return None;
            }
            self.refused += 1;
            Some(says_when.then(|| Duration::from_secs_f64(wait.ceil())))
        }
    }

    /// How long so many calls take, in seconds, and how many are refused.
    async fn run(limit: Limit, per_minute: f64, assumed: f64, calls: u64) -> (f64, u64) {
        let begun = Instant::now();
        let pacing = MetadataLimits { reads: 1.0, updates: assumed };
        let (_, updates) = pacing.limiters(Duration::from_secs(600));
        let updates = Arc::new(updates);
        assert_eq!(updates.rate(), None);
        let server = Server { limit, per_minute, left: per_minute, at: begun, refused: 0 };
        let server = Arc::new(Mutex::new(server));
        let mut calling = JoinSet::new();
        for _ in 0..calls {
            let (updates, server) = (Arc::clone(&updates), Arc::clone(&server));
            calling.spawn(async move {
                let mut turn = updates.enter();
                for attempt in 0.. {
                    let permit = turn.acquire().await;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    let refused = {
                        let mut server = server.lock();
                        server.refuses(Instant::now())
                    };
                    match refused {
                        None => return permit.finish(Verdict::Accepted, None),
                        Some(asked) => permit.finish(Verdict::Throttled, asked),
                    }
                    if refused == Some(None) {
                        let bound = 0.5 * f64::from(1 << attempt.min(5));
                        tokio::time::sleep(Duration::from_secs_f64(bound / 2.0)).await;
                    }
                }
            });
        }
        calling.join_all().await;
        let refused = server.lock().refused;
        (begun.elapsed().as_secs_f64(), refused)
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_held_back_as_long_as_no_limit_shows_itself() {
        let (seconds, refused) = run(Limit::Bucket { says_when: true }, 1e9, 50.0, 1_000).await;
        // As many at once as may be, and 50 ms each.
        assert!(seconds < 4.0, "{seconds}");
        assert_eq!(refused, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_is_kept_to_without_a_storm() {
        let limits = [
            Limit::Bucket { says_when: true },
            Limit::Bucket { says_when: false },
            Limit::Minutes { says_when: true },
            Limit::Minutes { says_when: false },
        ];
        for (index, limit) in limits.into_iter().enumerate() {
            // What is documented, less, and more.
            for (per_minute, assumed) in [(50.0, 50.0), (20.0, 50.0), (50.0, 10.0)] {
                let (seconds, refused) = run(limit, per_minute, assumed, 1_000).await;
                let least = (1_000.0 - per_minute) / per_minute * 60.0;
                let case =
                    format!("{index} {per_minute} {assumed}: {seconds} of {least}, {refused}");
                println!("{case}");
                assert!(seconds < least * 1.3, "{case}");
                assert!(refused < 150, "{case}");
            }
        }
    }
}
