//! A selected field called `_event_time`.

use crate::support::local::Local;
use crate::support::pack::{pack, pack_embedded};
use crate::support::session::{opened, transaction};
use crate::support::task::{binding, collection_of, projection, store, task};
use materialize_rockset::flow::materialize::request::Store;
use materialize_rockset::flow::spec::materialization_spec::Binding;
use materialize_rockset::flow::{Codec, Request};
use serde_json::{Value, json};

/// What the local Rockset holds for `_event_time`.
async fn event_time(local: &Local, id: &str) -> String {
    let document = local.get(&format!("/local/ws/commons/collections/c/docs/{id}")).await;
    assert_eq!(document.status, 200, "{document:?}");
    document.body["_event_time"]["value"].as_str().unwrap().to_string()
}

fn embedded(id: &str, json: &str) -> Request {
    Request::Store(Store {
        key_packed: pack(&[json!(id)]).into(),
        values_packed: pack_embedded(json).into(),
        ..Store::default()
    })
}

#[tokio::test]
async fn integers_and_date_times_become_event_times() {
    let local = Local::start();
    let fields = [
        ("_id", projection("_id", &["string"])),
        ("_event_time", projection("_event_time", &["integer", "null"])),
    ];
    let bound = Binding {
        collection: Some(collection_of(fields.into_iter())),
        ..binding("commons", "c", &["_id"], &["_event_time"])
    };
    let task = task(&local.server.url(), vec![bound]);
    let mut connector = opened(Codec::Proto, &task).await;
    transaction(
        &mut connector,
        [
            store(0, &[json!("integer")], &[json!(1_700_000_000_000_000i64)]),
            store(0, &[json!("fraction")], &[json!(1_700_000_000_000_000.0)]),
            store(0, &[json!("text")], &[json!("2023-11-14T22:13:20.5+00:00")]),
            store(0, &[json!("zone")], &[json!("2023-11-15T00:13:20+02:00")]),
            store(0, &[json!("null")], &[Value::Null]),
            embedded("embedded-text", r#""2023-11-14T22:13:20Z""#),
            embedded("embedded-null", "null"),
        ],
    )
    .await;
    let ended = connector.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");

    assert_eq!(event_time(&local, "integer").await, "2023-11-14T22:13:20.000000Z");
    // A whole number that is written with a fraction is an integer, too.
    assert_eq!(event_time(&local, "fraction").await, "2023-11-14T22:13:20.000000Z");
    assert_eq!(event_time(&local, "text").await, "2023-11-14T22:13:20.500000Z");
    assert_eq!(event_time(&local, "zone").await, "2023-11-14T22:13:20.000000Z");
    assert_eq!(event_time(&local, "embedded-text").await, "2023-11-14T22:13:20.000000Z");
    // Without a time of their own, they have the one at which they came.
    assert!(event_time(&local, "null").await.as_str() > "2026");
    assert!(event_time(&local, "embedded-null").await.as_str() > "2026");
}
