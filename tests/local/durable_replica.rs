//! Read replicas, through the program: what they answer beside the process that writes, while they
//! and it are killed and started.

use crate::support::process::Process;
use crate::support::s3::{KEY, S3};
use reqwest::Method;
#[cfg(target_os = "linux")]
use rustix::process::Signal;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::task::{JoinHandle, block_in_place};

const WORKSPACES: &str = "/v1/orgs/self/ws";
const COLLECTIONS: &str = "/v1/orgs/self/ws/commons/collections";
const DOCS: &str = "/v1/orgs/self/ws/commons/collections/c/docs";
const QUERIES: &str = "/v1/orgs/self/queries";

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Documents of a collection that are replaced with each write.
const REPLACED: u64 = 5;

/// How often a replica is read at least.
const READS: usize = 5;

type Variables = Vec<(&'static str, String)>;

fn start(arguments: &[&str], variables: &Variables) -> Process {
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    block_in_place(|| Process::start(arguments, &variables).unwrap())
}

fn writer(place: &str, variables: &Variables) -> Process {
    start(&["--data", place, "--checkpoint-every", "30KB"], variables)
}

/// From now on, no replica can say that it is there, and the writer waits for none.
fn forbid_leases(place: &str) {
    // No object can be below a file.
    std::fs::write(Path::new(place).join("replica"), "").unwrap();
}

fn replica(place: &str, variables: &Variables) -> Process {
    start(&["--data", place, "--read-replica"], variables)
}

fn no_variables() -> Variables {
    Vec::new()
}

async fn succeed(process: &Process, method: Method, path: &str, body: Value) -> Value {
    let sent = process.send(method, path, &body).await;
    assert_eq!(sent.status, 200, "{path}: {sent:?}");
    sent.body
}

async fn post(process: &Process, path: &str, body: Value) -> Value {
    succeed(process, Method::POST, path, body).await
}

async fn query(process: &Process, sql: &str) -> Value {
    post(process, QUERIES, json!({"sql": {"query": sql}})).await["results"].clone()
}

/// The number of the last of the whole writes that a collection shows.
async fn last(process: &Process, collection: &str) -> u64 {
    let sql = format!("SELECT COUNT(*) AS c, MAX(n) AS last, SUM(n) AS s FROM {collection}");
    let row = query(process, &sql).await[0].clone();
    let last = row["last"].as_u64().unwrap();
    let whole = json!({
        "c": REPLACED + last + 1,
        "last": last,
        "s": REPLACED * last + last * (last + 1) / 2,
    });
    assert_eq!(row, whole, "this is no state that the writer had");
    last
}

/// Write `n` of a collection: it replaces some documents and adds one.
async fn write(process: &Process, collection: &str, n: u64) {
    let mut data = vec![json!({"_id": format!("a{n}"), "n": n})];
    data.extend((0..REPLACED).map(|i| json!({"_id": i.to_string(), "n": n})));
    let path = format!("{COLLECTIONS}/{collection}/docs");
    post(process, &path, json!({ "data": data })).await;
}

/// Writes to `c` and then to `d`, as fast as it is answered.
struct Writing {
    end: Arc<AtomicBool>,
    /// The number of the last write to both that was acknowledged.
    acknowledged: Arc<AtomicU64>,
    /// The moments of all acknowledgements.
    task: JoinHandle<Vec<Instant>>,
}

impl Writing {
    fn begin(process: Arc<Process>, first: u64) -> Self {
        let (end, acknowledged) =
            (Arc::<AtomicBool>::default(), Arc::new(AtomicU64::new(first - 1)));
        let (ended, shown) = (end.clone(), acknowledged.clone());
        let task = tokio::spawn(async move {
            let mut moments = Vec::new();
            while !ended.load(Ordering::SeqCst) {
                let n = first + moments.len() as u64;
                write(&process, "c", n).await;
                write(&process, "d", n).await;
                moments.push(Instant::now());
                shown.store(n, Ordering::SeqCst);
            }
            moments
        });
        Self { end, acknowledged, task }
    }

    fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::SeqCst)
    }

    async fn end(self) -> Vec<Instant> {
        self.end.store(true, Ordering::SeqCst);
        self.task.await.unwrap()
    }
}

/// What a replica has answered: when it was asked, and with which write.
type Reads = Vec<(Instant, u64)>;

/// Reads of a replica again and again for some time, and at least so often, and checks each answer.
async fn read(process: &Process, begin: u64, time: Duration) -> Reads {
    let (begun, mut reads, mut before) = (Instant::now(), Vec::new(), begin);
    while begun.elapsed() < time || reads.len() < READS {
        let asked = Instant::now();
        // What is read later is no older, and `c` is written before `d`.
        let d = last(process, "d").await;
        let c = last(process, "c").await;
        assert!(d >= before && c >= d, "write {d} of d, {c} of c, after {before}");
        before = d;
        reads.push((asked, d));
    }
    reads
}

/// How old what was read is, in milliseconds, at the median, the 99th percentile and the most.
fn ages(reads: &Reads, first: u64, acknowledged: &[Instant]) -> [u128; 3] {
    let age = |(asked, n): &(Instant, u64)| {
        let next = usize::try_from(n + 1 - first).unwrap();
        let missed = acknowledged.get(next);
        missed.map_or(0, |at| asked.saturating_duration_since(*at).as_millis())
    };
    let mut ages: Vec<u128> = reads.iter().map(age).collect();
    ages.sort_unstable();
    [ages.len() / 2, ages.len() * 99 / 100, ages.len() - 1].map(|at| ages[at])
}

async fn followed(place: String, variables: Variables) {
    let process = Arc::new(writer(&place, &variables));
    for name in ["c", "d"] {
        post(&process, COLLECTIONS, json!({"name": name})).await;
        write(&process, name, 0).await;
    }
    let writing = Writing::begin(process.clone(), 1);
    let steady = replica(&place, &variables);
    let (mut reads, mut before) = (Vec::new(), 0);
    for _ in 0..3 {
        let begin = writing.acknowledged();
        let other = replica(&place, &variables);
        let time = Duration::from_millis(1_500);
        let (of_steady, of_other) =
            tokio::join!(read(&steady, before, time), read(&other, begin, time));
        before = of_steady.last().unwrap().1;
        reads.extend(of_steady);
        reads.extend(of_other);
        other.kill();
    }
    until(async || writing.acknowledged() > 20).await;
    let acknowledged = writing.end().await;
    let [median, most, worst] = ages(&reads, 1, &acknowledged);
    let (writes, reads) = (2 * acknowledged.len(), reads.len());
    println!(
        "{writes} writes, {reads} reads of replicas: {median} ms old (median), {most} ms (p99), \
         {worst} ms (most)"
    );
    until(async || last(&steady, "d").await == acknowledged.len() as u64).await;

    // Another writer takes over, and the replica goes on with it.
    let next = writer(&place, &variables);
    write(&next, "d", acknowledged.len() as u64 + 1).await;
    until(async || last(&steady, "d").await == acknowledged.len() as u64 + 1).await;
    let refused = steady.send(Method::POST, DOCS, &json!({"data": [{"_id": "x"}]})).await;
    let message = refused.body["message"].as_str().unwrap();
    assert!(message.ends_with(&format!("at {}", next.url)), "{message}");
}

async fn until(is: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !is().await {
        assert!(begun.elapsed() < PATIENCE, "it is not so after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_of_a_directory_never_answer_what_the_writer_never_had() {
    let root = TempDir::new().unwrap();
    followed(root.path().join("store").display().to_string(), no_variables()).await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_left_behind_goes_on_from_a_newer_checkpoint() {
    let root = TempDir::new().unwrap();
    let place = root.path().join("store").display().to_string();
    let arguments = ["--data", &place, "--checkpoint-every", "3KB"];
    let process = Arc::new(start(&arguments, &no_variables()));
    forbid_leases(&place);
    for name in ["c", "d"] {
        post(&process, COLLECTIONS, json!({"name": name})).await;
        write(&process, name, 0).await;
    }
    let writing = Writing::begin(process.clone(), 1);
    let slow = replica(&place, &no_variables());
    let mut shown = 0;
    for _ in 0..3 {
        shown = read(&slow, shown, Duration::from_millis(500)).await.last().unwrap().1;
        // Meanwhile there are several checkpoints, and the log before them is deleted.
        slow.signal(Signal::STOP);
        let written = writing.acknowledged();
        until(async || writing.acknowledged() > written + 40).await;
        slow.signal(Signal::CONT);
    }
    let all = writing.end().await.len() as u64;
    until(async || last(&slow, "d").await == all).await;
    slow.kill();
    let said = slow.ended().stderr;
    assert!(said.contains("the replica goes on from a checkpoint"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_of_a_bucket_never_answer_what_the_writer_never_had() {
    let s3 = S3::start(&["bucket"]).await;
    let variables = vec![
        ("AWS_ACCESS_KEY_ID", KEY.0.to_string()),
        ("AWS_SECRET_ACCESS_KEY", KEY.1.to_string()),
        ("AWS_ENDPOINT_URL", s3.url()),
        ("AWS_REGION", "us-east-1".to_string()),
    ];
    followed("s3://bucket/store".to_string(), variables).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_refuses_writes_and_says_where_to_send_them() {
    let root = TempDir::new().unwrap();
    let place = root.path().join("store").display().to_string();
    let address = "https://rockset.example.com/";
    let arguments = ["--data", &place, "--advertise", address];
    let process = start(&arguments, &no_variables());
    post(&process, COLLECTIONS, json!({"name": "c"})).await;
    let replica = replica(&place, &no_variables());

    let overview = replica.get("/local").await.body;
    assert!(overview["read_replica"]["store_read_at_ms"].as_i64() > Some(0), "{overview}");
    assert_eq!(process.get("/local").await.body["read_replica"], Value::Null);

    let said = "This is a read replica, which changes nothing: send this to the local Rockset at \
                https://rockset.example.com/";
    let permissions = replica.get("/local/permissions").await.body;
    for permission in permissions["data"].as_array().unwrap() {
        let refusal = if permission["kind"] == "write" { json!(said) } else { Value::Null };
        assert_eq!(permission["refusal"], refusal, "{permission}");
    }

    let document = json!({"data": [{"_id": "x", "patch": []}]});
    for (method, path, body) in [
        (Method::POST, DOCS, document.clone()),
        (Method::PATCH, DOCS, document.clone()),
        (Method::DELETE, DOCS, document),
        (Method::POST, COLLECTIONS, json!({"name": "new"})),
        (Method::POST, WORKSPACES, json!({"name": "new"})),
        (Method::DELETE, "/v1/orgs/self/ws/commons/collections/c", json!({})),
        (Method::POST, "/v1/orgs/self/virtualinstances", json!({"name": "new"})),
    ] {
        let sent = replica.send(method.clone(), path, &body).await;
        assert_eq!((sent.status, &sent.body["type"]), (403, &json!("FORBIDDEN")), "{sent:?}");
        assert_eq!(sent.body["message"], said, "{method} {path}");
    }
    let sql = json!({"sql": {"query": "INSERT INTO c SELECT 'x' AS _id"}});
    let sent = replica.send(Method::POST, QUERIES, &sql).await;
    let message = sent.body["message"].as_str().unwrap();
    assert!(sent.status == 400 && message.contains("This is a read replica"), "{sent:?}");
    assert_eq!(query(&replica, "SELECT COUNT(*) AS c FROM c").await, json!([{"c": 0}]));
}

/// What both show, but for what each process counts itself.
async fn shown(process: &Process) -> Vec<Value> {
    let mut shown = Vec::new();
    for path in [
        WORKSPACES,
        "/v1/orgs/self/collections",
        "/v1/orgs/self/integrations",
        "/v1/orgs/self/aliases",
        "/v1/orgs/self/views",
        "/v1/orgs/self/lambdas",
        "/v1/orgs/self/virtualinstances",
    ] {
        let mut data = process.get(path).await.data().clone();
        // It is as old as the process.
        data.as_array_mut().unwrap().retain(|it| it["name"] != "_events");
        for it in data.as_array_mut().unwrap() {
            if let Some(stats) = it["stats"].as_object_mut() {
                stats.remove("last_queried_ms");
            }
        }
        shown.push(data);
    }
    for collection in ["c", "_events"] {
        let path = format!("/local/ws/commons/collections/{collection}/docs?limit=10000");
        // There is none while the collection is not there.
        shown.push(process.get(&path).await.body["data"].clone());
    }
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_changes_is_followed() {
    let root = TempDir::new().unwrap();
    let place = root.path().join("store").display().to_string();
    // Both ways of following: by the log, and by checkpoints that take its place at once.
    for every in ["1GB", "1B"] {
        let place = format!("{place}{every}");
        let process = start(&["--data", &place, "--checkpoint-every", every], &no_variables());
        post(&process, COLLECTIONS, json!({"name": "c", "retention_secs": 1_000_000})).await;
        if every == "1B" {
            forbid_leases(&place);
        }
        let replica = replica(&place, &no_variables());
        let own = "/v1/orgs/self/ws/own";
        let sql = json!({"query": "SELECT 1"});
        let key = json!({"aws_access_key_id": "a", "aws_secret_access_key": "b"});
        let integration = json!({"name": "i", "s3": {"aws_access_key": key}});
        let alias = json!({"name": "a", "collections": ["commons.c"]});
        let patch = json!([{"op": "add", "path": "/n", "value": 7}]);
        for (method, path, body) in [
            (Method::POST, WORKSPACES, json!({"name": "own"})),
            (Method::POST, &format!("{own}/collections"), json!({"name": "first"})),
            (Method::POST, &format!("{own}/collections"), json!({"name": "second"})),
            (Method::POST, DOCS, json!({"data": [{"_id": "1", "n": 1}, {"_id": "2"}]})),
            (Method::PATCH, DOCS, json!({"data": [{"_id": "1", "patch": patch}]})),
            (Method::DELETE, DOCS, json!({"data": [{"_id": "2"}]})),
            (Method::PUT, &format!("{own}/collections/first"), json!({"description": "one"})),
            (Method::POST, &format!("{own}/aliases"), alias),
            (Method::POST, &format!("{own}/views"), json!({"name": "v", "query": "SELECT 1"})),
            (Method::POST, &format!("{own}/lambdas"), json!({"name": "l", "sql": sql})),
            (Method::POST, "/v1/orgs/self/virtualinstances", json!({"name": "second"})),
            (Method::POST, "/v1/orgs/self/integrations", integration),
            (Method::DELETE, &format!("{own}/collections/second"), json!({})),
            (Method::DELETE, &format!("{own}/aliases/a"), json!({})),
            (Method::DELETE, &format!("{own}/views/v"), json!({})),
            (Method::DELETE, &format!("{own}/lambdas/l"), json!({})),
            (Method::DELETE, "/v1/orgs/self/integrations/i", json!({})),
            (Method::DELETE, &format!("{own}/collections/first"), json!({})),
            (Method::DELETE, own, json!({})),
            (Method::DELETE, "/v1/orgs/self/ws/commons/collections/c", json!({})),
            (Method::POST, COLLECTIONS, json!({"name": "c"})),
        ] {
            succeed(&process, method, path, body).await;
            until(async || shown(&replica).await == shown(&process).await).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offset_passes_when_the_replica_has_the_write() {
    let root = TempDir::new().unwrap();
    let place = root.path().join("store").display().to_string();
    let process = writer(&place, &no_variables());
    post(&process, COLLECTIONS, json!({"name": "c"})).await;
    let fast = replica(&place, &no_variables());
    let slow = ["--data", &place, "--read-replica", "--replica-poll", "1h"];
    let slow = start(&slow, &no_variables());
    let added = post(&process, DOCS, json!({"data": [{"_id": "1"}]})).await;
    let fence = json!({"name": [added["last_offset"]]});
    let path = "/v1/orgs/self/ws/commons/collections/c/offsets/commit";
    let passed = async |process| post(process, path, fence.clone()).await["data"]["passed"].clone();
    until(async || passed(&fast).await == true).await;
    assert_eq!(query(&fast, "SELECT COUNT(*) AS c FROM c").await, json!([{"c": 1}]));
    assert_eq!(passed(&slow).await, false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_without_a_store_is_refused() {
    let root = TempDir::new().unwrap();
    let place = |name: &str| root.path().join(name).display().to_string();
    let refused = |arguments: &[&str]| {
        block_in_place(|| Process::start(arguments, &[]).err().unwrap().stderr)
    };
    let said = refused(&["--data", &place("none"), "--read-replica"]);
    assert!(said.contains("No such file or directory"), "{said}");
    std::fs::create_dir(place("empty")).unwrap();
    let said = refused(&["--data", &place("empty"), "--read-replica"]);
    assert!(said.contains("it holds no store"), "{said}");
    let said = refused(&["--read-replica"]);
    assert!(said.contains("--data"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_are_alive_are_virtual_instances() {
    let root = TempDir::new().unwrap();
    let place = root.path().join("store").display().to_string();
    let process = writer(&place, &no_variables());
    let replicas = [replica(&place, &no_variables()), replica(&place, &no_variables())];
    let listed = async || {
        let listed = process.get("/v1/orgs/self/virtualinstances").await.data().clone();
        let mut found = Vec::new();
        for it in listed.as_array().unwrap() {
            assert_eq!(it["state"], "ACTIVE");
            let description = it["description"].as_str().unwrap_or_default();
            let Some(url) = description.strip_prefix("A read replica at ") else { continue };
            found.push((url.to_string(), it.clone()));
        }
        found.sort_by(|one, other| one.0.cmp(&other.0));
        found
    };
    let urls = async || listed().await.into_iter().map(|(url, _)| url).collect::<Vec<_>>();
    let mut expected: Vec<String> = replicas.iter().map(|it| it.url.clone()).collect();
    expected.sort();
    until(async || urls().await == expected).await;
    for (url, replica) in listed().await {
        let path = format!("/v1/orgs/self/virtualinstances/{}", replica["id"].as_str().unwrap());
        assert_eq!(process.get(&path).await.data()["name"], replica["name"]);
        let query = json!({"sql": {"query": "SELECT 1"}});
        let refused = process.send(Method::POST, &format!("{path}/queries"), &query).await;
        assert_eq!(refused.status, 400, "{refused:?}");
        assert!(refused.body["message"].as_str().unwrap().ends_with(&url), "{refused:?}");
    }
    let [killed, left] = replicas;
    killed.kill();
    until(async || urls().await == [left.url.clone()]).await;
}
