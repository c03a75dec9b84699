//! Whether an answer is one that the API document describes.

use jsonschema::{Draft, Validator};
use materialize_rockset::rockset::operations::{OPERATIONS, Operation};
use parking_lot::Mutex;
use reqwest::Method;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

/// The document, its schemas as those of JSON Schema.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/rockset.yaml");
    let mut api: Value = yaml_serde::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    allow_nulls(&mut api["components"]["schemas"]);
    api
});

/// Checks an answer of the server. Paths that are not the API's own are left alone.
#[track_caller]
pub fn check(method: &Method, path: &str, status: u16, body: &Value) {
    let api = &*DOCUMENT;
    let Some(operation) = operation(method, path) else {
        return;
    };
    let name = operation.operation_id;
    let item = &api["paths"][operation.path][operation.method.to_lowercase()];
    let found = &item["responses"][status.to_string()];
    assert!(found.is_object(), "{name} answers {status}, which isn't documented: {body}");
    let found = match found["$ref"].as_str() {
        Some(reference) => api.pointer(reference.trim_start_matches('#')).unwrap(),
        None => found,
    };
    let schema = found["content"]["application/json"]["schema"]["$ref"].as_str().unwrap();
    let wrong: Vec<String> = validator(schema)
        .iter_errors(body)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{name} answers {status} against {schema}: {wrong:#?} in {body:#}");
}

fn operation(method: &Method, path: &str) -> Option<&'static Operation> {
    let fits = |template: &str| {
        let (mut given, mut wanted) = (path.split('/'), template.split('/'));
        loop {
            match (given.next(), wanted.next()) {
                (None, None) => return true,
                (Some(given), Some(wanted)) if given == wanted || wanted.starts_with('{') => {}
                _ => return false,
            }
        }
    };
    // What is spelled out wins over a parameter, as at the server.
    let all = OPERATIONS.iter().filter(|it| it.method == method.as_str() && fits(it.path));
    all.min_by_key(|operation| operation.path.matches('{').count())
}

fn validator(reference: &str) -> Arc<Validator> {
    static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> =
        LazyLock::new(Mutex::default);
    // A failed check panics, and leaves nothing half done.
    let mut validators = VALIDATORS.lock();
    let make = || {
        let components = &DOCUMENT["components"];
        let schema = json!({"allOf": [{"$ref": reference}], "components": components});
        let options = jsonschema::options().with_draft(Draft::Draft7);
        Arc::new(options.build(&schema).unwrap())
    };
    validators.entry(reference.to_string()).or_insert_with(make).clone()
}

/// Writes `nullable` as JSON Schema does.
fn allow_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(allow_nulls);
            // There may be a property of this name, which is an object.
            if map.get("nullable") == Some(&json!(true)) {
                map.remove("nullable");
                let inner = Value::Object(std::mem::take(map));
                *map = Map::from_iter([("anyOf".to_string(), json!([inner, {"type": "null"}]))]);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(allow_nulls),
        _ => {}
    }
}
