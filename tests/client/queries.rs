//! Queries by the client: what it sends, and how it gets at rows.

use crate::support::scripted::{Answer, Scripted, Seen};
use futures_util::{StreamExt, TryStreamExt};
use materialize_rockset::rockset::client::queries::Query;
use materialize_rockset::rockset::enums::ErrorType;
use materialize_rockset::rockset::{Client, Error, connect};
use serde::Deserialize;
use serde_json::{Value, json};
use std::pin::pin;

fn client(server: &Scripted) -> Client {
    connect(&server.url.parse().unwrap(), "key").unwrap()
}

fn body(seen: &Seen) -> Value {
    serde_json::from_str(&seen.body).unwrap()
}

fn answered(rows: Value) -> Answer {
    let columns = json!([{"name": "b", "type": ""}, {"name": "a", "type": ""}]);
    Answer::ok(json!({"column_fields": columns, "results": rows, "query_id": "u:q:0",
                      "status": "COMPLETED"}))
}

#[derive(Debug, PartialEq, Deserialize)]
struct Pair {
    a: f64,
    b: String,
}

#[tokio::test]
async fn parameters_have_the_types_of_their_values() {
    let server = Scripted::start(vec![answered(json!([]))]).await;
    let query = Query::new("SELECT :i")
        .bind("i", 5)
        .bind("f", 0.5)
        .bind("t", true)
        .bind("s", "x")
        .bind("n", None::<i64>)
        .bind("l", vec![1, 2])
        .bind("o", json!({"k": "v"}))
        .bind_as("d", "date", "2024-05-01")
        .page_size(7);
    query.run(&client(&server)).await.unwrap();
    let sent = body(&server.seen()[0]);
    assert_eq!(sent["sql"]["query"], "SELECT :i");
    assert_eq!(
        (&sent["async"], &sent["async_options"]["max_initial_results"]),
        (&json!(true), &json!(7))
    );
    let parameters = sent["sql"]["parameters"].as_array().unwrap().iter();
    let sent: Vec<[&str; 3]> = parameters
        .map(|one| ["name", "type", "value"].map(|key| one[key].as_str().unwrap()))
        .collect();
    let expected = [
        ["i", "int", "5"],
        ["f", "float", "0.5"],
        ["t", "bool", "true"],
        ["s", "string", "x"],
        ["n", "null", "null"],
        ["l", "array", "[1,2]"],
        ["o", "object", r#"{"k":"v"}"#],
        ["d", "date", "2024-05-01"],
    ];
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn rows_are_values_of_any_type() {
    let rows = json!([{"b": "x", "a": 2.0}, {"b": "y", "a": 3}]);
    let server = Scripted::start(vec![answered(rows)]).await;
    let mut execution = Query::new("SELECT 1").run(&client(&server)).await.unwrap();
    assert_eq!(execution.columns(), ["b", "a"]);
    let rows = execution.next_page().await.unwrap().unwrap();
    let pair: Pair = rows[0].read().unwrap();
    assert_eq!(pair, Pair { a: 2.0, b: "x".to_string() });
    assert!(rows[0].json().contains("2.0"), "{rows:?}");
    assert!(matches!(rows[0].read::<Vec<i64>>(), Err(Error::Unexpected(_))));
    assert!(execution.next_page().await.unwrap().is_none());
}

#[tokio::test]
async fn what_takes_long_is_asked_after_and_fetched_page_by_page() {
    let info = |status| {
        Answer::ok(json!({"data": {"query_id": "u:q:0", "status": status,
                                                  "pagination": {"start_cursor": "c/0"}}}))
    };
    let page = |row: i64, next: Value| {
        let pagination = json!({"next_cursor": next});
        Answer::ok(json!({"results": [{"a": row, "b": ""}], "pagination": pagination}))
    };
    let server = Scripted::start(vec![
        Answer::ok(json!({"query_id": "u:q:0", "status": "QUEUED"})),
        info("RUNNING"),
        info("COMPLETED"),
        page(1, json!("c/1")),
        page(2, Value::Null),
    ])
    .await;
    let execution = Query::new("SELECT 1").page_size(1).run(&client(&server)).await.unwrap();
    let rows: Vec<Pair> = execution.into_rows().await.unwrap();
    assert_eq!(rows.iter().map(|row| row.a).collect::<Vec<_>>(), [1.0, 2.0]);
    let paths: Vec<String> =
        server.seen().iter().map(|it| it.head.split(' ').nth(1).unwrap().to_string()).collect();
    let of = "/v1/orgs/self/queries/u:q:0";
    assert_eq!(paths[3], format!("{of}/pages?cursor=c%2F0&docs=1"), "{paths:?}");
    assert_eq!(paths[4], format!("{of}/pages?cursor=c%2F1&docs=1"), "{paths:?}");
}

/// An answer as a server writes it, byte by byte.
fn raw(body: &str) -> Answer {
    Answer::Http(200, vec![], body.to_string())
}

#[tokio::test]
async fn a_stream_fetches_a_page_when_it_is_asked_for_it() {
    let server = Scripted::start(vec![
        raw(
            r#"{"query_id":"u:q:0","status":"COMPLETED","results":[{"a":1,"b":"x"},{"a":2,"b":"y"}],
               "pagination":{"next_cursor":"c/1","unknown":[]}}"#,
        ),
        raw(r#"{"results":[{"a":3.50,"b":"é"}],"pagination":{"next_cursor":"c/2"},"more":null}"#),
        raw(r#"{"results":[],"pagination":{"next_cursor":"c/3"}}"#),
        raw(r#"{"results":[{"b":"z","a":4e0,"c":{}}],"pagination":null}"#),
    ])
    .await;
    let execution = Query::new("SELECT 1").page_size(2).run(&client(&server)).await.unwrap();
    let mut rows = pin!(execution.rows::<Pair>());
    let mut next = async || rows.next().await.transpose().unwrap();
    let mut seen = Vec::new();
    let mut requests = Vec::new();
    while let Some(Pair { a, b }) = next().await {
        seen.push((a, b));
        requests.push(server.seen().len());
    }
    let expected = [(1.0, "x"), (2.0, "y"), (3.5, "é"), (4.0, "z")];
    assert_eq!(seen.iter().map(|(a, b)| (*a, b.as_str())).collect::<Vec<_>>(), expected);
    // An empty page is no end.
    assert_eq!(requests, [1, 1, 2, 4]);
    assert!(next().await.is_none());
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn a_stream_of_pages_has_the_rows_as_they_were_written() {
    let server = Scripted::start(vec![
        raw(r#"{"query_id":"u:q:0","status":"COMPLETED","results":[{"a" : 1.50}],
               "pagination":{"next_cursor":"c/1"}}"#),
        raw(r#"{"results":[{"a":2},{"a":3}],"pagination":{"next_cursor":null}}"#),
    ])
    .await;
    let execution = Query::new("SELECT 1").run(&client(&server)).await.unwrap();
    let pages: Vec<Vec<String>> = execution
        .pages()
        .map_ok(|page| page.iter().map(|row| row.json().to_string()).collect())
        .try_collect()
        .await
        .unwrap();
    assert_eq!(pages, [vec![r#"{"a" : 1.50}"#], vec![r#"{"a":2}"#, r#"{"a":3}"#]]);
}

#[tokio::test]
async fn a_stream_goes_on_after_a_row_of_another_form_and_ends_after_any_other_error() {
    let server = Scripted::start(vec![
        raw(r#"{"query_id":"u:q:0","status":"COMPLETED",
               "results":[{"a":"none","b":"x"},{"a":2,"b":"y"}],
               "pagination":{"next_cursor":"c/1"}}"#),
        Answer::error(404, "NOTFOUND"),
    ])
    .await;
    let execution = Query::new("SELECT 1").run(&client(&server)).await.unwrap();
    let rows: Vec<_> = execution.rows::<Pair>().collect().await;
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert!(matches!(rows[0], Err(Error::Unexpected(_))), "{rows:?}");
    assert_eq!(rows[1].as_ref().unwrap(), &Pair { a: 2.0, b: "y".to_string() });
    assert!(matches!(rows[2], Err(Error::NotFound(_))), "{rows:?}");
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn errors_of_queries_are_told_apart() {
    // In the answer, in the question after it, and as a status.
    let late = json!({"type": "ResourceExceeded", "message": "too large", "status_code": 429});
    let failed = Answer::ok(json!({"query_id": "u:q:0", "query_errors": [late], "results": []}));
    let queued = Answer::ok(json!({"query_id": "u:q:0", "status": "QUEUED"}));
    let info = |status| Answer::ok(json!({"data": {"status": status, "query_errors": [late]}}));
    let outcome = async |answers: Vec<Answer>| {
        let server = Scripted::start(answers).await;
        let execution = Query::new("SELECT 1").run(&client(&server)).await;
        let outcome = match execution {
            Ok(execution) => execution.into_rows::<Value>().await,
            Err(error) => Err(error),
        };
        (outcome.unwrap_err(), server.seen().len())
    };
    for answers in [vec![failed], vec![queued.clone(), info("ERROR")]] {
        let (error, _) = outcome(answers).await;
        assert!(matches!(error, Error::RateLimited(_)), "{error:?}");
        assert!(error.to_string().contains("too large"), "{error}");
    }
    let (error, _) = outcome(vec![queued, info("CANCELLED")]).await;
    assert!(matches!(error, Error::Cancelled), "{error:?}");
    // It would take as long again.
    let (error, requests) = outcome(vec![Answer::error(408, "QUERY_TIMEOUT")]).await;
    let kind = &error.rejection().unwrap().model.type_;
    assert_eq!((kind, requests), (&Some(ErrorType::QueryTimeout), 1));
}

#[tokio::test]
async fn a_query_lambda_is_asked_by_its_tag_or_version() {
    let server = Scripted::start(vec![answered(json!([{"a": 1.5, "b": "x"}]))]).await;
    let client = client(&server);
    let rows: Vec<Pair> = Query::lambda("w s", "l", "prod")
        .bind("n", 5)
        .on_instance("rrn:vi:1")
        .run(&client)
        .await
        .unwrap()
        .into_rows()
        .await
        .unwrap();
    assert_eq!(rows, [Pair { a: 1.5, b: "x".to_string() }]);
    Query::lambda_version("commons", "l", "0123").run(&client).await.unwrap();
    Query::new("SELECT 1").on_instance("rrn:vi:1").run(&client).await.unwrap();
    let seen = server.seen();
    let line = |at: usize| seen[at].head.lines().next().unwrap().to_string();
    let orgs = "POST /v1/orgs/self";
    assert_eq!(line(0), format!("{orgs}/ws/w%20s/lambdas/l/tags/prod HTTP/1.1"));
    assert_eq!(line(1), format!("{orgs}/ws/commons/lambdas/l/versions/0123 HTTP/1.1"));
    assert_eq!(line(2), format!("{orgs}/virtualinstances/rrn:vi:1/queries HTTP/1.1"));
    let sent = body(&seen[0]);
    assert_eq!(sent["parameters"], json!([{"name": "n", "type": "int", "value": "5"}]));
    assert_eq!((&sent["virtual_instance_id"], &sent["async"]), (&json!("rrn:vi:1"), &json!(true)));
}
