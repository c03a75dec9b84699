//! Which fields a binding can take, and why.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use materialize_rockset::flow::materialize::request;
use materialize_rockset::flow::materialize::request::validate::Binding;
use materialize_rockset::flow::spec::{CollectionSpec, Inference, Projection, inference};
use materialize_rockset::flow::{Codec, Request, materialize};
use serde_json::json;
use support::connector::Connector;
use support::snapshot;
use support::task::{endpoint, projection, resource};

#[tokio::test]
async fn validated_in_proto() {
    validated(Codec::Proto).await;
}

#[tokio::test]
async fn validated_in_json() {
    validated(Codec::Json).await;
}

/// Nothing listens at the endpoint: constraints come from the schema alone.
async fn validated(codec: Codec) {
    let bindings = [
        ("every_type", every_type()),
        ("several_key_parts", several_key_parts()),
        ("key_called_id", key_called_id("string")),
        ("integer_key_called_id", key_called_id("integer")),
        ("special_fields", special_fields()),
    ];
    let request = Request::Validate(Box::new(request::Validate {
        name: "acmeCo/rockset".to_string(),
        config_json: endpoint("http://127.0.0.1:9").to_string().into(),
        bindings: bindings.iter().map(|(name, collection)| bind(name, collection)).collect(),
        ..Default::default()
    }));
    let mut connector = Connector::start(codec);
    let response = connector.ask(request).await;
    let response = serde_json::to_value(materialize::Response::from(response)).unwrap();
    snapshot::assert_json("validated", &response);
    assert_eq!(connector.end().await.code, Some(0));
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
            projection("integer", &["integer"]),
            projection("number", &["number"]),
            projection("object", &["object"]),
            projection("object/nested", &["string"]),
            projection("string", &["string"]),
            projection("nullable", &["null", "string"]),
            projection("several", &["boolean", "integer", "string"]),
            projection("only_null", &["null"]),
            projection("nothing", &[]),
            formatted("date_time", "date-time"),
            formatted("numeric", "number"),
            projection("dots.and spaces", &["string"]),
            projection("a~b/ñ", &["string"]),
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
    let request = request::Validate {
        config_json: json!({"api_key": "k", "max_concurrent_requests": 5}).to_string().into(),
        bindings: vec![Binding {
            resource_config_json: json!({
                "workspace": "w",
                "collection": "c",
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
