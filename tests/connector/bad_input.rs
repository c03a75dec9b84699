//! What must not be taken: each with its message, and exit code 1.

use crate::support::connector::run_on;
use crate::support::scripted::{Answer, Scripted};
use crate::support::snapshot;
use crate::support::task::{binding, open, task};
use bytes::BytesMut;
use materialize_rockset::flow::materialize::request;
use materialize_rockset::flow::{Codec, Request, materialize};
use serde_json::{Value, json};

/// Runs the connector on each input; all their messages make one snapshot.
async fn messages(name: &str, codec: Codec, cases: Vec<(&str, Vec<u8>)>) {
    let mut text = String::new();
    for (case, input) in cases {
        let ended = run_on(codec, &input).await;
        assert_eq!(ended.code, Some(1), "{case}: {ended:?}");
        assert!(!ended.stderr.contains("panicked"), "{case}: {ended:?}");
        assert!(!ended.stderr.contains("secret-key"), "{case} shows the key: {ended:?}");
        text.push_str(&format!("{case}\n    {}\n", ended.error()));
    }
    snapshot::assert_text(name, &text);
}

fn lines(requests: &[Value]) -> Vec<u8> {
    requests.iter().flat_map(|request| format!("{request}\n").into_bytes()).collect()
}

fn frame(request: Request) -> Vec<u8> {
    let mut out = BytesMut::new();
    Codec::Proto.encode("Request", &materialize::Request::from(request), &mut out).unwrap();
    out.to_vec()
}

#[tokio::test]
async fn frames() {
    let spec = frame(crate::support::task::spec());
    let cut = |length: usize| spec[..length].to_vec();
    let oversized = (512u32 << 20) + 1;
    messages(
        "bad_frames_proto",
        Codec::Proto,
        vec![
            ("a length cut short", cut(2)),
            ("a message cut short", cut(5)),
            ("a second message cut short", [spec.clone(), cut(4)].concat()),
            ("a claim of 512 MiB and a byte", oversized.to_le_bytes().to_vec()),
            ("JSON where protobuf is expected", b"{\"spec\":{}}\n".to_vec()),
            ("a message that is no protobuf", [&[4, 0, 0, 0][..], b"\xff\xff\xff\xff"].concat()),
            ("an empty message", vec![0, 0, 0, 0]),
        ],
    )
    .await;
}

#[tokio::test]
async fn lines_of_json() {
    messages(
        "bad_frames_json",
        Codec::Json,
        vec![
            ("no JSON", b"spec\n".to_vec()),
            ("no object", b"[1]\n".to_vec()),
            ("an object cut short", b"{\"spec\":{".to_vec()),
            ("two objects in a line", b"{\"spec\":{}}{\"spec\":{}}\n".to_vec()),
            ("an empty object", b"{}\n".to_vec()),
            ("an unknown request", b"{\"fetch\":{}}\n".to_vec()),
            ("two fields set", b"{\"spec\":{},\"flush\":{}}\n".to_vec()),
            ("three fields set", b"{\"open\":{},\"flush\":{},\"acknowledge\":{}}\n".to_vec()),
            ("a number for a string", b"{\"validate\":{\"name\":7}}\n".to_vec()),
            ("bytes that are no base64", b"{\"store\":{\"keyPacked\":\"?\"}}\n".to_vec()),
            ("an unknown enum value", b"{\"spec\":{\"connectorType\":\"CAPTURE\"}}\n".to_vec()),
        ],
    )
    .await;
}

#[tokio::test]
async fn order() {
    let input = |requests: &[&str]| {
        let requests = requests.iter().map(|name| json!({*name: {}}));
        lines(&requests.collect::<Vec<_>>())
    };
    messages(
        "bad_order",
        Codec::Json,
        vec![
            ("Acknowledge before Open", input(&["acknowledge"])),
            ("Load before Open", input(&["load"])),
            ("Flush before Open", input(&["flush"])),
            ("Store before Open", input(&["store"])),
            ("StartCommit before Open", input(&["startCommit"])),
            ("Store after Spec", input(&["spec", "store"])),
        ],
    )
    .await;
}

/// Validate of two bindings, the second with this resource configuration.
fn validate(endpoint: Value, resource: Value) -> Vec<u8> {
    let good = json!({
        "resourceConfig": {"workspace": "w", "collection": "good"},
        "collection": {"name": "acmeCo/good"},
    });
    let bad = json!({"resourceConfig": resource, "collection": {"name": "acmeCo/events"}});
    lines(&[json!({"validate": {
        "name": "acmeCo/rockset", "connectorType": "IMAGE", "config": endpoint, "bindings": [good, bad],
    }})])
}

#[tokio::test]
async fn endpoint_configurations() {
    let with = |key: &str, value: Value| {
        let mut endpoint = json!({"api_key": "secret-key"});
        endpoint[key] = value;
        validate(endpoint, json!({"workspace": "w", "collection": "c"}))
    };
    let resource = json!({"workspace": "w", "collection": "c"});
    messages(
        "bad_endpoint",
        Codec::Json,
        vec![
            ("no api_key", validate(json!({}), resource.clone())),
            ("null for a configuration", validate(Value::Null, resource.clone())),
            ("an empty api_key", with("api_key", json!(""))),
            ("an api_key with a line break", with("api_key", json!("secret-key\n"))),
            ("an api_key that is no string", with("api_key", json!({"is": "secret-key"}))),
            ("no concurrency", with("max_concurrent_requests", json!(0))),
            ("too much concurrency", with("max_concurrent_requests", json!(65))),
            ("text for the concurrency", with("max_concurrent_requests", json!("5"))),
            ("http to another machine", with("region_base_url", json!("http://api.example.com"))),
            ("another scheme", with("region_base_url", json!("ftp://api.example.com"))),
            ("no host", with("region_base_url", json!("https://"))),
            ("a host with a space", with("region_base_url", json!("api example com"))),
            ("a user in the URL", with("region_base_url", json!("https://u:p@example.com"))),
            ("a query in the URL", with("region_base_url", json!("https://example.com?a=b"))),
        ],
    )
    .await;
}

#[tokio::test]
async fn resource_configurations() {
    let server = Scripted::start(vec![Answer::error(404, "NOTFOUND")]).await;
    let endpoint = json!({"api_key": "secret-key", "region_base_url": server.url});
    let resource = |resource: Value| validate(endpoint.clone(), resource);
    let settings = |settings: Value| {
        resource(json!({
            "workspace": "w", "collection": "c", "advancedCollectionSettings": settings,
        }))
    };
    let long = "x".repeat(101);
    messages(
        "bad_resource",
        Codec::Json,
        vec![
            ("no workspace", resource(json!({"collection": "c"}))),
            ("no collection", resource(json!({"workspace": "w"}))),
            ("an empty name", resource(json!({"workspace": "", "collection": "c"}))),
            ("a long name", resource(json!({"workspace": "w", "collection": long}))),
            ("a dot in a name", resource(json!({"workspace": "a.b", "collection": "c"}))),
            ("a name that starts with -", resource(json!({"workspace": "-a", "collection": "c"}))),
            (
                "an unknown key",
                resource(json!({"workspace": "w", "collection": "c", "table": "t"})),
            ),
            ("an unknown setting", settings(json!({"retention": 7200}))),
            ("a short retention", settings(json!({"retention_secs": 12}))),
            ("text for the retention", settings(json!({"retention_secs": "1h"}))),
            ("an event time without a field", settings(json!({"event_time_info": {}}))),
            (
                "an unknown format",
                settings(json!({"event_time_info": {"field": "a", "format": "iso"}})),
            ),
            ("a misspelt clustering field", settings(json!({"clustering_key": [{"field": "a"}]}))),
            ("text for a boolean", settings(json!({"insert_only": "yes"}))),
            ("an event time of no field", settings(json!({"event_time_info": {"field": ""}}))),
            (
                "an unknown time zone",
                settings(json!({"event_time_info": {"field": "a", "time_zone": "Mars/Olympus"}})),
            ),
            ("a partition of no time", settings(json!({"time_partition_resolution_secs": 0}))),
            ("a limit below one", settings(json!({"source_download_soft_limit_bytes": -1}))),
            ("an unknown compression", settings(json!({"storage_compression_type": "GZIP"}))),
            (
                "another type of clustering",
                settings(json!({"clustering_key": [
                    {"field_name": "a", "type": "RANGE"},
                ]})),
            ),
            (
                "a mapping without its input's name",
                settings(json!({"field_mappings": [
                    {"name": "m", "input_fields": [{"param": "a"}]},
                ]})),
            ),
            (
                "a mapping with an unknown choice",
                settings(json!({"field_mappings": [
                    {"name": "m", "input_fields": [{"field_name": "a", "if_missing": "DROP"}]},
                ]})),
            ),
            (
                "an index of an unknown mode",
                settings(json!({"field_schemas": [
                    {"field_name": "a", "field_options": {"index_mode": "yes"}},
                ]})),
            ),
            (
                "an encoding with a negative size",
                settings(json!({
                    "inverted_index_group_encoding_options": {"group_size": -1},
                })),
            ),
            (
                "mappings and a transformation",
                settings(json!({
                    "field_mappings": [{"name": "m", "is_drop_all_fields": true}],
                    "field_mapping_query": {"sql": "SELECT * FROM _input"},
                })),
            ),
            (
                "an unknown way to make ids",
                resource(json!({"workspace": "w", "collection": "c", "documentId": "uuid"})),
            ),
            (
                "a source with a prefix and a pattern",
                resource(json!({"workspace": "w", "collection": "c", "initializeFromS3": {
                    "integration": "i", "bucket": "b", "prefix": "p/", "pattern": "p/*",
                }})),
            ),
            (
                "a source without a bucket",
                resource(json!({"workspace": "w", "collection": "c", "initializeFromS3": {
                    "integration": "i",
                }})),
            ),
            (
                "all at once",
                resource(json!({
                    "workspace": "a.b",
                    "collection": 7,
                    "initializeFromS3": {"integration": "", "bucket": " "},
                    "advancedCollectionSettings": {
                        "retention_secs": 1,
                        "clustering_key": [{"field": "a"}],
                        "event_time_info": {"field": "a", "time_zone": "Mars/Olympus"},
                        "misspelt": true,
                    },
                })),
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn transformations() {
    let server = Scripted::start(vec![Answer::error(404, "NOTFOUND")]).await;
    let endpoint = json!({"api_key": "secret-key", "region_base_url": server.url});
    let cases = [
        "",
        "SELECT",
        "SELEC * FROM _input",
        "SELECT * FROM _input WHERE",
        "SELECT 1",
        "SELECT * FROM commons.other",
        "SELECT * FROM _input, commons.other",
        "SELECT * FROM _input JOIN _input b ON true",
        "SELECT * FROM (SELECT * FROM _input)",
        "SELECT * FROM _input WHERE id IN (SELECT id FROM blocked)",
        "SELECT * FROM _input UNION SELECT * FROM _input",
        "WITH a AS (SELECT * FROM _input) SELECT * FROM _input",
        "SELECT DISTINCT * FROM _input",
        "SELECT * FROM _input ORDER BY id",
        "SELECT * FROM _input LIMIT 3",
        "SELECT * FROM _input; SELECT * FROM _input",
        "DELETE FROM _input",
    ];
    let cases = cases.map(|sql| {
        let settings = json!({"field_mapping_query": {"sql": sql}});
        let resource =
            json!({"workspace": "w", "collection": "c", "advancedCollectionSettings": settings});
        (sql, validate(endpoint.clone(), resource))
    });
    messages("bad_transformations", Codec::Json, cases.into()).await;
}

#[tokio::test]
async fn tasks_that_contradict_themselves() {
    let open_binding =
        |change: &dyn Fn(&mut materialize_rockset::flow::spec::materialization_spec::Binding)| {
            let mut binding = binding("w", "c", &["id"], &["value"]);
            change(&mut binding);
            frame(open(&task("http://127.0.0.1:9", vec![binding])))
        };
    let open_state = |state: &'static str| {
        let Request::Open(mut open) = open(&task("http://127.0.0.1:9", vec![])) else { panic!() };
        open.state_json = state.into();
        frame(Request::Open(open))
    };
    let select = |keys: &'static [&'static str], values: &'static [&'static str]| {
        open_binding(&move |binding| {
            let selection = binding.field_selection.as_mut().unwrap();
            selection.keys = keys.iter().map(|key| key.to_string()).collect();
            selection.values = values.iter().map(|value| value.to_string()).collect();
        })
    };
    messages(
        "bad_task",
        Codec::Proto,
        vec![
            ("Apply without a task", frame(Request::Apply(Default::default()))),
            ("Open without a task", frame(Request::Open(Default::default()))),
            (
                "a binding without a selection",
                open_binding(&|binding| binding.field_selection = None),
            ),
            ("a selection without a key", select(&[], &["value"])),
            ("another connector's state", open_state(r#"{"cursor":{},"tables":{}}"#)),
            ("a state that is no object", open_state("[1]")),
            ("a state that is no JSON", open_state("{")),
            (
                "Validate of a binding without a collection",
                frame(Request::Validate(Box::new(request::Validate {
                    config_json: r#"{"api_key":"secret-key"}"#.into(),
                    bindings: vec![request::validate::Binding {
                        resource_config_json: r#"{"workspace":"w","collection":"c"}"#.into(),
                        ..Default::default()
                    }],
                    ..Default::default()
                }))),
            ),
        ],
    )
    .await;
}
