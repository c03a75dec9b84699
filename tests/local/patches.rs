//! Patches in the local Rockset: every operation, and that a patch is all or nothing.

use crate::support::local::{Answer, DOCS, Local};
use reqwest::Method;
use serde_json::{Value, json};

/// Stores a document under the `_id` 1 and patches it.
async fn patch(local: &Local, document: Value, patch: Value) -> Answer {
    let mut document = document;
    document["_id"] = json!("1");
    document["_event_time"] = json!(0);
    local.add(json!([document])).await;
    let body = json!({"data": [{"_id": "1", "patch": patch}]});
    local.send(Method::PATCH, DOCS, body).await
}

/// The document without its special fields.
async fn stored(local: &Local) -> Value {
    let mut document = local.document("1").await;
    let fields = document.as_object_mut().unwrap();
    assert_eq!(fields.remove("_id"), Some(json!("1")));
    fields.remove("_event_time").unwrap();
    document
}

#[tokio::test]
async fn a_patch_that_is_made_has_an_id() {
    let local = Local::with_collection(json!({})).await;
    let made = patch(&local, json!({}), json!([{"op": "ADD", "path": "/a", "value": 1}])).await;
    let first: uuid::Uuid = made.data()[0]["patch_id"].as_str().unwrap().parse().unwrap();
    let made = patch(&local, json!({}), json!([])).await;
    assert_ne!(made.data()[0]["patch_id"], json!(first.to_string()));
    let failed = patch(&local, json!({}), json!([{"op": "REMOVE", "path": "/a"}])).await;
    assert_eq!(failed.data()[0]["patch_id"], Value::Null);
    assert_eq!(local.add(json!([{}])).await.data()[0]["patch_id"], Value::Null);
}

#[tokio::test]
async fn every_operation_does_what_it_says() {
    let local = Local::with_collection(json!({})).await;
    for (before, operation, after) in [
        (json!({}), json!({"op": "ADD", "path": "/a", "value": 1}), json!({"a": 1})),
        (json!({}), json!({"op": "add", "path": "/a~1b~0c", "value": 1}), json!({"a/b~c": 1})),
        (json!({}), json!({"op": "Add", "path": "/a"}), json!({"a": null})),
        (
            json!({"a": [1, 3]}),
            json!({"op": "ADD", "path": "/a/1", "value": 2}),
            json!({"a": [1, 2, 3]}),
        ),
        (json!({"a": [1]}), json!({"op": "ADD", "path": "/a/-", "value": 2}), json!({"a": [1, 2]})),
        (
            json!({"a": {"b": 1}}),
            json!({"op": "replace", "path": "/a/b", "value": [2]}),
            json!({"a": {"b": [2]}}),
        ),
        (json!({"a": 1, "b": 2}), json!({"op": "REMOVE", "path": "/a"}), json!({"b": 2})),
        (json!({"a": [1, 2]}), json!({"op": "REMOVE", "path": "/a/0"}), json!({"a": [2]})),
        (
            json!({"a": {"b": 1}}),
            json!({"op": "COPY", "from": "/a", "path": "/c"}),
            json!({"a": {"b": 1}, "c": {"b": 1}}),
        ),
        (
            json!({"a": {"b": 1}}),
            json!({"op": "MOVE", "from": "/a/b", "path": "/c"}),
            json!({"a": {}, "c": 1}),
        ),
        (json!({"a": 1}), json!({"op": "TEST", "path": "/a", "value": 1.0}), json!({"a": 1})),
        (json!({"a": 1}), json!({"op": "TEST", "path": "/_id", "value": "1"}), json!({"a": 1})),
        (json!({"a": 1}), json!({"op": "INCREMENT", "path": "/a", "value": 2}), json!({"a": 3})),
        (
            json!({"a": 1}),
            json!({"op": "increment", "path": "/a", "value": -0.5}),
            json!({"a": 0.5}),
        ),
        (json!({"a": 1}), json!({"op": "ADD", "path": "/_meta", "value": 1}), json!({"a": 1})),
    ] {
        let answer = patch(&local, before.clone(), json!([operation])).await;
        assert_eq!(answer.statuses(), ["PATCHED"], "{operation}: {answer:?}");
        assert_eq!(stored(&local).await, after, "{operation}");
    }
}

#[tokio::test]
async fn a_patch_that_fails_changes_nothing() {
    let local = Local::with_collection(json!({})).await;
    let before = json!({"a": 1, "list": [1], "text": "x", "max": i64::MAX});
    for (operation, kind) in [
        (json!({"op": "TEST", "path": "/a", "value": 2}), "CONFLICT"),
        (json!({"op": "TEST", "path": "/none", "value": 2}), "INVALIDINPUT"),
        (json!({"op": "REPLACE", "path": "/none", "value": 2}), "INVALIDINPUT"),
        (json!({"op": "REMOVE", "path": "/none"}), "INVALIDINPUT"),
        (json!({"op": "REMOVE", "path": ""}), "INVALIDINPUT"),
        (json!({"op": "REMOVE", "path": "/list/1"}), "INVALIDINPUT"),
        (json!({"op": "ADD", "path": "/list/2", "value": 2}), "INVALIDINPUT"),
        (json!({"op": "ADD", "path": "/list/00", "value": 2}), "INVALIDINPUT"),
        (json!({"op": "ADD", "path": "/none/a", "value": 2}), "INVALIDINPUT"),
        (json!({"op": "ADD", "path": "/a/b", "value": 2}), "INVALIDINPUT"),
        (json!({"op": "ADD", "path": "b", "value": 2}), "INVALIDINPUT"),
        (json!({"op": "ADD", "path": "", "value": 2}), "INVALIDINPUT"),
        (json!({"op": "COPY", "path": "/b"}), "INVALIDINPUT"),
        (json!({"op": "MOVE", "from": "/list", "path": "/list/0"}), "INVALIDINPUT"),
        (json!({"op": "INCREMENT", "path": "/text", "value": 1}), "INVALIDINPUT"),
        (json!({"op": "INCREMENT", "path": "/a", "value": "1"}), "INVALIDINPUT"),
        (json!({"op": "INCREMENT", "path": "/max", "value": 1}), "INVALIDINPUT"),
        (json!({"op": "MERGE", "path": "/a", "value": {}}), "INVALIDINPUT"),
        (json!({"op": "REPLACE", "path": "/_id", "value": "2"}), "INVALIDINPUT"),
        (json!({"op": "REMOVE", "path": "/_id"}), "INVALIDINPUT"),
        (json!({"op": "REMOVE", "path": "/_event_time"}), "INVALIDINPUT"),
        (json!({"op": "REPLACE", "path": "/_event_time", "value": "soon"}), "INVALIDINPUT"),
    ] {
        let both = json!([{"op": "ADD", "path": "/z", "value": 1}, operation]);
        let answer = patch(&local, before.clone(), both).await;
        assert_eq!(answer.only_error().0, kind, "{operation}: {answer:?}");
        assert_eq!(stored(&local).await, before, "{operation}");
    }
}

#[tokio::test]
async fn a_document_that_is_not_there_cannot_be_patched() {
    let local = Local::with_collection(json!({})).await;
    local.add(json!([{"_id": "1"}])).await;
    let add = json!([{"op": "ADD", "path": "/a", "value": 1}]);
    let body = json!({"data": [{"_id": "none", "patch": add}, {"_id": "1", "patch": add}]});
    let answer = local.send(Method::PATCH, DOCS, body).await;
    assert_eq!(answer.statuses(), ["ERROR", "PATCHED"]);
    assert_eq!(answer.data()[0]["error"]["type"], "NOTFOUND");
    assert_eq!(answer.data()[0]["_id"], "none");
    assert!(answer.body["last_offset"].is_string());
}

#[tokio::test]
async fn the_event_time_can_be_patched() {
    let local = Local::with_collection(json!({})).await;
    let operation = json!([{"op": "REPLACE", "path": "/_event_time", "value": 1_000_000}]);
    assert_eq!(patch(&local, json!({}), operation).await.statuses(), ["PATCHED"]);
    let time = local.document("1").await["_event_time"]["value"].clone();
    assert_eq!(time, "1970-01-01T00:00:01.000000Z");
}

#[tokio::test]
async fn a_patch_cannot_grow_a_document_without_end() {
    let local = Local::with_collection(json!({})).await;
    let wide: Vec<_> =
        (0..60).map(|i| json!({"op": "COPY", "from": "/a", "path": format!("/a/{i}")})).collect();
    let before = json!({"a": {"text": "x".repeat(100)}});
    let answer = patch(&local, before.clone(), json!(wide)).await;
    assert!(answer.only_error().1.contains("large"), "{answer:?}");

    let deep: Vec<_> = (0..60)
        .map(|i| json!({"op": "MOVE", "from": "/a", "path": format!("/b{}", "/a".repeat(i))}))
        .flat_map(|step| [step, json!({"op": "COPY", "from": "/b", "path": "/a"})])
        .collect();
    let before = json!({"a": {}, "b": {}});
    let answer = patch(&local, before.clone(), json!(deep)).await;
    assert_eq!(answer.only_error().0, "INVALIDINPUT", "{answer:?}");
    assert_eq!(stored(&local).await, before);

    let nested = format!("{}{}", "[".repeat(90), "]".repeat(90));
    let nested: Value = serde_json::from_str(&nested).unwrap();
    let twice = json!([
        {"op": "ADD", "path": "/a", "value": nested},
        {"op": "ADD", "path": format!("/a{}", "/0".repeat(89)) + "/-", "value": nested},
    ]);
    let answer = patch(&local, json!({}), twice).await;
    assert!(answer.only_error().1.contains("deep"), "{answer:?}");
}
