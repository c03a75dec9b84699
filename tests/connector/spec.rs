//! What the connector says of itself.

use crate::support::connector::Connector;
use crate::support::{snapshot, task};
use materialize_rockset::flow::{Codec, Response, materialize};
use serde_json::{Value, json};

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
    let (endpoint, resource) = schemas().await;
    for schema in [&endpoint, &resource] {
        check(schema, "#");
        // Flow has properties of its own there, and a form shows none that isn't described.
        assert_eq!(schema.get("additionalProperties"), None);
        assert_eq!(schema["properties"].get("_meta"), None);
    }
    let marked = |schema: &Value, mark: &str| {
        let mut paths = Vec::new();
        walk(schema, "#", &mut |path, schema| {
            if schema.get(mark).is_some() {
                assert_eq!(schema[mark], true, "{path}/{mark}");
                paths.push(path.to_string());
            }
        });
        paths
    };
    assert_eq!(marked(&endpoint, "secret"), ["#/api_key"]);
    assert_eq!(marked(&endpoint, "advanced"), ["#/advanced"]);
    // Neither the key nor a host, nor what holds others.
    assert_eq!(
        marked(&endpoint, "nonsensitive"),
        ["#/advanced/feature_flags", "#/hardDelete", "#/max_concurrent_requests"]
    );
    assert_eq!(marked(&resource, "secret"), [""; 0]);
    assert_eq!(marked(&resource, "x-collection-name"), ["#/collection"]);
    assert_eq!(marked(&resource, "x-schema-name"), ["#/workspace"]);
    for mark in ["x-collection-name", "x-schema-name", "x-delta-updates"] {
        assert_eq!(marked(&endpoint, mark), [""; 0]);
    }
    // Delta updates are all that there is, so there's nothing to choose.
    assert_eq!(marked(&resource, "x-delta-updates"), [""; 0]);
    assert_eq!(endpoint["required"], json!(["api_key"]));
    assert_eq!(resource["required"], json!(["workspace", "collection"]));
}

/// The schemas of the endpoint and of a resource.
async fn schemas() -> (Value, Value) {
    let mut connector = Connector::start(Codec::Proto);
    let Response::Spec(spec) = connector.ask(task::spec()).await else { panic!() };
    assert_eq!(spec.protocol, 3032023);
    let read = |schema: &[u8]| serde_json::from_slice(schema).unwrap();
    (read(&spec.config_schema_json), read(&spec.resource_config_schema_json))
}

/// Whatever the API lets one set on a collection can be configured.
#[tokio::test]
async fn every_parameter_of_a_collection_can_be_set() {
    let (_, resource) = schemas().await;
    let settings = &resource["properties"]["advancedCollectionSettings"]["properties"];
    let mut settings: Vec<&str> =
        settings.as_object().unwrap().keys().map(String::as_str).collect();
    settings.sort_unstable();

    let api = crate::support::api::document();
    let request = &api["components"]["schemas"]["CreateCollectionRequest"]["properties"];
    let parameters = request.as_mapping().unwrap().keys().map(|name| name.as_str().unwrap());
    // The name and the source are the resource's own.
    let mut parameters: Vec<&str> =
        parameters.filter(|name| !["name", "sources"].contains(name)).collect();
    parameters.sort_unstable();
    assert_eq!(settings, parameters);
}

/// Calls a function with each place of a schema.
fn walk(schema: &Value, path: &str, visit: &mut dyn FnMut(&str, &Value)) {
    visit(path, schema);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        walk(property, &format!("{path}/{name}"), visit);
    }
    if let Some(items) = schema.get("items") {
        walk(items, &format!("{path}/items"), visit);
    }
}

/// The words that a schema may use. A form understands no others.
const KEYWORDS: [&str; 21] = [
    "$schema",
    "additionalProperties",
    "advanced",
    "default",
    "description",
    "enum",
    "examples",
    "items",
    "maxLength",
    "maximum",
    "minLength",
    "minimum",
    "multiline",
    "nonsensitive",
    "order",
    "pattern",
    "properties",
    "required",
    "secret",
    "title",
    "type",
];

/// The rules of Flow's forms, at every place of a schema.
fn check(schema: &Value, path: &str) {
    walk(schema, path, &mut |path, schema| {
        for word in schema.as_object().unwrap().keys() {
            let is_known = KEYWORDS.contains(&word.as_str()) || word.starts_with("x-");
            assert!(is_known, "{path} has {word}");
        }
        let kind = schema["type"].as_str();
        let kind = kind.unwrap_or_else(|| panic!("{path} has no type, or several"));
        assert!(schema["title"].is_string() || path.ends_with("/items"), "{path} has no title");
        let description = schema["description"].as_str().unwrap_or_default();
        assert!(description.ends_with('.'), "{path} is not described in a sentence");
        assert!(!description.contains('\n'), "{path} has line breaks in its description");

        let is_choice = kind == "boolean" || kind == "integer" || schema.get("enum").is_some();
        let is_marked = |mark: &str| schema.get(mark).is_some_and(|mark| mark == true);
        assert!(!is_choice || is_marked("nonsensitive"), "{path} is plain and doesn't say so");
        assert!(!(is_marked("secret") && is_marked("nonsensitive")), "{path} is both");
        assert_eq!(kind == "boolean", schema["default"].is_boolean(), "{path}/default");
        for (mark, kind_of_mark) in [
            ("secret", "string"),
            ("multiline", "string"),
            ("x-collection-name", "string"),
            ("x-schema-name", "string"),
            ("advanced", "object"),
        ] {
            assert!(!is_marked(mark) || kind == kind_of_mark, "{path} is {mark}, but a {kind}");
        }
        check_properties(schema, path);
    });
}

/// Those of an object: they are in an order, and speak to whoever fills the form in.
fn check_properties(schema: &Value, path: &str) {
    let properties = schema["properties"].as_object();
    let mut orders: Vec<u64> = Vec::new();
    for (name, property) in properties.into_iter().flatten() {
        let order = property["order"].as_u64();
        orders.push(order.unwrap_or_else(|| panic!("{path}/{name} has no order")));
        let description = property["description"].as_str().unwrap();
        let mut words = description.split(|c: char| !c.is_ascii_alphabetic());
        let is_second_person = words.any(|word| ["you", "your"].contains(&&*word.to_lowercase()));
        assert!(is_second_person, "{path}/{name} speaks to nobody: {description}");
    }
    orders.sort_unstable();
    assert_eq!(orders, (0..orders.len() as u64).collect::<Vec<_>>(), "{path}");
}
