//! Documents in the local Rockset: what is stored, and what is said of each.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/local.rs"]
mod support;

use materialize_rockset::rockset::{call, documents::AddDocumentsRequest, types};
use reqwest::Method;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use support::{C, DOCS, Local};

#[tokio::test]
async fn the_generated_client_writes_and_asks_whether_it_can_be_queried() {
    let local = Local::start();
    let client = local.client();
    let definition = types::CreateCollectionRequest {
        name: Some("c".to_string()),
        ..types::CreateCollectionRequest::default()
    };
    call(client.create_collection("commons", &definition)).await.unwrap();

    let data = to_raw_value(&json!([{ "_id": "a/b+c=", "n": 1 }])).unwrap();
    let body = AddDocumentsRequest { data };
    let added = call(client.add_documents("commons", "c", &body)).await.unwrap();
    assert_eq!(added.data[0].id.as_deref(), Some("a/b+c="));
    assert_eq!(added.data[0].collection.as_deref(), Some("c"));

    let fence = types::GetCollectionCommitRequest { name: vec![added.last_offset.unwrap()] };
    let commit = call(client.get_collection_offsets("commons", "c", &fence)).await.unwrap();
    assert_eq!(commit.data.unwrap().passed, Some(true));

    assert_eq!(local.document("a%2Fb%2Bc=").await["n"], 1);
    assert_eq!(local.document("a%2Fb+c%3D").await["n"], 1);
}

#[tokio::test]
async fn a_document_replaces_the_whole_one_with_its_id() {
    let local = Local::with_collection(json!({})).await;
    let added = local.add(json!([{"_id": "1", "a": 1, "b": 2}, {"_id": "2"}])).await;
    assert_eq!(added.statuses(), ["ADDED", "ADDED"]);
    let added = local.add(json!([{"_id": "1", "c": 3}, {"_id": "3"}, {"_id": "3"}])).await;
    assert_eq!(added.statuses(), ["REPLACED", "ADDED", "REPLACED"]);

    let mut document = local.document("1").await;
    document.as_object_mut().unwrap().remove("_event_time").unwrap();
    assert_eq!(document, json!({"_id": "1", "c": 3}));
}

#[tokio::test]
async fn an_id_is_made_up_when_there_is_none_and_must_be_a_string() {
    let local = Local::with_collection(json!({})).await;
    let added = local.add(json!([{"n": 1}, {"_id": 7}, {"_id": null}, {"_id": ""}])).await;
    assert_eq!(added.statuses(), ["ADDED", "ERROR", "ERROR", "ERROR"]);
    let data = added.data();
    let id: uuid::Uuid = data[0]["_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(local.document(&id.to_string()).await["n"], 1);
    for document in &data.as_array().unwrap()[1..] {
        assert_eq!(document["error"]["type"], "INVALIDINPUT");
    }
    assert!(data[1]["error"]["message"].as_str().unwrap().contains('7'));
    assert_eq!(local.get(C).await.data()["stats"]["doc_count"], 1);
}

#[tokio::test]
async fn values_are_kept_to_the_letter() {
    let local = Local::with_collection(json!({})).await;
    let body = r#"{"data": [ { "big" : 123456789012345678901234567890, "e": 1.50e2,
        "_i\u0064" : "x\u0041", "k\"ey": "caf\u00e9", "deep": {"a": [1, {"b": null}]},
        "_meta": {"mine": true}, "_meta/op": "c" } ]}"#;
    let added = local.text(Method::POST, DOCS, body).await;
    assert_eq!(added.data()[0]["_id"], "xA");

    let url = format!("{}/local/ws/commons/collections/c/docs/xA", local.server.url());
    let text = local.http.get(url).header("Authorization", "ApiKey any").send().await.unwrap();
    let text = text.text().await.unwrap();
    let rest = text.split_once("\"},").unwrap().1;
    assert_eq!(
        rest,
        "\"big\":123456789012345678901234567890,\"e\":1.50e2,\"k\\\"ey\":\"caf\\u00e9\",\
         \"deep\":{\"a\": [1, {\"b\": null}]},\"_meta/op\":\"c\"}"
    );
    assert!(serde_json::from_str::<Value>(&text).unwrap().get("_meta").is_none());
}
