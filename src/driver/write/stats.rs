//! Statistics of transactions: documents, requests, and where the time went.

use std::ops::AddAssign;
use std::time::{Duration, Instant};

/// Counts and times of one transaction or of several.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TransactionStats {
    pub transactions: u64,
    pub documents: u64,
    /// Bytes of JSON.
    pub bytes: u64,
    pub requests: u64,
    /// Requests that were sent again.
    pub retries: u64,
    /// The time from the first document to the last acknowledgement.
    pub elapsed: Duration,
    /// The time spent waiting for the next document.
    pub flow: Duration,
    /// The time spent waiting for Rockset, when no further request was allowed or left to make.
    pub rockset: Duration,
}

impl TransactionStats {
    /// The time that was not spent waiting.
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

/// Records the statistics of the open transaction.
#[derive(Debug, Default)]
pub(super) struct StatsRecorder {
    pub counts: TransactionStats,
    begun: Option<Instant>,
}

impl StatsRecorder {
    /// Counts a document.
    #[inline]
    pub fn document(&mut self, bytes: usize) {
        if self.begun.is_none() {
            self.begun = Some(Instant::now());
        }
        self.counts.documents += 1;
        self.counts.bytes += bytes as u64;
    }

    /// Adds the time since `since` to the waiting for Flow, if the transaction has a document.
    pub fn waited_for_flow(&mut self, since: Instant) {
        if self.begun.is_some() {
            self.counts.flow += since.elapsed();
        }
    }

    /// Ends the transaction, and returns its statistics.
    pub fn end(&mut self) -> TransactionStats {
        let Self { mut counts, begun } = std::mem::take(self);
        counts.transactions = 1;
        counts.elapsed = begun.map_or(Duration::ZERO, |begun| begun.elapsed());
        counts
    }
}
