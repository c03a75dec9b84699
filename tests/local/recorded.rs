//! The shapes of answers, as they were recorded from the hosted Rockset: which properties
//! there are, in which order, and which are null.

use crate::support::local::{C, DOCS, Local, options};
use materialize_rockset::local::Options;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, json};
use std::fmt;
use std::time::Duration;

/// The outline of a JSON text: properties in their order, a null as `null`, any other
/// value as `_`, of a list its first item.
struct Outline(String);

impl<'de> Deserialize<'de> for Outline {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(Outlining).map(Self)
    }
}

struct Outlining;

macro_rules! value {
    ($($method:ident: $type:ty;)+) => {
        $(fn $method<E>(self, _: $type) -> Result<String, E> {
            Ok("_".to_string())
        })+
    };
}

impl<'de> Visitor<'de> for Outlining {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    value! {
        visit_bool: bool;
        visit_i64: i64;
        visit_u64: u64;
        visit_f64: f64;
        visit_str: &str;
    }

    fn visit_unit<E>(self) -> Result<String, E> {
        Ok("null".to_string())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<String, A::Error> {
        let first = items.next_element::<Outline>()?;
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(format!("[{}]", first.map(|Outline(text)| text).unwrap_or_default()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<String, A::Error> {
        let mut fields = Vec::new();
        while let Some((name, Outline(value))) = map.next_entry::<String, Outline>()? {
            let nested = value.starts_with(['{', '[']);
            let shown = match value.as_str() {
                "_" => name,
                _ if nested => format!("{name} {value}"),
                _ => format!("{name}={value}"),
            };
            fields.push(shown);
        }
        Ok(format!("{{{}}}", fields.join(", ")))
    }
}

/// Sends a request and checks the outline of its answer.
async fn outlines(
    local: &Local,
    (method, path, body): (Method, &str, Value),
    status: u16,
    expected: &str,
) -> Value {
    let request = local.request(method, path).header(CONTENT_TYPE, "application/json");
    let response = request.body(body.to_string()).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::from_u16(status).unwrap(), "{path}");
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    let text = response.text().await.unwrap();
    let Outline(found) = serde_json::from_str(&text).unwrap();
    let expected = expected.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(found, expected, "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

fn get(path: &str) -> (Method, &str, Value) {
    (Method::GET, path, json!(null))
}

fn delete(path: &str) -> (Method, &str, Value) {
    (Method::DELETE, path, json!(null))
}

fn post(path: &str, body: Value) -> (Method, &str, Value) {
    (Method::POST, path, body)
}

const WS: &str = "/v1/orgs/self/ws";
const COLLECTIONS: &str = "/v1/orgs/self/ws/commons/collections";

const ERROR: &str = "{message, message_key, type, line=null, column=null, trace_id, \
                     error_id=null, query_id=null, internal_errors=null}";

const STATS: &str = "{doc_count, purged_doc_count, fill_progress=null, last_queried_ms, \
    last_updated_ms, total_size, total_index_size, row_index_size, column_index_size, \
    inverted_index_size, range_index_size, purged_doc_size, bytes_inserted, \
    bytes_overwritten, bulk_bytes_inserted, bulk_bytes_overwritten}";

/// What comes after the figures of a collection.
const REST: &str = "field_mappings [], field_partitions [], clustering_key [], aliases [], \
    field_schemas [], read_only, storage_type, storage_compression_type, \
    created_by_apikey_name, insert_only";

/// A source, of which the kinds that it isn't are null.
fn source(kinds: [&str; 2], status: &str) -> String {
    let [s3, write_api] = kinds;
    format!(
        "{{s3{s3}, gcs=null, azure_blob_storage=null, dynamodb=null, id, integration_name=null, \
         kinesis=null, azure_service_bus=null, azure_event_hubs=null, file_upload=null, \
         kafka=null, mongodb=null, snowflake=null, write_api{write_api}, snapshot=null, \
         system=null, status {status}, format_params=null, ingest_transformation=null, \
         suspended_at=null, resume_at=null}}"
    )
}

#[tokio::test]
async fn of_workspaces() {
    let local = Local::start();
    let shape = |description| {
        format!(
            "{{data {{created_at, created_by, name, description{description}, collection_count}}}}"
        )
    };
    let bare = shape("=null");
    outlines(&local, post(WS, json!({"name": "w"})), 200, &bare).await;
    let path = format!("{WS}/w");
    outlines(&local, get(&path), 200, &bare).await;
    outlines(&local, delete(&path), 200, &bare).await;
    let gone = outlines(&local, get(&path), 404, ERROR).await;
    assert_eq!(gone["message_key"], "WORKSPACE_NOT_FOUND");
    assert_eq!(gone["message"], "Workspace with name \"w\" does not exist");

    let described = json!({"name": "w", "description": "mine"});
    outlines(&local, post(WS, described), 200, &shape("")).await;
    let list = "{data [{created_at, created_by=null, name, description, collection_count}]}";
    outlines(&local, get(WS), 200, list).await;
}

#[tokio::test]
async fn of_a_collection_through_its_life() {
    let ready_after = Duration::from_millis(300);
    let local = Local::with(Options { ready_after, ..options() });
    let created = format!(
        "{{data {{created_at, created_by, rrn, name, workspace, status, sources [], {REST}}}}}"
    );
    let answer = outlines(&local, post(COLLECTIONS, json!({"name": "c"})), 200, &created).await;
    assert_eq!(answer["data"]["status"], "CREATED");
    assert_eq!(answer["data"]["storage_type"], "HOT");
    assert_eq!(answer["data"]["storage_compression_type"], "LZ4");
    let rrn = answer["data"]["rrn"].as_str().unwrap();
    assert!(rrn.starts_with("rrn:col:"), "{rrn}");

    let shown = format!(
        "{{data {{created_at, created_by, rrn, name, workspace, status, sources [], \
         stats {}, {REST}}}}}",
        STATS.replace("last_updated_ms", "last_updated_ms=null")
    );
    outlines(&local, get(C), 200, &shown).await;
    tokio::time::sleep(ready_after).await;
    outlines(&local, get(C), 200, &shown).await;

    let deleted = "{data {name, workspace, sources [], field_mappings [], field_partitions [], \
                   clustering_key [], aliases [], field_schemas [], storage_type}}";
    outlines(&local, delete(C), 200, deleted).await;
    let going = outlines(&local, get(C), 200, &shown).await;
    assert_eq!(going["data"]["status"], "DELETED");
    tokio::time::sleep(ready_after).await;
    let gone = outlines(&local, get(C), 404, ERROR).await;
    assert_eq!(gone["message_key"], "COLLECTION_DOES_NOT_EXIST");
    assert_eq!(gone["message"], "Collection \"c\" does not exist in workspace \"commons\"");
}

#[tokio::test]
async fn of_a_collection_with_all_that_it_may_have() {
    let local = Local::start();
    let settings = json!({
        "name": "c",
        "description": "used",
        "retention_secs": 3600,
        "field_mapping_query": {"sql": "SELECT * FROM _input"},
    });
    let begin = "created_at, created_by, rrn, name, description, workspace, status";
    let middle = "retention_secs, field_mappings [], field_mapping_query {sql}";
    let rest = REST.strip_prefix("field_mappings []").unwrap();
    let created = format!("{{data {{{begin}, sources [], {middle}{rest}}}}}");
    // Of a list, the first one is looked at.
    local.post(WS, json!({"name": "acc"})).await.data();
    let collections = format!("{WS}/acc/collections");
    outlines(&local, post(&collections, settings), 200, &created).await;
    local.post(&format!("{collections}/c/docs"), json!({"data": [{}]})).await.data();
    let status = "{state=null, message=null, last_processed_at=null, last_processed_item=null, \
                  total_processed_items=null, detected_size_bytes=null}";
    let written = source(["=null", " {}"], status);
    let listed =
        format!("{{data [{{{begin}, sources [{written}], stats {STATS}, {middle}{rest}}}]}}");
    outlines(&local, get(&collections), 200, &listed).await;
    outlines(&local, get("/v1/orgs/self/collections"), 200, &listed).await;
}

#[tokio::test]
async fn of_a_source_in_a_public_bucket() {
    let local = Local::start();
    let s3 = json!({"bucket": "rockset-public-datasets", "pattern": "movies/*"});
    let settings = json!({"name": "c", "sources": [{"s3": s3}]});
    local.post(COLLECTIONS, settings).await.data();
    let s3 = " {prefix=null, pattern, region=null, bucket, prefixes [], settings=null, \
              object_count_downloaded, object_count_total, object_bytes_total, \
              object_bytes_downloaded}";
    let sources = local.get(&format!("{C}/sources")).await;
    // How far it has come depends on when it is asked.
    let states = ["INITIALIZING", "ERROR", "PROCESSING", "WATCHING"];
    let state = sources.data()[0]["status"]["state"].as_str().unwrap();
    assert!(states.contains(&state), "{state}");
    let text = local.request(Method::GET, &format!("{C}/sources")).send().await.unwrap();
    let Outline(found) = serde_json::from_str(&text.text().await.unwrap()).unwrap();
    let expected = source([s3, "=null"], "{");
    let (begin, _) = expected.split_once("status {").unwrap();
    let begin = begin.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(found.starts_with(&format!("{{data [{begin}")), "{found}\n{begin}");
}

#[tokio::test]
async fn of_documents_and_offsets() {
    let local = Local::with_collection(json!({})).await;
    let statuses = "{data [{_collection, error=null, _id, status, patch_id=null}], last_offset}";
    let add = json!({"data": [{"_id": "1", "Bar": false, "Foo": "foo"}]});
    let added = outlines(&local, post(DOCS, add.clone()), 200, statuses).await;
    assert_eq!(added["data"][0]["_collection"], "c");
    let offsets = format!("{C}/offsets/commit");
    let fence = json!({"name": [added["last_offset"]]});
    let passed = "{data {fence, passed}, offsets {commit}}";
    outlines(&local, post(&offsets, fence), 200, passed).await;

    let replace = json!([{"op": "replace", "path": "/Bar", "value": true, "from": null}]);
    let patch = json!({"data": [{"_id": "1", "patch": replace}]});
    let patched = statuses.replace("patch_id=null", "patch_id");
    outlines(&local, (Method::PATCH, DOCS, patch), 200, &patched).await;
    let deletion = json!({"data": [{"_id": "1"}]});
    outlines(&local, (Method::DELETE, DOCS, deletion), 200, statuses).await;

    let refused = ERROR.replace("message_key", "message_key=null");
    let failed = format!(
        "{{data [{{_collection, error {refused}, _id=null, status, patch_id=null}}], last_offset}}"
    );
    outlines(&local, post(DOCS, json!({"data": [{"_id": 1}]})), 200, &failed).await;
}

#[tokio::test]
async fn of_the_organization() {
    let local = Local::start();
    let organization = "{data {id, created_at, display_name, external_id, rockset_user, \
        clusters [{id, cluster_type, aws_region, domain, top_level_domain, apiserver_url}], \
        sso_connection=null, sso_only=null}}";
    outlines(&local, get("/v1/orgs/self"), 200, organization).await;
    outlines(&local, get("/"), 200, "{message}").await;
}

#[tokio::test]
async fn of_users() {
    let local = Local::start();
    let users = "/v1/orgs/self/users";
    let user = "{created_at, email, first_name=null, last_name=null, roles [_], state}";
    let data = format!("{{data {user}}}");
    let body = json!({"email": "user@example.com", "roles": ["read-only"]});
    let created = outlines(&local, post(users, body), 200, &data).await;
    assert_eq!(created["data"]["state"], "NEW");
    let path = format!("{users}/user@example.com");
    outlines(&local, get(&path), 200, user).await;
    outlines(&local, get(&format!("{users}/self")), 200, user).await;
    outlines(&local, get(users), 200, &format!("{{data [{user}]}}")).await;
    outlines(&local, post(&path, json!({"roles": ["member"]})), 200, user).await;
    let gone = "{data {created_at=null, email, first_name=null, last_name=null, roles [], \
                state=null}}";
    outlines(&local, delete(&path), 200, gone).await;
}

#[tokio::test]
async fn of_roles() {
    let local = Local::start();
    let roles = "/v1/orgs/self/roles";
    let role = |description: &str, privilege: &str| {
        format!(
            "{{role_name, description{description}, owner_email, created_by, \
             privileges [{{{privilege}}}], created_at}}"
        )
    };
    let data = |role: String| format!("{{data {role}}}");
    let (whole, global) =
        ("action, resource_name, cluster", "action, resource_name=null, cluster=null");
    let body = json!({"role_name": "go_role", "description": "created", "privileges": [
        {"action": "LIST_RESOURCES_WS", "cluster": "*ALL*", "resource_name": "persistent"},
        {"action": "QUERY_VI", "cluster": "*ALL*", "resource_name": "rrn:vi:usw2a1:1"},
    ]});
    outlines(&local, post(roles, body), 200, &data(role("", whole))).await;
    let path = format!("{roles}/go_role");
    outlines(&local, get(&path), 200, &data(role("", whole))).await;
    outlines(&local, get(roles), 200, &data(format!("[{}]", role("", whole)))).await;
    let body = json!({"description": "updated", "privileges": [{"action": "LIST_ROLES_GLOBAL"}]});
    outlines(&local, post(&path, body), 200, &data(role("", global))).await;
    outlines(&local, delete(&path), 200, &data(role("", global))).await;
    let integration = json!({"role_name": "go_role", "privileges": [
        {"action": "CREATE_COLLECTION_INTEGRATION", "resource_name": "test"},
    ]});
    let shape = role("=null", "action, resource_name, cluster=null");
    outlines(&local, post(roles, integration), 200, &data(shape)).await;
    let missing = get("/v1/orgs/self/roles/non-existing-role");
    let missing = outlines(&local, missing, 404, ERROR).await;
    assert_eq!(missing["message_key"], "ROLE_NOT_FOUND_NAME");
    assert_eq!(missing["message"], "Role \"non-existing-role\" not found");
}

#[tokio::test]
async fn of_api_keys() {
    let local = Local::start();
    local.post("/v1/orgs/self/roles", json!({"role_name": "integration-test"})).await.data();
    let keys = "/v1/orgs/self/users/self/apikeys";
    let key = |accessed: &str, role: &str| {
        format!(
            "{{created_at, name, key, last_access_time{accessed}, expiry_time=null, role{role}, \
             created_by, created_by_apikey_name, state}}"
        )
    };
    let data = |key: String| format!("{{data {key}}}");
    let body = json!({"name": "go_key", "role": "integration-test"});
    let created = outlines(&local, post(keys, body), 200, &data(key("=null", ""))).await;
    let text = created["data"]["key"].as_str().unwrap();
    local.by(text, Method::GET, keys, json!({})).await.refused(403, "FORBIDDEN");
    let path = format!("{keys}/go_key");
    let shown = outlines(&local, get(&path), 200, &data(key("", ""))).await;
    assert_eq!(shown["data"]["key"], text[..6]);
    outlines(&local, get(keys), 200, &data(format!("[{}]", key("", "")))).await;
    let suspended = json!({"state": "SUSPENDED"});
    outlines(&local, post(&path, suspended), 200, &data(key("", ""))).await;
    outlines(&local, delete(&path), 200, &data(key("", ""))).await;
    let plain = post(keys, json!({"name": "plain"}));
    outlines(&local, plain, 200, &data(key("=null", "=null"))).await;
}

#[tokio::test]
async fn of_what_is_not_found() {
    let local = Local::start();
    for (path, key, message) in [
        (
            "/v1/orgs/self/ws/commons/lambdas/q/tags",
            "QUERY_NOT_FOUND",
            "Query Lambda \"q\" not found in workspace \"commons\".",
        ),
        (
            "/v1/orgs/self/ws/commons/lambdas/q/versions/v",
            "QUERY_NOT_FOUND",
            "Query Lambda \"q\" (version \"v\") not found in workspace \"commons\".",
        ),
        ("/v1/orgs/self/integrations/i", "INTEGRATION_NOT_FOUND", "Integration \"i\" not found."),
    ] {
        let error = outlines(&local, get(path), 404, ERROR).await;
        assert_eq!((&error["message_key"], &error["message"]), (&json!(key), &json!(message)));
    }
    for path in ["/v1/orgs/self/aliases", "/v1/orgs/self/views", "/v1/orgs/self/lambdas"] {
        outlines(&local, get(path), 200, "{data []}").await;
    }
}

#[cfg(feature = "engine")]
const QUERY: &str = "query_id, status, executed_by, submitted_at";
#[cfg(feature = "engine")]
const SIZES: &str =
    "result_set_document_count=null, result_set_bytes_size=null, result_set_file_count=null";

/// What is known of a query, from when it expires on.
#[cfg(feature = "engine")]
fn query(expires: &str, sizes: &str, pagination: &str, sql: &str) -> String {
    format!(
        "{{{QUERY}, expires_at{expires}, stats {{elapsed_time_ms, throttled_time_ms, {sizes}}}, \
         destination_uri=null, pagination{pagination}, last_offset=null, query_errors [], \
         sql{sql}, cancellation_tag=null"
    )
}

#[cfg(feature = "engine")]
#[tokio::test]
async fn of_queries() {
    let queries = "/v1/orgs/self/queries";
    let local = Local::with_collection(json!({})).await;
    local.add(json!([{"_id": "1", "a": null, "b": {}}])).await.data();
    let body = json!({"sql": {"query": "SELECT 1", "parameters": []}});
    let first = "{collections [], aliases [], column_fields [{name, type}], results [{?field0}], \
                 query_id, stats {elapsed_time_ms, throttled_time_micros}, status}";
    outlines(&local, post(queries, body.clone()), 200, first).await;
    let instance = "/v1/orgs/self/virtualinstances/main/queries";
    let instance_rrn =
        instance.replace("main", "rrn:vi:local:00000000-0000-4000-8000-000000000000");
    outlines(&local, post(&instance_rrn, body.clone()), 200, first).await;
    let all = json!({"sql": {"query": "SELECT * FROM commons.c LIMIT 10"}});
    let shape = "{collections [_], aliases [], results [{_id, _event_time, a=null, b {}}], \
                 query_id, stats {elapsed_time_ms, throttled_time_micros}, status}";
    outlines(&local, post(queries, all), 200, shape).await;

    let validated = "{aliases [], views [], name [], collections [], parameters []}";
    outlines(&local, post(&format!("{queries}/validations"), body.clone()), 200, validated).await;

    let mut later = body;
    later["async"] = json!(true);
    later["async_options"] = json!({"client_timeout_ms": 0});
    let queued = "{query_id, status, stats {elapsed_time_ms, throttled_time_micros}}";
    let queued = outlines(&local, post(queries, later), 200, queued).await;
    let path = format!("{queries}/{}", queued["query_id"].as_str().unwrap());
    while local.get(&path).await.data()["status"] != "COMPLETED" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let sizes = "result_set_document_count, result_set_bytes_size, result_set_file_count=null";
    let data = query("", sizes, " {start_cursor}", "=null");
    let known = format!("{{data {data}}}, last_offset=null}}");
    outlines(&local, get(&path), 200, &known).await;
    let page = "{results [{?field0}], results_total_doc_count, \
                pagination {current_page_doc_count, next_cursor_offset, start_cursor=null, \
                next_cursor=null, next_page_link=null}}";
    outlines(&local, get(&format!("{path}/pages")), 200, page).await;
    outlines(&local, delete(&path), 200, &format!("{{data {data}}}}}")).await;
    outlines(&local, get(queries), 200, "{data []}").await;

    local.post(queries, json!({"sql": {"query": "SELECT 2"}})).await;
    let listed = query("=null", SIZES, "=null", "");
    let listed = format!("{{data [{listed}, user_agent=null, api_key_identifier}}]}}");
    outlines(&local, get(instance), 200, &listed).await;

    let wrong = json!({"sql": {"query": "SELECT COUT(*)"}});
    let error = "{message, message_key=null, type, line, column, trace_id, error_id, query_id, \
                 internal_errors=null}";
    let wrong = outlines(&local, post(queries, wrong), 400, error).await;
    assert_eq!((&wrong["line"], &wrong["column"]), (&json!(1), &json!(8)));
}

/// A version of a query lambda, from its description on.
#[cfg(feature = "engine")]
fn version(description: &str, stats: &str) -> String {
    format!(
        "{{workspace, created_by, created_by_apikey_name, created_at, name, version, \
         description{description}, sql {{query, default_parameters []}}, collections [], state, \
         stats {{{stats}, last_execution_error=null, last_execution_error_message=null}}, \
         public_access_id=null}}"
    )
}

#[cfg(feature = "engine")]
#[tokio::test]
async fn of_query_lambdas() {
    let local = Local::start();
    let lambdas = "/v1/orgs/self/ws/commons/lambdas";
    let at = |path: &str| format!("{lambdas}/go_ql{path}");
    let never = "last_executed=null, last_executed_by=null";
    let (first, next) = (version("", never), version("=null", never));
    let data = |shape: &str| format!("{{data {shape}}}");
    let body = json!({"description": "create", "name": "go_ql", "sql": {"query": "SELECT 1"}});
    let created = outlines(&local, post(lambdas, body), 200, &data(&first)).await;
    let id = created["data"]["version"].as_str().unwrap().to_string();
    outlines(&local, get(&at(&format!("/versions/{id}"))), 200, &data(&first)).await;
    outlines(&local, get(&at("/versions")), 200, &data(&format!("[{first}]"))).await;
    let tag = data(&format!("{{tag_name, version {first}}}"));
    let body = json!({"tag_name": "go_tag", "version": id});
    outlines(&local, post(&at("/tags"), body), 200, &tag).await;
    outlines(&local, get(&at("/tags/go_tag")), 200, &tag).await;
    let tags = data(&format!("[{{tag_name, version {first}}}]"));
    outlines(&local, get(&at("/tags")), 200, &tags).await;
    let lambda = |version: &str| {
        format!(
            "{{workspace, last_updated_by, last_updated, name, version_count, collections [], \
             latest_version {version}}}"
        )
    };
    for list in ["/v1/orgs/self/lambdas", lambdas] {
        outlines(&local, get(list), 200, &data(&format!("[{}]", lambda(&first)))).await;
    }
    let plain = json!({"name": "plain", "sql": {"query": "SELECT 2"}});
    outlines(&local, post(lambdas, plain), 200, &data(&next)).await;

    let done = "{collections [], aliases [], column_fields [{name, type}], results [{?field0}], \
                query_id, query_lambda_path, stats {elapsed_time_ms, throttled_time_micros}, \
                status}";
    let limit = json!({"default_row_limit": 100});
    outlines(&local, post(&at("/tags/latest"), limit), 200, done).await;
    outlines(&local, post(&at(&format!("/versions/{id}")), json!({})), 200, done).await;

    let executed = version("", "last_executed, last_executed_by");
    let tag = data(&format!("{{tag_name, version {executed}}}"));
    outlines(&local, delete(&at("/tags/go_tag")), 200, &tag).await;
    let body = json!({"description": "updated", "sql": {"query": "SELECT 2"}});
    let updated = outlines(&local, post(&at("/versions"), body), 200, &data(&executed)).await;
    let id = updated["data"]["version"].as_str().unwrap();
    outlines(&local, delete(&at(&format!("/version/{id}"))), 200, &data(&executed)).await;
    outlines(&local, delete(&at("")), 200, &data(&lambda(&executed))).await;
    let error = outlines(&local, delete(&at("")), 404, ERROR).await;
    assert_eq!(error["message_key"], "QUERY_NOT_FOUND");
}

#[tokio::test]
async fn of_aliases() {
    let local = Local::with_collection(json!({})).await;
    let aliases = "/v1/orgs/self/ws/commons/aliases";
    let alias = |description: &str| {
        format!(
            "{{name, description{description}, workspace, creator_email, created_by_apikey_name, \
             collections [_], state, created_at, modified_at}}"
        )
    };
    let data = |shape: String| format!("{{data {shape}}}");
    let body = json!({"collections": ["commons.c"], "description": "original", "name": "go_alias"});
    outlines(&local, post(aliases, body), 200, &data(alias(""))).await;
    let plain = json!({"collections": ["commons.c"], "name": "getalias"});
    outlines(&local, post(aliases, plain), 200, &data(alias("=null"))).await;
    let one = "/v1/orgs/self/ws/commons/aliases/go_alias";
    outlines(&local, get(one), 200, &data(alias(""))).await;
    let body = json!({"collections": ["commons.c"], "description": "updated"});
    outlines(&local, post(one, body), 200, &data(alias(""))).await;
    for list in ["/v1/orgs/self/aliases", aliases] {
        outlines(&local, get(list), 200, &data(format!("[{}]", alias("=null")))).await;
    }
    outlines(&local, delete(one), 200, &data(alias(""))).await;
}

#[cfg(feature = "engine")]
#[tokio::test]
async fn of_views() {
    let local = Local::with_collection(json!({})).await;
    let views = "/v1/orgs/self/ws/commons/views";
    let view = "{path, name, description, workspace, creator_email, created_by_apikey_name, \
                owner_email=null, query_sql, entities [_], state, created_at, modified_at}";
    let data = format!("{{data {view}}}");
    let query = "select * from commons._events where _events.kind = 'COLLECTION'";
    let body = json!({"description": "test", "name": "go_view", "query": query});
    let created = outlines(&local, post(views, body), 200, &data).await;
    assert_eq!(created["data"]["path"], "commons.go_view");
    assert_eq!(created["data"]["entities"], json!(["commons._events"]));
    let one = "/v1/orgs/self/ws/commons/views/go_view";
    let body = json!({"description": "updated", "query": query});
    outlines(&local, post(one, body), 200, &data).await;
    outlines(&local, get(one), 200, &data).await;
    for list in ["/v1/orgs/self/views", views] {
        outlines(&local, get(list), 200, &format!("{{data [{view}]}}")).await;
    }
    outlines(&local, delete(one), 200, &data).await;
}

#[tokio::test]
async fn of_virtual_instances() {
    let local = Local::start();
    let instances = "/v1/orgs/self/virtualinstances";
    let instance = |description: &str, by: &str, resumed: &str, suspended: &str, suspends: &str| {
        format!(
            "{{name, description{description}, created_by{by}, created_at, resumed_at{resumed}, \
             suspended_at{suspended}, state, current_type, desired_type, current_size, \
             desired_size, current_instance_class, desired_instance_class, \
             monitoring_enabled=null, default_vi, compute_type, default_pod_count=null, \
             scaled_pod_count=null, id, rrn, auto_suspend_seconds{suspends}, \
             mount_refresh_interval_seconds, mount_type, enable_remount_on_resume{suspends}, \
             stats {{last_queried_ms}}, concurrent_query_execution_limit=null, \
             concurrent_queries_limit=null, auto_scaling_policy=null, microbatch_policy=null, \
             enable_dedicated_streaming_ingest=null, dedicated_streaming_ingest_active=null, \
             dedicated_streaming_ingest_toggling=null}}"
        )
    };
    let main = instance("", "=null", "=null", "=null", "=null");
    outlines(&local, get(instances), 200, &format!("{{data [{main}]}}")).await;
    let body = json!({"auto_suspend_seconds": 900, "enable_remount_on_resume": true,
                      "name": "go_vi", "type": "SMALL"});
    let data = |shape: String| format!("{{data {shape}}}");
    let created = data(instance("=null", "", "=null", "=null", ""));
    let created = outlines(&local, post(instances, body), 200, &created).await;
    let one = format!("{instances}/{}", created["data"]["id"].as_str().unwrap());
    outlines_of_mounts(&local, &one).await;
    let suspended = data(instance("=null", "", "=null", "", ""));
    let path = format!("{one}/suspend");
    outlines(&local, post(&path, json!(null)), 200, &suspended).await;
    let resumed = data(instance("=null", "", "", "", ""));
    let path = format!("{one}/resume");
    outlines(&local, post(&path, json!(null)), 200, &resumed).await;
    let body = json!({"description": "new", "name": "new_go_vi"});
    let updated = data(instance("", "", "", "", ""));
    outlines(&local, post(&one, body), 200, &updated).await;
    outlines(&local, delete(&one), 200, &updated).await;
}

/// Shapes of mounts on an instance.
async fn outlines_of_mounts(local: &Local, instance: &str) {
    let mount = |created: &str, ready: &str| {
        format!(
            "{{type, created_at{created}, state, collection_path, virtual_instance_id, \
             virtual_instance_rrn, id, rrn, last_refresh_time_millis=null, \
             snapshot_expiration_time_millis=null, ready_at_timestamp_millis{ready}, \
             snapshot_id=null, next_refresh_time_ms=null, stats {{last_queried_ms}}, seqno}}"
        )
    };
    local.post(COLLECTIONS, json!({"name": "mounted"})).await.data();
    let (mounts, body) =
        (format!("{instance}/mounts"), json!({"collection_paths": ["commons.mounted"]}));
    let made = format!("{{data [{}]}}", mount("=null", "=null"));
    outlines(local, post(&mounts, body), 200, &made).await;
    outlines(local, get(&mounts), 200, &format!("{{data [{}]}}", mount("", ""))).await;
    let one = format!("{mounts}/commons.mounted");
    let shown = format!("{{data {}}}", mount("", ""));
    outlines(local, get(&one), 200, &shown).await;
    let deleted = outlines(local, delete(&one), 200, &shown).await;
    assert_eq!(
        (&deleted["data"]["state"], &deleted["data"]["seqno"]),
        (&json!("DELETING"), &json!(2))
    );
}
