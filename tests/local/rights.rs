//! What a key may do at the local Rockset: the operation decides, not the path.

use crate::support::local::{Answer, Local, answer, options};
use materialize_rockset::local::Options;
use materialize_rockset::rockset::operations::OPERATIONS;
use reqwest::Method;
use serde_json::{Value, json};

/// What only looks or queries, though it is no GET.
const ALLOWED: [&str; 10] = [
    "cancelQuery",
    "executePublicQueryLambdaWithParams",
    "executeQueryLambda",
    "executeQueryLambdaByTag",
    "getCollectionOffsets",
    "getMountOffsets",
    "query",
    "queryVirtualInstance",
    // It asks for another key.
    "receiveKafkaMessages",
    "validate",
];

fn start() -> Local {
    let key = |key: &str| Some(key.parse().unwrap());
    Local::with(Options { api_key: key("any"), read_only_api_key: key("look"), ..options() })
}

/// Sends a request with the key that may only read.
async fn look(local: &Local, method: Method, path: &str, body: Value) -> Answer {
    local.by("look", method, path, body).await
}

#[tokio::test]
async fn a_read_only_key_may_look_and_query_and_nothing_else() {
    for operation in OPERATIONS {
        let local = start();
        local.post("/v1/orgs/self/ws/commons/collections", json!({"name": "c"})).await.data();
        let path = operation.path.replace("{workspace}", "commons").replace("{collection}", "c");
        let path = path.replace(['{', '}'], "");
        let method: Method = operation.method.parse().unwrap();
        let id = operation.operation_id;
        let may = method == Method::GET || ALLOWED.contains(&id);

        let answer = look(&local, method, &path, json!({})).await;
        assert_eq!(answer.status != 403, may, "{id}: {answer:?}");
        if !may {
            answer.refused(403, "FORBIDDEN");
        }
    }
}

#[tokio::test]
async fn a_read_only_key_changes_nothing_whatever_it_is_called() {
    let local = start();
    local.post("/v1/orgs/self/ws", json!({"name": "queries"})).await.data();
    local.post("/v1/orgs/self/integrations", json!({"name": "queries", "s3": {}})).await.data();
    let mut paths = vec![
        "/v1/orgs/self/ws/queries".to_string(),
        "/v1/orgs/self/integrations/queries".to_string(),
        "/v1/orgs/self/ws/commons/collections/queries".to_string(),
    ];
    // The end of such a path is that of an operation of which it may do all.
    for name in ["queries", "validations", "commit"] {
        local.post("/v1/orgs/self/ws/commons/collections", json!({ "name": name })).await.data();
        paths.push(format!("/v1/orgs/self/ws/commons/collections/{name}"));
    }
    for path in &paths {
        for method in [Method::DELETE, Method::PUT, Method::POST, Method::PATCH] {
            let answer = look(&local, method, path, json!({"description": "mine"})).await;
            match answer.status.as_u16() {
                405 => answer.refused(405, "METHODNOTALLOWED"),
                _ => answer.refused(403, "FORBIDDEN"),
            };
        }
        let found = look(&local, Method::GET, path, json!({})).await;
        assert_eq!(found.data()["description"], Value::Null, "{path}");
    }
    let docs = format!("{}/docs", paths[2]);
    look(&local, Method::POST, &docs, json!({"data": [{}]})).await.refused(403, "FORBIDDEN");
    assert_eq!(local.get(&paths[2]).await.data()["stats"]["doc_count"], 0);
}

#[tokio::test]
async fn a_read_only_key_may_ask_for_offsets_and_look_at_what_is_stored() {
    let local = start();
    local.post("/v1/orgs/self/ws/commons/collections", json!({"name": "c"})).await.data();
    let offset = local.add(json!([{"_id": "1"}])).await.body["last_offset"].clone();
    let path = format!("{}/offsets/commit", crate::support::local::C);
    let commit = look(&local, Method::POST, &path, json!({"name": [offset]})).await;
    assert_eq!(commit.data()["passed"], true);
    let docs = "/local/ws/commons/collections/c/docs/1";
    assert_eq!(look(&local, Method::GET, docs, json!({})).await.body["_id"], "1");
}

/// The document asks for no key for these.
#[tokio::test]
async fn public_lambdas_and_the_root_need_no_key() {
    let local = start();
    let url = |path: &str| format!("{}{path}", local.server.url());
    let public = local.http.post(url("/v1/public/shared_lambdas/x"));
    let (status, kind) = match cfg!(feature = "engine") {
        true => (404, "NOTFOUND"),
        false => (501, "NOTIMPLEMENTEDYET"),
    };
    answer(public).await.refused(status, kind);
    let root = answer(local.http.get(url("/"))).await;
    assert_eq!((root.status.as_u16(), root.body), (200, json!({"message": "GO ROCKSET!"})));
    answer(local.http.delete(url("/"))).await.refused(401, "AUTHEXCEPTION");
}
