//! Keywords: which of them hold schemas, and those that Flow takes beside the ones of JSON
//! Schema 2019-09.

use super::formats;
use super::pointer;
use serde_json::{Map, Value, json};

/// One schema, or a list of them.
const SCHEMAS: [&str; 16] = [
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "oneOf",
    "prefixItems",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// Schemas by name.
const NAMED_SCHEMAS: [&str; 5] =
    ["$defs", "definitions", "dependentSchemas", "patternProperties", "properties"];

/// Keywords that apply to the items of an array, the weakest first.
const ITEMS: [&str; 3] = ["additionalItems", "items", "prefixItems"];

/// Keywords that only serve references, which a plain schema has by place.
const IDENTIFIERS: [&str; 8] = [
    "$anchor",
    "$dynamicAnchor",
    "$dynamicRef",
    "$id",
    "$recursiveAnchor",
    "$recursiveRef",
    "$schema",
    "$vocabulary",
];

/// The schemas right within one, each with its JSON pointer from there.
pub fn children(keywords: &Map<String, Value>) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (key, value) in keywords {
        let at = pointer::join("", key);
        match value {
            Value::Array(items) if SCHEMAS.contains(&key.as_str()) => {
                let items = items.iter().enumerate();
                found.extend(items.map(|(index, schema)| (format!("{at}/{index}"), schema)));
            }
            Value::Object(named) if NAMED_SCHEMAS.contains(&key.as_str()) => {
                found.extend(named.iter().map(|(name, schema)| (pointer::join(&at, name), schema)));
            }
            schema if SCHEMAS.contains(&key.as_str()) => found.push((at, schema)),
            _ => {}
        }
    }
    found
}

/// Brings a schema's own keywords into the form that the rest of a preview reads.
pub fn normalize(keywords: &mut Map<String, Value>) {
    for key in IDENTIFIERS {
        keywords.remove(key);
    }
    if keywords.remove("nullable") == Some(Value::Bool(true))
        && let Some(types) = keywords.get_mut("type")
    {
        *types = nullable(types.take());
    }
    if let Some(Value::String(format)) = keywords.get_mut("format") {
        *format = formats::name(format).to_string();
    }
    let names = ITEMS.map(|name| renamed(keywords, name));
    let values = ITEMS.map(|name| keywords.remove(name));
    for (name, value) in names.into_iter().zip(values) {
        keywords.extend(value.map(|value| (name.to_string(), value)));
    }
}

/// The name of a keyword once it is normalized. `prefixItems` are `items` in a list, and what
/// else applies to items is `additionalItems` beside those.
pub fn renamed<'n>(keywords: &Map<String, Value>, name: &'n str) -> &'n str {
    let has = |key: &str| keywords.contains_key(key);
    match name {
        "prefixItems" if has(name) => "items",
        "items" if has("prefixItems") => "additionalItems",
        "additionalItems" if !has("items") && !has("prefixItems") => "items",
        _ => name,
    }
}

fn nullable(types: Value) -> Value {
    match types {
        Value::Array(mut types) => {
            if !types.contains(&json!("null")) {
                types.push(json!("null"));
            }
            Value::Array(types)
        }
        single if single == json!("null") => single,
        single => json!([single, "null"]),
    }
}

/// The items of a keyword that holds a list.
pub fn list(keyword: Option<&Value>) -> &[Value] {
    keyword.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The entries of a keyword that holds an object.
pub fn entries(keyword: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    keyword.and_then(Value::as_object).into_iter().flatten()
}
