//! A read replica, while 10,000 documents a second are written.

use crate::support::rockset::Rockset;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const COLLECTION: &str = "followed";
/// Documents of a write. One of them, `last`, has the number of the write.
const BATCH: usize = 1_000;
const EVERY: Duration = Duration::from_millis(100);
const MEASURED: Duration = Duration::from_secs(20);

/// Prints how old the answers of a replica are.
pub async fn follow(rockset: &Rockset, store: &Path) {
    rockset.create(COLLECTION, json!({})).await;
    write(rockset, 0).await;
    let options = ["--data", store.to_str().unwrap(), "--read-replica"];
    let replica = Rockset::start(&options).await;
    let ended = Arc::new(AtomicBool::new(false));
    let reading = tokio::spawn(read(replica, ended.clone()));
    let mut acknowledged = vec![Instant::now()];
    let begun = Instant::now();
    let mut due = tokio::time::interval(EVERY);
    while begun.elapsed() < MEASURED {
        due.tick().await;
        write(rockset, acknowledged.len()).await;
        acknowledged.push(Instant::now());
    }
    ended.store(true, Ordering::Relaxed);
    let reads = reading.await.unwrap();
    let mut ages: Vec<Duration> = reads.iter().map(|read| read.age(&acknowledged)).collect();
    ages.sort();
    let at = |part: f64| ages[((ages.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
    println!(
        "\nA read replica, beside {:.0} documents a second: {} answers are {:.0} ms old at the \
         median, {:.0} ms at the 99th percentile, and {:.0} ms at most.",
        (acknowledged.len() * BATCH) as f64 / begun.elapsed().as_secs_f64(),
        ages.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

async fn write(rockset: &Rockset, number: usize) {
    let last = json!({"_id": "last", "n": number}).to_string();
    let documents = (1..BATCH).map(|i| {
        let text = "some text ".repeat(20);
        json!({"_id": (number * BATCH + i).to_string(), "text": text}).to_string()
    });
    rockset.add(COLLECTION, documents.chain([last])).await;
}

/// An answer: when it was asked for, and the last write that it shows.
struct Read {
    asked: Instant,
    shows: usize,
}

impl Read {
    /// How long before the question the first write was acknowledged that the answer lacks.
    fn age(&self, acknowledged: &[Instant]) -> Duration {
        let lacks = acknowledged.get(self.shows + 1);
        lacks.map_or(Duration::ZERO, |at| self.asked.saturating_duration_since(*at))
    }
}

async fn read(replica: Rockset, ended: Arc<AtomicBool>) -> Vec<Read> {
    let mut reads = Vec::new();
    while !ended.load(Ordering::Relaxed) {
        let asked = Instant::now();
        let sql = format!("SELECT n FROM {COLLECTION} WHERE _id = 'last'");
        let shows = replica.query(&sql).await[0]["n"].as_u64().unwrap() as usize;
        reads.push(Read { asked, shows });
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    reads
}
