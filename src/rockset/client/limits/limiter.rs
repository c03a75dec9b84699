//! Writing documents as fast as Rockset accepts them, and no faster: AIMD concurrency (additive
//! increase, multiplicative decrease), and a learned rate.
//!
//! A virtual instance accepts a number of write requests a second that the client can't know:
//! the API doesn't tell the size, and others write, too. Rockset answers the rest with 429. So
//! the client learns from the answers, as TCP does from lost packets. Every attempt at a write
//! asks for a permit, which has three conditions:
//!
//! - **How many at once.** The limit begins at one and grows by one whenever as many
//!   writes as it allows have been taken, up to a ceiling. A 429 halves it.
//! - **Not before.** A `Retry-After` holds back all writes until then, and a little
//!   longer at random, since other clients heard the same.
//! - **How often.** To an instance that answers in a millisecond, one request at a time
//!   is too much already. So a 429 also teaches a [`Rate`], at which the writes that
//!   follow are spaced.
//!
//! Metadata calls are limited in the same way, except that they begin at the ceiling.
//!
//! All 429s to requests that were started before the first of them arrived carry the same
//! news, so they count once: they are one *round*. A throttled write keeps its place in the
//! queue, so later ones can't starve it.

use super::rate::Rate;
use crate::rockset::client::retry::JITTER;
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// What writing documents came to: adding, patching and deleting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Writes {
    /// Requests sent, each attempt by itself.
    pub requests: u64,
    /// Those of them that repeat one.
    pub retries: u64,
    /// Those that were answered 429.
    pub limited: u64,
    /// How long requests were held back, added up over all of them.
    pub waited: Duration,
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rockset::client) enum Verdict {
    /// The request was within the limits.
    Accepted,
    /// It was not.
    Throttled,
    /// Nothing is known of limits.
    Failed,
}

/// Limits the requests of a client. Its clones share one.
#[derive(Debug)]
pub(in crate::rockset::client) struct Limiter {
    ceiling: usize,
    /// No hold is longer: nobody who waits would still be there.
    longest: Duration,
    state: Mutex<State>,
    /// Tells those who wait that something has changed.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    /// How many may be in flight.
    limit: usize,
    /// How many were taken since the limit grew or shrank.
    taken: usize,
    in_flight: usize,
    /// The number of the round, by which it's known who was let go in an earlier one.
    round: u64,
    /// Who waits, by turn.
    waiting: BTreeSet<u64>,
    turns: u64,
    not_before: Instant,
    rate: Rate,
    writes: Writes,
}

/// The place of one request in the queue, whatever attempts it takes.
#[derive(Debug)]
pub(in crate::rockset::client) struct Ticket<'a> {
    limiter: &'a Limiter,
    turn: u64,
    attempts: u64,
}

/// An attempt in flight.
#[derive(Debug)]
pub(in crate::rockset::client) struct Permit<'a> {
    limiter: &'a Limiter,
    round: u64,
}

/// Whether the next in turn may go.
enum Admission {
    Now,
    At(Instant),
    /// When something has changed.
    OnChange,
}

impl Limiter {
    /// For writes, with so many requests under way at most, and no hold longer than
    /// `longest`.
    pub fn new(ceiling: usize, longest: Duration) -> Self {
        Self::with(1, ceiling, longest, Rate::new(Instant::now()))
    }

    /// Begins with `limit` requests under way at most.
    pub fn with(limit: usize, ceiling: usize, longest: Duration, rate: Rate) -> Self {
        let now = Instant::now();
        let state = State {
            limit,
            taken: 0,
            in_flight: 0,
            round: 0,
            waiting: BTreeSet::new(),
            turns: 0,
            not_before: now,
            rate,
            writes: Writes::default(),
        };
        Self { ceiling: ceiling.max(1), longest, state: Mutex::new(state), changed: Notify::new() }
    }

    /// What it came to until now.
    pub fn writes(&self) -> Writes {
        self.state.lock().writes
    }

    /// How many a second go, if that is known.
    pub fn rate(&self) -> Option<f64> {
        self.state.lock().rate.at(Instant::now())
    }

    /// Takes the next turn.
    pub fn enter(&self) -> Ticket<'_> {
        let mut state = self.state.lock();
        state.turns += 1;
        state.rate.enter(Instant::now());
        Ticket { limiter: self, turn: state.turns, attempts: 0 }
    }
}

impl Ticket<'_> {
    /// Waits until an attempt may be made.
    pub async fn acquire(&mut self) -> Permit<'_> {
        let asked = Instant::now();
        let waiting = Waiting::new(self.limiter, self.turn);
        loop {
            let changed = self.limiter.changed.notified();
            let admission = {
                let mut state = self.limiter.state.lock();
                let now = Instant::now();
                let admission = state.admission(self.turn, now);
                if let Admission::Now = admission {
                    state.start(now);
                    state.writes.requests += 1;
                    state.writes.retries += u64::from(self.attempts > 0);
                    state.writes.waited += now.saturating_duration_since(asked);
                    self.attempts += 1;
                    let round = state.round;
                    drop(state);
                    drop(waiting);
                    return Permit { limiter: self.limiter, round };
                }
                admission
            };
            match admission {
                Admission::At(time) => tokio::select! {
                    () = sleep_until(time) => {}
                    () = changed => {}
                },
                Admission::OnChange | Admission::Now => changed.await,
            }
        }
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.limiter.state.lock().rate.leave(Instant::now());
    }
}

/// A place among those who wait, until it's dropped.
struct Waiting<'a> {
    limiter: &'a Limiter,
    turn: u64,
}

impl<'a> Waiting<'a> {
    fn new(limiter: &'a Limiter, turn: u64) -> Self {
        limiter.state.lock().waiting.insert(turn);
        Self { limiter, turn }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.limiter.state.lock().waiting.remove(&self.turn);
        self.limiter.changed.notify_waiters();
    }
}

impl State {
    fn admission(&self, turn: u64, now: Instant) -> Admission {
        if self.waiting.first() != Some(&turn) || self.in_flight >= self.limit {
            return Admission::OnChange;
        }
        match self.not_before.max(self.rate.next()) {
            time if time <= now => Admission::Now,
            time => Admission::At(time),
        }
    }

    fn start(&mut self, now: Instant) {
        self.in_flight += 1;
        self.rate.start(now);
    }
}

impl Permit<'_> {
    /// Learns from what came of the attempt, and when the server wants another.
    pub fn finish(self, verdict: Verdict, retry_after: Option<Duration>) {
        let mut state = self.limiter.state.lock();
        let now = Instant::now();
        if let Some(asked) = retry_after {
            let hold = asked.min(self.limiter.longest).mul_f64(1.0 + JITTER * fastrand::f64());
            state.not_before = state.not_before.max(now.checked_add(hold).unwrap_or(now));
        }
        match verdict {
            Verdict::Failed => {}
            Verdict::Accepted => {
                state.rate.taken();
                state.taken += 1;
                if state.taken >= state.limit {
                    state.taken = 0;
                    state.limit = (state.limit + 1).min(self.limiter.ceiling);
                }
            }
            Verdict::Throttled => {
                state.writes.limited += 1;
                if self.round == state.round {
                    state.round += 1;
                    state.taken = 0;
                    state.limit = (state.limit / 2).max(1);
                    let hold = state.not_before.saturating_duration_since(now);
                    state.rate.limited(now, hold);
                }
            }
        }
        // Dropping this says that something has changed.
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.limiter.state.lock().in_flight -= 1;
        self.limiter.changed.notify_waiters();
    }
}
