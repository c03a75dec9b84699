//! What the local Rockset's requests cost each other.
//!
//! While a collection is loaded, read, transformed or purged, another one is asked for its
//! status all the time: how long that takes shows whether anything holds up the threads that
//! serve requests. And writers at full load are measured by themselves, beside a reader that
//! scans another collection as large as theirs, and beside one that scans their own: the
//! first reader takes processor time, and only the second could take a lock.
//!
//! Names of scenarios as arguments run these alone. `transformation` and `objects` need the
//! feature `engine`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use chrono::{TimeDelta, Utc};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::rockset::{COLLECTIONS, Rockset, answer, body};

/// Documents of a collection that is written and read at the same time.
const SCANNED: usize = 200_000;
/// How long writers are measured.
const MEASURED: Duration = Duration::from_secs(8);
const WRITERS: usize = 2;

const TRANSFORMATION: &str = "SELECT CAST(id AS string) || ':' || kind AS _id, upper(text) AS loud, \
                              n * 2 + 1 AS twice, * FROM _input WHERE n >= 0";

#[tokio::main]
async fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let chosen: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let runs = |name: &str| chosen.is_empty() || chosen.iter().any(|chosen| chosen == name);
    println!("| Beside | Seconds | GETs | p50 | p99 | Longest |");
    println!("|---|---|---|---|---|---|");
    if runs("nothing") {
        let rockset = Rockset::start(&[]).await;
        beside("nothing", &rockset, tokio::time::sleep(Duration::from_secs(3))).await;
    }
    if runs("page") {
        page().await;
    }
    if cfg!(feature = "engine") && runs("transformation") {
        transformation().await;
    }
    if cfg!(feature = "engine") && runs("objects") {
        objects().await;
    }
    if runs("retention") {
        retention().await;
    }
    if runs("writers") {
        writers().await;
    }
}

/// Pages of 10,000 documents of 20 KB.
async fn page() {
    let rockset = Rockset::start(&[]).await;
    rockset.create("c", json!({})).await;
    let text = "x".repeat(20_000);
    for first in (0..10_000).step_by(400) {
        let documents = (first..first + 400)
            .map(|n| json!({"_id": format!("{n:06}"), "text": text}).to_string());
        rockset.add("c", documents).await;
    }
    beside("a page of 10,000 documents of 20 KB, three times", &rockset, async {
        for _ in 0..3 {
            assert!(rockset.scan("c").await > 200_000_000);
        }
    })
    .await;
}

async fn transformation() {
    let rockset = Rockset::start(&[]).await;
    rockset.create("c", json!({"field_mapping_query": {"sql": TRANSFORMATION}})).await;
    beside("a transformation over 20,000 documents, five times", &rockset, async {
        for _ in 0..5 {
            let documents = (0..20_000).map(|n| {
                format!(
                    r#"{{"id":{n},"kind":"k{}","n":{n},"text":"a text of some length"}}"#,
                    n % 7
                )
            });
            rockset.add("c", documents).await;
        }
    })
    .await;
}

/// A source of 100,000 objects.
async fn objects() {
    const OBJECTS: usize = 100_000;
    let root = tempfile::tempdir().unwrap();
    for n in 0..OBJECTS {
        let directory = root.path().join(format!("many/{:03}", n / 1_000));
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join(format!("{n:06}.json")), format!(r#"{{"n":{n}}}"#)).unwrap();
    }
    let rockset = Rockset::start(&["--s3-directory", root.path().to_str().unwrap()]).await;
    let key = json!({"aws_access_key_id": "a", "aws_secret_access_key": "b"});
    let integration = json!({"name": "i", "s3": {"aws_access_key": key}});
    rockset.post("/v1/orgs/self/integrations", integration.to_string()).await;
    let source = json!({"integration_name": "i", "s3": {"bucket": "many"}});
    let name = format!("a source of {OBJECTS} objects");
    beside(&name, &rockset, async {
        let mut half = None;
        let begun = Instant::now();
        rockset.create("c", json!({"sources": [source]})).await;
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let source = &rockset.collection("c").await["sources"][0];
            assert_ne!(source["status"]["state"], "ERROR", "{source:#}");
            let done = source["s3"]["object_count_downloaded"].as_u64().unwrap() as usize;
            if done >= OBJECTS / 2 {
                half.get_or_insert_with(|| begun.elapsed());
            }
            if done == OBJECTS {
                let (half, all) = (half.unwrap().as_secs_f64(), begun.elapsed().as_secs_f64());
                eprintln!("objects: the first half took {half:.1} s, all {all:.1} s");
                return;
            }
        }
    })
    .await;
}

/// A million documents of which each outlives its retention soon after.
async fn retention() {
    const DOCUMENTS: usize = 1_000_000;
    const BATCH: usize = 20_000;
    let rockset = Rockset::start(&[]).await;
    rockset.create("c", json!({"retention_secs": 3_600})).await;
    let begun = Instant::now();
    let expires = begun + Duration::from_secs(45);
    let time = (Utc::now() + TimeDelta::seconds(45 - 3_600)).timestamp_micros();
    let mut seconds = Vec::new();
    beside("loading 1,000,000 documents with retention", &rockset, async {
        for first in (0..DOCUMENTS).step_by(BATCH) {
            let begun = Instant::now();
            // Scattered over all ids.
            let documents = (first..first + BATCH).map(|n| {
                let id = (n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                format!(r#"{{"_id":"{id:016x}","_event_time":{time},"n":{n}}}"#)
            });
            rockset.add("c", documents).await;
            seconds.push(begun.elapsed().as_secs_f64());
        }
    })
    .await;
    let fifth = seconds.len() / 5;
    let rate = |part: &[f64]| (part.len() * BATCH) as f64 / part.iter().sum::<f64>();
    let (first, last) = (rate(&seconds[..fifth]), rate(&seconds[seconds.len() - fifth..]));
    eprintln!("retention: {first:.0} documents a second in the first fifth, {last:.0} in the last");
    let loaded = rockset.collection("c").await["stats"]["doc_count"].clone();
    beside("purging them, and a write", &rockset, async {
        tokio::time::sleep_until(expires.into()).await;
        rockset.add("c", [r#"{"_id":"new"}"#.to_string()].into_iter()).await;
        let stats = rockset.collection("c").await["stats"].clone();
        eprintln!("retention: {loaded} documents, then {}", stats["doc_count"]);
    })
    .await;
}

async fn writers() {
    let rockset = Arc::new(Rockset::start(&[]).await);
    for name in ["c", "other"] {
        rockset.create(name, json!({})).await;
        for first in (0..SCANNED).step_by(20_000) {
            rockset.add(name, (first..first + 20_000).map(written)).await;
        }
    }
    println!("\n| Writers | Documents a second | Bytes read a second |");
    println!("|---|---|---|");
    write(&rockset, None).await;
    for (name, scanned) in [
        ("alone", None),
        ("beside a scan of another collection", Some("other")),
        ("beside a scan of their own", Some("c")),
        ("alone, once more", None),
        ("beside a scan of another collection, once more", Some("other")),
        ("beside a scan of their own, once more", Some("c")),
    ] {
        let (documents, bytes) = write(&rockset, scanned).await;
        println!("| {name} | {documents:.0} | {bytes:.0} |");
    }
}

fn written(n: usize) -> String {
    // The ids of a batch are scattered over all of them.
    let id = n * 7_919 % SCANNED;
    format!(r#"{{"_id":"{id:08}","n":{n},"text":"{}"}}"#, "some text ".repeat(20))
}

/// Documents that are written in a second, and bytes that are read of a collection.
async fn write(rockset: &Arc<Rockset>, scanned: Option<&'static str>) -> (f64, f64) {
    let (written_count, read) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let (rockset, stop, count) = (rockset.clone(), stop.clone(), written_count.clone());
        // Made beforehand, so that the writer takes no time for it.
        let bodies: Vec<String> = (0..40)
            .map(|batch| body((0..5_000).map(|n| written((writer * 40 + batch) * 5_000 + n))))
            .collect();
        tasks.spawn(async move {
            for body in bodies.iter().cycle() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                rockset.post(&format!("{COLLECTIONS}/c/docs"), body.clone()).await;
                count.fetch_add(5_000, Ordering::Relaxed);
            }
        });
    }
    if let Some(name) = scanned {
        let (rockset, stop, read) = (rockset.clone(), stop.clone(), read.clone());
        tasks.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                read.fetch_add(rockset.scan(name).await, Ordering::Relaxed);
            }
        });
    }
    let begun = Instant::now();
    tokio::time::sleep(MEASURED).await;
    let took = begun.elapsed().as_secs_f64();
    let sums = [written_count, read].map(|count| count.load(Ordering::Relaxed) as f64 / took);
    stop.store(true, Ordering::Relaxed);
    while tasks.join_next().await.is_some() {}
    (sums[0], sums[1])
}

/// Asks for another collection as long as something goes on, and says how long that took.
async fn beside(name: &str, rockset: &Rockset, load: impl Future<Output = ()>) {
    rockset.create("probe", json!({})).await;
    let stop = Arc::new(AtomicBool::new(false));
    let (url, stopped) = (rockset.url.clone(), stop.clone());
    // On a thread of its own, so that it doesn't wait for what makes the load.
    let probe = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let http = reqwest::Client::new();
            let mut times = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                let begun = Instant::now();
                answer(http.get(format!("{url}{COLLECTIONS}/probe"))).await;
                times.push(begun.elapsed());
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            times
        })
    });
    let begun = Instant::now();
    load.await;
    let took = begun.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    let mut times = tokio::task::spawn_blocking(move || probe.join().unwrap()).await.unwrap();
    times.sort();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
    let (count, p50, p99, longest) = (times.len(), at(0.5), at(0.99), at(1.0));
    println!("| {name} | {took:.1} | {count} | {p50:.1} ms | {p99:.1} ms | {longest:.1} ms |");
    rockset.delete("probe").await;
}
