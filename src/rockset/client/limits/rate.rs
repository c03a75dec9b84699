//! The rate of requests that Rockset accepts, learned from its answers.
//!
//! The server is a token bucket: between two 429s, it hands out exactly its refill. So the number
//! of requests accepted in between, divided by the time, is its rate, whatever its size. A hold
//! counts as part of that time, unless the bucket becomes full in it and spills; then the learned
//! rate is too low.
//!
//! So there is no rate, and no spacing, until the first 429. From then on, writes are spaced by
//! the learned rate, which grows: slowly at first, because it is probably right, and then faster
//! and faster, in case the server accepts more. The shorter the counted time was, the faster it
//! grows. The next 429 begins a new count. Being a little too fast keeps the bucket low, so that
//! it doesn't spill; the price is a 429 every ten seconds or so.
//!
//! Time without anything to write tells nothing, and isn't counted.
//!
//! Metadata calls are counted in the same way, by minutes. A full bucket of them is so large that
//! the first count tells less than the documented limit, so that is assumed first.

use std::time::Duration;
use tokio::time::Instant;

/// Settings for learning a rate.
#[derive(Debug, Clone, Copy)]
pub(in crate::rockset::client) struct Learning {
    /// The rate that is assumed after the first 429, in requests per second.
    pub assumed: Option<f64>,
    /// The bounds of the time without a 429 in which a rate doubles, in seconds.
    pub doubling_range_secs: (f64, f64),
    /// The shortest time in which requests are counted.
    pub min_period: Duration,
    /// The lowest rate, in requests per second. Without attempts, there is nothing to learn from.
    pub min_rate: f64,
    /// The time without a 429 after which the rate is forgotten.
    pub forget_after: Option<Duration>,
}

/// The settings for writes.
const WRITES: Learning = Learning {
    assumed: None,
    doubling_range_secs: (2.0, 20.0),
    min_period: Duration::from_secs(1),
    min_rate: 0.1,
    forget_after: None,
};

/// The time in which a rate doubles, as a multiple of the time in which it was counted.
const DOUBLING_PER_BUSY: f64 = 4.0;

/// The delay that late writes may make up for, by going faster than the rate.
const SLACK: Duration = Duration::from_millis(250);

/// The part of the rate that is used after a 429 without Retry-After, so that the bucket fills.
const SHARE_AFTER_429: f64 = 0.9;

/// The longest pause after several 429s without Retry-After, in seconds, unless the interval of the
/// rate is longer.
const MAX_PAUSE_SECS: f64 = 20.0;

/// The smallest part of a rate to which one count may lower it.
const MIN_SHARE: f64 = 0.5;

/// A rate of requests, and the count from which the next one is learned.
#[derive(Debug)]
pub(in crate::rockset::client) struct Rate {
    learning: Learning,
    /// The rate learned in the last round, in requests per second.
    learned: Option<f64>,
    /// The time for which requests have been spaced by the rate since, in seconds.
    at_rate_secs: f64,
    /// The time at the rate in which it doubles, in seconds.
    doubling_secs: f64,
    /// Whether this is the first count, which probably began with a full bucket.
    is_first: bool,
    /// When the next request may start.
    next: Instant,
    /// When the last round began.
    throttled_at: Instant,
    /// The number of requests accepted since the last round that taught something.
    accepted: u64,
    /// The number of rounds since the last request was accepted.
    refused: u32,
    /// The time of this count in which there were requests to make, until `busy_since`.
    busy: Duration,
    /// Since when there are requests to make, if there are any.
    busy_since: Option<Instant>,
    /// The number of requests to make.
    pending: usize,
}

impl Rate {
    /// The rate of writes.
    pub fn new(now: Instant) -> Self {
        Self::with(now, WRITES)
    }

    pub fn with(now: Instant, learning: Learning) -> Self {
        Self {
            learning,
            learned: None,
            at_rate_secs: 0.0,
            doubling_secs: learning.doubling_range_secs.0,
            is_first: true,
            next: now,
            throttled_at: now,
            accepted: 0,
            refused: 0,
            busy: Duration::ZERO,
            busy_since: None,
            pending: 0,
        }
    }

    /// Counts one more pending request.
    pub fn enter(&mut self, now: Instant) {
        self.pending += 1;
        self.busy_since.get_or_insert(now);
    }

    /// Counts one pending request less.
    pub fn leave(&mut self, now: Instant) {
        self.pending -= 1;
        if self.pending == 0 {
            self.busy += self
                .busy_since
                .take()
                .map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        }
    }

    /// When the next request may start.
    pub fn next(&self) -> Instant {
        self.next
    }

    /// Notes that a request starts.
    pub fn start(&mut self, now: Instant) {
        if self.is_forgotten(now) {
            self.learned = None;
            self.is_first = true;
        }
        let Some(rate) = self.per_second() else { return };
        let interval = 1.0 / rate;
        let earliest = now.checked_sub(SLACK).unwrap_or(now);
        // A request that comes later wasn't held back by the rate, and so doesn't test it.
        if self.next >= earliest {
            self.at_rate_secs += interval;
        }
        self.next = self.next.max(earliest) + Duration::from_secs_f64(interval);
    }

    /// Notes that a request was accepted.
    pub fn accepted(&mut self) {
        self.accepted += 1;
        self.refused = 0;
    }

    /// Begins a round: the first 429 of it arrived, and all requests are held back for `hold`.
    pub fn throttled(&mut self, now: Instant, hold: Duration) {
        self.throttled_at = now;
        self.next = now.checked_add(hold).unwrap_or(now);
        self.learn(now, hold);
        // Without a pause, the requests that come next would be throttled, too.
        if let (Some(rate), Some(_)) = (self.learned, self.learning.assumed) {
            let doubled = if hold.is_zero() { f64::from(1 << self.refused.min(10)) } else { 1.0 };
            let pause = (doubled / rate).min(MAX_PAUSE_SECS.max(1.0 / rate));
            self.next = self.next.max(now + Duration::from_secs_f64(pause));
        }
        self.refused = self.refused.saturating_add(1);
    }

    fn learn(&mut self, now: Instant, hold: Duration) {
        let since = |since| now.saturating_duration_since(since);
        let busy = self.busy + self.busy_since.map_or(Duration::ZERO, since);
        // A server that counts by minutes throttles everything for the rest of the minute. That
        // tells nothing new.
        let is_assumed = self.learning.assumed.is_some() && self.learned.is_some();
        if is_assumed && busy < self.learning.min_period {
            self.at_rate_secs = 0.0;
            return;
        }
        // The first count began with a full bucket, and the hold fills it again. So the refill
        // took the whole time, with the hold.
        let time = if self.is_first { busy + hold } else { busy };
        let counted = self.accepted as f64 / time.max(self.learning.min_period).as_secs_f64();
        let counted = match (self.per_second(), self.learning.assumed) {
            (Some(rate), _) if time < self.learning.min_period => rate,
            (Some(rate), _) => counted.clamp(rate * MIN_SHARE, rate),
            // The server accepts at least one request after the hold.
            (None, Some(assumed)) if hold.is_zero() => assumed,
            (None, Some(assumed)) => assumed.max(1.0 / hold.as_secs_f64()),
            (None, None) => counted,
        };
        let share = if hold.is_zero() { SHARE_AFTER_429 } else { 1.0 };
        let is_known =
            self.learning.assumed.is_some() || self.learned.is_some() || self.accepted > 0;
        if is_known {
            self.learned = Some((counted * share).max(self.learning.min_rate));
        }
        self.at_rate_secs = 0.0;
        let (least, most) = self.learning.doubling_range_secs;
        self.doubling_secs = (busy.as_secs_f64() * DOUBLING_PER_BUSY).clamp(least, most);
        self.is_first = false;
        self.accepted = 0;
        self.busy = Duration::ZERO;
        self.busy_since = self.busy_since.map(|_| now);
    }

    fn is_forgotten(&self, now: Instant) -> bool {
        let over = now.saturating_duration_since(self.throttled_at);
        self.learning.forget_after.is_some_and(|time| over >= time)
    }

    /// The rate in requests per second, unless there is none or it is forgotten.
    pub fn at(&self, now: Instant) -> Option<f64> {
        if self.is_forgotten(now) { None } else { self.per_second() }
    }

    /// The rate in requests per second, if there is one.
    fn per_second(&self) -> Option<f64> {
        let growth = 1.0 + (self.at_rate_secs / self.doubling_secs).powi(2);
        self.learned.map(|rate| rate * growth)
    }
}
