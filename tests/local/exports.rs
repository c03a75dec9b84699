//! `INSERT INTO 's3://…'`: rows become objects, which sources read back.

use crate::queries::{QUERIES, ask, rows};
use crate::support::local::Local;
use crate::support::s3::S3;
use crate::support::sources::{COLLECTIONS, source};
use serde_json::{Value, json};
use std::path::Path;

/// A local Rockset with an integration, and documents of many types in `commons.t`.
async fn with_documents() -> (Local, S3) {
    let (local, s3) = (Local::start(), S3::start(&["files"]).await);
    local.integrate(&s3).await;
    local.post(COLLECTIONS, json!({"name": "t"})).await.data();
    let documents = json!([
        {"_id": "1", "k": "a/b", "n": 1, "at": {"__rockset_type": "timestamp", "value": "2024-02-07T03:46:46Z"}},
        {"_id": "2", "k": "a/b", "n": 2.5, "list": [1, "x"], "o": {"d": {"__rockset_type": "date", "value": "2024-02-07"}}},
        {"_id": "3", "k": null, "n": 3},
        {"_id": "4", "n": 4},
    ]);
    let path = "/v1/orgs/self/ws/commons/collections/t/docs";
    local.post(path, json!({"data": documents})).await.data();
    (local, s3)
}

/// The names of all objects below a directory, and their contents.
fn objects(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(objects(&path));
        } else {
            found.push((path.to_str().unwrap().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

/// The documents of a collection that reads what was exported.
async fn read_back(local: &Local, fields: &str) -> Value {
    local.create(json!({"sources": [source(json!({"prefix": "out"}))]})).await.data();
    local.read_to_the_end().await;
    rows(local, &format!("SELECT {fields} FROM c ORDER BY _id")).await
}

async fn export(local: &Local, settings: &str, query: &str) -> Value {
    let sql = format!("INSERT INTO 's3://files/out/' INTEGRATION = 'i' {settings} {query}");
    let answer = ask(local, &sql).await;
    assert_eq!(answer.status, 200, "{sql}\n{answer:?}");
    answer.body["results"].clone()
}

#[tokio::test]
async fn lines_of_json_are_the_same_documents_again() {
    let (local, s3) = with_documents().await;
    let query = "SELECT _id, k, n, at, list, o FROM t";
    let written = export(&local, "FORMAT = (TYPE = 'JSON', INCLUDE_QUERY_ID = false)", query).await;
    assert_eq!(written, json!([{"num_docs_inserted": 4}]));
    let objects = objects(&s3.root().join("files/out"));
    assert_eq!(objects.len(), 1, "{objects:?}");
    assert!(objects[0].0.ends_with(".json"), "{objects:?}");
    let fields = "_id, k, TYPEOF(k) tk, n, TYPEOF(n) tn, at, TYPEOF(at) ta, list, o.d";
    let expected = rows(&local, &format!("SELECT {fields} FROM t ORDER BY _id")).await;
    assert_eq!(read_back(&local, fields).await, expected);
}

#[tokio::test]
async fn columns_of_parquet_have_types() {
    let (local, s3) = with_documents().await;
    let query = "SELECT _id, n, CAST(n AS int) AS i, at, list, nothing FROM t";
    export(&local, "FORMAT = (TYPE = 'PARQUET')", query).await;
    let objects = objects(&s3.root().join("files/out"));
    assert!(objects[0].0.ends_with(".parquet") && objects[0].1.starts_with(b"PAR1"));
    let back = read_back(&local, "_id, n, i, TYPEOF(at) at, list").await;
    assert_eq!(
        back,
        json!([
            {"_id": "1", "n": "1", "i": 1, "at": "timestamp", "list": null},
            {"_id": "2", "n": "2.5", "i": 2, "at": "null", "list": "[1,\"x\"]"},
            {"_id": "3", "n": "3", "i": 3, "at": "null", "list": null},
            {"_id": "4", "n": "4", "i": 4, "at": "null", "list": null},
        ])
    );
}

#[tokio::test]
async fn rows_are_parted_into_folders_and_objects() {
    let (local, s3) = with_documents().await;
    let settings = "FORMAT = (INCLUDE_QUERY_ID = true)";
    let query = "SELECT k, n FROM t PARTITION BY k";
    let sql = format!("INSERT INTO 's3://files/out' INTEGRATION = 'i' {settings} {query}");
    let answer = ask(&local, &sql).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let id = answer.body["query_id"].as_str().unwrap();
    let found = objects(&s3.root().join("files/out"));
    assert!(found.iter().all(|(name, _)| name.contains(&format!("out/{id}/k="))), "{id} {found:?}");
    let lines = |of: &str| -> Vec<usize> {
        let of = found.iter().filter(|(name, _)| name.contains(of));
        of.map(|(_, content)| String::from_utf8_lossy(content).lines().count()).collect()
    };
    assert_eq!((lines("k=null/"), lines("k=a").iter().sum()), (vec![2], 2), "{found:?}");
    let numbers = (0..1_001).map(|n| format!("({n})")).collect::<Vec<_>>().join(", ");
    let sql = format!("INSERT INTO 's3://files/many' INTEGRATION = 'i' VALUES {numbers}");
    assert_eq!(ask(&local, &sql).await.body["results"], json!([{"num_docs_inserted": 1001}]));
    assert_eq!(objects(&s3.root().join("files/many")).len(), 2);
}

#[tokio::test]
async fn an_export_that_makes_no_sense_is_refused() {
    let (local, _s3) = with_documents().await;
    for (sql, says) in [
        ("INSERT INTO 'file:///tmp' SELECT 1", "s3://bucket"),
        ("INSERT INTO 's3://' SELECT 1", "s3://bucket"),
        ("INSERT INTO 's3://files/x' INTEGRATION = 'none' SELECT 1", "none"),
        ("INSERT INTO 's3://files/x' INTEGRATION = 7 SELECT 1", "takes a string"),
        ("INSERT INTO 's3://files/x' FORMAT = (TYPE = 'XML') SELECT 1", "JSON or PARQUET"),
        ("INSERT INTO 's3://files/x' FORMAT = (COLOUR = 'red') SELECT 1", "COLOUR"),
        ("INSERT INTO 's3://files/x' CREDENTIALS = (AWS_ROLE = 'r') SELECT 1", "can't assume"),
        (
            "INSERT INTO 's3://files/x' INTEGRATION = 'i' SELECT 1 AS a ORDER BY 1 PARTITION BY a",
            "exclude each other",
        ),
        ("INSERT INTO 's3://files/x' INTEGRATION = 'i'", "Expected"),
    ] {
        let answer = local.post(QUERIES, json!({"sql": {"query": sql}})).await;
        let message = answer.body["message"].as_str().unwrap_or_default();
        assert!(answer.status == 400 && message.contains(says), "{sql}: {answer:?}");
    }
}
