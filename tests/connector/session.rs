//! Whole sessions: the connector's stdin and stdout on one side, a Rockset on the other.

use crate::support::connector::Connector;
use crate::support::local::{Local, options};
use crate::support::session::{opened, transaction};
use crate::support::stored::{count, document, stored};
use crate::support::task::{
    acknowledge, apply, binding, flush, open, open_range, start_commit, store, task,
};
use materialize_rockset::flow::materialize::{request, response};
use materialize_rockset::flow::{Codec, Request, Response};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_session_in_proto() {
    session(Codec::Proto).await;
}

#[tokio::test]
async fn a_session_in_json() {
    session(Codec::Json).await;
}

async fn session(codec: Codec) {
    let local =
        Local::with(local::Options { ready_after: Duration::from_millis(300), ..options() });
    let values = ["_meta/op", "array", "bool", "float", "int", "null", "object", "text"];
    let first = binding("geology", "first", &["region", "id"], &values);
    let second = binding("geology", "second", &["id"], &["text"]);
    let task = task(&local.server.url(), vec![first, second]);

    let mut connector = Connector::start(codec);
    let Response::Applied(applied) = connector.ask(apply(&task)).await else { panic!() };
    assert_eq!(
        applied.action_description,
        "Created workspace geology\nCreated collection geology.first\nCreated collection geology.second",
    );
    let Response::Applied(again) = connector.ask(apply(&task)).await else { panic!() };
    assert_eq!(again, response::Applied::default());

    let Response::Opened(opened) = connector.ask(open(&task)).await else { panic!() };
    assert_eq!(opened, response::Opened::default());

    let row = |op: &str, id: i64| {
        vec![
            json!(op),
            json!([1, null, {"a": "ü"}]),
            json!(id % 2 == 0),
            json!(id as f64 * 0.5),
            json!(id),
            Value::Null,
            json!({"nested": {"id": id, "quote": "\" \\ \n"}}),
            json!(format!("text {id} ☃ \u{1f600} \" \\ / \u{7}")),
        ]
    };
    let key = |id: i64| vec![json!(if id % 3 == 0 { "eu" } else { "us" }), json!(id)];
    let first = (-200..200).map(|id| store(0, &key(id), &row("c", id)));
    let second = (0..50).map(|id| store(1, &[json!(id)], &[json!(format!("second {id}"))]));
    transaction(&mut connector, first.chain(second)).await;
    // What a later transaction writes replaces the document, whole.
    transaction(&mut connector, (0..20).map(|id| store(0, &key(id), &row("u", id + 1000)))).await;
    transaction(&mut connector, []).await;

    let ended = connector.end().await;
    assert_eq!((ended.code, ended.stdout.len()), (Some(0), 0), "{ended:?}");
    assert!(ended.stderr.contains("waiting for the collection to be READY"), "{}", ended.stderr);

    let found = stored(&local, "geology", "first").await;
    assert_eq!(found.len(), 400);
    for id in -200..200 {
        let (op, value) = if (0..20).contains(&id) { ("u", id + 1000) } else { ("c", id) };
        let document = document_of(&key(id), &row(op, value), &["region", "id"], &values);
        assert_eq!(found[document["_id"].as_str().unwrap()], document);
    }
    let found = stored(&local, "geology", "second").await;
    assert_eq!(found.len(), 50);
    for id in 0..50 {
        let document =
            document_of(&[json!(id)], &[json!(format!("second {id}"))], &["id"], &["text"]);
        assert_eq!(found[document["_id"].as_str().unwrap()], document);
    }
}

/// The document that a Store should become, by another way than the connector's.
fn document_of(key: &[Value], values: &[Value], keys: &[&str], fields: &[&str]) -> Value {
    use base64::Engine as _;
    let id =
        base64::engine::general_purpose::STANDARD_NO_PAD.encode(crate::support::pack::pack(key));
    let names = keys.iter().chain(fields).copied();
    let fields: Vec<_> = names.zip(key.iter().chain(values).cloned()).collect();
    document(&id, &fields)
}

#[tokio::test]
async fn the_root_document_is_written_under_its_field() {
    let local = Local::start();
    let mut binding = binding("commons", "c", &["id"], &[]);
    binding.field_selection.as_mut().unwrap().document = "flow_document".to_string();
    let mut connector = opened(Codec::Proto, &task(&local.server.url(), vec![binding])).await;

    let Request::Store(mut root) = store(0, &[json!("k")], &[]) else { panic!() };
    root.doc_json = r#"{"id": "k", "n": [1, 2.50], "s": "\u00fc"}"#.into();
    transaction(&mut connector, [Request::Store(root)]).await;
    assert_eq!(connector.end().await.code, Some(0));

    let document = json!({"id": "k", "n": [1, 2.5], "s": "ü"});
    let found = stored(&local, "commons", "c").await;
    assert_eq!(found["AmsA"], json!({"_id": "AmsA", "id": "k", "flow_document": document}));
}

#[tokio::test]
async fn a_key_called_id_is_the_id() {
    let local = Local::start();
    let binding = binding("commons", "c", &["_id"], &["v"]);
    let mut connector = opened(Codec::Proto, &task(&local.server.url(), vec![binding])).await;
    transaction(&mut connector, [store(0, &[json!("64f0a1")], &[json!("v")])]).await;
    assert_eq!(connector.end().await.code, Some(0));

    let found = stored(&local, "commons", "c").await;
    assert_eq!(found["64f0a1"], json!({"_id": "64f0a1", "v": "v"}));
}

#[tokio::test]
async fn two_shards_write_at_once() {
    let local = Local::start();
    let task = task(&local.server.url(), vec![binding("commons", "c", &["id"], &["shard"])]);
    let shards = [(0, u32::MAX / 2), (u32::MAX / 2 + 1, u32::MAX)];

    let mut sessions = Vec::new();
    for (key_begin, key_end) in shards {
        let mut connector = Connector::start(Codec::Proto);
        if key_begin == 0 {
            connector.ask(apply(&task)).await;
        }
        let opened = connector.ask(open_range(&task, key_begin, key_end)).await;
        assert_eq!(opened.name(), "Opened");
        sessions.push(connector);
    }
    // Both have an open transaction at the same time, and neither waits for the other.
    let running = sessions.into_iter().enumerate().map(|(shard, mut connector)| {
        tokio::spawn(async move {
            for round in 0..3 {
                let mine = (0..500).filter(|id| id % 2 == shard);
                let stores = mine.map(|id| store(0, &[json!(id)], &[json!([shard, round])]));
                transaction(&mut connector, stores).await;
            }
            connector.end().await
        })
    });
    for running in running.collect::<Vec<_>>() {
        assert_eq!(running.await.unwrap().code, Some(0));
    }
    assert_eq!(count(&local, "commons", "c").await, 500);
    for document in stored(&local, "commons", "c").await.values() {
        let id = document["id"].as_u64().unwrap();
        assert_eq!(document["shard"], json!([id % 2, 2]));
    }
}

#[tokio::test]
async fn a_transaction_of_many_requests() {
    let local = Local::start();
    let mut task = task(&local.server.url(), vec![binding("commons", "c", &["id"], &["text"])]);
    task.config_json = json!({
        "api_key": "k", "region_base_url": local.server.url(), "max_concurrent_requests": 3,
    })
    .to_string()
    .into();
    let mut connector = opened(Codec::Proto, &task).await;

    // 45,000 small documents are more than two requests may hold; eleven of 1 MiB more than two.
    let small = (0..45_000).map(|id| store(0, &[json!(id)], &[json!("small")]));
    let large = (45_000..45_011).map(|id| store(0, &[json!(id)], &[json!("x".repeat(1 << 20))]));
    transaction(&mut connector, small.chain(large)).await;
    assert_eq!(connector.end().await.code, Some(0));
    assert_eq!(count(&local, "commons", "c").await, 45_011);
}

/// A runtime may be unable to combine what it stores for a key in a transaction.
#[tokio::test]
async fn the_last_document_of_a_key_stays() {
    let local = Local::start();
    let task = task(&local.server.url(), vec![binding("commons", "c", &["id"], &["text"])]);
    let mut connector = opened(Codec::Proto, &task).await;
    // Of this size, each of several requests ends within the documents of a key.
    let text = "x".repeat(1_500_000);
    let stores = (0..9).map(|n| store(0, &[json!(n / 3)], &[json!(format!("{n} {text}"))]));
    transaction(&mut connector, stores).await;
    let large = format!("large {}", "x".repeat(5 << 20));
    let stores = [store(0, &[json!(7)], &[json!(large)]), store(0, &[json!(7)], &[json!("8 ")])];
    transaction(&mut connector, stores).await;
    // In the next transaction the key may come again, of course.
    transaction(&mut connector, [store(0, &[json!(2)], &[json!("9 ")])]).await;
    assert_eq!(connector.end().await.code, Some(0));

    let documents = stored(&local, "commons", "c").await;
    let texts = documents.values().map(|document| {
        let text = document["text"].as_str().unwrap();
        (document["id"].as_u64().unwrap(), text[..1].parse::<u64>().unwrap())
    });
    assert_eq!(texts.collect::<Vec<_>>(), [(0, 2), (1, 5), (2, 9), (7, 8)]);
}

#[tokio::test]
async fn a_document_larger_than_a_batch() {
    let local = Local::start();
    let task = task(&local.server.url(), vec![binding("commons", "c", &["id"], &["text"])]);
    let mut connector = opened(Codec::Proto, &task).await;
    let sizes = [10, 9 << 20, 10, 5 << 20];
    let stores = sizes
        .iter()
        .enumerate()
        .map(|(id, size)| store(0, &[json!(id)], &[json!("x".repeat(*size))]));
    transaction(&mut connector, stores).await;
    assert_eq!(connector.end().await.code, Some(0));
    for document in stored(&local, "commons", "c").await.values() {
        let id = document["id"].as_u64().unwrap() as usize;
        assert_eq!(document["text"].as_str().unwrap().len(), sizes[id]);
    }
}

/// No binding's batch is full, but there is more in all of them than is kept.
#[tokio::test]
async fn documents_of_many_bindings_are_not_all_kept_until_the_commit() {
    let local = Local::start();
    let names: Vec<String> = (0..16).map(|n| format!("c{n}")).collect();
    let bindings = names.iter().map(|name| binding("commons", name, &["id"], &["text"]));
    let task = task(&local.server.url(), bindings.collect());
    let mut connector = opened(Codec::Proto, &task).await;
    connector.ask(acknowledge()).await;
    connector.ask(flush()).await;
    let text = "x".repeat(1_200_000);
    for id in [1, 2] {
        for binding in 0..16 {
            connector.send(store(binding, &[json!(id)], &[json!(text)])).await;
        }
    }
    let sent = async {
        while most(&local, &names).await == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        most(&local, &names).await
    };
    let sent = tokio::time::timeout(Duration::from_secs(60), sent).await.unwrap();
    assert_eq!(sent, 1, "the last document waits, since its key may come again");
    for binding in 0..16 {
        connector.send(store(binding, &[json!(2)], &[json!("the last one")])).await;
    }
    connector.ask(start_commit()).await;
    assert_eq!(connector.end().await.code, Some(0));
    for name in &names {
        let documents = stored(&local, "commons", name).await;
        let texts: Vec<&str> =
            documents.values().map(|document| document["text"].as_str().unwrap()).collect();
        assert_eq!(texts, [&text, "the last one"], "{name}");
    }
}

/// The most documents that one of the collections has.
async fn most(local: &Local, names: &[String]) -> u64 {
    let mut most = 0;
    for name in names {
        most = most.max(count(local, "commons", name).await.as_u64().unwrap());
    }
    most
}

#[tokio::test]
async fn the_input_may_end_within_a_transaction() {
    let local = Local::start();
    let task = task(&local.server.url(), vec![binding("commons", "c", &["id"], &["text"])]);
    let mut connector = opened(Codec::Proto, &task).await;
    connector.ask(acknowledge()).await;
    connector.ask(flush()).await;
    connector.send(store(0, &[json!(1)], &[json!("never committed")])).await;
    let ended = connector.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test]
async fn requests_may_be_written_ahead_of_the_answers() {
    let local = Local::start();
    let task = task(&local.server.url(), vec![binding("commons", "c", &["id"], &["text"])]);
    let mut connector = Connector::start(Codec::Json);
    connector.send(crate::support::task::spec()).await;
    connector.send(apply(&task)).await;
    connector.send(open(&task)).await;
    for round in 0..3 {
        connector.send(acknowledge()).await;
        connector.send(flush()).await;
        for id in 0..10 {
            connector.send(store(0, &[json!(id)], &[json!(format!("{round}"))])).await;
        }
        connector.send(start_commit()).await;
    }
    let mut answers = Vec::new();
    for _ in 0..12 {
        answers.push(connector.receive().await.unwrap().name());
    }
    let round = ["Acknowledged", "Flushed", "StartedCommit"];
    assert_eq!(answers, [["Spec", "Applied", "Opened"], round, round, round].concat());
    assert_eq!(connector.end().await.code, Some(0));
    for document in stored(&local, "commons", "c").await.values() {
        assert_eq!(document["text"], "2");
    }
}

#[tokio::test]
async fn two_creators_may_race() {
    let local = Local::start();
    let bindings = (0..5).map(|i| binding("w", &format!("c{i}"), &["id"], &[])).collect();
    let task = task(&local.server.url(), bindings);
    let racing = (0..4).map(|_| {
        let task = task.clone();
        tokio::spawn(async move {
            let mut connector = Connector::start(Codec::Proto);
            let Response::Applied(applied) = connector.ask(apply(&task)).await else { panic!() };
            assert_eq!(connector.end().await.code, Some(0));
            applied.action_description
        })
    });
    let mut actions = Vec::new();
    for racing in racing.collect::<Vec<_>>() {
        let description = racing.await.unwrap();
        actions.extend(description.lines().map(str::to_string).collect::<Vec<_>>());
    }
    actions.sort();
    let mut expected: Vec<String> = (0..5).map(|i| format!("Created collection w.c{i}")).collect();
    expected.push("Created workspace w".to_string());
    assert_eq!(actions, expected, "each was created once, and somebody said so");
}

#[tokio::test]
async fn settings_reach_the_collection() {
    let local = Local::start();
    let mut binding = binding("commons", "c", &["id"], &[]);
    binding.resource_config_json = json!({
        "workspace": "commons",
        "collection": "c",
        "advancedCollectionSettings": {
            "retention_secs": 86400,
            "event_time_info": {"field": "at", "format": "seconds_since_epoch", "time_zone": "UTC"},
            "clustering_key": [{"field_name": "country"}],
            "insert_only": true,
        },
    })
    .to_string()
    .into();
    opened(Codec::Proto, &task(&local.server.url(), vec![binding])).await;
    let collection = local.get("/v1/orgs/self/ws/commons/collections/c").await.data().clone();
    assert_eq!(collection["retention_secs"], 86400);
    assert_eq!(collection["clustering_key"], json!([{"field_name": "country", "type": "AUTO"}]));
    assert_eq!(collection["insert_only"], true);
}

#[tokio::test]
async fn loads_are_refused() {
    let local = Local::start();
    let task = task(&local.server.url(), vec![binding("commons", "c", &["id"], &[])]);
    let mut connector = opened(Codec::Proto, &task).await;
    connector.ask(acknowledge()).await;
    connector.send(Request::Load(request::Load::default())).await;
    assert_eq!(
        connector.end().await.error(),
        "Load: bindings[0] (commons.c) takes delta updates, for which nothing is loaded"
    );
}

mod local {
    pub use materialize_rockset::local::Options;
}
