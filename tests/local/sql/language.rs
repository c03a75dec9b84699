//! The language: queries of `language.sql`, with their answers in a snapshot that was read.

use super::asked;
use crate::support::local::Local;
use crate::support::snapshot;
use serde_json::json;

/// A local Rockset with the collections `t`, `u` and `empty`.
pub(super) async fn with_documents() -> Local {
    let local = Local::start();
    let time = |text: &str| json!({"__rockset_type": "timestamp", "value": text});
    let collections = [
        (
            "t",
            json!([
                {"_id": "1", "a": 1, "b": "x", "c": {"d": 1.5, "e": [1, 2, 3]}, "at": time("2024-02-07T03:46:46Z")},
                {"_id": "2", "a": "two", "b": null, "c": "text", "at": time("2024-02-07T23:00:00Z")},
                {"_id": "3", "b": "y", "tags": [{"n": "p"}, {"n": "q"}], "at": time("2024-02-08T00:00:00Z")},
                {"_id": "4", "a": 3.0, "b": "x", "words": ["quick", "fox"], "user": {"login": "me"}}
            ]),
        ),
        (
            "u",
            json!([
                {"_id": "1", "b": "x", "n": 10}, {"_id": "2", "b": "y", "n": 20},
                {"_id": "3", "b": "z", "n": 30}
            ]),
        ),
        ("empty", json!([])),
    ];
    for (name, documents) in collections {
        let path = "/v1/orgs/self/ws/commons/collections";
        assert_eq!(local.post(path, json!({"name": name})).await.status, 200);
        let documents: Vec<_> = documents
            .as_array()
            .unwrap()
            .iter()
            .map(|document| {
                let mut document = document.clone();
                document["_event_time"] = time("2024-03-01T12:00:00Z");
                document
            })
            .collect();
        if !documents.is_empty() {
            let path = format!("{path}/{name}/docs");
            assert_eq!(local.post(&path, json!({"data": documents})).await.status, 200);
        }
    }
    local
}

#[tokio::test]
async fn queries_answer_as_they_did_when_they_were_read() {
    let local = with_documents().await;
    let mut answers = String::new();
    for query in include_str!("language.sql").split(";\n") {
        let query = query.trim_start_matches('\n');
        if query.trim().is_empty() {
            continue;
        }
        let answer = asked(&local, query).await;
        let mut rows: Vec<&str> = answer.lines().collect();
        if !query.contains("ORDER BY") {
            rows.sort_unstable();
        }
        answers.push_str(&format!("{query}\n{}\n\n", rows.join("\n")));
    }
    snapshot::assert_text("sql", &answers);
}
