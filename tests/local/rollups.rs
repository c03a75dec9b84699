//! Rollups: ingest transformations that aggregate documents.

use crate::support::local::{C, DOCS, Local};
use crate::support::s3::S3;
use crate::support::sources::{COLLECTIONS, source};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A local Rockset with the collection `commons.c`, whose documents are aggregated.
async fn with(sql: &str) -> Local {
    Local::with_collection(json!({"field_mapping_query": {"sql": sql}})).await
}

async fn query(local: &Local, sql: &str) -> Vec<Value> {
    let answer = local.post("/v1/orgs/self/queries", json!({"sql": {"query": sql}})).await;
    assert_eq!(answer.status, 200, "{sql}\n{answer:?}");
    answer.body["results"].as_array().unwrap().clone()
}

const ORDERS: &str = "SELECT COUNT(i.order) AS orders, SUM(i.units) AS units, i.address.zip, \
    TIME_BUCKET(MINUTES(5), TIMESTAMP_MILLIS(i.at)) AS _event_time, \
    SUM(i.units) / COUNT(*) AS each FROM _input AS i WHERE i.units > 0 \
    GROUP BY _event_time, i.address.zip";

fn order(at: i64, zip: &str, units: Value) -> Value {
    json!({"order": "o", "at": 1_700_000_100_000_i64 + at, "address": {"zip": zip}, "units": units})
}

#[tokio::test]
async fn groups_grow_with_every_batch() {
    let local = with(ORDERS).await;
    let first = json!([order(0, "a", json!(2)), order(1, "b", json!(1)), order(2, "a", json!(4))]);
    let added = local.add(first).await;
    assert_eq!(added.statuses(), ["ADDED", "ADDED", "ADDED"]);
    assert_eq!(added.data()[0]["_id"], added.data()[2]["_id"]);
    // What comes late counts as well; what the condition leaves out doesn't.
    let later =
        json!([order(400_000, "a", json!(7)), order(3, "a", json!(0.5)), order(4, "a", json!(-1))]);
    assert_eq!(local.add(later).await.statuses(), ["ADDED", "ADDED", "ADDED"]);
    let rows = query(&local, "SELECT * EXCEPT (_id) FROM c ORDER BY _event_time, zip").await;
    let bucket = "2023-11-14T22:15:00.000000Z";
    assert_eq!(
        json!(rows),
        json!([
            {"_event_time": bucket, "orders": 3, "units": 6.5, "zip": "a", "each": 6.5 / 3.0},
            {"_event_time": bucket, "orders": 1, "units": 1, "zip": "b", "each": 1},
            {"_event_time": "2023-11-14T22:20:00.000000Z", "orders": 1, "units": 7, "zip": "a", "each": 7},
        ])
    );
    assert_eq!(local.documents().await.len(), 3);
}

/// Aggregates of values that come in several batches, of all types, against the same query of the
/// same documents when they are stored one by one.
#[tokio::test]
async fn every_aggregate_is_that_of_a_query() {
    let aggregates = [
        "COUNT(*)",
        "COUNT(n)",
        "COUNT(DISTINCT n)",
        "APPROX_DISTINCT(any)",
        "COUNT_IF(n > 1)",
        "SUM(n)",
        "SUM(DISTINCT n)",
        "AVG(n)",
        "MIN(any)",
        "MAX(any)",
        "MIN_BY(any, id)",
        "MAX_BY(id, id)",
        "ARRAY_AGG(any ORDER BY id)",
        "ARRAY_AGG(DISTINCT n ORDER BY n DESC)",
        "ARRAY_AGG(id ORDER BY id LIMIT 2)",
        "STRING_AGG(s, ',' ORDER BY id DESC)",
        "OBJECT_AGG(CAST(id AS string), n ORDER BY id)",
        "BOOL_AND(n > 0)",
        "BOOL_OR(n > 3)",
        "BITWISE_OR_AGG(id)",
        "STDDEV_SAMP(id)",
        "VAR_POP(id)",
        "CORR(id, id * 2)",
        "GEOMETRIC_MEAN(id + 1)",
        "SUM(n) FILTER (WHERE id > 4)",
        "MAX(id) - MIN(id) + COUNT(*)",
    ];
    let list: Vec<String> =
        aggregates.iter().enumerate().map(|(at, sql)| format!("{sql} AS a{at}")).collect();
    let list = list.join(", ");
    let local = with(&format!("SELECT k, {list} FROM _input GROUP BY k")).await;
    local.post(COLLECTIONS, json!({"name": "plain"})).await.data();
    let any = [json!(1), json!("x"), json!(null), json!(2.5), json!([1]), json!(true)];
    let n = [json!(1), json!(2), json!(null), json!(4)];
    let k = [json!("x"), json!(1), json!(null), json!({"a": 1})];
    let documents: Vec<Value> = (0..60)
        .map(|id| {
            let mut document = json!({
                "id": id, "any": any[id % 6], "n": n[id / 3 % 4], "s": format!("s{id}"),
            });
            // The key of some documents is missing.
            if let Some(key) = k.get(id % 5) {
                document["k"] = key.clone();
            }
            document
        })
        .collect();
    let path = "/v1/orgs/self/ws/commons/collections/plain/docs";
    for batch in [&documents[..1], &documents[1..20], &documents[20..]] {
        local.add(json!(batch)).await.data();
        local.post(path, json!({"data": batch})).await.data();
    }
    let expected =
        query(&local, &format!("SELECT k, {list} FROM plain GROUP BY k ORDER BY k, TYPEOF(k)"))
            .await;
    let found =
        query(&local, "SELECT * EXCEPT (_id, _event_time) FROM c ORDER BY k, TYPEOF(k)").await;
    assert_eq!(expected.len(), 5);
    for (at, sql) in aggregates.iter().enumerate() {
        let of = |rows: &[Value]| -> Vec<String> {
            rows.iter().map(|row| rounded(&row[format!("a{at}")])).collect()
        };
        assert_eq!(of(&found), of(&expected), "{sql}");
    }
    let keys = |rows: &[Value]| -> Vec<Option<Value>> {
        rows.iter().map(|row| row.get("k").cloned()).collect()
    };
    assert_eq!(keys(&found), keys(&expected));
}

/// Sums of floats depend on their order in the last digit.
fn rounded(value: &Value) -> String {
    match value.as_f64() {
        Some(float) if value.is_f64() => format!("{float:.9}"),
        _ => value.to_string(),
    }
}

#[tokio::test]
async fn writers_at_the_same_time_lose_nothing() {
    let local = Arc::new(with("SELECT COUNT(*) AS n, SUM(v) AS v, k FROM _input GROUP BY k").await);
    let writers = (0..8).map(|writer| {
        let local = local.clone();
        tokio::spawn(async move {
            for at in 0..10 {
                let documents = json!([{"k": "a", "v": writer}, {"k": at, "v": 1}]);
                assert_eq!(local.add(documents).await.statuses(), ["ADDED", "ADDED"]);
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let rows = query(&local, "SELECT k, n, v FROM c ORDER BY k").await;
    let mut found: BTreeMap<String, Value> = BTreeMap::new();
    for row in rows {
        found.insert(row["k"].to_string(), json!([row["n"], row["v"]]));
    }
    assert_eq!(found.remove("\"a\""), Some(json!([80, 280])));
    assert_eq!(found.len(), 10);
    assert!(found.values().all(|group| *group == json!([8, 8])), "{found:?}");
}

#[tokio::test]
async fn a_document_that_fails_counts_nowhere() {
    let local = with("SELECT SUM(v) AS v, COUNT(*) AS n FROM _input").await;
    let added = local.add(json!([{"v": 1}, {"v": "x"}, {"v": 2}, {"v": [1]}])).await;
    assert_eq!(added.statuses(), ["ADDED", "ERROR", "ADDED", "ERROR"]);
    assert_eq!(query(&local, "SELECT v, n FROM c").await, [json!({"v": 3, "n": 2})]);
    // A sum that an int can't hold is told of for every document that led to it.
    let added = local.add(json!([{"v": i64::MAX - 1}, {"v": 1}])).await;
    assert_eq!(added.statuses(), ["ERROR", "ERROR"]);
    assert_eq!(query(&local, "SELECT v, n FROM c").await, [json!({"v": 3, "n": 2})]);
    assert_eq!(local.add(json!([{"v": 4}])).await.statuses(), ["ADDED"]);
    assert_eq!(query(&local, "SELECT v, n FROM c").await, [json!({"v": 7, "n": 3})]);
}

#[tokio::test]
async fn groups_can_be_changed_by_documents_alone() {
    let sql = "SELECT k, COUNT(*) AS n FROM _input GROUP BY k";
    let local = with(sql).await;
    let id = local.add(json!([{"k": 1}])).await.data()[0]["_id"].as_str().unwrap().to_string();
    let patch = json!({"data": [{"_id": id, "patch": [{"op": "REMOVE", "path": "/n"}]}]});
    let patched = local.send(Method::PATCH, DOCS, patch).await;
    assert_eq!(patched.only_error().0, "FORBIDDEN");
    let deleted = local.send(Method::DELETE, DOCS, json!({"data": [{"_id": id}]})).await;
    assert_eq!(deleted.only_error().0, "FORBIDDEN");
    assert_eq!(local.add(json!([{"k": 1}, {"k": 1.0}])).await.statuses(), ["ADDED", "ADDED"]);
    query(&local, "INSERT INTO c SELECT 1 AS k").await;
    assert_eq!(query(&local, "SELECT SUM(n) AS n FROM c").await, [json!({"n": 4})]);

    let other = "SELECT k, COUNT(*) AS m FROM _input GROUP BY k";
    for sql in [other, "SELECT k FROM _input", ""] {
        let update = json!({"field_mapping_query": {"sql": sql}});
        local.send(Method::PUT, C, update).await.refused(400, "INVALIDINPUT");
    }
    let same = json!({"field_mapping_query": {"sql": sql}, "description": "counts"});
    assert_eq!(local.send(Method::PUT, C, same).await.data()["description"], "counts");
}

/// What is `insert_only` takes no other document in place of one; a group is no other document.
#[tokio::test]
async fn groups_of_an_insert_only_collection_grow() {
    let sql = "SELECT COUNT(*) AS n FROM _input";
    let settings = json!({"field_mapping_query": {"sql": sql}, "insert_only": true});
    let local = Local::with_collection(settings).await;
    for _ in 0..2 {
        assert_eq!(local.add(json!([{}, {}])).await.statuses(), ["ADDED", "ADDED"]);
    }
    query(&local, "INSERT INTO c SELECT 1 AS a").await;
    assert_eq!(query(&local, "SELECT n FROM c").await, [json!({"n": 5})]);
}

#[tokio::test]
async fn a_rollup_that_makes_no_sense_is_refused() {
    let local = Local::with_collection(json!({})).await;
    let into = json!({"field_mapping_query": {"sql": "SELECT COUNT(*) AS n FROM _input"}});
    local.send(Method::PUT, C, into).await.refused(400, "INVALIDINPUT");
    for (sql, says) in [
        ("SELECT *, COUNT(*) AS n FROM _input GROUP BY k", "can't select *"),
        ("SELECT k, COUNT(*) FROM _input GROUP BY k", "has no name"),
        ("SELECT v, COUNT(*) AS n FROM _input GROUP BY k", "neither in the GROUP BY"),
        ("SELECT k AS _id, COUNT(*) AS n FROM _input GROUP BY k", "_id"),
        ("SELECT k, COUNT(*) AS n FROM _input GROUP BY k HAVING n > 1", "HAVING"),
        ("SELECT k, COUNT(*) AS n FROM _input GROUP BY ROLLUP(k)", "ROLLUP"),
        ("SELECT k FROM _input GROUP BY ALL", "GROUP BY ALL"),
        ("SELECT COUNT(*) AS n FROM _input WHERE COUNT(*) > 1", "select list only"),
        ("SELECT SUM(COUNT(*)) AS n FROM _input", ""),
        ("SELECT COUNT(*) AS n, ROW_NUMBER() OVER () AS r FROM _input", "window"),
        ("SELECT GROUPING(k) AS g, COUNT(*) AS n FROM _input GROUP BY k", ""),
    ] {
        let query = json!({"name": "d", "field_mapping_query": {"sql": sql}});
        let refused = local.post(COLLECTIONS, query).await;
        let message = refused.refused(400, "INVALIDINPUT");
        assert!(message.contains(says), "{sql}: {message}");
    }
}

#[tokio::test]
async fn records_of_sources_are_aggregated() {
    let (local, s3) = (Local::start(), S3::start(&["files"]).await);
    local.integrate(&s3).await;
    s3.put(
        "files",
        "1.jsonl",
        "{\"k\":\"a\",\"v\":1}\n{\"k\":\"b\",\"v\":2}\nno json\n{\"v\":\"x\"}\n",
    );
    s3.put("files", "2.jsonl", "{\"k\":\"a\",\"v\":3}\n{\"k\":\"a\",\"v\":4}\n");
    let sql = "SELECT k, SUM(v) AS v FROM _input GROUP BY k";
    local
        .create(json!({"sources": [source(json!({}))], "field_mapping_query": {"sql": sql}}))
        .await
        .data();
    local.read_to_the_end().await;
    let rows = query(&local, "SELECT k, v FROM c WHERE v IS NOT NULL ORDER BY k").await;
    assert_eq!(json!(rows), json!([{"k": "a", "v": 8}, {"k": "b", "v": 2}]));
    let bad = query(&local, "SELECT COUNT(*) AS n FROM c WHERE _meta.bad IS NOT NULL").await;
    assert_eq!(bad, [json!({"n": 2})]);
}
