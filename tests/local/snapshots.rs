//! Reading documents of the local Rockset while others write.

use crate::support::local::{C, DOCS, Local};
use reqwest::Method;
use serde_json::{Value, json};

const PAGE: &str = "/local/ws/commons/collections/c/docs?limit=10000";

/// Far more than what a connection holds that nobody reads.
const SIZE: usize = 400_000;
const COUNT: usize = 100;

fn large(version: &str) -> Vec<Value> {
    (0..COUNT)
        .map(|n| json!({"_id": format!("{n:03}"), "v": version, "text": "x".repeat(SIZE)}))
        .collect()
}

async fn add_large(local: &Local, version: &str) {
    for some in large(version).chunks(20) {
        local.add(json!(some)).await.data();
    }
}

/// `_id` and version of the documents of a page.
fn versions(page: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_string();
    let documents = page["data"].as_array().unwrap().iter();
    documents.map(|document| (text(&document["_id"]), text(&document["v"]))).collect()
}

#[tokio::test]
async fn a_page_that_is_being_read_does_not_stop_writers_and_is_of_one_moment() {
    let local = Local::with_collection(json!({})).await;
    add_large(&local, "first").await;
    let mut reading = local.request(Method::GET, PAGE).send().await.unwrap();
    let mut page = reading.chunk().await.unwrap().unwrap().to_vec();

    // The page isn't sent to its end before it is read, and the writes are answered anyway.
    add_large(&local, "second").await;
    let deletions: Vec<Value> =
        (0..COUNT).step_by(2).map(|n| json!({"_id": format!("{n:03}")})).collect();
    let deleted = local.send(Method::DELETE, DOCS, json!({"data": deletions})).await;
    assert_eq!(deleted.statuses(), vec!["DELETED"; COUNT / 2]);
    let patch = json!({"_id": "001", "patch": [{"op": "REPLACE", "path": "/v", "value": "third"}]});
    let patched = local.send(Method::PATCH, DOCS, json!({"data": [patch]})).await;
    assert_eq!(patched.statuses(), ["PATCHED"]);
    assert_eq!(local.document("001").await["v"], "third");
    assert_eq!(local.get(C).await.data()["stats"]["doc_count"], COUNT / 2);

    while let Some(chunk) = reading.chunk().await.unwrap() {
        page.extend_from_slice(&chunk);
    }
    let page: Value = serde_json::from_slice(&page).unwrap();
    let expected = (0..COUNT).map(|n| (format!("{n:03}"), "first".to_string()));
    assert_eq!(versions(&page), expected.collect::<Vec<_>>());
    assert_eq!(page["next"], Value::Null);

    let now = versions(&local.get(PAGE).await.body);
    assert_eq!(now.len(), COUNT / 2);
    assert_eq!(now[0], ("001".to_string(), "third".to_string()));
    assert!(now[1..].iter().all(|(_, version)| version == "second"));
}

#[tokio::test]
async fn a_page_ends_with_the_collection_that_it_is_of() {
    let local = Local::with_collection(json!({})).await;
    add_large(&local, "first").await;
    let mut reading = local.request(Method::GET, PAGE).send().await.unwrap();
    let mut page = reading.chunk().await.unwrap().unwrap().to_vec();
    local.delete(C).await.data();
    local.get(PAGE).await.refused(404, "NOTFOUND");
    while let Some(chunk) = reading.chunk().await.unwrap() {
        page.extend_from_slice(&chunk);
    }
    assert_eq!(versions(&serde_json::from_slice(&page).unwrap()).len(), COUNT);
}

#[tokio::test]
async fn large_documents_are_paged_as_small_ones_are() {
    let local = Local::with_collection(json!({})).await;
    add_large(&local, "first").await;
    let (mut after, mut found) = (String::new(), Vec::new());
    loop {
        let path = format!("/local/ws/commons/collections/c/docs?limit=7{after}");
        let page = local.get(&path).await.body;
        found.extend(versions(&page));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
        assert_eq!(found.len() % 7, 0);
    }
    let ids: Vec<_> = found.into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, (0..COUNT).map(|n| format!("{n:03}")).collect::<Vec<_>>());
}

/// Each adds one to the same number, with others beside it.
#[tokio::test(flavor = "multi_thread")]
async fn patches_that_come_at_once_are_all_carried_out() {
    let local = Local::with_collection(json!({})).await;
    local.add(json!([{"_id": "1", "n": 0}])).await.data();
    let patch = json!({"_id": "1", "patch": [{"op": "INCREMENT", "path": "/n", "value": 1}]});
    let body = json!({ "data": vec![patch; 25] });
    let patch = || local.send(Method::PATCH, DOCS, body.clone());
    let all = futures_util::future::join_all((0..20).map(|_| patch())).await;
    let mut offsets: Vec<String> = Vec::new();
    for patched in all {
        assert_eq!(patched.statuses(), vec!["PATCHED"; 25]);
        offsets.push(patched.body["last_offset"].as_str().unwrap().to_string());
    }
    assert_eq!(local.document("1").await["n"], 500);
    offsets.sort();
    offsets.dedup();
    assert_eq!(offsets.len(), 20, "no two writes have the same offset");
}
