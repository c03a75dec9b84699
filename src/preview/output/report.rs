//! The report: sentences for people on stderr, and lines for programs on stdout.

use crate::preview::Error;
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use serde_json::Value;
use std::io::Write as _;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// The interval before a lasting step is reported again. It doubles each time.
const PACE: Duration = Duration::from_secs(5);
/// The longest interval.
const MAX_PACE: Duration = Duration::from_secs(60);
/// How many transactions are reported one by one before quick ones are only counted.
const MAX_SINGLE: u64 = 20;
/// The interval in which transactions are quick.
const QUICK: Duration = Duration::from_secs(1);

/// Counts the documents as they are read, and shows the count on a terminal.
#[derive(Debug, Clone)]
pub struct Progress {
    bar: ProgressBar,
    skipped: Arc<AtomicU64>,
}

impl Progress {
    /// A counter that isn't shown, for a fixture that is read a second time.
    pub fn hidden() -> Self {
        Self { bar: ProgressBar::hidden(), skipped: Arc::default() }
    }

    /// A document was read.
    pub fn document(&self) {
        self.bar.inc(1);
    }

    /// Bindings skipped N documents, which they have read before.
    pub fn skipped(&self, documents: u64) {
        self.skipped.fetch_add(documents, Ordering::Relaxed);
    }
}

/// Reports the steps of a preview, and adds them up.
#[derive(Debug)]
pub struct Report {
    progress: Progress,
    begin: Instant,
    totals: Totals,
    /// When a transaction was last reported, and how many have been committed since.
    told: (Instant, u64),
}

#[derive(Debug, Default)]
struct Totals {
    transactions: u64,
    documents: u64,
    stores: u64,
    bytes: u64,
    ignored: u64,
    left_out: u64,
}

impl Report {
    /// A report that begins now.
    pub fn new() -> Self {
        // indicatif draws on stderr, and only if that is a terminal.
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template(
            "{spinner} {msg}{human_pos} documents read, {per_sec}, {elapsed}",
        ) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        let progress = Progress { bar, skipped: Arc::default() };
        let begin = Instant::now();
        Self { progress, begin, totals: Totals::default(), told: (begin, 0) }
    }

    /// When the preview began.
    pub fn begin(&self) -> Instant {
        self.begin
    }

    /// The counter of documents.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// Prints a sentence, or several lines.
    pub fn say(&self, text: &str) {
        self.progress.bar.suspend(|| eprintln!("{}", text.trim_end()));
    }

    /// Reports a step at its begin, and at intervals until it is done.
    pub async fn during<T>(&self, what: &str, doing: impl Future<Output = T>) -> T {
        self.say(what);
        self.waiting(what, doing).await
    }

    /// Reports a step at intervals, if it takes long.
    pub async fn waiting<T>(&self, what: &str, doing: impl Future<Output = T>) -> T {
        self.progress.bar.set_message(format!("{what}; "));
        let begin = Instant::now();
        let mut pace = PACE;
        let mut doing = pin!(doing);
        let done = loop {
            match timeout(pace, doing.as_mut()).await {
                Ok(done) => break done,
                Err(_) => self.say(&self.lasting(what, begin.elapsed())),
            }
            pace = MAX_PACE.min(2 * pace);
        };
        self.progress.bar.set_message("");
        done
    }

    fn lasting(&self, what: &str, time: Duration) -> String {
        let read = match self.progress.bar.position() {
            0 => String::new(),
            documents => format!(", {} read so far", count(documents, "document")),
        };
        format!("still {what}, for {:.0} s{read}", time.as_secs_f64())
    }

    /// Reports a committed transaction; many quick ones are counted together.
    pub fn committed(&mut self, transaction: &Committed) {
        let Committed { number, documents, stores, bytes, ignored, left_out, time } = transaction;
        self.totals.transactions += 1;
        self.totals.documents += documents;
        self.totals.stores += stores;
        self.totals.bytes += bytes;
        self.totals.ignored += ignored;
        self.totals.left_out += left_out;
        let (told, untold) = self.told;
        if *number > MAX_SINGLE && told.elapsed() < QUICK {
            self.told.1 += 1;
            return;
        }
        self.told = (Instant::now(), 0);
        if untold > 0 {
            self.say(&format!("{} more", count(untold, "transaction")));
        }
        self.say(&format!(
            "transaction {number}: {}, {}, {} in {}",
            count(*documents, "document"),
            count(*stores, "store"),
            HumanBytes(*bytes),
            seconds(*time),
        ));
    }

    /// Reports the totals.
    pub fn finish(&self) {
        self.progress.bar.finish_and_clear();
        let Totals { transactions, documents, stores, bytes, ignored, left_out } = self.totals;
        let time = self.begin.elapsed();
        let rate = documents as f64 / time.as_secs_f64().max(0.001);
        self.say(&format!(
            "{}, {}, {} in {}: {}, {} documents/s",
            count(documents, "document"),
            count(stores, "store"),
            HumanBytes(bytes),
            count(transactions, "transaction"),
            seconds(time),
            HumanCount(rate as u64),
        ));
        let skipped = self.progress.skipped.load(Ordering::Relaxed);
        if skipped > 0 {
            self.say(&format!(
                "skipped {}: the checkpoint is beyond them",
                count(skipped, "document")
            ));
        }
        if left_out > 0 {
            self.say(&format!(
                "left out {}: no source takes them, by its partitions or times",
                count(left_out, "document")
            ));
        }
        if ignored > 0 {
            self.say(&format!(
                "ignored {} of collections that the task does not read",
                count(ignored, "document")
            ));
        }
    }
}

/// A transaction that has been committed.
#[derive(Debug)]
pub struct Committed {
    pub number: u64,
    pub documents: u64,
    pub stores: u64,
    pub bytes: u64,
    pub ignored: u64,
    pub left_out: u64,
    pub time: Duration,
}

/// Writes a line `["name",value]` to stdout.
pub fn output(name: &str, value: &Value) -> Result<(), Error> {
    let mut stdout = std::io::stdout().lock();
    let line = format!("[{},{value}]\n", Value::from(name));
    stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush()).map_err(Error::Write)
}

/// A duration, in seconds.
pub fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

/// A number with its noun, as people read it.
pub fn count(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", HumanCount(number))
}
