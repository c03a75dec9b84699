//! Workspaces, collections, integrations and the organization of the local Rockset.

use crate::support::local::{Answer, C, DOCS, Local, options};
use chrono::{DateTime, Utc};
use materialize_rockset::local::Options;
use materialize_rockset::rockset::{Error, call};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const WORKSPACES: &str = "/v1/orgs/self/ws";
const COLLECTIONS: &str = "/v1/orgs/self/ws/commons/collections";
const INTEGRATIONS: &str = "/v1/orgs/self/integrations";

/// The names in a list.
#[track_caller]
fn names(answer: &Answer) -> Vec<&str> {
    let data = answer.data().as_array().unwrap();
    data.iter().map(|item| item["name"].as_str().unwrap()).collect()
}

/// Checks that a time is written as RFC 3339, and is just past.
#[track_caller]
fn just_now(time: &Value) {
    let time = DateTime::parse_from_rfc3339(time.as_str().unwrap()).unwrap();
    assert!((Utc::now() - time.to_utc()).num_seconds() < 60, "{time}");
}

#[tokio::test]
async fn the_organization_is_there() {
    let local = Local::start();
    let answer = local.get("/v1/orgs/self").await;
    just_now(&answer.data()["created_at"]);
    assert_eq!(answer.data()["clusters"][0]["apiserver_url"], json!(local.server.url()));
    assert!(call(local.client().get_organization()).await.unwrap().data.is_some());

    // Clients that read these as strings stop at a null.
    let cluster = &answer.data()["clusters"][0];
    for text in ["id", "cluster_type", "aws_region", "domain", "top_level_domain"] {
        assert!(cluster[text].as_str().is_some_and(|text| !text.is_empty()), "{text}: {cluster}");
    }
    for text in ["id", "display_name", "external_id", "rockset_user"] {
        assert!(answer.data()[text].as_str().is_some_and(|text| !text.is_empty()), "{text}");
    }
    assert_eq!(cluster["cluster_type"], "PUBLIC");
}

/// Checks that a time is written to the second, as `2024-03-06T23:55:40Z`.
#[track_caller]
fn to_the_second(time: &Value) {
    let time = time.as_str().unwrap();
    assert!(time.len() == 20 && time.ends_with('Z'), "{time}");
}

/// What was recorded of the hosted service, where it can be told.
#[tokio::test]
async fn things_show_by_whom_and_when_they_were_created() {
    let local = Local::start();
    let commons = local.get("/v1/orgs/self/ws/commons").await.data().clone();
    assert_eq!(commons["description"], "default workspace");
    assert_eq!(commons["created_by"], Value::Null);
    let made = local.post(WORKSPACES, json!({"name": "w"})).await.data().clone();
    assert_eq!((&made["description"], &made["collection_count"]), (&Value::Null, &json!(0)));
    assert!(made["created_by"].is_string());

    let collection = local.post(COLLECTIONS, json!({"name": "c"})).await.data().clone();
    assert_eq!(collection["storage_compression_type"], "LZ4");
    let role = json!({"aws_role_arn": "arn:aws:iam::1:role/r"});
    let integration = json!({"name": "i", "s3": {"aws_role": role}});
    let integration = local.post(INTEGRATIONS, integration).await.data().clone();
    let external = local.get("/v1/orgs/self").await.data()["external_id"].clone();
    assert_eq!(integration["s3"]["aws_role"]["aws_external_id"], external);
    for made in [&commons, &made, &collection, &integration] {
        to_the_second(&made["created_at"]);
    }
    for made in [&collection, &integration] {
        assert!(made["created_by_apikey_name"].is_string(), "{made}");
    }
    let own = json!({"name": "own", "s3": {"aws_role": {
        "aws_role_arn": "arn:aws:iam::1:role/r", "aws_external_id": "mine",
    }}});
    let own = local.post(INTEGRATIONS, own).await;
    assert_eq!(own.data()["s3"]["aws_role"]["aws_external_id"], "mine");
}

#[tokio::test]
async fn what_is_not_there_is_told_as_the_hosted_service_told_it() {
    let local = Local::start();
    for (path, key, message) in [
        ("ws/none", "WORKSPACE_NOT_FOUND", r#"Workspace with name "none" does not exist"#),
        (
            "ws/none/collections/c",
            "WORKSPACE_NOT_FOUND",
            r#"Workspace with name "none" does not exist"#,
        ),
        (
            "ws/commons/collections/none",
            "COLLECTION_DOES_NOT_EXIST",
            r#"Collection "none" does not exist in workspace "commons""#,
        ),
        ("integrations/none", "INTEGRATION_NOT_FOUND", r#"Integration "none" not found."#),
        (
            "ws/commons/lambdas/none/tags/latest",
            "QUERY_NOT_FOUND",
            r#"Query Lambda "none" not found in workspace "commons"."#,
        ),
        (
            "ws/commons/lambdas/none/versions/23dbcaac11567c83",
            "QUERY_NOT_FOUND",
            r#"Query Lambda "none" (version "23dbcaac11567c83") not found in workspace "commons"."#,
        ),
    ] {
        let answer = local.get(&format!("/v1/orgs/self/{path}")).await;
        assert_eq!(answer.refused(404, "NOTFOUND"), message);
        assert_eq!(answer.body["message_key"], key);
        let id: uuid::Uuid = answer.body["trace_id"].as_str().unwrap().parse().unwrap();
        assert_eq!(id.to_string(), answer.body["trace_id"]);
        for null in ["line", "column", "error_id", "query_id"] {
            assert_eq!(answer.body.get(null), Some(&Value::Null), "{null}");
        }
    }
    let delete = "/v1/orgs/self/ws/commons/lambdas/none";
    assert_eq!(local.delete(delete).await.body["message_key"], "QUERY_NOT_FOUND");
}

#[tokio::test]
async fn what_does_not_exist_has_empty_lists() {
    let local = Local::start();
    for kind in ["collections", "views", "aliases", "lambdas"] {
        for place in ["", "/ws/commons", "/ws/none"] {
            let list = local.get(&format!("/v1/orgs/self{place}/{kind}")).await;
            // What the server itself has is always there.
            let others =
                list.data().as_array().unwrap().iter().filter(|it| it["name"] != "_events");
            assert_eq!(others.count(), 0, "{place}/{kind}");
        }
    }
    for path in ["views/v", "aliases/a", "lambdas/l/tags", "lambdas/l/versions"] {
        local.get(&format!("/v1/orgs/self/ws/commons/{path}")).await.refused(404, "NOTFOUND");
    }
}

#[tokio::test]
async fn workspaces_come_and_go() {
    let local = Local::start();
    assert_eq!(names(&local.get(WORKSPACES).await), ["commons"]);
    let body = json!({"name": "w", "description": "mine"});
    let created = local.post(WORKSPACES, body.clone()).await;
    assert_eq!(created.data()["description"], "mine");
    just_now(&created.data()["created_at"]);
    local.post(WORKSPACES, body).await.refused(409, "ALREADYEXISTS");
    assert_eq!(names(&local.get(WORKSPACES).await), ["commons", "w"]);

    local.post("/v1/orgs/self/ws/w/collections", json!({"name": "c"})).await;
    assert_eq!(local.get("/v1/orgs/self/ws/w").await.data()["collection_count"], 1);
    let refused = local.delete("/v1/orgs/self/ws/w").await;
    assert!(refused.refused(409, "DEPENDENTRESOURCES").contains("\"c\""));

    local.delete("/v1/orgs/self/ws/w/collections/c").await.data();
    assert_eq!(local.delete("/v1/orgs/self/ws/w").await.data()["name"], "w");
    for method in [Method::GET, Method::DELETE] {
        local.send(method, "/v1/orgs/self/ws/w", json!({})).await.refused(404, "NOTFOUND");
    }
    local.delete("/v1/orgs/self/ws/commons").await.refused(403, "FORBIDDEN");
    assert_eq!(names(&local.get(WORKSPACES).await), ["commons"]);
}

#[tokio::test]
async fn names_are_checked() {
    let local = Local::start();
    let long = "a".repeat(101);
    for name in ["", "_a", "-a", "a b", "a.b", "a/b", "ä", long.as_str()] {
        local.post(WORKSPACES, json!({ "name": name })).await.refused(400, "INVALIDINPUT");
        local.post(COLLECTIONS, json!({ "name": name })).await.refused(400, "INVALIDINPUT");
        let integration = json!({"name": name, "s3": {}});
        local.post(INTEGRATIONS, integration).await.refused(400, "INVALIDINPUT");
    }
    for name in ["a", "1", "A-_9", &long[1..]] {
        local.post(WORKSPACES, json!({ "name": name })).await.data();
        local.post(COLLECTIONS, json!({ "name": name })).await.data();
    }
    assert!(local.post(COLLECTIONS, json!({})).await.refused(400, "INVALIDINPUT").contains("name"));
    let missing = local.post(WORKSPACES, json!({})).await;
    assert!(missing.refused(400, "INVALIDINPUT").contains("name"));
}

#[tokio::test]
async fn a_collection_shows_its_definition() {
    let local = Local::start();
    let definition = json!({
        "name": "c",
        "description": "first",
        "retention_secs": 3600,
        "clustering_key": [{"field_name": "a", "type": "AUTO"}],
        "storage_compression_type": "ZSTD",
        "event_time_info": {"field": "at", "format": "seconds_since_epoch", "time_zone": "UTC"},
        "sources": [{"write_api": {}}],
    });
    let created = local.post(COLLECTIONS, definition.clone()).await;
    for data in [created.data(), local.get(C).await.data()] {
        for field in ["name", "description", "retention_secs", "clustering_key"] {
            assert_eq!(data[field], definition[field], "{field}");
        }
        assert_eq!(data["storage_compression_type"], "ZSTD");
        assert_eq!(data["workspace"], "commons");
        assert_eq!((&data["insert_only"], &data["read_only"]), (&json!(false), &json!(false)));
        assert!(data["rrn"].is_string() && data["sources"][0]["id"].is_string(), "{data}");
        just_now(&data["created_at"]);
    }
    local.post(COLLECTIONS, definition).await.refused(409, "ALREADYEXISTS");

    local.post(WORKSPACES, json!({"name": "w"})).await;
    local.post("/v1/orgs/self/ws/w/collections", json!({"name": "other"})).await;
    assert_eq!(names(&local.get(COLLECTIONS).await), ["_events", "c"]);
    let all = local.get("/v1/orgs/self/collections").await;
    assert_eq!(names(&all), ["_events", "c", "other"]);

    local.get("/v1/orgs/self/ws/none/collections/c").await.refused(404, "NOTFOUND");
    local.get(&format!("{COLLECTIONS}/none")).await.refused(404, "NOTFOUND");
    let nowhere = local.post("/v1/orgs/self/ws/none/collections", json!({"name": "c"})).await;
    assert!(nowhere.refused(404, "NOTFOUND").contains("\"none\""));
}

#[tokio::test]
async fn the_bounds_of_a_definition_are_enforced() {
    let local = Local::start();
    for (field, wrong) in [
        ("retention_secs", json!(3_599)),
        ("retention_secs", json!(315_360_000)),
        ("retention_secs", json!("1h")),
        ("clustering_key", json!([{"field_name": "a", "type": "MANUAL"}])),
        ("clustering_key", json!([{"type": "AUTO"}])),
        ("storage_compression_type", json!("GZIP")),
        ("sources", json!([{"s3": {"bucket": "b"}, "kafka": {"kafka_topic_name": "t"}}])),
        ("sources", json!([{"s3": {"bucket": "b", "prefix": "p", "pattern": "*"}}])),
        ("sources", json!([{"s3": {"bucket": "a b"}}])),
        ("event_time_info", json!({"field": "at", "format": "nanoseconds"})),
        ("event_time_info", json!({"field": "at", "time_zone": "Mars/Olympus"})),
        ("event_time_info", json!({"format": "seconds_since_epoch"})),
        ("event_time_info", json!({"field": ""})),
        ("sources", json!([{}])),
        ("insert_only", json!("yes")),
    ] {
        let answer = local.post(COLLECTIONS, json!({"name": "c", field: wrong})).await;
        let message = answer.refused(400, "INVALIDINPUT");
        assert!(message.contains(field), "{field}: {wrong} gives {message}");
    }
    for seconds in [3_600, 315_359_999] {
        let name = format!("c{seconds}");
        local.post(COLLECTIONS, json!({"name": name, "retention_secs": seconds})).await.data();
    }
}

#[cfg(not(feature = "engine"))]
#[tokio::test]
async fn what_needs_the_engine_says_so() {
    let local = Local::with_collection(json!({})).await;
    let sql = json!({"sql": "SELECT a FROM _input"});
    for definition in [
        json!({"field_mapping_query": sql}),
        json!({"field_mapping_query": {"sql": "SELECT * FROM _input WHERE a"}}),
        json!({"sources": [{"s3": {"bucket": "b"}, "ingest_transformation": sql}]}),
    ] {
        let mut definition = definition;
        definition["name"] = json!("d");
        let answer = local.post(COLLECTIONS, definition).await;
        assert!(answer.refused(501, "NOTIMPLEMENTEDYET").contains("`engine`"));
    }
    let mappings = json!({"name": "d", "field_mappings": [{"name": "m"}]});
    local.post(COLLECTIONS, mappings).await.refused(501, "NOTIMPLEMENTEDYET");

    let query = json!({"description": "no", "field_mapping_query": {"sql": "SELECT 1"}});
    let answer = local.send(Method::PUT, C, query).await;
    assert!(answer.refused(501, "NOTIMPLEMENTEDYET").contains("`engine`"));
    assert_eq!(local.get(C).await.data()["description"], Value::Null);
    assert_eq!(names(&local.get(COLLECTIONS).await), ["_events", "c"]);
}

/// A build without the engine takes every source, and says that it isn't read.
#[cfg(not(feature = "engine"))]
#[tokio::test]
async fn sources_are_taken_that_are_not_read() {
    let local = Local::start();
    local.post(INTEGRATIONS, json!({"name": "i", "s3": {}})).await.data();
    let s3 = json!({"integration_name": "i", "s3": {"bucket": "b", "pattern": "*.csv"}});
    let kafka = json!({"kafka": {"kafka_topic_name": "t"}});
    let sources = json!({"name": "c", "sources": [s3, kafka, {"write_api": {}}]});
    let created = local.post(COLLECTIONS, sources).await;
    let sources = created.data()["sources"].as_array().unwrap();
    for source in &sources[..2] {
        assert_eq!(source["status"]["state"], "ERROR");
        assert!(source["status"]["message"].as_str().unwrap().contains("`engine`"));
    }
    assert_eq!(sources[2]["status"], Value::Null);
    assert_eq!(local.get(C).await.data()["status"], "READY");
    assert_eq!(local.add(json!([{}])).await.statuses(), ["ADDED"]);

    let path = format!("{C}/sources");
    let unknown = json!({"integration_name": "none", "s3": {"bucket": "b"}});
    assert!(local.post(&path, unknown).await.refused(404, "NOTFOUND").contains("none"));
    let public = local.post(&path, json!({"s3": {"bucket": "b"}})).await;
    let public = format!("{path}/{}", public.data()["id"].as_str().unwrap());
    assert_eq!(local.get(&public).await.data()["s3"]["bucket"], "b");
    let suspended = local.post(&format!("{public}/suspend"), json!({})).await;
    assert_eq!(suspended.data()["status"]["state"], "SUSPENDED");
    let resumed = local.post(&format!("{public}/resume"), json!({})).await;
    assert_eq!(resumed.data()["status"]["state"], "ERROR");
    local.delete(&public).await.data();
    local.get(&public).await.refused(404, "NOTFOUND");

    local.delete(&format!("{INTEGRATIONS}/i")).await.refused(409, "DEPENDENTRESOURCES");
}

/// Whichever comes first, no source is left that names what isn't there.
#[cfg(not(feature = "engine"))]
#[tokio::test(flavor = "multi_thread")]
async fn an_integration_is_not_deleted_while_a_source_comes_to_name_it() {
    let local = Local::start();
    let source = json!({"integration_name": "i", "s3": {"bucket": "b"}});
    for round in 0..50 {
        local.post(INTEGRATIONS, json!({"name": "i", "s3": {}})).await;
        let definition = json!({"name": format!("c{round}"), "sources": [source]});
        let path = format!("{INTEGRATIONS}/i");
        let (created, deleted) =
            tokio::join!(local.post(COLLECTIONS, definition), local.delete(&path));
        match created.status.as_u16() {
            200 => drop(deleted.refused(409, "DEPENDENTRESOURCES")),
            _ => {
                created.refused(404, "NOTFOUND");
                deleted.data();
            }
        }
        let made = format!("{COLLECTIONS}/c{round}");
        if created.status == 200 {
            local.delete(&made).await.data();
        }
    }
}

/// The hosted service's console put it into every collection.
#[tokio::test]
async fn to_select_everything_is_no_transformation() {
    let local = Local::start();
    for (i, sql) in ["SELECT * FROM _input", "select *\n  from\t_input ;"].iter().enumerate() {
        let name = format!("c{i}");
        let query = json!({ "sql": sql });
        let definition = json!({"name": name, "field_mapping_query": query});
        let created = local.post(COLLECTIONS, definition).await;
        assert_eq!(created.data()["field_mapping_query"], query);
        let docs = format!("{COLLECTIONS}/{name}/docs");
        let added = local.text(Method::POST, &docs, r#"{"data": [{"_id": "1", "n": 1.50}]}"#);
        assert_eq!(added.await.statuses(), ["ADDED"]);
    }
}

#[tokio::test]
async fn the_write_api_is_a_source_once_it_was_used() {
    let local = Local::with_collection(json!({})).await;
    assert_eq!(local.get(C).await.data()["sources"], json!([]));
    for _ in 0..2 {
        local.add(json!([{}])).await;
        let sources = local.get(C).await.data()["sources"].clone();
        assert_eq!(sources.as_array().unwrap().len(), 1);
        assert_eq!(sources[0]["write_api"], json!({}));
        assert!(sources[0]["id"].is_string());
    }
    let made = json!({"name": "d", "sources": [{"write_api": {}}]});
    let made = local.post(COLLECTIONS, made).await.data()["sources"].clone();
    let d = format!("{COLLECTIONS}/d");
    local.post(&format!("{d}/docs"), json!({"data": [{}]})).await;
    assert_eq!(local.get(&d).await.data()["sources"], made);
}

/// As recorded, however soon the collection is ready.
#[tokio::test]
async fn the_answer_to_a_creation_is_created() {
    let local = Local::start();
    let created = local.post(COLLECTIONS, json!({"name": "c"})).await;
    assert_eq!(created.data()["status"], "CREATED");
    assert_eq!(local.get(C).await.data()["status"], "READY");
}

#[tokio::test]
async fn the_description_can_be_changed() {
    let local = Local::with_collection(json!({"description": "before"})).await;
    let updated = local.send(Method::PUT, C, json!({"description": "after"})).await;
    assert_eq!(updated.data()["description"], "after");
    local.send(Method::PUT, C, json!({})).await.data();
    assert_eq!(local.get(C).await.data()["description"], "after");
    let none = format!("{COLLECTIONS}/none");
    local.send(Method::PUT, &none, json!({})).await.refused(404, "NOTFOUND");
}

#[tokio::test]
async fn a_new_collection_takes_its_time_to_be_ready() {
    let local = Local::with(Options { ready_after: Duration::from_secs(1), ..options() });
    let created = local.post(COLLECTIONS, json!({"name": "c"})).await;
    assert_eq!(created.data()["status"], "CREATED");
    let (mut seen, mut refusals) = (Vec::new(), Vec::new());
    while seen.last() != Some(&"READY".to_string()) {
        let status = local.get(C).await.data()["status"].as_str().unwrap().to_string();
        let added = local.add(json!([{}])).await;
        let after = local.get(C).await.data()["status"].as_str().unwrap().to_string();
        if status == after {
            match status.as_str() {
                "CREATED" => {
                    let kind = added.body["type"].as_str().unwrap().to_string();
                    added.refused(400, &kind);
                    refusals.push(kind);
                }
                _ => assert_eq!(added.statuses(), ["ADDED"]),
            }
        }
        if seen.last() != Some(&status) {
            seen.push(status);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(seen, ["CREATED", "READY"]);
    refusals.dedup();
    assert_eq!(refusals, ["CREATING", "NOT_READY"]);
}

#[tokio::test]
async fn a_deleted_collection_can_be_seen_for_a_while() {
    let local = Local::with(Options { ready_after: Duration::from_secs(1), ..options() });
    local.post(COLLECTIONS, json!({"name": "c"})).await;
    tokio::time::sleep(Duration::from_millis(1050)).await;
    let offset = local.add(json!([{"_id": "1"}])).await.body["last_offset"].clone();
    assert_eq!(local.delete(C).await.data()["name"], "c");
    assert_eq!(local.get(C).await.data()["status"], "DELETED");
    local.add(json!([{}])).await.refused(404, "NOTFOUND");
    local.send(Method::PUT, C, json!({"description": "x"})).await.refused(404, "NOTFOUND");
    local.post(COLLECTIONS, json!({"name": "c"})).await.refused(409, "ALREADYEXISTS");

    tokio::time::sleep(Duration::from_millis(1050)).await;
    local.get(C).await.refused(404, "NOTFOUND");
    local.delete(C).await.refused(404, "NOTFOUND");
    local.send(Method::DELETE, DOCS, json!({"data": []})).await.refused(404, "NOTFOUND");
    assert_eq!(names(&local.get(COLLECTIONS).await), ["_events"]);

    // Another of its name is another: it holds nothing, and knows no offset of the first.
    local.post(COLLECTIONS, json!({"name": "c"})).await.data();
    assert_eq!(local.get(C).await.data()["stats"]["doc_count"], 0);
    let commit = local.post(&format!("{C}/offsets/commit"), json!({"name": [offset]})).await;
    commit.refused(400, "INVALIDINPUT");
}

#[tokio::test]
async fn integrations_keep_their_secrets() {
    let local = Local::start();
    let key = json!({"aws_access_key_id": "AKIA1", "aws_secret_access_key": "s3cret"});
    let body = json!({"name": "i", "description": "mine", "s3": {"aws_access_key": key}});
    let created = local.post(INTEGRATIONS, body.clone()).await;
    assert_eq!(created.data()["s3"]["aws_access_key"]["aws_access_key_id"], "AKIA1");
    just_now(&created.data()["created_at"]);
    local.post(INTEGRATIONS, body).await.refused(409, "ALREADYEXISTS");

    let path = format!("{INTEGRATIONS}/i");
    let update = json!({"description": "ours"});
    let updated = local.send(Method::PUT, &path, update).await;
    assert_eq!(updated.data()["description"], "ours");
    assert_eq!(updated.data()["s3"]["aws_access_key"]["aws_access_key_id"], "AKIA1");
    let other = json!({"gcs": {}});
    local.send(Method::PUT, &path, other).await.refused(400, "INVALIDINPUT");

    let found = local.get(&path).await;
    let list = local.get(INTEGRATIONS).await;
    assert_eq!(names(&list), ["i"]);
    let deleted = local.delete(&path).await;
    for answer in [&created, &updated, &found, &list, &deleted] {
        assert!(!answer.body.to_string().contains("s3cret"), "{answer:?}");
        answer.data();
    }
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        local.send(method, &path, json!({})).await.refused(404, "NOTFOUND");
    }
}

#[tokio::test]
async fn every_secret_of_an_integration_is_masked() {
    let local = Local::start();
    let aws = json!({"aws_access_key_id": "AKIA1", "aws_secret_access_key": "s3cret"});
    for service in [
        json!({"azure_blob_storage": {"connection_string": "Endpoint=e;Key=s3cret"}}),
        json!({"azure_event_hubs": {"connection_string": "Endpoint=e;Key=s3cret"}}),
        json!({"azure_service_bus": {"connection_string": "Endpoint=e;Key=s3cret"}}),
        json!({"dynamodb": {"aws_access_key": aws}}),
        json!({"gcs": {"gcp_service_account": {"service_account_key_file_json": "{\"key\": \"s3cret\"}"}}}),
        json!({"kafka": {
            "connection_string": "s3cret",
            "security_config": {"api_key": "user", "secret": "s3cret"},
            "schema_registry_config": {"key": "user", "secret": "s3cret"},
        }}),
        json!({"kinesis": {"aws_access_key": aws}}),
        json!({"mongodb": {
            "connection_uri": "mongodb://user:s3cret@localhost",
            "tls": {"client_cert": "public", "client_key": "s3cret"},
        }}),
        json!({"snowflake": {
            "aws_access_key": aws, "default_warehouse": "w", "password": "s3cret",
            "s3_export_path": "s3://b", "snowflake_url": "u", "username": "user",
        }}),
    ] {
        let mut body = service.clone();
        let kind = service.as_object().unwrap().keys().next().unwrap().replace('_', "-");
        body["name"] = json!(kind);
        let created = local.post(INTEGRATIONS, body).await;
        assert_eq!(created.data()["name"], json!(kind));
        assert!(!created.body.to_string().contains("s3cret"), "{kind}");
    }
    let role = json!({"aws_role_arn": "arn:aws:iam::1:role/r"});
    let snowflake = |path: &str| {
        json!({"default_warehouse": "w", "password": "s3cret", "s3_export_path": path,
               "snowflake_url": "u", "username": "user"})
    };
    for (wrong, place) in [
        (json!({}), "one service"),
        (json!({"s3": {}, "gcs": {}}), "one service"),
        (json!({"s3": {"aws_role": role, "aws_access_key": aws}}), "excludes"),
        (json!({"s3": {"aws_role": {"aws_role_arn": "r"}}}), "s3.aws_role.aws_role_arn"),
        (
            json!({"kinesis": {"aws_access_key": {"aws_access_key_id": "", "aws_secret_access_key": "s3cret"}}}),
            "aws_access_key_id",
        ),
        (json!({"azure_blob_storage": {"connection_string": "s3cret"}}), "connection_string"),
        (json!({"azure_event_hubs": {}}), "connection_string"),
        (json!({"azure_service_bus": {"connection_string": "=s3cret"}}), "connection_string"),
        (
            json!({"gcs": {"gcp_service_account": {"service_account_key_file_json": "s3cret"}}}),
            "JSON",
        ),
        (json!({"mongodb": {"connection_uri": "http://user:s3cret@localhost"}}), "connection_uri"),
        (json!({"snowflake": snowflake("b")}), "s3_export_path"),
        (json!({"kafka": {"use_v3": true, "connection_string": "s3cret"}}), "bootstrap_servers"),
    ] {
        let mut wrong = wrong;
        wrong["name"] = json!("wrong");
        let refused = local.post(INTEGRATIONS, wrong).await;
        assert!(refused.refused(400, "INVALIDINPUT").contains(place), "{refused:?}");
        assert!(!refused.body.to_string().contains("s3cret"), "{refused:?}");
    }
    assert!(!local.get("/local").await.body.to_string().contains("s3cret"));
}

#[tokio::test]
async fn the_client_sorts_the_errors() {
    let local = Local::start();
    let client = local.client();
    let missing = call(client.get_collection("commons", "none")).await.unwrap_err();
    assert!(matches!(missing, Error::NotFound(_)), "{missing}");
    let workspace = serde_json::from_value(json!({"name": "commons"})).unwrap();
    let exists = call(client.create_workspace(&workspace)).await.unwrap_err();
    assert!(matches!(exists, Error::AlreadyExists(_)), "{exists}");
}

#[cfg(not(feature = "engine"))]
#[tokio::test]
async fn queries_need_the_engine() {
    let local = Local::start();
    let queries = "/v1/orgs/self/queries";
    let answer = local.post(queries, json!({"sql": {"query": "SELECT 1"}})).await;
    assert!(answer.refused(501, "NOTIMPLEMENTEDYET").contains("`engine`"));
    for path in [queries, "/v1/orgs/self/queries/x", "/v1/orgs/self/queries/x/pages"] {
        local.get(path).await.refused(501, "NOTIMPLEMENTEDYET");
    }
}

/// Every kind of source is kept and shown, and tells that nobody reads it.
#[tokio::test]
async fn sources_of_every_kind_tell_that_they_are_not_read() {
    let local = Local::with_collection(json!({})).await;
    let aws = json!({"aws_access_key_id": "AKIA1", "aws_secret_access_key": "s3cret"});
    let azure = json!({"connection_string": "Endpoint=e;Key=s3cret"});
    let snowflake = json!({"default_warehouse": "w", "password": "p", "s3_export_path": "s3://b",
                           "snowflake_url": "u", "username": "user"});
    for (kind, credentials, source) in [
        ("azure_blob_storage", azure.clone(), json!({"container": "c", "prefix": "p"})),
        (
            "azure_event_hubs",
            azure.clone(),
            json!({"hub_id": "h", "offset_reset_policy": "EARLIEST"}),
        ),
        ("azure_service_bus", azure, json!({"topic": "t", "subscription": "s"})),
        ("dynamodb", json!({"aws_access_key": aws}), json!({"table_name": "t", "aws_region": "r"})),
        ("gcs", json!({}), json!({"bucket": "b", "prefix": "p"})),
        (
            "kafka",
            json!({"use_v3": true, "bootstrap_servers": "h:9092"}),
            json!({"kafka_topic_name": "t", "use_v3": true}),
        ),
        ("kinesis", json!({"aws_access_key": aws}), json!({"stream_name": "s"})),
        (
            "mongodb",
            json!({"connection_uri": "mongodb://localhost"}),
            json!({"database_name": "d", "collection_name": "c"}),
        ),
        ("snowflake", snowflake, json!({"database": "d", "schema": "s", "table_name": "t"})),
    ] {
        let name = kind.replace('_', "-");
        let mut integration = json!({ "name": name });
        integration[kind] = credentials;
        local.post(INTEGRATIONS, integration).await.data();
        let mut definition = json!({ "integration_name": name });
        definition[kind] = source.clone();
        let made = local.post(&format!("{C}/sources"), definition.clone()).await;
        let path = format!("{C}/sources/{}", made.data()["id"].as_str().unwrap());
        let shown = local.get(&path).await.data().clone();
        for (property, value) in source.as_object().unwrap() {
            assert_eq!(&shown[kind][property], value, "{kind}: {shown}");
        }
        assert_eq!(shown["integration_name"], json!(name));
        assert_eq!(shown["status"]["state"], "ERROR", "{shown}");
        let message = shown["status"]["message"].as_str().unwrap();
        assert!(message.contains("reads"), "{kind}: {message}");

        // An integration is for sources of its own kind.
        let mut other = json!({ "integration_name": name });
        other[if kind == "gcs" { "kinesis" } else { "gcs" }] =
            json!({"stream_name": "s", "bucket": "b"});
        local.post(&format!("{C}/sources"), other).await.refused(400, "INVALIDINPUT");

        let settings = match kind {
            "azure_blob_storage" => json!({"azblob_scan_frequency": "PT1M"}),
            "dynamodb" => json!({"dynamodb_stream_poll_frequency": "PT1M"}),
            "gcs" => json!({"gcs_scan_frequency": "PT1M"}),
            _ => {
                let change = json!({"s3": {"settings": {"s3_scan_frequency": "PT1M"}}});
                local.send(Method::PUT, &path, change).await.refused(400, "INVALIDINPUT");
                continue;
            }
        };
        let mut change = json!({});
        change[kind] = json!({ "settings": settings });
        let changed = local.send(Method::PUT, &path, change).await;
        assert_eq!(changed.data()[kind]["settings"], settings);
        local.send(Method::PUT, &path, json!({})).await.refused(400, "INVALIDINPUT");
    }
    assert_eq!(local.get(C).await.data()["status"], "READY");
    assert_eq!(local.get(C).await.data()["sources"].as_array().unwrap().len(), 9);
}
