//! The API document as a tree, and its outline.

use std::path::Path;
use yaml_serde::Value;

/// `openapi/rockset.yaml`.
pub fn document() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/rockset.yaml");
    yaml_serde::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// An operation of the document.
pub struct Operation<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub definition: &'a Value,
    /// Those of its path and its own.
    pub parameters: Vec<&'a Value>,
}

impl Operation<'_> {
    /// How it is called in messages.
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// Every operation, in the document's order.
pub fn operations(api: &Value) -> Vec<Operation<'_>> {
    let mut operations = Vec::new();
    for (path, item) in entries(&api["paths"]) {
        for (method, definition) in entries(item).filter(|(key, _)| *key != "parameters") {
            let parameters = [&item["parameters"], &definition["parameters"]];
            let parameters = parameters.into_iter().flat_map(elements);
            let parameters = parameters.map(|parameter| resolve(api, parameter)).collect();
            operations.push(Operation { method, path, definition, parameters });
        }
    }
    operations
}

/// Every value of the tree below one, with the JSON pointer that leads to it.
pub fn everything(value: &Value) -> Vec<(String, &Value)> {
    let mut found = vec![(String::new(), value)];
    let mut next = 0;
    while let Some((pointer, value)) = found.get(next).cloned() {
        let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
        found.extend(entries(value).map(|(key, v)| (format!("{pointer}/{}", escaped(key)), v)));
        found.extend(elements(value).enumerate().map(|(i, v)| (format!("{pointer}/{i}"), v)));
        next += 1;
    }
    found
}

/// The keys of an object, each with its value.
pub fn entries(object: &Value) -> impl Iterator<Item = (&str, &Value)> {
    object.as_mapping().into_iter().flatten().map(|(key, value)| (key.as_str().unwrap(), value))
}

/// The elements of an array.
pub fn elements(array: &Value) -> impl Iterator<Item = &Value> {
    array.as_sequence().into_iter().flatten()
}

/// What a `$ref` leads to, or the value itself.
pub fn resolve<'a>(api: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => reference.split('/').skip(1).fold(api, |value, key| &value[key]),
        None => value,
    }
}

/// The operations and schemas, a line each operation and property.
pub fn outline(api: &Value) -> String {
    let mut lines: Vec<String> = operations(api).iter().map(|o| signature(api, o)).collect();
    for (name, schema) in entries(&api["components"]["schemas"]) {
        lines.push(String::new());
        if schema["properties"].is_null() {
            lines.push(format!("{name} = {}", shape(schema)));
        }
        for (property, definition) in entries(&schema["properties"]) {
            let required = elements(&schema["required"]).any(|name| name == property);
            let mark = if required { "" } else { "?" };
            lines.push(format!("{name}.{property}{mark}: {}", shape(definition)));
        }
    }
    lines.join("\n")
}

/// An operation in one line.
fn signature(api: &Value, operation: &Operation<'_>) -> String {
    let mut inputs: Vec<String> = operation.parameters.iter().map(|p| input(p)).collect();
    let body = &operation.definition["requestBody"]["content"]["application/json"]["schema"];
    if !body.is_null() {
        inputs.push(format!("body: {}", shape(body)));
    }
    let answers = entries(&operation.definition["responses"])
        .filter(|(status, _)| status.starts_with('2'))
        .map(|(status, response)| {
            let content = &resolve(api, response)["content"]["application/json"];
            format!("{status} {}", shape(&content["schema"]))
        });
    format!(
        "{} {}({}) -> {}",
        operation.name(),
        operation.definition["operationId"].as_str().unwrap_or_default(),
        inputs.join(", "),
        answers.collect::<Vec<_>>().join(" | "),
    )
}

/// A parameter as `path user: string`, or `query reveal?: boolean` when it may be left out.
fn input(parameter: &Value) -> String {
    let text = |key: &str| parameter[key].as_str().unwrap_or_default();
    let mark = if parameter["required"] == true { "" } else { "?" };
    format!("{} {}{mark}: {}", text("in"), text("name"), shape(&parameter["schema"]))
}

/// A schema in a few characters.
fn shape(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or_default().to_string();
    }
    if let Some(whole) = elements(&schema["allOf"]).next() {
        return shape(whole);
    }
    if schema["enum"].is_sequence() {
        let values = elements(&schema["enum"]).filter_map(Value::as_str);
        return values.collect::<Vec<_>>().join(" | ");
    }
    match schema["type"].as_str() {
        None => "any".to_string(),
        Some("array") => format!("[{}]", shape(&schema["items"])),
        Some("object") if schema["additionalProperties"].is_mapping() => {
            format!("{{{}}}", shape(&schema["additionalProperties"]))
        }
        Some(kind) => schema["format"].as_str().unwrap_or(kind).to_string(),
    }
}
