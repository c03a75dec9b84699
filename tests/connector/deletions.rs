//! What becomes in Rockset of a document that is deleted in Flow.

use crate::support::local::Local;
use crate::support::scripted::{Answer, Scripted};
use crate::support::session::{opened, transaction};
use crate::support::stored::stored;
use crate::support::task::{
    acknowledge, binding, configured, delete, endpoint, flush, open, start_commit, store, task,
};
use materialize_rockset::flow::Codec;
use materialize_rockset::flow::spec::MaterializationSpec;
use serde_json::{Value, json};

fn hard_deleting(url: &str, settings: Value) -> MaterializationSpec {
    let mut config = endpoint(url);
    config["hardDelete"] = json!(true);
    let binding = configured(binding("commons", "c", &["id"], &["op"]), settings);
    MaterializationSpec { config_json: config.to_string().into(), ..task(url, vec![binding]) }
}

#[tokio::test]
async fn by_default_the_document_stays_as_it_was_last() {
    let local = Local::start();
    let task = task(&local.server.url(), vec![binding("commons", "c", &["id"], &["op"])]);
    let mut connector = opened(Codec::Proto, &task).await;
    transaction(&mut connector, [store(0, &[json!(1)], &[json!("c")])]).await;
    transaction(&mut connector, [delete(0, &[json!(1)], &[json!("d")])]).await;
    assert_eq!(connector.end().await.code, Some(0));
    let found = stored(&local, "commons", "c").await;
    assert_eq!(found.values().map(|document| &document["op"]).collect::<Vec<_>>(), ["d"]);
}

#[tokio::test]
async fn with_hard_delete_it_is_gone() {
    let local = Local::start();
    let task = hard_deleting(&local.server.url(), json!({}));
    let mut connector = opened(Codec::Json, &task).await;
    let key = |id: i64| [json!(id)];
    transaction(&mut connector, (0..50).map(|id| store(0, &key(id), &[json!("c")]))).await;
    // Deletions and additions of one transaction, in turn.
    let turns = (0..50).map(|id| match id % 2 {
        0 => delete(0, &key(id), &[json!("d")]),
        _ => store(0, &key(id), &[json!("u")]),
    });
    transaction(&mut connector, turns).await;
    // Of what is not there, and of what comes back in the next transaction.
    transaction(&mut connector, [delete(0, &key(99), &[json!("d")])]).await;
    transaction(&mut connector, [store(0, &key(0), &[json!("c")])]).await;
    let ended = connector.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");

    let found = stored(&local, "commons", "c").await;
    assert_eq!(found.len(), 26);
    for document in found.values() {
        let id = document["id"].as_i64().unwrap();
        assert_eq!(document["op"], if id == 0 { "c" } else { "u" });
    }
}

/// A runtime may be unable to combine what it stores for a key in a transaction.
#[tokio::test]
async fn the_last_word_on_a_key_counts() {
    let local = Local::start();
    let mut connector = opened(Codec::Proto, &hard_deleting(&local.server.url(), json!({}))).await;
    let (a, b) = ([json!("a")], [json!("b")]);
    transaction(
        &mut connector,
        [
            store(0, &a, &[json!("c")]),
            delete(0, &a, &[json!("d")]),
            delete(0, &b, &[json!("d")]),
            store(0, &b, &[json!("c")]),
        ],
    )
    .await;
    assert_eq!(connector.end().await.code, Some(0));
    let found = stored(&local, "commons", "c").await;
    assert_eq!(found.values().map(|document| &document["id"]).collect::<Vec<_>>(), ["b"]);
}

#[tokio::test]
async fn deletions_name_the_id_that_additions_had() {
    let local = Local::start();
    for (collection, key, document_id) in
        [("packed", "id", "packedKey"), ("plain", "id", "key"), ("own", "_id", "packedKey")]
    {
        let mut task = hard_deleting(&local.server.url(), json!({}));
        let binding = binding("commons", collection, &[key], &["op"]);
        task.bindings = vec![configured(binding, json!({"documentId": document_id}))];
        let mut connector = opened(Codec::Proto, &task).await;
        let key = [json!("quote \" and ü")];
        transaction(&mut connector, [store(0, &key, &[json!("c")])]).await;
        assert_eq!(stored(&local, "commons", collection).await.len(), 1);
        transaction(&mut connector, [delete(0, &key, &[json!("d")])]).await;
        assert_eq!(connector.end().await.code, Some(0));
        assert_eq!(stored(&local, "commons", collection).await.len(), 0, "{collection}");
    }
}

#[tokio::test]
async fn a_deletion_that_is_refused_ends_the_session() {
    let ready = Answer::ok(json!({"data": {"status": "READY"}}));
    let refused = Answer::ok(json!({"data": [
        {"_id": "FQE", "status": "DELETED"},
        {"_id": "FQI", "status": "ERROR", "error": {"type": "NOTFOUND", "message": "no such"}},
        {"_id": "FQM", "status": "ERROR", "error": {"type": "INVALIDINPUT", "message": "no"}},
    ]}));
    let server = Scripted::start(vec![ready, refused]).await;
    let mut connector = crate::support::connector::Connector::start(Codec::Proto);
    let task = hard_deleting(&server.url, json!({}));
    assert_eq!(connector.ask(open(&task)).await.name(), "Opened");
    connector.ask(acknowledge()).await;
    connector.ask(flush()).await;
    for id in 1..=3 {
        connector.send(delete(0, &[json!(id)], &[json!("d")])).await;
    }
    connector.send(start_commit()).await;
    let ended = connector.end().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(
        ended.error(),
        "bindings[0] (commons.c): Rockset refused 1 of 3 documents of a request; the first are: \
         FQM ERROR INVALIDINPUT: no"
    );
    let seen = server.seen();
    assert!(seen[1].head.starts_with("DELETE /v1/orgs/self/ws/commons/collections/c/docs "));
    assert_eq!(seen[1].body, r#"{"data":[{"_id":"FQE"},{"_id":"FQI"},{"_id":"FQM"}]}"#);
}
