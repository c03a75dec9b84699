//! Which fields a binding can take, and why.

use crate::support::connector::Connector;
use crate::support::scripted::{Answer, Scripted};
use crate::support::snapshot;
use crate::support::task::{endpoint, projection, resource};
use materialize_rockset::flow::materialize::request;
use materialize_rockset::flow::materialize::request::validate::Binding;
use materialize_rockset::flow::spec::{CollectionSpec, Inference, Projection, inference};
use materialize_rockset::flow::{Codec, Request, materialize};
use serde_json::json;

#[tokio::test]
async fn validated_in_proto() {
    validated(Codec::Proto).await;
}

#[tokio::test]
async fn validated_in_json() {
    validated(Codec::Json).await;
}

/// A Rockset in which there is nothing yet.
async fn empty() -> Scripted {
    Scripted::start(vec![Answer::error(404, "NOTFOUND")]).await
}

async fn validated(codec: Codec) {
    let server = empty().await;
    let bindings = [
        bind("every_type", &every_type()),
        bind("formats", &formats()),
        bind("nested", &nested()),
        bind("arrays", &arrays()),
        bind("two_roots", &two_roots()),
        bind("several_key_parts", &several_key_parts()),
        bind("nullable_key", &nullable_key()),
        bind("key_called_id", &key_called_id("string")),
        bind("integer_key_called_id", &key_called_id("integer")),
        bind("part_of_a_key_called_id", &part_called_id()),
        bind("names", &names()),
        bind("special_fields", &special_fields()),
        bind("text_event_time", &event_time(formatted("_event_time", "date-time"))),
        bind("nullable_event_time", &event_time(projection("_event_time", &["integer", "null"]))),
        bind(
            "event_time_of_two_types",
            &event_time(projection("_event_time", &["integer", "string"])),
        ),
        bind("plain_text_event_time", &event_time(projection("_event_time", &["string"]))),
        bind("captured", &captured()),
        Binding { group_by: vec!["region".to_string()], ..bind("grouped", &several_key_parts()) },
    ];
    let request = Request::Validate(Box::new(request::Validate {
        name: "acmeCo/rockset".to_string(),
        config_json: endpoint(&server.url).to_string().into(),
        bindings: bindings.to_vec(),
        ..Default::default()
    }));
    let mut connector = Connector::start(codec);
    let response = connector.ask(request).await;
    let response = serde_json::to_value(materialize::Response::from(response)).unwrap();
    let names = bindings.iter().map(name);
    for (name, binding) in names.zip(response["validated"]["bindings"].as_array().unwrap()) {
        // Control planes of before and of after July 2026 are told the same.
        let mut binding = binding.clone();
        let list = binding.as_object_mut().unwrap().remove("projectionConstraints").unwrap();
        let list = list.as_array().unwrap().iter();
        let by_field: serde_json::Map<_, _> = list
            .map(|it| (it["field"].as_str().unwrap().to_string(), it["constraint"].clone()))
            .collect();
        assert_eq!(binding["constraints"], json!(by_field));
        snapshot::assert_json(&format!("validated_{name}"), &binding);
    }
    assert_eq!(response["validated"]["bindings"].as_array().unwrap().len(), bindings.len());
    assert_eq!(connector.end().await.code, Some(0));
}

fn name(binding: &Binding) -> String {
    let resource: serde_json::Value =
        serde_json::from_slice(&binding.resource_config_json).unwrap();
    resource["collection"].as_str().unwrap().to_string()
}

fn bind(name: &str, collection: &CollectionSpec) -> Binding {
    Binding {
        resource_config_json: resource("commons", name).to_string().into(),
        collection: Some(collection.clone()),
        ..Binding::default()
    }
}

fn keyed(keys: &[&str], mut projections: Vec<Projection>) -> CollectionSpec {
    for projection in &mut projections {
        projection.is_primary_key = keys.contains(&projection.ptr.as_str());
    }
    CollectionSpec {
        name: "acmeCo/events".to_string(),
        key: keys.iter().map(|key| key.to_string()).collect(),
        projections,
        ..CollectionSpec::default()
    }
}

fn root() -> Projection {
    Projection { ptr: String::new(), ..projection("flow_document", &["object"]) }
}

fn formatted(field: &str, format: &str) -> Projection {
    let string = inference::String { format: format.to_string(), ..Default::default() };
    let inference =
        Inference { types: vec!["string".to_string()], string: Some(string), ..Default::default() };
    Projection { inference: Some(inference), ..projection(field, &[]) }
}

fn every_type() -> CollectionSpec {
    keyed(
        &["/id"],
        vec![
            root(),
            projection("id", &["integer"]),
            projection("array", &["array"]),
            projection("boolean", &["boolean"]),
            projection("fractional", &["fractional"]),
            projection("integer", &["integer"]),
            projection("number", &["number"]),
            projection("object", &["object"]),
            projection("string", &["string"]),
            projection("nullable", &["null", "string"]),
            projection("several", &["boolean", "integer", "string"]),
            projection("any", &["array", "boolean", "null", "number", "object", "string"]),
            projection("only_null", &["null"]),
            projection("nothing", &[]),
            Projection { inference: None, ..projection("not_inferred", &[]) },
        ],
    )
}

fn formats() -> CollectionSpec {
    let formats = [
        "date",
        "date-time",
        "duration",
        "email",
        "integer",
        "ipv4",
        "number",
        "time",
        "uri",
        "uuid",
    ];
    let mut projections = vec![projection("id", &["string"])];
    projections.extend(formats.map(|format| formatted(format, format)));
    let mut numeric = formatted("numeric_string", "integer");
    numeric.inference.as_mut().unwrap().types = vec!["integer".to_string(), "string".to_string()];
    let mut bytes = formatted("bytes", "");
    let string = bytes.inference.as_mut().unwrap().string.as_mut().unwrap();
    string.content_encoding = "base64".to_string();
    projections.extend([numeric, bytes]);
    keyed(&["/id"], projections)
}

fn nested() -> CollectionSpec {
    keyed(
        &["/key/id"],
        vec![
            projection("key/id", &["string"]),
            projection("object", &["object"]),
            projection("object/nested", &["object", "null"]),
            projection("object/nested/leaf", &["number"]),
            projection("object/nested/null", &["null"]),
        ],
    )
}

fn arrays() -> CollectionSpec {
    keyed(
        &["/id"],
        vec![
            projection("id", &["integer"]),
            projection("array", &["array"]),
            projection("array/0", &["string"]),
            projection("array/0/object", &["object"]),
            projection("nullable_array", &["array", "null"]),
        ],
    )
}

/// Flow lets the root document be projected under several names.
fn two_roots() -> CollectionSpec {
    keyed(
        &["/id"],
        vec![
            root(),
            Projection { field: "second_root".to_string(), ..root() },
            projection("id", &["string"]),
        ],
    )
}

fn nullable_key() -> CollectionSpec {
    keyed(&["/id"], vec![root(), projection("id", &["integer", "null"])])
}

fn part_called_id() -> CollectionSpec {
    keyed(&["/_id", "/part"], vec![projection("_id", &["string"]), projection("part", &["string"])])
}

fn names() -> CollectionSpec {
    let names = [
        "a/b",
        "a~b",
        "a.b",
        "with spaces",
        "größe",
        "数量",
        "\"quoted\"",
        "back\\slash",
        "-dash",
        "0",
        "UPPER",
        "_id_",
        "_meta_",
        "__rockset_type",
    ];
    let mut projections = vec![projection("id", &["string"])];
    projections.extend(names.map(|name| projection(name, &["string"])));
    keyed(&["/id"], projections)
}

fn event_time(time: Projection) -> CollectionSpec {
    keyed(&["/id"], vec![projection("id", &["string"]), time])
}

/// What captures of databases add to every document.
fn captured() -> CollectionSpec {
    let published = Projection {
        ptr: "/_meta/uuid".to_string(),
        ..formatted("flow_published_at", "date-time")
    };
    keyed(
        &["/id"],
        vec![
            root(),
            projection("id", &["integer"]),
            projection("_meta/flow_truncated", &["boolean"]),
            projection("_meta/op", &["string"]),
            projection("_meta/source", &["object"]),
            projection("_meta/source/ts_ms", &["integer", "null"]),
            published,
        ],
    )
}

fn several_key_parts() -> CollectionSpec {
    keyed(
        &["/region", "/id"],
        vec![
            root(),
            projection("id", &["integer"]),
            projection("region", &["string"]),
            Projection { ptr: "/region".to_string(), ..projection("also_region", &["string"]) },
            projection("value", &["string"]),
        ],
    )
}

fn key_called_id(kind: &str) -> CollectionSpec {
    keyed(&["/_id"], vec![root(), projection("_id", &[kind]), projection("value", &["string"])])
}

fn special_fields() -> CollectionSpec {
    let mut micros = projection("_event_time", &["integer"]);
    micros.ptr = "/micros".to_string();
    keyed(
        &["/id"],
        vec![
            projection("id", &["string"]),
            projection("_id", &["string"]),
            projection("_meta", &["object"]),
            projection("_meta/op", &["string"]),
            micros,
        ],
    )
}

#[tokio::test]
async fn configurations_of_the_earlier_connector_are_valid() {
    let server = Scripted::answering(|_, request| {
        match request.head.starts_with("GET /v1/orgs/self/integrations/i ") {
            true => Answer::ok(json!({"data": {"name": "i", "created_by": "me", "s3": {}}})),
            false => Answer::error(404, "NOTFOUND"),
        }
    })
    .await;
    let mut config = endpoint(&server.url);
    config["max_concurrent_requests"] = json!(5);
    let request = request::Validate {
        config_json: config.to_string().into(),
        bindings: vec![Binding {
            resource_config_json: json!({
                "workspace": "w",
                "collection": "c",
                "initializeFromS3": {
                    "integration": "i", "bucket": "b", "region": "us-west-2", "prefix": "p/",
                },
                "advancedCollectionSettings": {
                    "retention_secs": 86400,
                    "event_time_info": {
                        "field": "at", "format": "seconds_since_epoch", "time_zone": "UTC"
                    },
                    "clustering_key": [{"field_name": "country"}],
                    "insert_only": true,
                },
            })
            .to_string()
            .into(),
            collection: Some(key_called_id("string")),
            ..Binding::default()
        }],
        ..Default::default()
    };
    let mut connector = Connector::start(Codec::Proto);
    let response = connector.ask(Request::Validate(Box::new(request))).await;
    let materialize::Response { validated: Some(validated), .. } = response.into() else {
        panic!()
    };
    assert_eq!(validated.bindings[0].resource_path, ["w", "c"]);
    assert!(validated.bindings[0].delta_updates);
}
