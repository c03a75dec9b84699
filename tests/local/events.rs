//! `commons._events`: what happens, as documents that queries read.

use crate::api_keys::{closed, create as create_key, with_privileges};
use crate::queries::{ENDLESS, QUERIES, ask, numbers, rows, until};
use crate::receivers::upload_to;
use crate::support::local::{Answer, C, DOCS, Local, options};
use materialize_rockset::local::{Data, Options};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;

const WORKSPACES: &str = "/v1/orgs/self/ws";
const COLLECTIONS: &str = "/v1/orgs/self/ws/commons/collections";
const EVENTS: &str = "/v1/orgs/self/ws/commons/collections/_events";

/// The labels of all changes, in their order.
async fn changes(local: &Local) -> Vec<String> {
    let sql = "SELECT label FROM commons._events WHERE kind <> 'QUERY' ORDER BY _event_time, _id";
    let found = rows(local, sql).await;
    let label = |row: &Value| row["label"].as_str().unwrap().to_string();
    found.as_array().unwrap().iter().map(label).collect()
}

/// The only event with a label.
async fn one(local: &Local, label: &str) -> Value {
    let sql = format!("SELECT * FROM commons._events WHERE _events.label = '{label}'");
    let found = rows(local, &sql).await;
    assert_eq!(found.as_array().unwrap().len(), 1, "{label}: {found}");
    found[0].clone()
}

#[tokio::test]
async fn a_change_is_told_as_the_hosted_service_did() {
    let local = Local::start();
    assert_eq!(rows(&local, "SELECT * FROM commons._events").await, json!([]));
    local.post(WORKSPACES, json!({"name": "w"})).await.data();
    let mut event = one(&local, "WORKSPACE_CREATED").await;
    let fields = event.as_object_mut().unwrap();
    let id = fields.remove("_id").unwrap();
    assert_eq!(id.as_str().unwrap().len(), 36);
    let at = fields.remove("_event_time").unwrap();
    let at: chrono::DateTime<chrono::Utc> = at.as_str().unwrap().parse().unwrap();
    let age = chrono::Utc::now() - at;
    assert!((0..60).contains(&age.num_seconds()), "{age}");
    let expected = json!({
        "orgId": "local",
        "logType": "EVENT",
        "kind": "WORKSPACE",
        "apiKeyIdentifier": "a",
        "type": "INFO",
        "eventId": id,
        "cluster": "local",
        "label": "WORKSPACE_CREATED",
        "userEmail": "local@localhost",
        "time": at.timestamp_millis(),
        "workspaceName": "w",
        "details": {"operation": "createWorkspace"},
        "logKey": {"orgId": "local"},
        "message": null,
    });
    assert_eq!(event, expected);

    local.post("/v1/orgs/self/ws/w/collections", json!({"name": "c"})).await.data();
    local.delete("/v1/orgs/self/ws/w/collections/c").await.data();
    let event = one(&local, "COLLECTION_DROPPED").await;
    assert_eq!((&event["kind"], &event["collections"]), (&json!("COLLECTION"), &json!(["w.c"])));
    let of_kind = "select * from commons._events where _events.kind = 'COLLECTION'";
    assert_eq!(rows(&local, of_kind).await.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn every_change_has_its_label_and_its_name() {
    let local = closed();
    let ws = "/v1/orgs/self/ws/w";
    let post = async |path: &str, body: Value| {
        let answer = local.post(path, body).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.body
    };
    let put = async |path: &str, body: Value| {
        let answer = local.send(Method::PUT, path, body).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
    };
    let delete = async |path: &str| {
        let answer = local.delete(path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
    };
    post(WORKSPACES, json!({"name": "w"})).await;
    post(&format!("{ws}/collections"), json!({"name": "c"})).await;
    put(&format!("{ws}/collections/c"), json!({"description": "x"})).await;
    post(&format!("{ws}/aliases"), json!({"name": "a", "collections": ["w.c"]})).await;
    post(&format!("{ws}/aliases/a"), json!({"collections": ["w.c"]})).await;
    delete(&format!("{ws}/aliases/a")).await;
    post(&format!("{ws}/views"), json!({"name": "v", "query": "SELECT 1 AS n"})).await;
    post(&format!("{ws}/views/v"), json!({"query": "SELECT 2 AS n"})).await;
    delete(&format!("{ws}/views/v")).await;
    post(&format!("{ws}/lambdas"), json!({"name": "l", "sql": {"query": "SELECT 1"}})).await;
    post(&format!("{ws}/lambdas/l/versions"), json!({"sql": {"query": "SELECT 2"}})).await;
    delete(&format!("{ws}/lambdas/l")).await;
    delete(&format!("{ws}/collections/c")).await;
    delete(ws).await;
    let kafka = json!({"name": "k", "kafka": {"kafka_topic_names": ["t"]}});
    post("/v1/orgs/self/integrations", kafka).await;
    delete("/v1/orgs/self/integrations/k").await;
    let role = json!({"role_name": "r", "privileges": []});
    post("/v1/orgs/self/roles", role).await;
    post("/v1/orgs/self/roles/r", json!({"description": "x"})).await;
    delete("/v1/orgs/self/roles/r").await;
    let user = json!({"email": "u@example.com", "roles": ["member"]});
    post("/v1/orgs/self/users", user).await;
    let key = json!({"name": "app", "created_by": "u@example.com"});
    let key = post("/v1/orgs/self/users/self/apikeys", key).await;
    let of_user = "/v1/orgs/self/users/u@example.com";
    post(&format!("{of_user}/apikeys/app"), json!({"state": "SUSPENDED"})).await;
    delete(&format!("{of_user}/apikeys/app")).await;
    delete(of_user).await;
    post("/v1/orgs/self/users/self", json!({"first_name": "L"})).await;
    let instances = "/v1/orgs/self/virtualinstances";
    let made = post(instances, json!({"name": "vi", "type": "SMALL"})).await;
    delete(&format!("{instances}/{}", made["data"]["id"].as_str().unwrap())).await;

    let expected = [
        "WORKSPACE_CREATED",
        "COLLECTION_CREATED",
        "COLLECTION_UPDATED",
        "ALIAS_CREATED",
        "ALIAS_UPDATED",
        "ALIAS_DELETED",
        "VIEW_CREATED",
        "VIEW_UPDATED",
        "VIEW_DELETED",
        "QUERY_LAMBDA_CREATED",
        "QUERY_LAMBDA_UPDATED",
        "QUERY_LAMBDA_DELETED",
        "COLLECTION_DROPPED",
        "WORKSPACE_DELETED",
        "INTEGRATION_CREATED",
        "INTEGRATION_DELETED",
        "ROLE_CREATED",
        "ROLE_UPDATED",
        "ROLE_DELETED",
        "USER_CREATED",
        "API_KEY_CREATED",
        "API_KEY_UPDATED",
        "API_KEY_DELETED",
        "USER_DELETED",
        "USER_UPDATED",
        "VIRTUAL_INSTANCE_CREATED",
        "VIRTUAL_INSTANCE_DELETED",
    ];
    let all = rows(&local, "SELECT * FROM _events WHERE kind <> 'QUERY'").await;
    let mut labels: Vec<_> = all.as_array().unwrap().iter().map(|it| &it["label"]).collect();
    labels.sort_by_key(|it| expected.iter().position(|label| it == label));
    assert_eq!(labels, expected);

    let named = async |label: &str, names: Value| {
        let event = one(&local, label).await;
        for (name, value) in names.as_object().unwrap() {
            assert_eq!(event.pointer(name), Some(value), "{label} {name}: {event}");
        }
    };
    named("COLLECTION_CREATED", json!({"/collections": ["w.c"], "/workspaceName": "w"})).await;
    named("ALIAS_DELETED", json!({"/details/name": "a", "/workspaceName": "w"})).await;
    named("QUERY_LAMBDA_UPDATED", json!({"/details/name": "l"})).await;
    named("WORKSPACE_DELETED", json!({"/workspaceName": "w"})).await;
    named("INTEGRATION_CREATED", json!({"/integrations": ["k"]})).await;
    named("ROLE_CREATED", json!({"/details/name": "r"})).await;
    named("USER_CREATED", json!({"/details/user": "u@example.com"})).await;
    named("USER_UPDATED", json!({"/details/user": "local@localhost"})).await;
    let of_key = json!({"/apiKeyName": "app", "/details/user": "u@example.com"});
    for label in ["API_KEY_CREATED", "API_KEY_UPDATED", "API_KEY_DELETED"] {
        named(label, of_key.clone()).await;
    }
    // Of a key that was created, nothing is told but its name.
    let secret = key["data"]["key"].as_str().unwrap();
    assert!(!all.to_string().contains(&secret[..6]), "{all}");
}

#[tokio::test]
async fn what_is_refused_changes_nothing_and_is_not_told() {
    let local = Local::start();
    local.post(WORKSPACES, json!({"name": "no name"})).await.refused(400, "INVALIDINPUT");
    local.delete(&format!("{WORKSPACES}/none")).await.refused(404, "NOTFOUND");
    local.post(COLLECTIONS, json!({"name": "c"})).await.data();
    local.post(COLLECTIONS, json!({"name": "c"})).await.refused(409, "ALREADYEXISTS");
    // Nor are documents.
    local.post(DOCS, json!({"data": [{"_id": "1"}]})).await.data();
    assert_eq!(changes(&local).await, ["COLLECTION_CREATED"]);
}

#[tokio::test]
async fn the_end_of_a_query_is_told_with_how_it_went() {
    let local = Local::with_collection(json!({})).await;
    local.add(json!([{"_id": "1", "n": 0}, {"_id": "2", "n": 1}])).await.data();
    let good = ask(&local, "SELECT n FROM c").await;
    let wrong = ask(&local, "SELECT n FROM").await;
    let failed = ask(&local, "SELECT n FROM nothing").await;
    let sql = "SELECT * FROM commons._events WHERE kind = 'QUERY' ORDER BY _event_time, _id";
    let found = rows(&local, sql).await;
    let [first, second, third] = found.as_array().unwrap().as_slice() else {
        panic!("{found}");
    };
    let told = |event: &Value| {
        let of = |name: &str| event.pointer(name).cloned().unwrap_or_default();
        [of("/label"), of("/type"), of("/details/queryId"), of("/details/query")]
    };
    let id = |answer: &Answer| answer.body["query_id"].clone();
    let text = |sql: &str| json!(sql);
    let success = [json!("QUERY_SUCCESS"), json!("INFO"), id(&good), text("SELECT n FROM c")];
    assert_eq!(told(first), success);
    assert_eq!(
        (&first["collections"], &first["details"]["rows"]),
        (&json!(["commons.c"]), &json!(2))
    );
    assert!(first["details"]["elapsedTimeMs"].is_u64(), "{first}");
    assert_eq!(first["details"]["status"], "COMPLETED");
    assert_eq!(first["message"], Value::Null);
    assert_eq!(first["userEmail"], "local@localhost");
    let invalid = [json!("QUERY_INVALID"), json!("ERROR"), id(&wrong), text("SELECT n FROM")];
    assert_eq!(told(second), invalid);
    let error = [json!("QUERY_ERROR"), json!("ERROR"), id(&failed), text("SELECT n FROM nothing")];
    assert_eq!(told(third), error);
    for (event, answer) in [(second, &wrong), (third, &failed)] {
        assert_eq!(event["message"], answer.body["message"]);
        let place = json!({
            "type": "QUERY_ERROR", "line": answer.body["line"], "column": answer.body["column"],
        });
        assert_eq!(event["details"]["error"], place);
    }
    // A query doesn't see its own end, but the next one does.
    let count = "SELECT COUNT(*) AS n FROM _events WHERE label = 'QUERY_SUCCESS'";
    assert_eq!(rows(&local, count).await, json!([{"n": 2}]));
    assert_eq!(rows(&local, count).await, json!([{"n": 3}]));
}

#[tokio::test]
async fn a_query_that_is_cancelled_is_told_once_and_at_once() {
    let local = numbers(200).await;
    let body = json!({"sql": {"query": ENDLESS}, "async": true});
    let asked = local.post(QUERIES, body).await;
    let id = asked.body["query_id"].as_str().unwrap();
    until(&local, |active| active.iter().any(|query| query["status"] == "RUNNING")).await;
    local.delete(&format!("{QUERIES}/{id}")).await.data();
    let event = one(&local, "QUERY_ERROR").await;
    assert_eq!(
        (&event["details"]["queryId"], &event["details"]["status"]),
        (&json!(id), &json!("CANCELLED"))
    );
}

#[tokio::test]
async fn a_long_text_is_cut() {
    let local = Local::start();
    let sql = format!("SELECT '{}' AS t", "é".repeat(3_000));
    rows(&local, &sql).await;
    let event = one(&local, "QUERY_SUCCESS").await;
    let text = event["details"]["query"].as_str().unwrap();
    assert_eq!(text, sql.chars().take(1_000).collect::<String>());
}

#[tokio::test]
async fn it_is_a_collection_for_queries_and_lists() {
    let local = Local::with_collection(json!({})).await;
    // As clients of Rockset ask.
    rows(&local, "Select count(*) from _events;").await;
    rows(&local, "select * from \"_events\" limit 1").await;
    let body = json!({
        "sql": {
            "query": "SELECT TIME_BUCKET(MINUTES(5), _events._event_time) AS _event_time, \
                      COUNT(_events.type) AS value FROM commons._events WHERE \
                      _events._event_time > :startTime AND _events._event_time < :stopTime \
                      GROUP BY 1 ORDER BY 1",
            "parameters": [
                {"name": "startTime", "type": "timestamp", "value": "2020-01-01T00:00:00Z"},
                {"name": "stopTime", "type": "timestamp", "value": "2200-01-01T00:00:00Z"},
            ],
        },
    });
    let answer = local.post(QUERIES, body).await;
    assert_eq!(answer.body["collections"], json!(["commons._events"]), "{answer:?}");
    let counted = answer.body["results"].as_array().unwrap().iter();
    // The creation of the collection, and two queries.
    assert_eq!(counted.map(|row| row["value"].as_u64().unwrap()).sum::<u64>(), 3);
    let joined = "SELECT e.label, f.kind FROM _events e JOIN _events f ON e._id = f._id \
                  WHERE e.kind = 'COLLECTION'";
    assert_eq!(
        rows(&local, joined).await,
        json!([{"label": "COLLECTION_CREATED", "kind": "COLLECTION"}])
    );
    let described = rows(&local, "DESCRIBE commons._events").await.to_string();
    assert!(described.contains("apiKeyIdentifier"), "{described}");

    // By an alias, a view and a lambda.
    let alias = json!({"name": "happened", "collections": ["commons._events"]});
    local.post("/v1/orgs/self/ws/commons/aliases", alias).await.data();
    let view = json!({"name": "v", "query": "SELECT * FROM _events WHERE _events.kind = 'VIEW'"});
    let view = local.post("/v1/orgs/self/ws/commons/views", view).await;
    assert_eq!(view.data()["entities"], json!(["commons._events"]));
    for sql in ["SELECT label FROM happened WHERE kind = 'VIEW'", "SELECT label FROM v"] {
        assert_eq!(rows(&local, sql).await, json!([{"label": "VIEW_CREATED"}]), "{sql}");
    }
    let lambda = "select\n    label, type\nFROM\n    commons._events\nWHERE\n\tlabel = :label\n\
                  GROUP BY\n\tlabel, type\n";
    let parameters = json!([{"name": "label", "type": "string", "value": "QUERY_SUCCESS"}]);
    let body = json!({
        "name": "eventType", "sql": {"query": lambda, "default_parameters": parameters},
    });
    let made = local.post("/v1/orgs/self/ws/commons/lambdas", body).await;
    assert_eq!(made.data()["collections"], json!(["commons._events"]));
    let path = "/v1/orgs/self/ws/commons/lambdas/eventType/tags/latest";
    let ran = local.post(path, json!({})).await;
    assert_eq!(ran.body["results"], json!([{"label": "QUERY_SUCCESS", "type": "INFO"}]));
    let by_lambda = "SELECT COUNT(*) AS n FROM _events \
                     WHERE details.queryLambda LIKE 'commons.eventType::%'";
    assert_eq!(rows(&local, by_lambda).await, json!([{"n": 1}]));

    let shown = local.get(EVENTS).await.data().clone();
    assert_eq!((&shown["name"], &shown["status"]), (&json!("_events"), &json!("READY")));
    assert_eq!((&shown["read_only"], &shown["retention_secs"]), (&json!(true), &json!(2_592_000)));
    let names = |list: &Answer| -> Vec<String> {
        let listed = list.data().as_array().unwrap().iter();
        listed.map(|it| it["name"].as_str().unwrap_or_default().to_string()).collect()
    };
    for list in ["/v1/orgs/self/collections", COLLECTIONS] {
        assert_eq!(names(&local.get(list).await), ["_events", "c"]);
    }
    let mounts = local.get("/v1/orgs/self/virtualinstances/main/mounts").await;
    let paths: Vec<_> =
        mounts.data().as_array().unwrap().iter().map(|it| &it["collection_path"]).collect();
    assert_eq!(paths, ["commons._events", "commons.c"]);
    let docs = local.get("/local/ws/commons/collections/_events/docs?limit=1").await;
    assert_eq!(docs.data().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn nobody_else_writes_it() {
    let local = Local::with_collection(json!({})).await;
    local.add(json!([{"_id": "1"}])).await.data();
    let id = one(&local, "COLLECTION_CREATED").await["_id"].clone();
    let docs = format!("{EVENTS}/docs");
    let kafka = json!({"name": "k", "kafka": {"kafka_topic_names": ["t"]}});
    local.post("/v1/orgs/self/integrations", kafka).await.data();
    let source = json!({"integration_name": "k", "kafka": {"kafka_topic_name": "t"}});
    let patch = json!({"data": [{"_id": id, "patch": [{"op": "remove", "path": "/label"}]}]});
    for (method, path, body) in [
        (Method::POST, docs.as_str(), json!({"data": [{"_id": "1"}]})),
        (Method::PATCH, &docs, patch),
        (Method::DELETE, &docs, json!({"data": [{"_id": id}]})),
        (Method::PUT, EVENTS, json!({"description": "mine"})),
        (Method::DELETE, EVENTS, json!({})),
        (Method::POST, &format!("{EVENTS}/sources"), source),
    ] {
        let refused = local.send(method.clone(), path, body).await;
        let told = refused.refused(403, "FORBIDDEN");
        assert!(told.contains("\"commons._events\""), "{method} {path}: {told}");
    }
    let refused = upload_to(&local, EVENTS, "up.json", b"{\"up\": 1}", &[]).await;
    refused.refused(403, "FORBIDDEN");
    let inserted = ask(&local, "INSERT INTO commons._events SELECT 1 AS n").await;
    assert!(inserted.refused(400, "QUERY_ERROR").contains("\"commons._events\""), "{inserted:?}");
    for (path, more) in [
        ("collections", json!({})),
        ("aliases", json!({"collections": ["commons.c"]})),
        ("views", json!({"query": "SELECT 1 AS n"})),
    ] {
        let mut body = more;
        body["name"] = json!("_events");
        let path = format!("/v1/orgs/self/ws/commons/{path}");
        let refused = local.post(&path, body).await;
        assert!(refused.refused(400, "INVALIDINPUT").contains("\"_events\""), "{refused:?}");
    }
    assert_eq!(changes(&local).await, ["COLLECTION_CREATED", "INTEGRATION_CREATED"]);
}

#[tokio::test]
async fn who_may_query_everything_may_read_it() {
    let local = closed();
    let query = |workspace: &str| {
        json!([
            {"action": "QUERY_DATA_WS", "resource_name": workspace},
            {"action": "CREATE_ALIAS_WS"},
            {"action": "QUERY_VI"},
        ])
    };
    let some = with_privileges(&local, "some", query("commons")).await;
    let all = with_privileges(&local, "all", query("*ALL*")).await;
    let reader = create_key(&local, json!({"name": "reader", "role": "read-only"})).await;
    let body = json!({"sql": {"query": "SELECT COUNT(*) AS n FROM _events"}});
    let docs = "/local/ws/commons/collections/_events/docs";
    let refused = local.by(&some, Method::POST, QUERIES, body.clone()).await;
    let told = refused.refused(403, "FORBIDDEN").to_string();
    assert!(told.contains("QUERY_DATA_WS on every workspace"), "{told}");
    local.by(&some, Method::GET, docs, json!({})).await.refused(403, "FORBIDDEN");
    let alias = json!({"name": "a", "collections": ["commons._events"]});
    let aliases = "/v1/orgs/self/ws/commons/aliases";
    local.by(&some, Method::POST, aliases, alias.clone()).await.refused(403, "FORBIDDEN");
    for key in [&all, &reader] {
        assert_eq!(local.by(key, Method::POST, QUERIES, body.clone()).await.status, 200);
        assert_eq!(local.by(key, Method::GET, docs, json!({})).await.status, 200);
    }
    local.by(&all, Method::POST, aliases, alias).await.data();
    // What a key has done is told by its beginning.
    let event = one(&local, "ALIAS_CREATED").await;
    assert_eq!(event["apiKeyIdentifier"], all[..6]);
    assert!(!event.to_string().contains(&all[..7]), "{event}");
}

fn with_store(place: &Path) -> Options {
    let place = Some(place.display().to_string());
    Options { data: Data { place, ..Data::default() }, ..options() }
}

#[tokio::test]
async fn a_store_keeps_changes_and_no_queries() {
    let place = TempDir::new().unwrap();
    let first = Local::with(with_store(place.path()));
    first.post(WORKSPACES, json!({"name": "w"})).await.data();
    rows(&first, "SELECT 1").await;
    first.post(COLLECTIONS, json!({"name": "c"})).await.data();
    let before = rows(&first, "SELECT * FROM _events WHERE kind <> 'QUERY' ORDER BY time").await;
    assert_eq!(before.as_array().unwrap().len(), 2);
    let Local { mut server, http } = first;
    drop(http);
    server.stop();
    server.stopped().await.unwrap();

    let second = Local::with(with_store(place.path()));
    let after = rows(&second, "SELECT * FROM _events ORDER BY time").await;
    assert_eq!(after, before);
    second.delete(C).await.data();
    let expected = ["WORKSPACE_CREATED", "COLLECTION_CREATED", "COLLECTION_DROPPED"];
    assert_eq!(changes(&second).await, expected);
}
