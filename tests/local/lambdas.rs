//! Query lambdas over HTTP: versions, tags, states, and their execution.

use crate::queries::{ENDLESS, QUERIES, numbers};
use crate::support::local::{Answer, Local, answer, options};
use materialize_rockset::local::Options;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const LAMBDAS: &str = "/v1/orgs/self/ws/commons/lambdas";

fn at(path: &str) -> String {
    format!("{LAMBDAS}/{path}")
}

/// Creates the lambda `l`, and returns its version.
async fn create(local: &Local, sql: Value) -> Value {
    let created = local.post(LAMBDAS, json!({"name": "l", "sql": sql})).await;
    created.data().clone()
}

async fn update(local: &Local, body: Value) -> Value {
    local.post(&at("l/versions"), body).await.data().clone()
}

fn id(version: &Value) -> &str {
    version["version"].as_str().unwrap()
}

/// The rows of an execution that succeeds.
async fn executed(local: &Local, path: &str, body: Value) -> Value {
    let done = local.post(&at(path), body).await;
    assert_eq!(done.status, 200, "{done:?}");
    done.body["results"].clone()
}

#[tokio::test]
async fn a_version_is_named_by_the_hash_of_its_content() {
    let local = Local::start();
    let one = create(&local, json!({"query": "SELECT 1"})).await;
    let name = id(&one);
    assert!(name.len() == 16 && name.bytes().all(|byte| b"0123456789abcdef".contains(&byte)));
    let described = json!({"description": "mine", "sql": {"query": "SELECT 1"}});
    let two = update(&local, described.clone()).await;
    let parameters = json!([{"name": "a", "type": "int", "value": "1"}]);
    let sql = json!({"query": "SELECT 1", "default_parameters": parameters});
    let three = update(&local, json!({"description": "mine", "sql": sql})).await;
    assert!(id(&one) != id(&two) && id(&two) != id(&three) && id(&one) != id(&three));
    assert_eq!(three["sql"]["default_parameters"], parameters);

    // What was saved before becomes the latest version again, and no second one.
    assert_eq!(id(&update(&local, described).await), id(&two));
    let versions = local.get(&at("l/versions")).await;
    let versions: Vec<&str> = versions.data().as_array().unwrap().iter().map(id).collect();
    assert_eq!(versions, [id(&two), id(&three), id(&one)]);
    // What a request leaves out stays.
    let same = update(&local, json!({})).await;
    assert_eq!((id(&same), &same["description"]), (id(&two), &json!("mine")));

    // Another lambda has other versions, and one that is created again has the same.
    let other = json!({"name": "other", "sql": {"query": "SELECT 1"}});
    let other = local.post(LAMBDAS, other).await;
    assert_ne!(id(other.data()), id(&one));
    local.delete(&at("l")).await.data();
    assert_eq!(id(&create(&local, json!({"query": "SELECT 1"})).await), id(&one));
}

#[tokio::test]
async fn a_lambda_is_created_once_and_only_if_its_text_is_one_statement() {
    let local = Local::start();
    create(&local, json!({"query": "SELECT 1"})).await;
    let again = json!({"name": "l", "sql": {"query": "SELECT 2"}});
    local.post(LAMBDAS, again.clone()).await.refused(409, "ALREADYEXISTS");
    let nowhere = local.post("/v1/orgs/self/ws/none/lambdas", again).await;
    assert_eq!(nowhere.body["message_key"], "WORKSPACE_NOT_FOUND");

    let wrong = json!({"name": "w", "sql": {"query": "SELECT 1\nFRO c WHERE"}});
    let wrong = local.post(LAMBDAS, wrong).await;
    wrong.refused(400, "QUERY_ERROR");
    assert_eq!((&wrong.body["line"], &wrong.body["column"]), (&json!(2), &json!(5)));
    for body in [
        json!({"name": "two words", "sql": {"query": "SELECT 1"}}),
        json!({"name": "w"}),
        json!({"sql": {"query": "SELECT 1"}}),
        json!({"name": "w", "sql": {"query": ""}}),
    ] {
        assert_eq!(local.post(LAMBDAS, body).await.status, 400);
    }
    local.get(&at("w/versions")).await.refused(404, "NOTFOUND");

    // An update creates a lambda only if it says so.
    let sql = json!({"sql": {"query": "SELECT 3"}});
    let missing = local.post(&at("new/versions"), sql.clone()).await;
    assert_eq!(missing.body["message_key"], "QUERY_NOT_FOUND");
    local.post(&at("new/versions?create=true"), json!({})).await.refused(400, "INVALIDINPUT");
    let made = local.post(&at("new/versions?create=true"), sql.clone()).await;
    let same = local.post(&at("new/versions?create=true"), sql).await;
    assert_eq!(id(made.data()), id(same.data()));
}

#[tokio::test]
async fn tags_point_at_versions_and_latest_moves_by_itself() {
    let local = Local::start();
    let one = create(&local, json!({"query": "SELECT 1 AS n"})).await;
    let two = update(&local, json!({"sql": {"query": "SELECT 2 AS n"}})).await;
    let tag = |version: String| {
        let body = json!({"tag_name": "production", "version": version});
        let local = &local;
        async move { local.post(&at("l/tags"), body).await }
    };
    tag(id(&one).to_string()).await.data();
    assert_eq!(executed(&local, "l/tags/production", json!({})).await, json!([{"n": 1}]));
    assert_eq!(executed(&local, "l/tags/latest", json!({})).await, json!([{"n": 2}]));
    tag(id(&two).to_string()).await.data();
    assert_eq!(executed(&local, "l/tags/production", json!({})).await, json!([{"n": 2}]));

    let tags = local.get(&at("l/tags")).await;
    let tags: Vec<(&Value, &Value)> = tags
        .data()
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| (&tag["tag_name"], &tag["version"]["version"]))
        .collect();
    let latest = (&json!("latest"), &two["version"]);
    assert_eq!(tags, [latest, (&json!("production"), &two["version"])]);

    let latest = json!({"tag_name": "latest", "version": id(&one)});
    local.post(&at("l/tags"), latest).await.refused(400, "INVALIDINPUT");
    local.delete(&at("l/tags/latest")).await.refused(400, "INVALIDINPUT");
    let missing = tag("0123456789abcdef".to_string()).await;
    missing.refused(404, "NOTFOUND");
    let gone = local.delete(&at("l/tags/production")).await;
    assert_eq!(gone.data()["version"]["version"], two["version"]);
    for answer in [
        local.delete(&at("l/tags/production")).await,
        local.get(&at("l/tags/production")).await,
        local.post(&at("l/tags/production"), json!({})).await,
    ] {
        answer.refused(404, "NOTFOUND");
        assert_eq!(answer.body["message_key"], "QUERY_NOT_FOUND");
    }
}

#[tokio::test]
async fn without_its_newest_version_the_one_before_is_the_latest() {
    let local = Local::start();
    let one = create(&local, json!({"query": "SELECT 1"})).await;
    let two = update(&local, json!({"sql": {"query": "SELECT 2"}})).await;
    local.post(&at("l/tags"), json!({"tag_name": "t", "version": id(&two)})).await.data();
    let deleted = local.delete(&at(&format!("l/version/{}", id(&two)))).await;
    assert_eq!(deleted.data()["version"], two["version"]);
    let latest = local.get(&at("l/tags/latest")).await;
    assert_eq!(latest.data()["version"]["version"], one["version"]);
    // A tag goes with its version.
    local.get(&at("l/tags/t")).await.refused(404, "NOTFOUND");
    let again = local.delete(&at(&format!("l/version/{}", id(&two)))).await;
    let message =
        format!("Query Lambda \"l\" (version {:?}) not found in workspace \"commons\".", id(&two));
    assert_eq!(again.refused(404, "NOTFOUND"), message);

    let listed = local.get(LAMBDAS).await;
    assert_eq!(
        (&listed.data()[0]["version_count"], listed.data().as_array().unwrap().len()),
        (&json!(1), 1)
    );
    local.delete(&at(&format!("l/version/{}", id(&one)))).await.data();
    assert_eq!(*local.get(LAMBDAS).await.data(), json!([]));
}

#[tokio::test]
async fn given_parameters_take_the_place_of_defaults() {
    let local = Local::start();
    let parameters = json!([
        {"name": "a", "type": "int", "value": "1"},
        {"name": "b", "type": "string", "value": "x"},
        {"name": "wrong", "type": "int", "value": "no number"},
    ]);
    let query = "SELECT :a + 1 AS a, :b AS b, :c AS c";
    create(&local, json!({"query": query, "default_parameters": parameters})).await;
    let missing = local.post(&at("l/tags/latest"), json!({})).await;
    missing.refused(400, "QUERY_ERROR");

    let given = json!([
        {"name": "wrong", "type": "int", "value": "3"},
        {"name": "c", "type": "bool", "value": "true"},
        {"name": "spare", "type": "int", "value": "3"},
        // Without a type, a value has that of the default.
        {"name": "a", "value": "41"},
    ]);
    let rows = executed(&local, "l/tags/latest", json!({"parameters": given})).await;
    assert_eq!(rows, json!([{"a": 42, "b": "x", "c": true}]));
}

#[tokio::test]
async fn an_execution_is_a_query_with_its_limits_pages_and_background() {
    let local = numbers(25).await;
    let version = create(&local, json!({"query": "SELECT n FROM c ORDER BY n"})).await;
    let path = format!("l/versions/{}", id(&version));
    let limited = executed(&local, &path, json!({"default_row_limit": 2})).await;
    assert_eq!(limited, json!([{"n": 0}, {"n": 1}]));

    let older = json!({"paginate": true, "initial_paginate_response_doc_count": 10});
    for body in [json!({"max_initial_results": 10}), older] {
        let first = local.post(&at(&path), body).await.body;
        assert_eq!(first["results"].as_array().unwrap().len(), 10);
        assert_eq!(first["results_total_doc_count"], 25);
        let link = format!(
            "{QUERIES}/{}/pages?docs=100&cursor={}",
            first["query_id"].as_str().unwrap(),
            first["pagination"]["next_cursor"].as_str().unwrap(),
        );
        let rest = local.get(&link).await.body;
        assert_eq!(rest["results"].as_array().unwrap().len(), 15);
    }

    let queued = local.post(&at("l/tags/latest"), json!({"async": true})).await.body;
    assert_eq!(queued["status"], "QUEUED");
    let query = format!("{QUERIES}/{}", queued["query_id"].as_str().unwrap());
    while local.get(&query).await.data()["status"] != "COMPLETED" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let rows = local.get(&format!("{query}/pages")).await.body;
    assert_eq!(rows["results"].as_array().unwrap().len(), 25);

    update(&local, json!({"sql": {"query": ENDLESS}})).await;
    let late = local.post(&at("l/tags/latest"), json!({"timeout_ms": 20})).await;
    late.refused(408, "QUERY_TIMEOUT");
    let body = json!({"virtual_instance_id": "none"});
    local.post(&at(&path), body).await.refused(404, "NOTFOUND");
    let body = json!({"virtual_instance_id": "main", "default_row_limit": 1});
    assert_eq!(executed(&local, &path, body).await, json!([{"n": 0}]));
}

#[tokio::test]
async fn the_body_of_an_execution_may_be_left_out() {
    let local = Local::start();
    let version = create(&local, json!({"query": "SELECT 1 AS n"})).await;
    for path in ["l/tags/latest".to_string(), format!("l/versions/{}", id(&version))] {
        let done = answer(local.request(Method::POST, &at(&path))).await;
        assert_eq!(done.body["results"], json!([{"n": 1}]));
        assert_eq!(done.body["query_lambda_path"], format!("commons.l::{}", id(&version)));
    }
    let text = local.request(Method::POST, &at("l/tags/latest")).body("{}");
    answer(text).await.refused(415, "UNSUPPORTEDMEDIATYPE");
}

#[tokio::test]
async fn statistics_belong_to_the_name() {
    let local = Local::start();
    let created = create(&local, json!({"query": "SELECT 1 / :n"})).await;
    assert_eq!(created["stats"]["last_executed"], Value::Null);
    let stats = || async {
        let found = local.get(&at("l/tags/latest")).await;
        found.data()["version"]["stats"].clone()
    };
    let wrong = json!({"parameters": [{"name": "n", "type": "int", "value": "x"}]});
    let failed = local.post(&at("l/tags/latest"), wrong).await;
    let message = failed.refused(400, "QUERY_ERROR").to_string();
    let after = stats().await;
    assert!(after["last_executed"].is_string() && after["last_executed_by"].is_string());
    assert_eq!(after["last_execution_error"], "QUERY_ERROR");
    assert_eq!(after["last_execution_error_message"], message);

    local.post(&at("l/tags/latest"), json!({})).await.refused(400, "QUERY_ERROR");
    assert_eq!(stats().await["last_execution_error"], "QUERY_ERROR");
    let typed = json!({"parameters": [{"name": "n", "type": "int", "value": "2"}]});
    executed(&local, "l/tags/latest", typed).await;
    assert_eq!(stats().await["last_execution_error"], Value::Null);

    local.delete(&at("l")).await.data();
    let again = create(&local, json!({"query": "SELECT 2"})).await;
    assert_eq!(again["stats"]["last_executed"], stats().await["last_executed"]);
    assert!(again["stats"]["last_executed"].is_string());
}

async fn state(local: &Local) -> (Value, Value) {
    let found = local.get(&at("l/tags/latest")).await;
    let version = &found.data()["version"];
    (version["state"].clone(), version["collections"].clone())
}

#[tokio::test]
async fn a_lambda_that_cannot_run_is_kept_and_says_so() {
    let local = Local::start();
    let invalid = (json!("INVALID_SQL"), json!([]));
    // Not yet, and then from the moment that its collection is there.
    let query = "SELECT COUNT(*) AS n FROM c WHERE n > :least LIMIT :limit";
    let created = create(&local, json!({"query": query})).await;
    assert_eq!(created["state"], "INVALID_SQL");
    local.post(&at("l/tags/latest"), json!({})).await.refused(400, "QUERY_ERROR");
    local.post("/v1/orgs/self/ws/commons/collections", json!({"name": "c"})).await.data();
    let active = (json!("ACTIVE"), json!(["commons.c"]));
    assert_eq!(state(&local).await, active);
    let listed = local.get("/v1/orgs/self/lambdas").await;
    assert_eq!(listed.data()[0]["collections"], json!(["commons.c"]));
    assert_eq!(listed.data()[0]["latest_version"]["state"], "ACTIVE");
    // A lambda doesn't hinder the deletion of what it reads.
    local.delete("/v1/orgs/self/ws/commons/collections/c").await.data();
    assert_eq!(state(&local).await, invalid);
    local.post("/v1/orgs/self/ws/commons/collections", json!({"name": "c"})).await.data();
    assert_eq!(state(&local).await, active);

    // As it was recorded: a parameter whose type is none.
    let query = "SELECT * FROM commons._events WHERE _events._event_time > :start LIMIT 1";
    let parameters = |kind: &str| {
        let value = "2020-01-01T00:00:00.000000Z";
        json!([{"name": "start", "type": kind, "value": value}])
    };
    let sql = |kind| json!({"query": query, "default_parameters": parameters(kind)});
    update(&local, json!({"sql": sql("start")})).await;
    assert_eq!(state(&local).await, invalid);
    update(&local, json!({"sql": sql("timestamp")})).await;
    assert_eq!(state(&local).await, (json!("ACTIVE"), json!(["commons._events"])));
    update(&local, json!({"sql": {"query": "SELECT NOTHING_LIKE_IT(1)"}})).await;
    assert_eq!(state(&local).await, invalid);
}

#[tokio::test]
async fn a_public_lambda_needs_no_key() {
    let local = Local::with(Options { api_key: Some("s3cret".parse().unwrap()), ..options() });
    let sent = |method: Method, path: &str, key: Option<&str>, body: Value| {
        let request = local.http.request(method, format!("{}{path}", local.server.url()));
        let request = match key {
            Some(key) => request.header("Authorization", format!("ApiKey {key}")),
            None => request,
        };
        answer(request.json(&body))
    };
    let post = |path: String, body: Value| {
        let sent = &sent;
        async move { sent(Method::POST, &path, Some("s3cret"), body).await }
    };
    let public = |id: &Value, body: Value| {
        let path = format!("/v1/public/shared_lambdas/{}", id.as_str().unwrap());
        let sent = &sent;
        async move { sent(Method::POST, &path, None, body).await }
    };
    let parameters = json!([{"name": "n", "type": "int", "value": "1"}]);
    let sql = json!({"query": "SELECT :n AS n", "default_parameters": parameters});
    let body = json!({"name": "l", "sql": sql, "is_public": true});
    let created = post(LAMBDAS.to_string(), body).await;
    let shared = created.data()["public_access_id"].clone();
    let given = json!({"parameters": [{"name": "n", "type": "int", "value": "5"}]});
    assert_eq!(public(&shared, given).await.body["results"], json!([{"n": 5}]));

    // A version is shared, not its successors; and it can be shared no longer.
    let next = post(at("l/versions"), json!({"sql": {"query": "SELECT 2 AS n"}})).await;
    assert_eq!(next.data()["public_access_id"], Value::Null);
    assert_eq!(public(&shared, json!({})).await.body["results"], json!([{"n": 1}]));
    let back = post(at("l/versions"), json!({"sql": sql, "is_public": false})).await;
    assert_eq!(back.data()["public_access_id"], Value::Null);
    public(&shared, json!({})).await.refused(404, "NOTFOUND");

    // Nobody writes without a key.
    let writes = json!({"query": "INSERT INTO c SELECT 1 AS n"});
    post("/v1/orgs/self/ws/commons/collections".to_string(), json!({"name": "c"})).await;
    let body = json!({"name": "w", "sql": writes, "is_public": true});
    let created = post(LAMBDAS.to_string(), body).await;
    let shared = created.data()["public_access_id"].clone();
    public(&shared, json!({})).await.refused(403, "FORBIDDEN");
    let latest = sent(Method::GET, &at("w/tags/latest"), Some("s3cret"), json!({})).await;
    assert_eq!(latest.data()["version"]["stats"]["last_executed"], Value::Null);
    let written = post(at("w/tags/latest"), json!({})).await;
    assert_eq!(written.body["results"], json!([{"num_docs_inserted": 1}]));
}

#[tokio::test]
async fn a_workspace_with_lambdas_stays() {
    let local = Local::start();
    local.post("/v1/orgs/self/ws", json!({"name": "w"})).await.data();
    let lambdas = "/v1/orgs/self/ws/w/lambdas";
    let body = json!({"name": "l", "sql": {"query": "SELECT 1"}});
    local.post(lambdas, body).await.data();
    let listed = |answer: Answer| answer.data().as_array().unwrap().len();
    assert_eq!(listed(local.get(lambdas).await), 1);
    assert_eq!(listed(local.get("/v1/orgs/self/lambdas").await), 1);
    assert_eq!(listed(local.get(LAMBDAS).await), 0);
    let held = local.delete("/v1/orgs/self/ws/w").await;
    assert!(held.refused(409, "DEPENDENTRESOURCES").contains("query lambda \"l\""));
    local.delete(&format!("{lambdas}/l")).await.data();
    local.delete("/v1/orgs/self/ws/w").await.data();
}
