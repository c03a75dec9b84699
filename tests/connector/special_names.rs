//! Fields whose names mean something else in Rockset: they are written under other ones.

use crate::support::connector::Connector;
use crate::support::local::Local;
use crate::support::scripted::{Answer, Scripted};
use crate::support::session::{opened, transaction};
use crate::support::stored::stored;
use crate::support::task::{
    apply, binding, collection_of, configured, delete, projection, store, task,
};
use materialize_rockset::flow::Codec;
use materialize_rockset::flow::spec::materialization_spec::Binding;
use serde_json::{Value, json};

/// A binding of `commons.c` with these fields, each of one type.
fn bound(keys: &[(&str, &str)], values: &[(&str, &str)]) -> Binding {
    let projections = keys.iter().chain(values);
    let projections = projections.map(|(name, kind)| (*name, projection(name, &[*kind])));
    let collection = Some(collection_of(projections));
    let names = |fields: &[(&'_ str, &str)]| -> Vec<String> {
        fields.iter().map(|(name, _)| name.to_string()).collect()
    };
    let (keys, values) = (names(keys), names(values));
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    Binding { collection, ..binding("commons", "c", &keys, &values) }
}

/// What becomes of one document.
async fn written(binding: Binding, key: &[Value], values: &[Value]) -> Value {
    let local = Local::start();
    let task = task(&local.server.url(), vec![binding]);
    let mut connector = opened(Codec::Proto, &task).await;
    transaction(&mut connector, [store(0, key, values)]).await;
    let ended = connector.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let documents: Vec<Value> = stored(&local, "commons", "c").await.into_values().collect();
    let [document] = documents.try_into().unwrap();
    document
}

#[tokio::test]
async fn an_integer_key_called_id() {
    let bound = || bound(&[("_id", "integer")], &[("text", "string")]);
    let values = [json!("a")];
    assert_eq!(
        written(bound(), &[json!(42)], &values).await,
        json!({"_id": "FSo", "_id_flow": 42, "text": "a"})
    );
    let plain = configured(bound(), json!({"documentId": "key"}));
    assert_eq!(
        written(plain, &[json!(42)], &values).await,
        json!({"_id": "42", "_id_flow": 42, "text": "a"})
    );
}

#[tokio::test]
async fn a_part_of_a_key_called_id() {
    let bound = bound(&[("_id", "string"), ("region", "string")], &[]);
    assert_eq!(
        written(bound, &[json!("hi"), json!("eu")], &[]).await,
        json!({"_id": "AmhpAAJldQA", "_id_flow": "hi", "region": "eu"})
    );
}

#[tokio::test]
async fn values_that_rockset_would_take_for_its_own() {
    let bound = bound(
        &[("id", "integer")],
        &[("_event_time", "string"), ("_id", "string"), ("_meta", "object")],
    );
    let values = [json!("yesterday"), json!("other"), json!({"op": "u"})];
    assert_eq!(
        written(bound, &[json!(42)], &values).await,
        json!({
            "_id": "FSo", "id": 42, "_event_time_flow": "yesterday", "_id_flow": "other",
            "_meta_flow": {"op": "u"},
        })
    );
}

#[tokio::test]
async fn a_string_key_called_id_is_the_id() {
    let bound = bound(&[("_id", "string")], &[("text", "string")]);
    assert_eq!(
        written(bound, &[json!("a/b")], &[json!("a")]).await,
        json!({"_id": "a/b", "text": "a"})
    );
}

#[tokio::test]
async fn deletions_find_what_was_written() {
    let local = Local::start();
    let bound = bound(&[("_id", "integer"), ("_meta", "string")], &[("text", "string")]);
    let mut task = task(&local.server.url(), vec![bound]);
    let mut endpoint: Value = serde_json::from_slice(&task.config_json).unwrap();
    endpoint["hardDelete"] = json!(true);
    task.config_json = endpoint.to_string().into();
    let mut connector = opened(Codec::Proto, &task).await;
    let (one, two) = ([json!(1), json!("m")], [json!(2), json!("m")]);
    transaction(&mut connector, [store(0, &one, &[json!("a")]), store(0, &two, &[json!("b")])])
        .await;
    transaction(&mut connector, [delete(0, &one, &[json!("a")])]).await;
    assert_eq!(connector.end().await.code, Some(0));
    let left: Vec<Value> = stored(&local, "commons", "c").await.into_values().collect();
    assert_eq!(left, [json!({"_id": "FQICbQA", "_id_flow": 2, "_meta_flow": "m", "text": "b"})]);
}

/// Files have the fields under their own names, and documents from Flow under the other ones.
/// Both come to one `_id`.
#[tokio::test]
async fn rows_of_files_get_the_same_ids() {
    let server = Scripted::answering(|_, request| match request.head.starts_with("GET ") {
        true => Answer::error(404, "NOTFOUND"),
        false => {
            let asked: Value = serde_json::from_str(&request.body).unwrap();
            Answer::ok(json!({"data": {"name": asked["name"], "workspace": "commons"}}))
        }
    })
    .await;
    let source = json!({"integration": "i", "bucket": "b", "prefix": "p/"});
    let bound = bound(&[("_id", "integer"), ("region", "string")], &[]);
    let bound = configured(bound, json!({"documentId": "key", "initializeFromS3": source}));
    let mut connector = Connector::start(Codec::Proto);
    connector.ask(apply(&task(&server.url, vec![bound]))).await;
    assert_eq!(connector.end().await.code, Some(0));
    let seen = server.seen();
    let created =
        seen.iter().find(|it| it.head.starts_with("POST ") && it.head.contains("/collections "));
    let body: Value = serde_json::from_str(&created.unwrap().body).unwrap();
    assert_eq!(
        body["field_mapping_query"]["sql"],
        "SELECT CAST(COALESCE(\"_id_flow\", \"_id\") AS string) || ':' || CAST(region AS string) \
         AS _id, COALESCE(\"_id_flow\", \"_id\") AS \"_id_flow\", * FROM _input"
    );
}
