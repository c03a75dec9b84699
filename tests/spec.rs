//! What the connector says of itself.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use materialize_rockset::flow::{Codec, Response, materialize};
use serde_json::Value;
use support::connector::Connector;
use support::{snapshot, task};

#[tokio::test]
async fn spec_in_proto() {
    spec(Codec::Proto).await;
}

#[tokio::test]
async fn spec_in_json() {
    spec(Codec::Json).await;
}

async fn spec(codec: Codec) {
    let mut connector = Connector::start(codec);
    let response = connector.ask(task::spec()).await;
    let response = serde_json::to_value(materialize::Response::from(response)).unwrap();
    snapshot::assert_json("spec", &response);

    let ended = connector.end().await;
    assert_eq!((ended.code, ended.stdout.len()), (Some(0), 0), "{ended:?}");
}

#[tokio::test]
async fn schemas_are_what_flow_asks_for() {
    let mut connector = Connector::start(Codec::Proto);
    let Response::Spec(spec) = connector.ask(task::spec()).await else { panic!() };
    assert_eq!(spec.protocol, 3032023);

    let endpoint: Value = serde_json::from_slice(&spec.config_schema_json).unwrap();
    assert_ne!(endpoint.get("additionalProperties"), Some(&Value::Bool(false)));
    let resource: Value = serde_json::from_slice(&spec.resource_config_schema_json).unwrap();
    assert_eq!(resource["properties"]["collection"]["x-collection-name"], true);
    assert_eq!(resource["properties"]["workspace"]["x-schema-name"], true);

    for schema in [&endpoint, &resource] {
        check(schema, "#");
    }
}

/// Whatever the API lets one set on a collection can be configured.
#[tokio::test]
async fn every_parameter_of_a_collection_can_be_set() {
    let mut connector = Connector::start(Codec::Proto);
    let Response::Spec(spec) = connector.ask(task::spec()).await else { panic!() };
    let resource: Value = serde_json::from_slice(&spec.resource_config_schema_json).unwrap();
    let settings = &resource["properties"]["advancedCollectionSettings"]["properties"];
    let mut settings: Vec<&str> =
        settings.as_object().unwrap().keys().map(String::as_str).collect();
    settings.sort_unstable();

    let api = support::api::document();
    let request = &api["components"]["schemas"]["CreateCollectionRequest"]["properties"];
    let parameters = request.as_mapping().unwrap().keys().map(|name| name.as_str().unwrap());
    // The name and the source are the resource's own.
    let mut parameters: Vec<&str> =
        parameters.filter(|name| !["name", "sources"].contains(name)).collect();
    parameters.sort_unstable();
    assert_eq!(settings, parameters);
}

/// The rules of Flow's forms, at every place of a schema.
fn check(schema: &Value, path: &str) {
    assert!(schema.get("$ref").is_none(), "{path} has a $ref");
    if let Some(types) = schema.get("type") {
        assert!(types.is_string(), "{path} has several types: {types}");
    }
    if schema.get("enum").is_some() {
        assert!(schema.get("type").is_some(), "{path} is an enum without a type");
    }
    if schema["type"] == "boolean" {
        assert!(schema["default"].is_boolean(), "{path} is a boolean without a default");
    }
    if schema.get("secret").is_some() {
        assert_eq!(schema["type"], "string", "{path} is a secret but no string");
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}/{name}");
        assert!(property["title"].is_string(), "{path} has no title");
        let description = property["description"].as_str().unwrap_or_default();
        assert!(description.ends_with('.'), "{path} is not described in a sentence");
        assert!(!description.contains('\n'), "{path} has line breaks in its description");
        check(property, &path);
    }
    if let Some(items) = schema.get("items") {
        check(items, &format!("{path}/items"));
    }
}
