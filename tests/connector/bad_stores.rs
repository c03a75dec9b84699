//! Documents that can't be written: the transaction fails, and says which and why.

use crate::support::connector::{Connector, Ended};
use crate::support::local::{Local, options};
use crate::support::pack::{pack, pack_embedded};
use crate::support::task::{acknowledge, apply, binding, flush, open, start_commit, store, task};
use crate::support::{snapshot, stored};
use materialize_rockset::flow::materialize::request::Store;
use materialize_rockset::flow::spec::MaterializationSpec;
use materialize_rockset::flow::{Codec, Request};
use materialize_rockset::local::Options;
use serde_json::json;

/// Runs a transaction that must fail.
async fn failed(task: &MaterializationSpec, stores: Vec<Request>) -> Ended {
    let mut connector = Connector::start(Codec::Proto);
    connector.ask(apply(task)).await;
    connector.ask(open(task)).await;
    connector.ask(acknowledge()).await;
    connector.ask(flush()).await;
    for store in stores {
        connector.send(store).await;
    }
    connector.send(start_commit()).await;
    let ended = connector.end().await;
    assert_eq!((ended.code, ended.stdout.len()), (Some(1), 0), "{ended:?}");
    assert!(!ended.stderr.contains("panicked"), "{ended:?}");
    ended
}

fn packed(key: Vec<u8>, values: Vec<u8>) -> Request {
    Request::Store(Store {
        key_packed: key.into(),
        values_packed: values.into(),
        ..Store::default()
    })
}

#[tokio::test]
async fn stores_that_are_no_documents() {
    let local = Local::start();
    let task = task(&local.server.url(), vec![binding("commons", "c", &["id"], &["v"])]);
    let key = || pack(&[json!("k")]);
    let value = |values: Vec<u8>| packed(key(), values);
    let nan = [&[0x21][..], &(f64::NAN.to_bits() | 1 << 63).to_be_bytes()].concat();
    let infinite = [&[0x21][..], &(f64::INFINITY.to_bits() | 1 << 63).to_be_bytes()].concat();
    let cases = vec![
        ("a binding out of range", store(7, &[json!("k")], &[json!("v")])),
        ("no key", packed(vec![], pack(&[json!(1)]))),
        ("no values", value(vec![])),
        ("more values than fields", value(pack(&[json!(1), json!(2)]))),
        ("a string cut short", value(b"\x02abc".to_vec())),
        ("a string that ends after an escape", value(b"\x02abc\x00\xff".to_vec())),
        ("a double cut short", value(vec![0x21, 0x80])),
        ("an integer cut short", value(vec![0x1c, 1, 2, 3])),
        ("a wide integer without its width", value(vec![0x1d])),
        ("a wide integer cut short", value(vec![0x1d, 16, 1])),
        ("a negative wide integer cut short", value(vec![0x0b, !16, 1])),
        ("a float of 32 bits", value(vec![0x20, 0x80, 0, 0, 0])),
        ("a nested tuple", value(vec![0x05, 0x14, 0x00])),
        ("a string that is not UTF-8", value(b"\x02\xff\xfe\x00".to_vec())),
        ("bytes that are not JSON", value(pack_embedded("{\"a\":"))),
        ("an array that is not JSON", value(pack_embedded("[1,]"))),
        ("an object that is closed and goes on", value(pack_embedded("{},\"w\":{}"))),
        ("an object that is not closed", value(pack_embedded("{\"a\":[}"))),
        ("bytes that go on after their JSON", value(pack_embedded("1,\"_id\":2"))),
        ("bytes that are not UTF-8", value(b"\x01\"\xff\"\x00".to_vec())),
        ("no number", value(nan)),
        ("an infinite number", value(infinite)),
        (
            "a document over the limit of a request",
            store(0, &[json!("k")], &[json!("x".repeat(10 << 20))]),
        ),
    ];
    let mut text = String::new();
    for (case, store) in cases {
        let ended = failed(&task, vec![store]).await;
        text.push_str(&format!("{case}\n    {}\n", ended.error()));
    }
    snapshot::assert_text("bad_stores", &text);
    assert_eq!(stored::count(&local, "commons", "c").await, 0);
}

#[tokio::test]
async fn a_root_document_that_is_not_json() {
    let local = Local::start();
    let mut binding = binding("commons", "c", &["id"], &[]);
    binding.field_selection.as_mut().unwrap().document = "flow_document".to_string();
    let task = task(&local.server.url(), vec![binding]);
    let mut messages = String::new();
    for doc_json in ["", "{", "{} {}", "{a:1}"] {
        let Request::Store(mut root) = store(0, &[json!("k")], &[]) else { panic!() };
        root.doc_json = doc_json.into();
        let ended = failed(&task, vec![Request::Store(root)]).await;
        messages.push_str(&format!("{doc_json:?}\n    {}\n", ended.error()));
    }
    snapshot::assert_text("bad_root_documents", &messages);
}

#[tokio::test]
async fn documents_that_rockset_refuses() {
    let local = Local::start();
    let mut binding = binding("commons", "c", &["id"], &[]);
    binding.resource_config_json = json!({
        "workspace": "commons",
        "collection": "c",
        "advancedCollectionSettings": {"insert_only": true},
    })
    .to_string()
    .into();
    let task = task(&local.server.url(), vec![binding]);
    let twice = (0..5).chain(0..5).map(|id| store(0, &[json!(id)], &[])).collect();
    let ended = failed(&task, twice).await;
    snapshot::assert_text("refused_documents", &ended.error());
}

#[tokio::test]
async fn a_collection_that_is_gone() {
    let local = Local::start();
    let task = task(&local.server.url(), vec![binding("commons", "c", &["id"], &[])]);
    let mut connector = Connector::start(Codec::Proto);
    connector.send(open(&task)).await;
    let ended = connector.end().await;
    assert_eq!(ended.code, Some(1));
    assert_eq!(
        ended.error(),
        "Open: bindings[0]: collection commons.c does not exist; publish the task again, so that it is created"
    );
}

#[tokio::test]
async fn a_key_that_rockset_does_not_know() {
    let options = Options { api_key: Some("another".parse().unwrap()), ..options() };
    let local = Local::with(options);
    let task = task(&local.server.url(), vec![binding("geology", "c", &["id"], &[])]);
    let mut connector = Connector::start(Codec::Proto);
    connector.send(apply(&task)).await;
    let ended = connector.end().await;
    assert_eq!(ended.code, Some(1));
    assert!(!ended.stderr.contains("secret-key"), "{}", ended.stderr);
    let error = ended.error();
    assert!(
        error.starts_with("looking for workspace geology: Rockset answered 401 AUTHEXCEPTION"),
        "{error}"
    );
    assert!(error.ends_with("a key belongs to one region"), "{error}");
}
