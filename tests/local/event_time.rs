//! `_event_time` in the local Rockset: where it comes from, and what retention makes of it.

use crate::support::local::{C, DOCS, Local};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

/// The `_event_time` of a document of `commons.c`.
async fn event_time(local: &Local, id: &str) -> String {
    let time = local.document(id).await["_event_time"].clone();
    assert_eq!(time["__rockset_type"], "timestamp", "{time}");
    time["value"].as_str().unwrap().to_string()
}

#[tokio::test]
async fn it_is_the_time_of_ingest_when_absent() {
    let local = Local::with_collection(json!({})).await;
    let before = Utc::now() - TimeDelta::milliseconds(1);
    local.add(json!([{"_id": "1"}, {"_id": "2", "_event_time": null}])).await;
    for id in ["1", "2"] {
        let time: DateTime<Utc> = event_time(&local, id).await.parse().unwrap();
        assert!(before <= time && time <= Utc::now(), "{time}");
    }
}

#[tokio::test]
async fn it_is_taken_as_microseconds_or_as_a_timestamp() {
    let local = Local::with_collection(json!({})).await;
    for (given, stored) in [
        (json!(1_500_000_000_123_456_i64), "2017-07-14T02:40:00.123456Z"),
        (json!(-1), "1969-12-31T23:59:59.999999Z"),
        (json!("2017-07-14T04:40:00.5+02:00"), "2017-07-14T02:40:00.500000Z"),
        (json!("2017-07-14T02:40:00"), "2017-07-14T02:40:00.000000Z"),
        (
            json!({"__rockset_type": "timestamp", "value": "2017-07-14T02:40:00.000001Z"}),
            "2017-07-14T02:40:00.000001Z",
        ),
        (
            json!({"__rockset_type": "timestamp", "value": 1_700_000_000_123_000_i64}),
            "2023-11-14T22:13:20.123000Z",
        ),
        (
            json!({"__rockset_type": "TIMESTAMP", "value": "2017-07-14T02:40:00Z"}),
            "2017-07-14T02:40:00.000000Z",
        ),
        (
            json!({"__rockset_type": "datetime", "value": "2017-07-14T02:40:00", "format": ""}),
            "2017-07-14T02:40:00.000000Z",
        ),
    ] {
        let added = local.add(json!([{"_id": "1", "_event_time": given}])).await;
        assert_ne!(added.statuses(), ["ERROR"], "{given}: {added:?}");
        assert_eq!(event_time(&local, "1").await, stored, "{given}");
    }
    for wrong in [
        json!("yesterday"),
        json!(1.5),
        json!(i64::MAX),
        json!(true),
        json!([1]),
        json!({"__rockset_type": "bytes", "value": "2017-07-14T02:40:00Z"}),
        json!({"__rockset_type": "datetime", "value": 1_700_000_000_123_000_i64}),
        json!({"__rockset_type": "timestamp", "value": 1.5}),
        json!({"value": "2017-07-14T02:40:00Z"}),
        json!(["timestamp", "2017-07-14T02:40:00Z"]),
    ] {
        let added = local.add(json!([{"_id": "2", "_event_time": wrong}])).await;
        let (kind, message) = added.only_error();
        assert_eq!(kind, "INVALIDINPUT");
        assert!(message.contains("_event_time"), "{message}");
        assert_eq!(added.data()[0]["_id"], "2");
    }
}

#[tokio::test]
async fn it_may_come_from_a_field() {
    for (info, given, stored) in [
        (json!({"field": "at"}), json!(1_500_000_000_000_000_i64), "2017-07-14T02:40:00.000000Z"),
        (
            json!({"field": "at", "format": "seconds_since_epoch"}),
            json!(1_500_000_000.25),
            "2017-07-14T02:40:00.250000Z",
        ),
        (
            json!({"field": "at", "format": "milliseconds_since_epoch"}),
            json!(1_500_000_000_123_i64),
            "2017-07-14T02:40:00.123000Z",
        ),
        (
            json!({"field": "at", "time_zone": "Europe/Prague"}),
            json!("2017-07-14 04:40:00"),
            "2017-07-14T02:40:00.000000Z",
        ),
        (
            json!({"field": "at", "time_zone": "Europe/Prague"}),
            json!("2017-07-14T02:40:00Z"),
            "2017-07-14T02:40:00.000000Z",
        ),
    ] {
        let local = Local::with_collection(json!({"event_time_info": info})).await;
        let added = local.add(json!([{"_id": "1", "at": given}])).await;
        assert_eq!(added.statuses(), ["ADDED"], "{added:?}");
        assert_eq!(event_time(&local, "1").await, stored, "{info}");
        assert_eq!(local.document("1").await["at"], given);

        let own = json!([{"_id": "2", "at": given, "_event_time": 0}, {"_id": "3"}]);
        assert_eq!(local.add(own).await.statuses(), ["ADDED", "ADDED"]);
        assert_eq!(event_time(&local, "2").await, "1970-01-01T00:00:00.000000Z");
        assert!(event_time(&local, "3").await.as_str() > "2024");

        let wrong = local.add(json!([{"_id": "4", "at": "soon"}])).await;
        assert!(wrong.only_error().1.contains("\"at\""), "{wrong:?}");
    }
}

#[tokio::test]
async fn documents_past_their_retention_are_purged() {
    let local = Local::with_collection(json!({"retention_secs": 3600})).await;
    let ago = |seconds| json!((Utc::now() - TimeDelta::seconds(seconds)).timestamp_micros());
    let added = local
        .add(json!([
            {"_id": "old", "_event_time": ago(3700), "n": 12345},
            {"_id": "young", "_event_time": ago(3500)},
            {"_id": "new"},
        ]))
        .await;
    assert_eq!(added.statuses(), ["ADDED", "ADDED", "ADDED"]);

    let stats = local.get(C).await.data()["stats"].clone();
    assert_eq!((&stats["doc_count"], &stats["purged_doc_count"]), (&json!(2), &json!(1)));
    let gone = stats["purged_doc_size"].as_i64().unwrap();
    let inserted = stats["bytes_inserted"].as_i64().unwrap();
    assert!(gone > 0);
    assert_eq!(stats["total_size"], json!(inserted - gone));
    local.get("/local/ws/commons/collections/c/docs/old").await.refused(404, "NOTFOUND");
    local.document("young").await;
}

#[tokio::test]
async fn a_collection_without_retention_keeps_everything() {
    let local = Local::with_collection(json!({})).await;
    local.add(json!([{"_id": "old", "_event_time": 0}])).await;
    let stats: Value = local.get(C).await.data()["stats"].clone();
    assert_eq!((&stats["doc_count"], &stats["purged_doc_count"]), (&json!(1), &json!(0)));
}

fn ago(seconds: i64) -> Value {
    json!((Utc::now() - TimeDelta::seconds(seconds)).timestamp_micros())
}

/// Whoever looked in between, or nobody.
#[tokio::test]
async fn writes_see_what_readers_see() {
    for looked in [false, true] {
        for insert_only in [false, true] {
            let settings = json!({"retention_secs": 3600, "insert_only": insert_only});
            let local = Local::with_collection(settings).await;
            let old = json!([{"_id": "1", "_event_time": ago(3700)}]);
            for _ in 0..2 {
                assert_eq!(local.add(old.clone()).await.statuses(), ["ADDED"]);
                if looked {
                    assert_eq!(local.get(C).await.data()["stats"]["doc_count"], 0);
                }
            }
            let patch = json!({"_id": "1", "patch": [{"op": "ADD", "path": "/a", "value": 1}]});
            let patched = local.send(Method::PATCH, DOCS, json!({"data": [patch]})).await;
            let kind = if insert_only { "FORBIDDEN" } else { "NOTFOUND" };
            assert_eq!(patched.only_error().0, kind);

            // Within a request, too.
            let twice = json!([old[0], old[0], {"_id": "1", "n": 1}]);
            assert_eq!(local.add(twice).await.statuses(), ["ADDED", "ADDED", "ADDED"]);
            assert_eq!(local.document("1").await["n"], 1);
            let stats = local.get(C).await.data()["stats"].clone();
            let figures = [&stats["doc_count"], &stats["purged_doc_count"]];
            assert_eq!(figures, [&json!(1), &json!(4)], "{looked} {insert_only}");
            assert_eq!(stats["bytes_overwritten"], 0);
        }
    }
}

#[tokio::test]
async fn what_has_expired_is_forgotten_though_nobody_reads() {
    let local = Local::with_collection(json!({"retention_secs": 3600})).await;
    for _ in 0..10 {
        let old: Vec<Value> = (0..100).map(|_| json!({"_event_time": ago(3700)})).collect();
        local.add(json!(old)).await;
    }
    local.add(json!([{"_id": "new"}])).await;
    let stats = local.get(C).await.data()["stats"].clone();
    assert_eq!((&stats["doc_count"], &stats["purged_doc_count"]), (&json!(1), &json!(1000)));
}
