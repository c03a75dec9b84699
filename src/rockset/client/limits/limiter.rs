//! Writes documents as fast as Rockset accepts them, and no faster: AIMD concurrency (additive
//! increase, multiplicative decrease) and a learned rate.
//!
//! A virtual instance accepts a number of write requests per second that the client can't know:
//! the API doesn't tell the size, and others write, too. Rockset answers the rest with 429. So
//! the client learns from the answers, as TCP does from lost packets. Every attempt at a write
//! needs a permit, which has three conditions:
//!
//! - **Concurrency.** The limit on requests in flight begins at one. It grows by one after as many
//!   accepted writes as it allows, up to a ceiling. A 429 halves it.
//! - **Hold.** A `Retry-After` holds back all writes for that time, and a little longer at random,
//!   because other clients were asked to wait as long.
//! - **Rate.** If an instance answers in a millisecond, even one request at a time is too much. So
//!   a 429 also teaches a [`Rate`], by which later writes are spaced.
//!
//! Metadata calls are limited in the same way, except that their limit begins at the ceiling.
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

/// Counts of requests that add, patch or delete documents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Writes {
    /// Attempts: requests that were sent.
    pub requests: u64,
    /// Attempts after the first one of a call.
    pub retries: u64,
    /// Attempts that were answered 429.
    pub throttled: u64,
    /// The sum of the times for which attempts waited for a permit.
    pub waited: Duration,
}

/// What the outcome of an attempt tells of the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rockset::client) enum Verdict {
    /// The request was within the limits.
    Accepted,
    /// The request was beyond the limits.
    Throttled,
    /// The outcome tells nothing of the limits.
    Failed,
}

/// Limits the requests of a client and its clones.
#[derive(Debug)]
pub(in crate::rockset::client) struct Limiter {
    ceiling: usize,
    /// The longest hold: after it, every waiting call would have timed out.
    longest: Duration,
    state: Mutex<State>,
    /// Wakes the waiting tickets when the state has changed.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    /// The number of requests that may be in flight.
    limit: usize,
    /// The number of requests accepted since the limit changed.
    accepted: usize,
    in_flight: usize,
    /// The number of the round. A permit of an earlier one has nothing new to tell.
    round: u64,
    /// The turns of waiting tickets.
    waiting: BTreeSet<u64>,
    last_turn: u64,
    not_before: Instant,
    rate: Rate,
    writes: Writes,
}

/// The place of one call in the queue, for all its attempts.
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

/// When a ticket gets a permit.
enum Admission {
    Now,
    At(Instant),
    /// To be asked again when the state has changed.
    OnChange,
}

impl Limiter {
    /// A limiter of writes, with at most `ceiling` requests in flight, and holds of at most
    /// `longest`.
    pub fn new(ceiling: usize, longest: Duration) -> Self {
        Self::with(1, ceiling, longest, Rate::new(Instant::now()))
    }

    /// A limiter that begins with at most `limit` requests in flight.
    pub fn with(limit: usize, ceiling: usize, longest: Duration, rate: Rate) -> Self {
        let now = Instant::now();
        let state = State {
            limit,
            accepted: 0,
            in_flight: 0,
            round: 0,
            waiting: BTreeSet::new(),
            last_turn: 0,
            not_before: now,
            rate,
            writes: Writes::default(),
        };
        Self { ceiling: ceiling.max(1), longest, state: Mutex::new(state), changed: Notify::new() }
    }

    /// The counts until now.
    pub fn writes(&self) -> Writes {
        self.state.lock().writes
    }

    /// The learned rate in requests per second, if there is one.
    pub fn rate(&self) -> Option<f64> {
        self.state.lock().rate.at(Instant::now())
    }

    /// Takes the next turn.
    pub fn enter(&self) -> Ticket<'_> {
        let mut state = self.state.lock();
        state.last_turn += 1;
        state.rate.enter(Instant::now());
        Ticket { limiter: self, turn: state.last_turn, attempts: 0 }
    }
}

impl Ticket<'_> {
    /// Waits for a permit.
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

/// A waiting ticket, until this is dropped.
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
    /// Learns from the outcome of the attempt, and holds all requests back for `retry_after`.
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
                state.rate.accepted();
                state.accepted += 1;
                if state.accepted >= state.limit {
                    state.accepted = 0;
                    state.limit = (state.limit + 1).min(self.limiter.ceiling);
                }
            }
            Verdict::Throttled => {
                state.writes.throttled += 1;
                if self.round == state.round {
                    state.round += 1;
                    state.accepted = 0;
                    state.limit = (state.limit / 2).max(1);
                    let hold = state.not_before.saturating_duration_since(now);
                    state.rate.throttled(now, hold);
                }
            }
        }
        // The drop of a permit takes the lock, and wakes the waiting tickets.
        drop(state);
        drop(self);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.limiter.state.lock().in_flight -= 1;
        self.limiter.changed.notify_waiters();
    }
}
