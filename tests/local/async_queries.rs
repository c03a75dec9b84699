//! Queries in the background.

use crate::queries::{ENDLESS, MAIN, QUERIES, numbers, until};
use crate::support::local::{Answer, Local};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

async fn send(local: &Local, sql: &str, more: Value) -> Answer {
    let mut body = json!({"sql": {"query": sql}, "async": true});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    local.post(QUERIES, body).await
}

fn path(answer: &Answer) -> String {
    format!("{QUERIES}/{}", answer.body["query_id"].as_str().unwrap())
}

/// Waits for the end of a query, and answers what is known of it then.
async fn ended(local: &Local, path: &str) -> Value {
    let begun = Instant::now();
    loop {
        let found = local.get(path).await;
        let status = found.data()["status"].as_str().unwrap();
        if !["QUEUED", "RUNNING"].contains(&status) {
            return found.body;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{found:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn it_is_answered_at_once_and_its_rows_are_fetched_later() {
    let local = numbers(30).await;
    let asked = send(&local, "SELECT n FROM c ORDER BY n", json!({})).await;
    assert_eq!(asked.body["status"], "QUEUED", "{asked:?}");
    assert_eq!(asked.body.as_object().unwrap().len(), 3);
    let path = path(&asked);
    let known = ended(&local, &path).await;
    let data = &known["data"];
    assert_eq!(data["status"], "COMPLETED");
    assert_eq!(data["executed_by"], "local@localhost");
    assert_eq!(data["stats"]["result_set_document_count"], 30);
    let bytes: usize = (0..30).map(|n| json!({ "n": n }).to_string().len()).sum();
    assert_eq!(data["stats"]["result_set_bytes_size"], bytes);
    let [submitted, expires] = ["submitted_at", "expires_at"]
        .map(|key| data[key].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap());
    assert_eq!(expires - submitted, chrono::TimeDelta::hours(24));
    assert_eq!(known["last_offset"], Value::Null);

    let start = data["pagination"]["start_cursor"].as_str().unwrap();
    let page = local.get(&format!("{path}/pages?cursor={start}&docs=20")).await.body;
    assert_eq!(page["results"].as_array().unwrap().len(), 20);
    assert_eq!(page["results_total_doc_count"], 30);
}

#[tokio::test]
async fn who_waits_gets_rows_if_they_come_in_time() {
    let local = numbers(200).await;
    let sql = "SELECT n FROM c ORDER BY n";
    let patient = json!({"async_options": {"client_timeout_ms": 60_000}});
    let all = send(&local, sql, patient.clone()).await.body;
    assert_eq!(
        (&all["status"], all["results"].as_array().unwrap().len()),
        (&json!("COMPLETED"), 200)
    );

    let options = json!({"client_timeout_ms": 60_000, "max_initial_results": 5});
    let some = send(&local, sql, json!({ "async_options": options })).await.body;
    assert_eq!(some["results"].as_array().unwrap().len(), 5);
    assert_eq!(some["results_total_doc_count"], 200);
    assert!(some["pagination"]["next_cursor"].is_string());

    let impatient = json!({"async_options": {"client_timeout_ms": 100}});
    let none = send(&local, ENDLESS, impatient).await;
    assert_eq!(none.body["status"], "RUNNING");
    assert_eq!(none.body.get("results"), None);
    local.get(&format!("{}/pages", path(&none))).await.refused(400, "NOT_READY");
    local.delete(&path(&none)).await.data();

    let wrong = send(&local, "SELECT CAST('x' AS int)", patient).await;
    wrong.refused(400, "QUERY_ERROR");
}

#[tokio::test]
async fn it_can_be_cancelled_which_ends_the_work() {
    let local = numbers(200).await;
    let asked = send(&local, ENDLESS, json!({})).await;
    let path = path(&asked);
    until(&local, |active| active.len() == 1 && active[0]["status"] == "RUNNING").await;
    let cancelled = local.delete(&path).await;
    assert_eq!(cancelled.data()["status"], "CANCELLED");
    assert_eq!(cancelled.body.as_object().unwrap().len(), 1);
    assert_eq!(local.get(QUERIES).await.data(), &json!([]));
    local.get(&format!("{path}/pages")).await.refused(400, "QUERY_CANCELLED");
    // Once more changes nothing, and neither does it for one that has completed.
    assert_eq!(local.delete(&path).await.data()["status"], "CANCELLED");
    let done = send(&local, "SELECT 1", json!({})).await;
    let done = crate::async_queries::path(&done);
    ended(&local, &done).await;
    assert_eq!(local.delete(&done).await.data()["status"], "COMPLETED");
}

#[tokio::test]
async fn what_is_wrong_is_told_at_once_if_it_is_known_and_else_later() {
    let local = numbers(1).await;
    send(&local, "SELEC 1", json!({})).await.refused(400, "QUERY_ERROR");
    let asked = send(&local, "SELECT nothing(1)", json!({})).await;
    assert_eq!(asked.status, 200);
    let known = ended(&local, &path(&asked)).await;
    assert_eq!(known["data"]["status"], "ERROR");
    assert_eq!(known["data"]["query_errors"][0]["status_code"], 400);
    let error = local.get(&format!("{}/pages", path(&asked))).await;
    error.refused(400, "QUERY_ERROR");
    assert_eq!(error.body["query_id"], asked.body["query_id"]);
}

#[tokio::test]
async fn it_has_a_time_of_its_own() {
    let local = numbers(200).await;
    let asked = send(&local, ENDLESS, json!({"timeout_ms": 50})).await;
    assert_eq!(asked.status, 200);
    let known = ended(&local, &path(&asked)).await;
    assert_eq!(known["data"]["query_errors"][0]["type"], "QUERY_TIMEOUT");
}

#[tokio::test]
async fn those_without_a_turn_are_queued() {
    let local = numbers(200).await;
    let mut paths = Vec::new();
    for _ in 0..20 {
        paths.push(path(&send(&local, ENDLESS, json!({})).await));
    }
    until(&local, |active| {
        let running = active.iter().filter(|query| query["status"] == "RUNNING").count();
        active.len() == 20 && running == 16
    })
    .await;
    let last = paths.pop().unwrap();
    assert_eq!(local.get(&last).await.data()["status"], "QUEUED");
    for path in paths {
        local.delete(&path).await.data();
    }
    until(&local, |active| active.len() == 1 && active[0]["status"] == "RUNNING").await;
    assert!(local.get(&last).await.data()["stats"]["throttled_time_ms"].as_i64().unwrap() > 0);
    local.delete(&last).await.data();
    assert_eq!(local.get(MAIN).await.data().as_array().unwrap().len(), 20);
}
