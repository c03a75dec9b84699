//! Statements besides queries: INSERT INTO, DESCRIBE, EXPLAIN.

use crate::queries::{QUERIES, ask, numbers, rows};
use crate::support::local::{C, Local, answer, options};
use materialize_rockset::local::Options;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use std::time::Duration;

const TARGET: &str = "/v1/orgs/self/ws/commons/collections/t";

async fn target(local: &Local, settings: Value) {
    let mut settings = settings;
    settings["name"] = json!("t");
    local.post("/v1/orgs/self/ws/commons/collections", settings).await.data();
}

/// The JDBC driver's tests wait for a new collection until it can be described, and then write to it.
#[tokio::test]
async fn a_collection_can_be_described_once_it_is_ready() {
    let creating = Local::with(Options { ready_after: Duration::from_secs(3600), ..options() });
    target(&creating, json!({})).await;
    for sql in ["DESCRIBE t", "SHOW COLUMNS FROM commons.t"] {
        let described = ask(&creating, sql).await;
        let told = described.refused(400, "NOT_READY");
        assert_eq!(told, "Collection \"t\" is CREATED, not READY", "{sql}");
    }
    let ready = Local::start();
    target(&ready, json!({})).await;
    assert_eq!(ask(&ready, "DESCRIBE t").await.body["results"], json!([]));
    ready.post(&format!("{TARGET}/docs"), json!({"data": [{"_id": "x"}]})).await.data();
}

#[tokio::test]
async fn rows_become_documents() {
    let local = numbers(5).await;
    target(&local, json!({})).await;
    let sql = "INSERT INTO commons.t SELECT 'id' || CAST(n AS string) AS _id, n * 2 AS twice, [n] AS list FROM c";
    let inserted = ask(&local, sql).await;
    assert_eq!(inserted.body["results"], json!([{"num_docs_inserted": 5}]), "{inserted:?}");
    let offset = inserted.body["last_offset"].as_str().unwrap();
    let path = format!("{TARGET}/offsets/commit?fence={offset}");
    assert_eq!(local.get(&path).await.data()["passed"], true);
    let sql = "SELECT _id, twice, list FROM t ORDER BY _id LIMIT 2";
    let expected =
        json!([{"_id": "id0", "twice": 0, "list": [0]}, {"_id": "id1", "twice": 2, "list": [1]}]);
    assert_eq!(rows(&local, sql).await, expected);
    // What has an `_id` already takes the place of the old one.
    ask(&local, "INSERT INTO t SELECT 'id0' AS _id, 'new' AS twice").await;
    let found =
        rows(&local, "SELECT COUNT(*) AS n, MAX(IF(_id = 'id0', twice)) AS new FROM t").await;
    assert_eq!(found, json!([{"n": 5, "new": "new"}]));
}

#[tokio::test]
async fn fields_are_named_by_a_list() {
    let local = Local::start();
    target(&local, json!({})).await;
    for sql in [
        "INSERT INTO t (_id, \"a b\") SELECT 'x', 1",
        "INSERT INTO t (_id, \"a b\") SELECT 'y' AS z, 2 UNION ALL SELECT 'z', 3",
    ] {
        let inserted = ask(&local, sql).await;
        assert_eq!(inserted.status, 200, "{inserted:?}");
    }
    let found = rows(&local, "SELECT _id, \"a b\" FROM t ORDER BY _id").await;
    let expected = json!([{"_id": "x", "a b": 1}, {"_id": "y", "a b": 2}, {"_id": "z", "a b": 3}]);
    assert_eq!(found, expected);
    ask(&local, "INSERT INTO t (a, b) SELECT 1").await.refused(400, "QUERY_ERROR");
}

/// The JDBC driver begins each query so on a connection with a schema.
#[tokio::test]
async fn an_option_says_the_workspace_of_names_without_one() {
    let local = numbers(3).await;
    local.post("/v1/orgs/self/ws", json!({"name": "w"})).await.data();
    let collections = "/v1/orgs/self/ws/w/collections";
    local.post(collections, json!({"name": "c"})).await.data();
    local.post(collections, json!({"name": "t"})).await.data();
    let data = json!({"data": [{"_id": "x", "n": 7}]});
    local.post(&format!("{collections}/c/docs"), data).await.data();
    let view = json!({"name": "v", "query": "SELECT COUNT(*) AS n FROM c"});
    local.post("/v1/orgs/self/ws/w/views", view).await.data();

    let option = "OPTION(default_workspace='w') ";
    for (sql, expected) in [
        ("SELECT n FROM c", json!([{"n": 7}])),
        ("SELECT COUNT(*) AS n FROM commons.c", json!([{"n": 3}])),
        ("WITH c AS (SELECT 1 AS n) SELECT n FROM c", json!([{"n": 1}])),
        ("SELECT x.n FROM (SELECT n FROM c) x JOIN c y ON x.n = y.n", json!([{"n": 7}])),
        // A view means what it meant when it was saved.
        ("SELECT n FROM v", json!([{"n": 3}])),
        ("INSERT INTO t SELECT n FROM c", json!([{"num_docs_inserted": 1}])),
        ("SELECT n FROM w.t", json!([{"n": 7}])),
    ] {
        let answered = ask(&local, &format!("{option}{sql}")).await;
        assert_eq!(answered.body["results"], expected, "{sql}: {answered:?}");
    }
    let described = ask(&local, "option ( DEFAULT_WORKSPACE = 'w' ) DESCRIBE t").await;
    assert_eq!(described.body["collections"], json!(["w.t"]), "{described:?}");
    let parameter = json!([{"name": "1", "type": "int", "value": 7}]);
    let sql = format!("{option}SELECT n FROM c WHERE n = :1");
    let body = json!({"sql": {"query": sql, "parameters": parameter}});
    assert_eq!(local.post(QUERIES, body).await.body["results"], json!([{"n": 7}]));
    for wrong in [
        "OPTION(other='w') SELECT 1",
        "OPTION(default_workspace=1) SELECT 1",
        "OPTION(default_workspace='w'",
    ] {
        ask(&local, wrong).await.refused(400, "QUERY_ERROR");
    }
    let missing = ask(&local, &format!("{option}SELECT * FROM none")).await;
    assert!(missing.refused(400, "QUERY_ERROR").contains("w.none"), "{missing:?}");
}

#[tokio::test]
async fn values_keep_their_types() {
    let local = Local::start();
    target(&local, json!({})).await;
    let sql = "INSERT INTO t SELECT '1' AS _id, TIMESTAMP '2020-01-02T03:04:05Z' AS _event_time, \
               TIMESTAMP '2020-01-02T03:04:05Z' AS ts, DATE '2018-05-26' AS d, \
               CAST('hello' AS bytes) AS b, 2.0 AS f, null AS nothing, \
               [TIMESTAMP '2020-01-02T03:04:05Z'] AS list, {'ts': TIME '12:34:56'} AS obj";
    assert_eq!(ask(&local, sql).await.status, 200);
    let sql = "SELECT TYPEOF(_event_time) AS e, TYPEOF(ts) AS ts, TYPEOF(d) AS d, TYPEOF(b) AS b, \
               TYPEOF(f) AS f, TYPEOF(nothing) AS n, TYPEOF(list[1]) AS l, TYPEOF(obj.ts) AS o, \
               _event_time = ts AS same FROM t";
    let expected = json!([{"e": "timestamp", "ts": "timestamp", "d": "date", "b": "bytes",
        "f": "float", "n": "null", "l": "timestamp", "o": "time", "same": true}]);
    assert_eq!(rows(&local, sql).await, expected);
}

#[tokio::test]
async fn dates_of_documents_may_have_slashes() {
    let local = Local::with_collection(json!({})).await;
    let typed = |kind: &str, value: &str| json!({"__rockset_type": kind, "value": value});
    let document = json!({"_id": "1", "d": typed("date", "2020/03/02"),
        "dt": typed("datetime", "2020/03/02T10:49:33.5")});
    local.add(json!([document])).await.data();
    let sql = "SELECT d = DATE '2020-03-02' AS d, \
               dt = DATETIME '2020-03-02T10:49:33.5' AS dt FROM c";
    assert_eq!(rows(&local, sql).await, json!([{"d": true, "dt": true}]));
}

#[tokio::test]
async fn all_rows_are_stored_or_none() {
    let local = numbers(3).await;
    target(&local, json!({"insert_only": true})).await;
    let wrong =
        ask(&local, "INSERT INTO t SELECT IF(n = 1, n, CAST(n AS string)) AS _id FROM c").await;
    assert!(wrong.refused(400, "QUERY_ERROR").contains("_id"));
    assert_eq!(local.get(TARGET).await.data()["stats"]["doc_count"], 0);
    ask(&local, "INSERT INTO t SELECT '1' AS _id").await;
    let again = ask(&local, "INSERT INTO t SELECT _id FROM c").await;
    assert!(again.refused(400, "QUERY_ERROR").contains("insert_only"));
    assert_eq!(local.get(TARGET).await.data()["stats"]["doc_count"], 1);
    let missing = ask(&local, "INSERT INTO nothing SELECT 1 AS a").await;
    assert_eq!(missing.refused(400, "QUERY_ERROR"), "Collection 'nothing' not found");
    assert_eq!((&missing.body["line"], &missing.body["column"]), (&json!(1), &json!(13)));
}

#[tokio::test]
async fn who_may_only_read_inserts_nothing() {
    let key = |key: &str| Some(key.parse().unwrap());
    let local =
        Local::with(Options { api_key: key("any"), read_only_api_key: key("look"), ..options() });
    target(&local, json!({})).await;
    let look = |sql: &str| {
        let url = format!("{}{QUERIES}", local.server.url());
        let request = local.http.request(Method::POST, url).header("Authorization", "ApiKey look");
        let body = json!({"sql": {"query": sql}}).to_string();
        answer(request.header(CONTENT_TYPE, "application/json").body(body))
    };
    look("INSERT INTO t SELECT 1 AS a").await.refused(403, "FORBIDDEN");
    assert_eq!(look("SELECT COUNT(*) AS n FROM t").await.body["results"], json!([{"n": 0}]));
}

#[tokio::test]
async fn an_insertion_in_the_background_has_a_fence() {
    let local = numbers(3).await;
    target(&local, json!({})).await;
    let body = json!({"sql": {"query": "INSERT INTO t SELECT n FROM c"}, "async": true,
                      "async_options": {"client_timeout_ms": 60_000}});
    let inserted = local.post(QUERIES, body).await.body;
    assert_eq!(inserted["results"], json!([{"num_docs_inserted": 3}]));
    let path = format!("{QUERIES}/{}", inserted["query_id"].as_str().unwrap());
    let known = local.get(&path).await;
    assert_eq!(known.body["last_offset"], inserted["last_offset"]);
    assert_eq!(known.data()["last_offset"], inserted["last_offset"]);
    assert_eq!(known.data()["stats"]["result_set_bytes_size"], Value::Null);
}

#[tokio::test]
async fn a_collection_is_described() {
    let local = Local::with_collection(json!({})).await;
    local
        .add(json!([
            {"_id": "1", "a": 1, "o": {"x": "y", "list": [1, "two", 3]}},
            {"_id": "2", "a": "text", "o": {}, "n": null},
            {"_id": "3", "o": 5},
        ]))
        .await
        .data();
    let row = |field: &[&str], kind: &str, occurrences: u64, total: u64| json!({"field": field, "type": kind, "occurrences": occurrences, "total": total});
    let expected = json!([
        row(&["_event_time"], "timestamp", 3, 3),
        row(&["_id"], "string", 3, 3),
        row(&["a"], "int", 1, 3),
        row(&["a"], "string", 1, 3),
        row(&["n"], "null", 1, 3),
        row(&["o"], "int", 1, 3),
        row(&["o"], "object", 2, 3),
        row(&["o", "list"], "array", 1, 2),
        row(&["o", "list", "*"], "int", 2, 3),
        row(&["o", "list", "*"], "string", 1, 3),
        row(&["o", "x"], "string", 1, 2),
    ]);
    for sql in [
        "DESCRIBE c",
        "DESC commons.c",
        "describe \"commons\".\"c\";",
        "SHOW COLUMNS FROM c",
        "SHOW COLUMNS IN commons.c",
    ] {
        let described = ask(&local, sql).await;
        assert_eq!(described.body["results"], expected, "{sql}: {described:?}");
        assert_eq!(described.body["collections"], json!(["commons.c"]));
    }
    let missing = ask(&local, "DESCRIBE nothing").await;
    assert_eq!(missing.refused(400, "QUERY_ERROR"), "Collection 'nothing' not found");
}

#[tokio::test]
async fn a_query_is_explained() {
    let local = numbers(3).await;
    let sql = "SELECT n FROM c WHERE n > 1 ORDER BY n";
    let plan = rows(&local, &format!("EXPLAIN {sql}")).await.to_string();
    for part in ["logical_plan", "physical_plan", "Sort", "Filter"] {
        assert!(plan.contains(part), "{plan}");
    }
    let analyzed = rows(&local, &format!("EXPLAIN ANALYZE {sql}")).await.to_string();
    assert!(analyzed.contains("output_rows=1"), "{analyzed}");
    assert_eq!(local.get(C).await.data()["stats"]["doc_count"], 3);
}
