//! How many writes a second Rockset takes, as far as its answers tell.
//!
//! Whoever counts requests keeps a bucket that fills at some rate, and answers 429 when
//! it is empty. From one 429 to the next it has given what it got: the requests taken in
//! between, over the time, are its rate, whatever it holds when it is full. A hold in
//! between belongs to that time, unless the bucket gets full and spills, by which the
//! rate would be learnt too low.
//!
//! So nothing is known, and nothing spaced, until there is a 429. From then on writes
//! go at the rate that was learnt, and slowly faster: by little at first, where the rate
//! is likely right, then by ever more, should there be more to have. The shorter the
//! count, the sooner. At some time there is another 429, and with it a new count. Being
//! a little too fast keeps the bucket low, so nothing spills; the price is a 429 every
//! ten seconds or so.
//!
//! Time in which there was nothing to write tells nothing, and isn't counted.

use std::time::Duration;
use tokio::time::Instant;

/// After how much time without a 429 a rate has doubled, in seconds, at least and at most.
const DOUBLING: (f64, f64) = (2.0, 20.0);

/// The same, as a multiple of the time in which the rate was counted.
const DOUBLING_PART: f64 = 4.0;

/// Requests in less time than this make no rate.
const SHORTEST: Duration = Duration::from_secs(1);

/// How far writes that come late may catch up, by going faster than the rate.
const SLACK: Duration = Duration::from_millis(250);

/// What remains of the rate after a 429 that asks for no hold, so that the bucket fills.
const SHARE: f64 = 0.9;

/// What remains at least, however few were taken.
const SMALLEST_SHARE: f64 = 0.5;

/// The lowest rate, in requests a second. There must be attempts to learn from.
const LOWEST: f64 = 0.1;

#[derive(Debug)]
pub(super) struct Rate {
    /// In requests a second, as of the last round.
    learnt: Option<f64>,
    /// For how long writes have gone at the rate since, in seconds.
    held: f64,
    /// After how long of that it has doubled, in seconds.
    doubling: f64,
    /// Whether the bucket was full when this count began, as far as we know.
    is_first: bool,
    /// When the next may go.
    next: Instant,
    /// How many were taken since the last round.
    taken: u64,
    /// In how much time, as long as there was something to write.
    busy: Duration,
    /// Since when there is something to write.
    busy_since: Option<Instant>,
    /// How many writes there are.
    writes: usize,
}

impl Rate {
    pub fn new(now: Instant) -> Self {
        Self {
            learnt: None,
            held: 0.0,
            doubling: DOUBLING.0,
            is_first: true,
            next: now,
            taken: 0,
            busy: Duration::ZERO,
            busy_since: None,
            writes: 0,
        }
    }

    /// There is a write more.
    pub fn enter(&mut self, now: Instant) {
        self.writes += 1;
        self.busy_since.get_or_insert(now);
    }

    /// There is a write less.
    pub fn leave(&mut self, now: Instant) {
        self.writes -= 1;
        if self.writes == 0 {
            self.busy += self.busy_since.take().map_or(Duration::ZERO, |since| now - since);
        }
    }

    /// When the next may go.
    pub fn next(&self) -> Instant {
        self.next
    }

    /// One goes.
    pub fn let_go(&mut self, now: Instant) {
        let Some(rate) = self.now() else { return };
        let interval = 1.0 / rate;
        let earliest = now.checked_sub(SLACK).unwrap_or(now);
        // What comes so late wasn't held back by the rate, and doesn't try it.
        if self.next >= earliest {
            self.held += interval;
        }
        self.next = self.next.max(earliest) + Duration::from_secs_f64(interval);
    }

    /// One was taken.
    pub fn taken(&mut self) {
        self.taken += 1;
    }

    /// A round begins with a 429, and all are held back for that long.
    pub fn limited(&mut self, now: Instant, hold: Duration) {
        let busy = self.busy + self.busy_since.map_or(Duration::ZERO, |since| now - since);
        // The hold is to fill the bucket again, which was full when the first count began.
        let time = if self.is_first { busy + hold } else { busy };
        let counted = self.taken as f64 / time.max(SHORTEST).as_secs_f64();
        let counted = match self.now() {
            Some(rate) if time < SHORTEST => rate,
            Some(rate) => counted.clamp(rate * SMALLEST_SHARE, rate),
            None => counted,
        };
        let share = if hold.is_zero() { SHARE } else { 1.0 };
        if self.learnt.is_some() || self.taken > 0 {
            self.learnt = Some((counted * share).max(LOWEST));
        }
        self.held = 0.0;
        self.doubling = (busy.as_secs_f64() * DOUBLING_PART).clamp(DOUBLING.0, DOUBLING.1);
        self.is_first = false;
        self.next = now + hold;
        self.taken = 0;
        self.busy = Duration::ZERO;
        self.busy_since = self.busy_since.map(|_| now);
    }

    /// In requests a second, if it is known.
    fn now(&self) -> Option<f64> {
        let growth = 1.0 + (self.held / self.doubling).powi(2);
        self.learnt.map(|rate| rate * growth)
    }
}
