//! What Apply says of a collection when it creates it, to the byte.

use crate::support::connector::Connector;
use crate::support::scripted::{Answer, Scripted};
use crate::support::snapshot;
use crate::support::task::{apply, binding, configured, task};
use materialize_rockset::flow::Codec;
use serde_json::{Value, json};

/// The body that creates `commons.c` with this configuration and key.
async fn body(configuration: &Value, keys: &[&str]) -> String {
    let server = Scripted::answering(|_, request| {
        let is_collection = request.head.starts_with("GET /v1/orgs/self/ws/commons/collections/c ");
        match is_collection {
            true => Answer::error(404, "NOTFOUND"),
            false => Answer::ok(json!({"data": {"name": "c"}})),
        }
    })
    .await;
    let binding = configured(binding("commons", "c", keys, &[]), configuration.clone());
    let mut connector = Connector::start(Codec::Proto);
    connector.ask(apply(&task(&server.url, vec![binding]))).await;
    let seen = server.seen();
    let mut posts = seen.iter().filter(|seen| seen.head.starts_with("POST "));
    let post = posts.next().unwrap();
    assert!(post.head.starts_with("POST /v1/orgs/self/ws/commons/collections HTTP"), "{post:?}");
    assert!(posts.next().is_none(), "{seen:?}");
    post.body.clone()
}

#[tokio::test]
async fn every_parameter() {
    let settings = [
        json!({}),
        json!({"description": "what \"it\" is"}),
        json!({"description": " "}),
        json!({"retention_secs": 3600}),
        json!({"event_time_info": {"field": "at"}}),
        json!({"event_time_info": {
            "field": "at", "format": "milliseconds_since_epoch", "time_zone": "Europe/Zurich",
        }}),
        json!({"field_mapping_query": {
            "sql": "SELECT a.b AS c, * EXCEPT (a) FROM _input WHERE c > 1 HAVING true CLUSTER BY c",
        }}),
        json!({"clustering_key": [{"field_name": "a"}, {"field_name": "b", "type": "AUTO"}]}),
        json!({"storage_compression_type": "LZ4"}),
        json!({"storage_compression_type": "ZSTD"}),
        json!({"source_download_soft_limit_bytes": 1}),
        json!({"insert_only": true}),
        json!({"insert_only": false}),
        json!({"time_partition_resolution_secs": 86400}),
        json!({"field_mappings": [
            {
                "name": "lower",
                "input_fields": [
                    {"field_name": "name", "param": "n", "if_missing": "PASS", "is_drop": true},
                    {"field_name": "other", "if_missing": "SKIP"},
                ],
                "output_field": {
                    "field_name": "name", "value": {"sql": "lower(:n)"}, "on_error": "FAIL",
                },
            },
            {"name": "skip", "output_field": {
                "field_name": "one", "value": {"sql": "1"}, "on_error": "SKIP",
            }},
            {"name": "drop", "is_drop_all_fields": true},
        ]}),
        json!({"field_schemas": [
            {"field_name": "a"},
            {"field_name": "b", "field_options": {
                "index_mode": "index",
                "range_index_mode": "v1_index",
                "type_index_mode": "index",
                "column_index_mode": "store",
            }},
            {"field_name": "c", "field_options": {
                "index_mode": "no_index",
                "range_index_mode": "no_index",
                "type_index_mode": "no_index",
                "column_index_mode": "no_store",
            }},
        ]}),
        json!({"inverted_index_group_encoding_options": {
            "format_version": 1,
            "group_size": 2,
            "restart_length": 3,
            "event_time_codec": "e",
            "doc_id_codec": "d",
        }}),
    ];
    let mut text = String::new();
    for settings in settings {
        let configuration = json!({"advancedCollectionSettings": settings});
        text.push_str(&format!("{settings}\n    {}\n", body(&configuration, &["id"]).await));
    }
    snapshot::assert_text("definitions", &text);
}

/// However a whole number is written, it goes to Rockset as one. Flow's notes don't.
#[tokio::test]
async fn whole_numbers_stay_whole() {
    let of = |number: Value, time: Value| {
        json!({"_meta": {"path": ["commons", "c"]}, "advancedCollectionSettings": {
            "retention_secs": time,
            "source_download_soft_limit_bytes": number,
            "time_partition_resolution_secs": number,
            "inverted_index_group_encoding_options": {
                "format_version": number, "group_size": number, "restart_length": number,
            },
        }})
    };
    let expected = r#"{"inverted_index_group_encoding_options":{"format_version":5,"group_size":5,"restart_length":5},"name":"c","retention_secs":3600,"source_download_soft_limit_bytes":5,"time_partition_resolution_secs":5}"#;
    for (number, time) in [(json!(5), json!(3600)), (json!(5.0), json!(3600.0))] {
        assert_eq!(body(&of(number, time), &["id"]).await, expected);
    }
}

#[tokio::test]
async fn sources() {
    let source = |document_id: &str, more: Value| {
        let mut source = json!({"integration": "i", "bucket": "b"});
        for (name, value) in more.as_object().unwrap() {
            source[name] = value.clone();
        }
        json!({"documentId": document_id, "initializeFromS3": source})
    };
    let query = json!({"field_mapping_query": {"sql": "SELECT *, md5(id) AS _id FROM _input"}});
    let mut with_query = source("key", json!({}));
    with_query["advancedCollectionSettings"] = query;
    let cases: [(Value, &[&str]); 10] = [
        (source("packedKey", json!({})), &["id"]),
        (source("packedKey", json!({"prefix": "p/", "region": "us-west-2"})), &["id"]),
        (source("packedKey", json!({"pattern": "p/**/*.parquet", "prefix": ""})), &["id"]),
        (source("key", json!({})), &["id"]),
        (source("key", json!({})), &["region", "id", "live"]),
        // Names that SQL would read otherwise.
        (source("key", json!({})), &["a/b", "Größe", "say \"hi\"", "select", "2nd"]),
        // It has its _id.
        (source("key", json!({})), &["_id"]),
        (with_query, &["id"]),
        // Documents from Flow bring theirs along.
        (json!({"documentId": "key"}), &["id"]),
        (json!({"documentId": "packedKey"}), &["id"]),
    ];
    let mut text = String::new();
    for (configuration, keys) in cases {
        let body = body(&configuration, keys).await;
        text.push_str(&format!("{configuration} of {keys:?}\n    {body}\n"));
    }
    snapshot::assert_text("definitions_of_sources", &text);
}
