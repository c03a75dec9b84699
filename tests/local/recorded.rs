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
    outlines(&local, post(COLLECTIONS, settings), 200, &created).await;
    local.add(json!([{}])).await.data();
    let status = "{state=null, message=null, last_processed_at=null, last_processed_item=null, \
                  total_processed_items=null, detected_size_bytes=null}";
    let written = source(["=null", " {}"], status);
    let listed =
        format!("{{data [{{{begin}, sources [{written}], stats {STATS}, {middle}{rest}}}]}}");
    outlines(&local, get(COLLECTIONS), 200, &listed).await;
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
