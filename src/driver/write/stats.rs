//! What transactions have come to, and what the time went into.

use std::ops::AddAssign;
use std::time::{Duration, Instant};

/// Documents and time, of one transaction or of several.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TransactionStats {
    pub transactions: u64,
    pub documents: u64,
    /// Of JSON.
    pub bytes: u64,
    pub requests: u64,
    /// Requests that were sent again.
    pub retries: u64,
    /// From the first document to the last acknowledgement.
    pub elapsed: Duration,
    /// Waiting for the next document.
    pub flow: Duration,
    /// Waiting for an answer, with no more requests allowed or none left to make.
    pub rockset: Duration,
}

impl TransactionStats {
    /// What is left when nobody else was waited for.
    pub fn cpu(&self) -> Duration {
        self.elapsed.saturating_sub(self.flow + self.rockset)
    }
}

impl AddAssign for TransactionStats {
    fn add_assign(&mut self, other: Self) {
        self.transactions += other.transactions;
        self.documents += other.documents;
        self.bytes += other.bytes;
        self.requests += other.requests;
        self.retries += other.retries;
        self.elapsed += other.elapsed;
        self.flow += other.flow;
        self.rockset += other.rockset;
    }
}

/// The open transaction.
#[derive(Debug, Default)]
pub(super) struct StatsRecorder {
    pub counts: TransactionStats,
    begun: Option<Instant>,
}

impl StatsRecorder {
    /// A document of so many bytes.
    #[inline]
    pub fn document(&mut self, bytes: usize) {
        if self.begun.is_none() {
            self.begun = Some(Instant::now());
        }
        self.counts.documents += 1;
        self.counts.bytes += bytes as u64;
    }

    /// Time that went into waiting for the next document, if there has been one.
    pub fn waited_for_flow(&mut self, since: Instant) {
        if self.begun.is_some() {
            self.counts.flow += since.elapsed();
        }
    }

    /// Ends the transaction.
    pub fn end(&mut self) -> TransactionStats {
        let Self { mut counts, begun } = std::mem::take(self);
        counts.transactions = 1;
        counts.elapsed = begun.map_or(Duration::ZERO, |begun| begun.elapsed());
        counts
    }
}
