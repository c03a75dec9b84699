//! A local Rockset whose documents take more memory than it may have.

use crate::support::local::{C, DOCS, Local, options};
use crate::support::process::Process;
use materialize_rockset::local::{Data, MemoryOptions, Options};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;
use tempfile::TempDir;

const WS: &str = "/v1/orgs/self/ws/commons/collections";
const QUERIES: &str = "/v1/orgs/self/queries";

/// Memory of the process that holds ten times as much.
const MEMORY: usize = 16 << 20;

/// Documents of a request.
const BATCH: usize = 250;

/// Bytes of the text of a document.
const TEXT: usize = 8_000;

/// A document whose text tells its number, and how often it was written.
fn document(n: usize, written: usize) -> Value {
    let text = format!("{n:07}{written}").repeat(TEXT / 8);
    json!({"_id": format!("{n:08}"), "n": n, "written": written, "text": text})
}

/// The resident memory of a process, in bytes, but for the program itself.
fn resident(process: &Process) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() << 10
}

async fn add(process: &Process, documents: Vec<Value>) {
    for some in documents.chunks(BATCH) {
        let sent = process.send(Method::POST, DOCS, &json!({ "data": some })).await;
        assert_eq!(sent.status, 200, "{:?}", sent.body);
    }
}

async fn rows(process: &Process, query: &str) -> Value {
    let sent = process.send(Method::POST, QUERIES, &json!({"sql": {"query": query}})).await;
    assert_eq!(sent.status, 200, "{:?}", sent.body);
    sent.body["results"].clone()
}

/// Reads all documents page by page, and compares them with how often each was written.
async fn check_documents(process: &Process, expected: &BTreeMap<usize, usize>) {
    let mut expected = expected.iter();
    let mut after = String::new();
    loop {
        let page = format!("/local/ws/commons/collections/c/docs?limit=1000{after}");
        let page = process.get(&page).await;
        for found in page.data().as_array().unwrap() {
            let (n, written) = expected.next().unwrap();
            let document = document(*n, *written);
            let is_same = document.as_object().unwrap().iter().all(|(key, it)| found[key] == *it);
            assert!(is_same, "{found} is not document {n}, written {written} times");
        }
        match page.body["next"].as_str() {
            Some(last) => after = format!("&after={last}"),
            None => break,
        }
    }
    assert_eq!(expected.next(), None);
}

/// Adds ten times as much as fits into the memory, and returns how often each document was written.
async fn add_ten_times_the_memory(process: &Process) -> BTreeMap<usize, usize> {
    let count = 10 * MEMORY / TEXT + BATCH;
    // Written in no order of their `_id`s, but a page of them is in few chunks.
    let numbers = (0..count).map(|n| (n / BATCH * 7 % count.div_ceil(BATCH)) * BATCH + n % BATCH);
    let numbers: Vec<usize> = numbers.filter(|n| *n < count).collect();
    for some in numbers.chunks(BATCH) {
        add(process, some.iter().map(|n| document(*n, 0)).collect()).await;
    }
    numbers.iter().map(|n| (*n, 0)).collect()
}

/// Replaces or deletes most documents of some chunks, so that they are written anew.
async fn replace_and_delete(process: &Process, expected: &mut BTreeMap<usize, usize>) {
    let count = expected.len();
    let replaced: Vec<usize> = (0..count / 4).collect();
    add(process, replaced.iter().map(|n| document(*n, 1)).collect()).await;
    expected.extend(replaced.iter().map(|n| (*n, 1)));
    let deleted: Vec<usize> = (count / 2..count * 5 / 8).collect();
    for some in deleted.chunks(BATCH) {
        let ids: Vec<Value> = some.iter().map(|n| json!({"_id": format!("{n:08}")})).collect();
        let sent = process.send(Method::DELETE, DOCS, &json!({ "data": ids })).await;
        assert_eq!(sent.status, 200, "{:?}", sent.body);
    }
    expected.retain(|n, _| !deleted.contains(n));
}

/// Reads some documents somewhere, each of which must be whole.
async fn check_some(process: &Process) {
    let after = fastrand::usize(0..10 * MEMORY / TEXT);
    let path = format!("/local/ws/commons/collections/c/docs?limit=100&after={after:08}");
    let page = process.get(&path).await;
    // A replica may not know of the collection yet.
    for found in page.body["data"].as_array().into_iter().flatten() {
        let number = |field: &str| usize::try_from(found[field].as_u64().unwrap()).unwrap();
        let (n, written) = (number("n"), number("written"));
        assert_eq!(found["text"], document(n, written)["text"]);
        assert_eq!(found["_id"], format!("{n:08}"));
    }
}

const SUMS: &str = "SELECT COUNT(*) AS count, SUM(n) AS n, SUM(written) AS written FROM c";

fn sums(expected: &BTreeMap<usize, usize>) -> Value {
    let (n, written): (usize, usize) = (expected.keys().sum(), expected.values().sum());
    json!([{"count": expected.len(), "n": n, "written": written}])
}

async fn check_queries(process: &Process, expected: &BTreeMap<usize, usize>) {
    assert_eq!(rows(process, SUMS).await, sums(expected));
    for wanted in [7, 1_234, expected.len() / 2] {
        let found = format!("SELECT n, written, text FROM c WHERE _id = '{wanted:08}'");
        let found = rows(process, &found).await;
        let document = expected.get(&wanted).map(|written| document(wanted, *written));
        let document =
            document.map(|it| json!({"n": it["n"], "written": it["written"], "text": it["text"]}));
        assert_eq!(found, json!(document.into_iter().collect::<Vec<_>>()));
    }
    let all = rows(process, "SELECT * FROM c WHERE n % 1000 = 1 ORDER BY n DESC LIMIT 5").await;
    let last = expected.keys().rev().filter(|n| *n % 1_000 == 1).take(5);
    let numbers: Vec<Value> = last.map(|n| json!(n)).collect();
    assert_eq!(
        all.as_array().unwrap().iter().map(|it| it["n"].clone()).collect::<Vec<_>>(),
        numbers
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_collection_of_ten_times_the_memory_works() {
    let root = TempDir::new().unwrap();
    let memory = MEMORY.to_string();
    let arguments = ["--data", root.path().to_str().unwrap(), "--memory", &memory];
    let process = Process::start(arguments, &[]).unwrap();
    process.send(Method::POST, WS, &json!({"name": "c"})).await;
    let begin = resident(&process);
    let mut expected = add_ten_times_the_memory(&process).await;
    // The text alone would take ten times the memory. What requests and their buffers leave in the
    // allocator is more than a few times the memory, too, because that is so little here.
    let most = begin + MEMORY * 6;
    assert!(resident(&process) < most, "{} of {most} bytes, after writing", resident(&process));
    check_queries(&process, &expected).await;
    check_documents(&process, &expected).await;
    assert!(resident(&process) < most, "{} of {most} bytes, after reading", resident(&process));

    replace_and_delete(&process, &mut expected).await;
    let patch = json!([{"op": "replace", "path": "/written", "value": 1}]);
    let patch = json!({"data": [{"_id": "00000001", "patch": patch}]});
    let patched = process.send(Method::PATCH, DOCS, &patch).await;
    assert_eq!(patched.body["data"][0]["status"], "PATCHED", "{:?}", patched.body);
    check_queries(&process, &expected).await;

    // What takes too much memory is told so, and nothing else ends.
    let query = json!({"sql": {"query": "SELECT text, COUNT(*) AS n FROM c GROUP BY text"}});
    let refused = process.send(Method::POST, QUERIES, &query).await;
    assert_eq!(refused.status, 429, "{:?}", refused.body);
    assert!(refused.body["message"].as_str().unwrap().contains("--memory"), "{:?}", refused.body);

    process.kill();
    let process = Process::start(arguments, &[]).unwrap();
    check_queries(&process, &expected).await;
    check_documents(&process, &expected).await;
    assert!(resident(&process) < most, "{} of {most} bytes, after a start", resident(&process));
}

/// Bytes of the files without a name that a process has open in a directory.
#[cfg(target_os = "linux")]
fn unnamed(process: &Process, directory: &Path) -> u64 {
    let open = fs::read_dir(format!("/proc/{}/fd", process.id())).unwrap();
    let open = open.map(|entry| entry.unwrap().path());
    let within = open.filter(|it| fs::read_link(it).is_ok_and(|file| file.starts_with(directory)));
    within.map(|it| fs::metadata(it).unwrap().len()).sum()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_replica_of_ten_times_its_memory_works() {
    let (root, scratch) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (memory, directory) = (MEMORY.to_string(), scratch.path().to_str().unwrap());
    let place = ["--data", root.path().to_str().unwrap(), "--memory", &memory];
    let following = [&place[..], &["--read-replica", "--scratch", directory]].concat();
    let writer = Process::start(place, &[]).unwrap();
    writer.send(Method::POST, WS, &json!({"name": "c"})).await;
    let follower = Process::start(&following, &[]).unwrap();
    let begin = resident(&follower);
    let mut writing = pin!(async {
        let mut expected = add_ten_times_the_memory(&writer).await;
        replace_and_delete(&writer, &mut expected).await;
        expected
    });
    let expected = loop {
        tokio::select! {
            expected = &mut writing => break expected,
            () = check_some(&follower) => {}
        }
    };
    while rows(&follower, SUMS).await != sums(&expected) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // What one that begins later reads in its segments is what the other one has read in the log.
    let later = Process::start(&following, &[]).unwrap();
    for replica in [&follower, &later] {
        check_queries(replica, &expected).await;
        check_documents(replica, &expected).await;
        let (resident, most) = (resident(replica), begin + MEMORY * 6);
        assert!(resident < most, "{resident} of {most} bytes");
        assert!(unnamed(replica, scratch.path()) > 0);
    }
    follower.kill();
    drop(later);
    // Queries have directories of their own.
    let left = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    assert_eq!(left.filter(|path| path.is_file()).collect::<Vec<_>>(), [] as [PathBuf; 0]);
}

fn with_memory(root: Option<&Path>, bytes: u64) -> Options {
    let place = root.map(|root| root.display().to_string());
    Options {
        data: Data { place, checkpoint_every: 1 << 10, ..Data::default() },
        memory: MemoryOptions { limit: Some(bytes), ..MemoryOptions::default() },
        ..options()
    }
}

fn segments(root: &Path) -> Vec<PathBuf> {
    let segments = fs::read_dir(root.join("texts")).into_iter().flatten();
    let mut segments: Vec<PathBuf> = segments.map(|entry| entry.unwrap().path()).collect();
    // One that is being written has another name.
    segments.retain(|path| !path.display().to_string().contains('#'));
    segments.sort();
    segments
}

/// What becomes of reading each document: the message of the error, if there is one.
async fn read_all(local: &Local, count: usize) -> Vec<Option<String>> {
    let mut read = Vec::new();
    for n in 0..count {
        let path = format!("/local/ws/commons/collections/c/docs/{n:08}");
        let found = local.get(&path).await;
        read.push(match found.status.as_u16() {
            200 => {
                assert_eq!(found.body["text"], document(n, 0)["text"]);
                None
            }
            _ => Some(found.refused(500, "INTERNALERROR").to_string()),
        });
    }
    read
}

#[tokio::test]
async fn a_bad_segment_fails_only_who_needs_it() {
    let root = TempDir::new().unwrap();
    let local = Local::with(with_memory(Some(root.path()), 1 << 20));
    local.create(json!({})).await.data();
    let count = 600;
    for first in (0..count).step_by(50) {
        let some: Vec<Value> = (first..first + 50).map(|n| document(n, 0)).collect();
        local.add(json!(some)).await.data();
    }
    assert!(read_all(&local, count).await.iter().all(Option::is_none));

    // Some fields are in memory, and many are not.
    let all = segments(root.path());
    // One that is not needed any more may be deleted meanwhile.
    let content = |path: &PathBuf| Some((path.clone(), fs::read(path).ok()?));
    let good: Vec<(PathBuf, Vec<u8>)> = all.iter().step_by(2).filter_map(content).collect();
    for (at, (path, content)) in good.iter().enumerate() {
        let mut bad = content.clone();
        bad[content.len() / 2] ^= 1;
        match at % 2 {
            0 => fs::write(path, bad).unwrap(),
            _ => drop(fs::remove_file(path)),
        }
    }
    let names: Vec<String> =
        good.iter().map(|(path, _)| path.file_name().unwrap().to_str().unwrap().into()).collect();
    let read = read_all(&local, count).await;
    let errors: Vec<&String> = read.iter().flatten().collect();
    assert!(!errors.is_empty() && errors.len() < count, "{} errors", errors.len());
    for error in &errors {
        assert!(names.iter().any(|name| error.contains(&format!("texts/{name} is "))), "{error}");
    }
    let ask = async |query: &str| local.post(QUERIES, json!({"sql": {"query": query}})).await;
    let refused = ask("SELECT SUM(n) AS n FROM c").await;
    assert!(refused.refused(500, "INTERNALERROR").contains("texts/"), "{refused:?}");
    // Neither the count nor `_id`s need fields, and no bad object keeps others from being written.
    let counted = ask("SELECT COUNT(*) AS n, MAX(_id) AS last FROM c").await;
    assert_eq!(counted.body["results"], json!([{"n": count, "last": format!("{:08}", count - 1)}]));
    // Before it, there may be fields in memory, and a page that has begun can only be broken off.
    let unreadable = read.iter().rposition(Option::is_some).unwrap();
    let after = format!("{:08}", unreadable.checked_sub(1).unwrap());
    let page = local.get(&format!("/local/ws/commons/collections/c/docs?after={after}")).await;
    page.refused(500, "INTERNALERROR");
    let patch = json!([{"op": "replace", "path": "/n", "value": 1}]);
    let patch = json!({"data": [{"_id": format!("{unreadable:08}"), "patch": patch}]});
    let patched = local.send(Method::PATCH, DOCS, patch).await;
    assert!(patched.only_error().1.contains("texts/"), "{patched:?}");
    local.add(json!([document(unreadable, 0), document(count, 0)])).await.data();
    assert_eq!(read_all(&local, count).await[unreadable], None);

    // A start needs none of them.
    let Local { mut server, .. } = local;
    server.stop();
    server.stopped().await.unwrap();
    let local = Local::with(with_memory(Some(root.path()), 1 << 20));
    let ask = async |query: &str| local.post(QUERIES, json!({"sql": {"query": query}})).await;
    let counted = ask("SELECT COUNT(*) AS n FROM c").await;
    assert_eq!(counted.body["results"], json!([{ "n": count + 1 }]));
    assert!(read_all(&local, count).await.iter().any(Option::is_some));

    for (path, content) in &good {
        fs::write(path, content).unwrap();
    }
    assert!(read_all(&local, count + 1).await.iter().all(Option::is_none));
    let sum: usize = (0..=count).sum();
    assert_eq!(ask("SELECT SUM(n) AS n FROM c").await.body["results"], json!([{"n": sum}]));
}

/// Adds small documents until there is no memory for more, and returns their number and what is
/// said then.
async fn fill(local: &Local) -> (usize, String) {
    for first in (0..).step_by(500) {
        let some: Vec<Value> =
            (first..first + 500).map(|n| json!({"_id": format!("{n:08}"), "n": n})).collect();
        let added = local.add(json!(some)).await;
        if added.status != 200 {
            assert!(added.headers.contains_key("retry-after"), "{added:?}");
            return (first, added.refused(429, "RESOURCEEXCEEDED").to_string());
        }
        assert!(first < 100_000, "nothing is refused");
    }
    unreachable!()
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_reads_go_on() {
    let root = TempDir::new().unwrap();
    for place in [None, Some(root.path())] {
        let local = Local::with(with_memory(place, 1 << 20));
        local.create(json!({})).await.data();
        let (count, said) = fill(&local).await;
        assert!(count > 0 && said.contains("1.0 MiB (--memory)"), "{said}");
        assert_eq!(said.contains("--data"), place.is_none(), "{said}");
        assert_eq!(local.document("00000007").await["n"], 7);
        let query = json!({"sql": {"query": "SELECT COUNT(*) AS n FROM c"}});
        assert_eq!(local.post(QUERIES, query).await.body["results"], json!([{ "n": count }]));
        // Deletions are taken, and make room.
        let ids: Vec<Value> = (0..count).map(|n| json!({"_id": format!("{n:08}")})).collect();
        let deleted = local.send(Method::DELETE, DOCS, json!({ "data": ids })).await;
        assert_eq!(deleted.statuses().len(), count);
        while local.add(json!([{"_id": "again"}])).await.status != 200 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(local.get(C).await.data()["stats"]["doc_count"], 1);
    }
}
