//! The rate of requests that Rockset accepts, learned from its answers.
//!
//! We assume a token bucket on the server. Between two 429s it hands out exactly what it was
//! refilled with, so the requests accepted in between, over the time, are its rate, whatever
//! its size. A hold in between belongs to that time, unless the bucket gets full and spills,
//! by which the learned rate would be too low.
//!
//! So nothing is known, and nothing spaced, until there is a 429. From then on writes
//! go at the rate that was learned, and slowly faster: by little at first, where the rate
//! is likely right, then by ever more, should there be more to have. The shorter the
//! count, the sooner. At some time there is another 429, and with it a new count. Being
//! a little too fast keeps the bucket low, so nothing spills; the price is a 429 every
//! ten seconds or so.
//!
//! Time in which there was nothing to write tells nothing, and isn't counted.
//!
//! Metadata calls are counted the same way, by minutes. There the full bucket holds so much
//! that the first count tells little; what is documented tells more.

use std::time::Duration;
use tokio::time::Instant;

/// How a rate is learned.
#[derive(Debug, Clone, Copy)]
pub(in crate::rockset::client) struct Learning {
    /// In requests a second, at most, when a limit shows itself for the first time.
    pub assumed: Option<f64>,
    /// After how much time without a 429 a rate has doubled, in seconds, at least and at
    /// most.
    pub doubling: (f64, f64),
    /// Requests in less time than this make no rate.
    pub shortest: Duration,
    /// The lowest rate, in requests a second. There must be attempts to learn from.
    pub lowest: f64,
    /// After how much time without a 429 there is no rate any more.
    pub forgotten: Option<Duration>,
}

/// That of writes.
const WRITES: Learning = Learning {
    assumed: None,
    doubling: (2.0, 20.0),
    shortest: Duration::from_secs(1),
    lowest: 0.1,
    forgotten: None,
};

/// The same, as a multiple of the time in which the rate was counted.
const DOUBLING_PART: f64 = 4.0;

/// How far writes that come late may catch up, by going faster than the rate.
const SLACK: Duration = Duration::from_millis(250);

/// What remains of the rate after a 429 that asks for no hold, so that the bucket fills.
const SHARE: f64 = 0.9;

/// How long it's paused at most after several refusals that ask for no hold, in seconds,
/// where the rate doesn't ask for more.
const LONGEST_PAUSE: f64 = 20.0;

/// What remains at least, however few were taken.
const SMALLEST_SHARE: f64 = 0.5;

#[derive(Debug)]
pub(in crate::rockset::client) struct Rate {
    learning: Learning,
    /// In requests a second, as of the last round.
    learned: Option<f64>,
    /// For how long writes have gone at the rate since, in seconds.
    at_rate_secs: f64,
    /// After how long of that it has doubled, in seconds.
    doubling_secs: f64,
    /// Whether the bucket was full when this count began, as far as we know.
    is_first: bool,
    /// When the next may go.
    next: Instant,
    /// When the last round began.
    limited: Instant,
    /// How many were taken since the last round that taught something.
    taken: u64,
    /// How many rounds there were since one was taken.
    refused: u32,
    /// In how much time, as long as there was something to write.
    busy: Duration,
    /// Since when there is something to write.
    busy_since: Option<Instant>,
    /// How many writes there are.
    writes: usize,
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
            doubling_secs: learning.doubling.0,
            is_first: true,
            next: now,
            limited: now,
            taken: 0,
            refused: 0,
            busy: Duration::ZERO,
            busy_since: None,
            writes: 0,
        }
    }

    /// Counts one more request to make.
    pub fn enter(&mut self, now: Instant) {
        self.writes += 1;
        self.busy_since.get_or_insert(now);
    }

    /// Counts one less.
    pub fn leave(&mut self, now: Instant) {
        self.writes -= 1;
        if self.writes == 0 {
            self.busy += self
                .busy_since
                .take()
                .map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        }
    }

    /// When the next may go.
    pub fn next(&self) -> Instant {
        self.next
    }

    /// One goes.
    pub fn start(&mut self, now: Instant) {
        if self.is_forgotten(now) {
            self.learned = None;
            self.is_first = true;
        }
        let Some(rate) = self.per_second() else { return };
        let interval = 1.0 / rate;
        let earliest = now.checked_sub(SLACK).unwrap_or(now);
        // What comes so late wasn't held back by the rate, and doesn't try it.
        if self.next >= earliest {
            self.at_rate_secs += interval;
        }
        self.next = self.next.max(earliest) + Duration::from_secs_f64(interval);
    }

    /// One was taken.
    pub fn taken(&mut self) {
        self.taken += 1;
        self.refused = 0;
    }

    /// A round begins with a 429, and all are held back for that long.
    pub fn limited(&mut self, now: Instant, hold: Duration) {
        self.limited = now;
        self.next = now.checked_add(hold).unwrap_or(now);
        self.learn(now, hold);
        // Where the others don't wait for a time of their own, they would be refused, too.
        if let (Some(rate), Some(_)) = (self.learned, self.learning.assumed) {
            let doubled = if hold.is_zero() { f64::from(1 << self.refused.min(10)) } else { 1.0 };
            let pause = (doubled / rate).min(LONGEST_PAUSE.max(1.0 / rate));
            self.next = self.next.max(now + Duration::from_secs_f64(pause));
        }
        self.refused = self.refused.saturating_add(1);
    }

    fn learn(&mut self, now: Instant, hold: Duration) {
        let since = |since| now.saturating_duration_since(since);
        let busy = self.busy + self.busy_since.map_or(Duration::ZERO, since);
        // Whoever counts by minutes refuses all for the rest of one, which tells nothing new.
        let is_assumed = self.learning.assumed.is_some() && self.learned.is_some();
        if is_assumed && busy < self.learning.shortest {
            self.at_rate_secs = 0.0;
            return;
        }
        // The hold is to fill the bucket again, which was full when the first count began.
        let time = if self.is_first { busy + hold } else { busy };
        let counted = self.taken as f64 / time.max(self.learning.shortest).as_secs_f64();
        let counted = match (self.per_second(), self.learning.assumed) {
            (Some(rate), _) if time < self.learning.shortest => rate,
            (Some(rate), _) => counted.clamp(rate * SMALLEST_SHARE, rate),
            // One more is taken after the hold, at the least.
            (None, Some(assumed)) if hold.is_zero() => assumed,
            (None, Some(assumed)) => assumed.max(1.0 / hold.as_secs_f64()),
            (None, None) => counted,
        };
        let share = if hold.is_zero() { SHARE } else { 1.0 };
        let is_known = self.learning.assumed.is_some() || self.learned.is_some() || self.taken > 0;
        if is_known {
            self.learned = Some((counted * share).max(self.learning.lowest));
        }
        self.at_rate_secs = 0.0;
        let (least, most) = self.learning.doubling;
        self.doubling_secs = (busy.as_secs_f64() * DOUBLING_PART).clamp(least, most);
        self.is_first = false;
        self.taken = 0;
        self.busy = Duration::ZERO;
        self.busy_since = self.busy_since.map(|_| now);
    }

    fn is_forgotten(&self, now: Instant) -> bool {
        let over = now.saturating_duration_since(self.limited);
        self.learning.forgotten.is_some_and(|time| over >= time)
    }

    /// In requests a second, if it is known and still of use.
    pub fn at(&self, now: Instant) -> Option<f64> {
        if self.is_forgotten(now) { None } else { self.per_second() }
    }

    /// In requests a second, if it is known.
    fn per_second(&self) -> Option<f64> {
        let growth = 1.0 + (self.at_rate_secs / self.doubling_secs).powi(2);
        self.learned.map(|rate| rate * growth)
    }
}
