//! The progress of an Apply, for people who wait for it.

use crate::driver::poll_settings::PollSettings;
use crate::driver::progress::{Count, Seconds};
use crate::status;
use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tokio::task::JoinHandle;
use tracing::info;

/// Counters of the calls that change collections, which a limit on updates may slow down.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub creating: Counter,
    pub deleting: Counter,
    pub updating: Counter,
}

#[derive(Debug, Default)]
pub(super) struct Counter {
    total: AtomicU64,
    done: AtomicU64,
}

impl Counter {
    /// Counts one more call to make.
    pub fn plan(&self) {
        self.total.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one call as made, or given up.
    pub fn done(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    fn so_far(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }
}

impl Tally {
    /// Reports what is to be done, and then the progress from time to time, until the returned
    /// guard is dropped.
    pub fn report(self: &Arc<Self>, poll: PollSettings) -> Reporting {
        if self.all().map(|(_, counter)| counter.total()).iter().sum::<u64>() > 1 {
            info!("{}", self.plan());
            status::show(self.so_far());
        }
        let tally = self.clone();
        Reporting(tokio::spawn(async move {
            let mut pace = Pace::default();
            loop {
                pace.note(tally.calls().0);
                tokio::time::sleep(poll.status).await;
                let (done, left) = tally.calls();
                if left > 0 {
                    let text = tally.so_far();
                    status::show(&text);
                    info!(done, left, "{text}; {} left{}", Count(left), pace.expected(done, left));
                }
            }
        }))
    }

    fn all(&self) -> [(&'static str, &Counter); 3] {
        [("creating", &self.creating), ("deleting", &self.deleting), ("updating", &self.updating)]
    }

    /// The calls to make, for people.
    fn plan(&self) -> String {
        let parts = self.all().into_iter().filter(|(_, counter)| counter.total() > 0);
        let parts = parts.map(|(doing, counter)| match counter.total() {
            1 => format!("{doing} 1 collection"),
            several => format!("{doing} {} collections", Count(several)),
        });
        parts.collect::<Vec<_>>().join(", ")
    }

    /// The calls that were made, and of how many, for people.
    fn so_far(&self) -> String {
        let mut text = String::new();
        for (doing, counter) in self.all() {
            if counter.total() > 0 {
                let separator = if text.is_empty() { "" } else { ", " };
                let (done, total) = (Count(counter.so_far()), Count(counter.total()));
                // Writing to a String never fails.
                let _ = write!(text, "{separator}{doing} collections: {done} of {total}");
            }
        }
        text
    }

    /// The numbers of calls that were made and that are left.
    fn calls(&self) -> (u64, u64) {
        let done = self.all().map(|(_, counter)| counter.so_far()).iter().sum();
        let total: u64 = self.all().map(|(_, counter)| counter.total()).iter().sum();
        (done, total.saturating_sub(done))
    }
}

/// The numbers of calls that had been made at the last reports.
#[derive(Default)]
struct Pace(VecDeque<(Instant, u64)>);

/// The number of reports from which the pace is computed. They span about a minute, as Rockset's
/// limits do.
const REPORTS: usize = 6;

impl Pace {
    fn note(&mut self, done: u64) {
        if self.0.len() == REPORTS {
            self.0.pop_front();
        }
        self.0.push_back((Instant::now(), done));
    }

    /// The time that the rest takes at this pace, for people.
    fn expected(&self, done: u64, left: u64) -> String {
        let Some((since, before)) = self.0.front() else { return String::new() };
        match done.saturating_sub(*before) {
            0 => String::new(),
            calls => {
                let seconds = since.elapsed().as_secs_f64() / calls as f64 * left as f64;
                format!(", which takes about {}", Seconds(seconds))
            }
        }
    }
}

/// Guard that ends the reports when it is dropped.
pub(super) struct Reporting(JoinHandle<()>);

impl Drop for Reporting {
    fn drop(&mut self) {
        self.0.abort();
    }
}
