//! The connector writes into a server with a store in S3, as fast as it can, while three read
//! replicas answer queries and are killed and started.

use crate::support::process::Process;
use crate::support::s3::{KEY, S3};
use crate::support::session::{opened, transaction};
use crate::support::task::{binding, store, task};
use materialize_rockset::flow::{Codec, Request};
use reqwest::Method;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst};
use std::time::{Duration, Instant};
use tokio::task::block_in_place;

/// Documents that each transaction replaces: more than a request takes.
const KEYS: i64 = 30_000;
const TRANSACTIONS: i64 = 8;
const REPLICAS: usize = 3;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// How far the connector is.
#[derive(Default)]
struct Progress {
    /// The last transaction that was begun.
    begun: AtomicI64,
    ended: AtomicBool,
}

fn start(url: &str, arguments: &[&str]) -> Process {
    let variables = [
        ("AWS_ACCESS_KEY_ID", KEY.0),
        ("AWS_SECRET_ACCESS_KEY", KEY.1),
        ("AWS_ENDPOINT_URL", url),
        ("AWS_REGION", "us-east-1"),
    ];
    let arguments = [&["--data", "s3://bucket/store"], arguments].concat();
    block_in_place(|| Process::start(&arguments, &variables).unwrap())
}

/// The stores of a transaction: each document has its number.
fn stores(number: i64) -> impl Iterator<Item = Request> {
    (0..KEYS).map(move |key| store(0, &[json!(key)], &[json!(number)]))
}

/// How many documents a replica shows, and the oldest and newest transaction of them.
async fn shown(replica: &Process) -> [i64; 3] {
    let sql = "SELECT COUNT(*) AS c, MIN(n) AS oldest, MAX(n) AS newest FROM w.c";
    let query = json!({"sql": {"query": sql}});
    let answer = replica.send(Method::POST, "/v1/orgs/self/queries", &query).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let row = &answer.body["results"][0];
    ["c", "oldest", "newest"].map(|name| row[name].as_i64().unwrap())
}

/// Reads replicas, one after the other at this place, until the last transaction is there. Every
/// other one is killed.
async fn follow(url: String, progress: Arc<Progress>) {
    let (mut replica, mut before) = (start(&url, &["--read-replica"]), [0; 3]);
    let mut reads = 0;
    let begun = Instant::now();
    while before[1] < TRANSACTIONS {
        assert!(begun.elapsed() < PATIENCE, "it shows {before:?}");
        let now = shown(&replica).await;
        // One transaction follows another, so that a document is of the newest or the one before.
        let [count, oldest, newest] = now;
        assert_eq!(count, KEYS);
        assert!(oldest >= before[1] && newest >= before[2], "{now:?} after {before:?}");
        assert!(newest - oldest <= 1 && newest <= progress.begun.load(SeqCst), "{now:?}");
        before = now;
        reads += 1;
        if reads % 10 == 0 && !progress.ended.load(SeqCst) {
            replica.kill();
            replica = start(&url, &["--read-replica"]);
        }
    }
    assert!(reads > 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_of_what_the_connector_writes_show_each_transaction_after_the_other() {
    let s3 = S3::start(&["bucket"]).await;
    let server = start(&s3.url(), &["--checkpoint-every", "2MB"]);
    let task = task(&server.url, vec![binding("w", "c", &["key"], &["n"])]);
    let mut connector = opened(Codec::Proto, &task).await;
    transaction(&mut connector, stores(0)).await;

    let progress = Arc::new(Progress::default());
    let replicas: Vec<_> =
        (0..REPLICAS).map(|_| tokio::spawn(follow(s3.url(), progress.clone()))).collect();
    for number in 1..=TRANSACTIONS {
        progress.begun.store(number, SeqCst);
        transaction(&mut connector, stores(number)).await;
    }
    progress.ended.store(true, SeqCst);
    let ended = connector.end().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for replica in replicas {
        replica.await.unwrap();
    }
    assert_eq!(shown(&server).await, [KEYS, TRANSACTIONS, TRANSACTIONS]);
}
