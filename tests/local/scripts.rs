//! Functions in JavaScript in front of a query, over HTTP.

use super::queries::{QUERIES, until};
use crate::support::local::{Answer, Local};
use serde_json::{Value, json};

const ENDLESS: &str = "script {{{ export function f() { while (true) {} } }}} SELECT _script.f()";

async fn ask(local: &Local, query: &str) -> Answer {
    local.post(QUERIES, json!({"sql": {"query": query}})).await
}

async fn rows(local: &Local, query: &str) -> Value {
    let answer = ask(local, query).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["results"].clone()
}

/// The message of a query that is refused.
async fn refused(local: &Local, query: &str) -> String {
    ask(local, query).await.refused(400, "QUERY_ERROR").to_string()
}

#[tokio::test]
async fn a_script_is_called_for_each_row() {
    let local = Local::with_collection(json!({})).await;
    local.add(json!([{"_id": "1", "n": 1}, {"_id": "2", "n": 2.5}, {"_id": "3"}])).await;
    let delay = "script {{{ import * as rockset from \"/rockset\"; \
                 export function delay(x, y) { rockset.sleep(x); return y; } }}} \
                 select _script.delay(5, q) from unnest([1] as q)";
    assert_eq!(rows(&local, delay).await, json!([{"?delay": 1}]));
    let twice = "-- twice\nSCRIPT {{{\n  let calls = 0;\n  \
                 export const twice = n => n === undefined ? ++calls : n * 2;\n}}}\n\
                 SELECT _script.twice(n) AS twice FROM c WHERE _script.twice(1) = 2 ORDER BY _id";
    assert_eq!(rows(&local, twice).await, json!([{"twice": 2}, {"twice": 5}, {"twice": 1}]));
    let asynchronous = "script {{{ export async function f(x) { return await x; } }}} \
                        SELECT _script.f('a') AS a";
    assert_eq!(rows(&local, asynchronous).await, json!([{"a": "a"}]));
}

#[tokio::test]
async fn values_pass_as_json() {
    let local = Local::start();
    let same = "script {{{ export const same = x => x; export const kind = x => typeof x; }}} ";
    for (value, expected) in [
        ("1", json!("int")),
        ("1.5", json!("float")),
        ("'é'", json!("string")),
        ("true", json!("bool")),
        ("null", json!("null")),
        ("undefined", json!("undefined")),
        ("[1, {'a': null}]", json!("array")),
        ("{'a': 1}", json!("object")),
        ("DATE '2024-02-29'", json!("date")),
        ("TIMESTAMP '2024-02-29T12:00:00Z'", json!("timestamp")),
    ] {
        let query = format!("{same}SELECT TYPEOF(_script.same({value})) AS t");
        assert_eq!(rows(&local, &query).await, json!([{"t": expected}]), "{value}");
    }
    let query = format!("{same}SELECT _script.kind(undefined) AS a, _script.kind({{'b': 1}}) AS b");
    assert_eq!(rows(&local, &query).await, json!([{"a": "undefined", "b": "object"}]));
}

#[tokio::test]
async fn what_is_wrong_with_a_script_is_told() {
    let local = Local::start();
    let module = "script {{{ export function f(x) { throw new TypeError('no ' + x); } }}}\n";
    let thrown = ask(&local, &format!("{module}SELECT 1,\n  _script.f('good')")).await;
    assert!(thrown.refused(400, "QUERY_ERROR").ends_with("TypeError: no good"), "{thrown:?}");
    assert_eq!((&thrown.body["line"], &thrown.body["column"]), (&json!(3), &json!(11)));
    let missing = ask(&local, &format!("{module}SELECT _script.g(1)")).await;
    missing.refused(400, "QUERY_ERROR");
    assert_eq!(missing.body["error_id"], "function_not_found");
    assert_eq!((&missing.body["line"], &missing.body["column"]), (&json!(2), &json!(16)));
    for (query, words) in [
        ("SELECT _script.f(1)", "needs a script"),
        ("script {{{ export function ( }}} SELECT _script.f(1)", "SyntaxError"),
        ("script {{{ export const f = 1; }}} SELECT _script.f(1)", "not found"),
        ("script {{{ import 'fs'; export const f = () => 1; }}} SELECT _script.f()", "fs"),
        ("script {{{ export const f = () => 1; SELECT 1", "}}}"),
        ("script {{{ export const f = () => f(); }}} SELECT _script.f()", "RangeError"),
        ("script {{{ export const f = () => 'x'.repeat(1e9); }}} SELECT _script.f()", "memory"),
        ("script {{{ while (true) {} }}} SELECT _script.f()", "to be loaded"),
        (
            "script {{{ export const f = () => new Promise(() => 1); }}} SELECT _script.f()",
            "promise",
        ),
    ] {
        let message = refused(&local, query).await;
        assert!(message.contains(words), "{query}: {message}");
    }
    assert_eq!(
        rows(&local, "script {{{ export const f = () => f(); }}} SELECT TRY(_script.f()) AS f")
            .await,
        json!([{"f": null}])
    );
}

#[tokio::test]
async fn a_script_ends_with_its_query() {
    let local = Local::start();
    let sleeping = "script {{{ import {sleep} from '/rockset'; export const f = () => sleep(1e9); }}} \
                    SELECT _script.f()";
    for query in [ENDLESS, sleeping] {
        let body = json!({"sql": {"query": query}, "timeout_ms": 100});
        local.post(QUERIES, body).await.refused(408, "QUERY_TIMEOUT");
    }
    let body = json!({"sql": {"query": ENDLESS}, "async": true});
    let id = local.post(QUERIES, body).await.body["query_id"].as_str().unwrap().to_string();
    until(&local, |active| active.len() == 1).await;
    local.delete(&format!("{QUERIES}/{id}")).await.data();
    until(&local, |active| active.is_empty()).await;
    // Its threads are free again.
    for _ in 0..20 {
        assert_eq!(rows(&local, "SELECT 1 AS n").await, json!([{"n": 1}]));
    }
}
