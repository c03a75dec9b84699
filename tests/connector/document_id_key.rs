//! `documentId: key`: the key in plain text.

use crate::support::local::Local;
use crate::support::session::{opened, transaction};
use crate::support::stored::stored;
use crate::support::task::{
    acknowledge, binding, configured, delete, flush, start_commit, store, task,
};
use materialize_rockset::flow::Codec;
use serde_json::{Value, json};

#[tokio::test]
async fn keys_become_ids() {
    let local = Local::start();
    let cases: [(&[Value], &str); 11] = [
        (&[json!("as it is")], "as it is"),
        (&[json!("\"quoted\"\n☃ \0")], "\"quoted\"\n☃ \0"),
        (&[json!(0)], "0"),
        (&[json!(-9_223_372_036_854_775_808i64)], "-9223372036854775808"),
        (&[json!(1.0)], "1"),
        (&[json!(-0.0)], "0"),
        (&[json!(1e20)], "100000000000000000000"),
        (&[json!(true)], "true"),
        (&[json!("a:b"), json!(7)], "a:b:7"),
        (&[json!(7), json!("a:b"), json!(false)], "7:a:b:false"),
        (&[json!(""), json!(1)], ":1"),
    ];
    let names = ["a", "b", "c"];
    let bindings = cases.iter().enumerate().map(|(i, (key, _))| {
        let binding = binding("commons", &format!("c{i}"), &names[..key.len()], &[]);
        configured(binding, json!({"documentId": "key"}))
    });
    let task = task(&local.server.url(), bindings.collect());
    let mut connector = opened(Codec::Proto, &task).await;
    let stores = cases.iter().enumerate().map(|(i, (key, _))| store(i as u32, key, &[]));
    transaction(&mut connector, stores).await;
    let ended = connector.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");

    for (i, (key, id)) in cases.iter().enumerate() {
        let found = stored(&local, "commons", &format!("c{i}")).await;
        let mut expected = json!({"_id": id});
        for (name, part) in names.iter().zip(*key) {
            expected[name] = part.clone();
        }
        assert_eq!(found.into_values().collect::<Vec<_>>(), [expected]);
    }
}

#[tokio::test]
async fn what_has_no_plain_text_is_refused() {
    let local = Local::start();
    for (key, reason) in [
        (Value::Null, "it is null"),
        (json!(1.5), "it is a number with a fraction"),
        (json!(["a"]), "it is of several types"),
    ] {
        let binding = binding("commons", "c", &["id"], &[]);
        let binding = configured(binding, json!({"documentId": "key"}));
        let mut connector = opened(Codec::Proto, &task(&local.server.url(), vec![binding])).await;
        connector.ask(acknowledge()).await;
        connector.ask(flush()).await;
        connector.send(store(0, &[key], &[])).await;
        connector.send(start_commit()).await;
        let ended = connector.end().await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert_eq!(
            ended.error(),
            format!(
                "Store: bindings[0] (commons.c), field \"id\": {reason}, which documentId: key \
                 can't make an _id of; use packedKey"
            )
        );
    }
}

/// A key of an empty string has no plain text. What the error advises works.
#[tokio::test]
async fn an_empty_key_is_refused() {
    let local = Local::start();
    let of = |name: &str, settings: Value| {
        configured(binding("commons", "c", &[name], &["value"]), settings)
    };
    let store = || store(0, &[json!("")], &[json!("v")]);
    let delete = || delete(0, &[json!("")], &[json!("v")]);
    let packed = "set documentId to packedKey, and backfill the binding";
    let grouped = "group the binding by another field of this location, and backfill it";
    for (field, settings, request, advice) in [
        ("id", json!({"documentId": "key"}), store(), packed),
        ("id", json!({"documentId": "key"}), delete(), packed),
        ("_id", json!({}), store(), grouped),
        ("_id", json!({"documentId": "key"}), delete(), grouped),
    ] {
        let mut task = task(&local.server.url(), vec![of(field, settings)]);
        let mut endpoint: Value = serde_json::from_slice(&task.config_json).unwrap();
        endpoint["hardDelete"] = json!(true);
        task.config_json = endpoint.to_string().into();
        let mut connector = opened(Codec::Proto, &task).await;
        connector.ask(acknowledge()).await;
        connector.ask(flush()).await;
        connector.send(request).await;
        connector.send(start_commit()).await;
        let ended = connector.end().await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert_eq!(
            ended.error(),
            format!(
                "Store: bindings[0] (commons.c), field {field:?}: the key is an empty string, \
                 which can't be an _id; {advice}"
            )
        );
    }
    let mut connector =
        opened(Codec::Proto, &task(&local.server.url(), vec![of("id", json!({}))])).await;
    transaction(&mut connector, [store()]).await;
    assert_eq!(connector.end().await.code, Some(0));
    assert_eq!(stored(&local, "commons", "c").await.len(), 1);
}
