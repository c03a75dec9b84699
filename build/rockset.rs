//! Generates the Rockset client and its types from the OpenAPI document.

use heck::{ToSnakeCase, ToUpperCamelCase};
use openapiv3::OpenAPI;
use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TypeImpl};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::path::Path;

/// Writes `rockset.rs`, `rockset_answers.rs`, `rockset_enums.rs` and
/// `rockset_operations.rs` into `out`.
pub fn generate(document: &Path, out: &Path) -> Result<(), String> {
    println!("cargo::rerun-if-changed={}", document.display());
    let fail = |what: &dyn std::fmt::Display| format!("{}: {what}", document.display());

    let text = std::fs::read_to_string(document).map_err(|e| fail(&e))?;
    let mut api: Value = yaml_serde::from_str(&text).map_err(|e| fail(&e))?;
    // This type keeps the order of properties.
    let written: yaml_serde::Value = yaml_serde::from_str(&text).map_err(|e| fail(&e))?;
    if let Some(reference) = dangling_reference(&api, &api) {
        return Err(fail(&format_args!("{reference:?} leads nowhere")));
    }
    std::fs::write(out.join("rockset_answers.rs"), crate::answers::table(&api))
        .map_err(|e| fail(&e))?;
    drop_patterns(&mut api);
    drop_nullable(&mut api);
    join_errors(&mut api);
    name_enumerations(&mut api);
    let operations = out.join("rockset_operations.rs");
    let table = operation_table(&api).map_err(|e| fail(&e))?;
    std::fs::write(operations, table).map_err(|e| fail(&e))?;
    drop_forms(&mut api);
    let enums = enumerations(&api);

    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Positional)
        .with_hooks(HooksMode::Expected)
        .with_map_type("::std::collections::BTreeMap")
        .with_inner_type("crate::rockset::Connection".parse().map_err(|e| fail(&e))?);
    for (name, _) in &enums {
        let open = format!("crate::rockset::enums::{name}");
        settings.with_replacement(name, open, [TypeImpl::Display].into_iter());
    }

    let document: OpenAPI = serde_json::from_value(api.clone()).map_err(|e| fail(&e))?;
    let mut client = client(&settings, &document).map_err(|e| fail(&e))?;
    crate::answers::settle(&mut client, &written).map_err(|e| fail(&e))?;
    std::fs::write(out.join("rockset.rs"), prettyplease::unparse(&client)).map_err(|e| fail(&e))?;
    std::fs::write(out.join("rockset_enums.rs"), open_enums(&enums)).map_err(|e| fail(&e))
}

/// The generated client. Its generator panics on what it doesn't support.
fn client(settings: &GenerationSettings, document: &OpenAPI) -> Result<syn::File, String> {
    set_hook(Box::new(|_| {}));
    let generated = catch_unwind(AssertUnwindSafe(|| {
        Generator::new(settings).generate_tokens(document).map_err(|e| e.to_string())
    }));
    let _ = take_hook();
    let tokens = generated.unwrap_or_else(|panic| {
        let why = panic.downcast_ref::<String>().map(String::as_str);
        let why = why.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        Err(format!("the generator does not support it: {why}"))
    })?;
    syn::parse2(tokens).map_err(|e| e.to_string())
}

/// A `$ref` at or below a value that names nothing in the document.
fn dangling_reference<'a>(api: &Value, value: &'a Value) -> Option<&'a str> {
    let below = |value| dangling_reference(api, value);
    let exists = |text: &str| text.strip_prefix('#').is_some_and(|at| api.pointer(at).is_some());
    match value {
        Value::Object(map) => {
            let reference = map.get("$ref").and_then(Value::as_str);
            reference.filter(|text| !exists(text)).or_else(|| map.values().find_map(below))
        }
        Value::Array(items) => items.iter().find_map(below),
        _ => None,
    }
}

/// Removes the patterns of strings: they tell a person what to write, and must not make the client
/// refuse an answer.
fn drop_patterns(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if map.get("type").is_some_and(|kind| kind == "string") {
                map.remove("pattern");
            }
            map.values_mut().for_each(drop_patterns);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_patterns),
        _ => {}
    }
}

/// Removes `nullable` from properties that may be left out: the client reads their `null` as
/// `None`, and needs no type that tells the two apart.
fn drop_nullable(api: &mut Value) {
    let schemas = api.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    for (_, schema) in schemas.into_iter().flatten() {
        let required = schema["required"].clone();
        let is_required = |name: &String| {
            required.as_array().is_some_and(|all| all.iter().any(|found| found == name))
        };
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (name, property) in properties.into_iter().flatten() {
            if let Some(property) = property.as_object_mut().filter(|_| !is_required(name)) {
                property.remove("nullable");
            }
        }
    }
}

/// Removes the operations whose body is a form, which the generator does not support. The client
/// has no function for them.
fn drop_forms(api: &mut Value) {
    let paths = api.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten();
    for (_, methods) in paths {
        if let Some(methods) = methods.as_object_mut() {
            let form = "/requestBody/content/multipart~1form-data";
            methods.retain(|_, operation| operation.pointer(form).is_none());
        }
    }
}

/// Joins the responses of a class (4XX, 5XX) that have the same body, so that the client reads an
/// error in one place and not in a branch for each status.
fn join_errors(api: &mut Value) {
    let shared = api["components"]["responses"].clone();
    let body = |response: &Value| {
        let name = response["$ref"].as_str().and_then(|path| path.rsplit('/').next());
        name.map_or(response, |name| &shared[name])["content"].clone()
    };
    let paths = api.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten();
    let operations = paths.flat_map(|(_, methods)| methods.as_object_mut().into_iter().flatten());
    for (_, operation) in operations {
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        let Some(responses) = responses else { continue };
        for class in ["4", "5"] {
            let all: Vec<(String, Value)> = responses
                .iter()
                .filter(|(status, _)| status.starts_with(class))
                .map(|(status, response)| (status.clone(), response.clone()))
                .collect();
            let Some((_, first)) = all.first() else { continue };
            if all.iter().all(|(_, response)| body(response) == body(first)) {
                all.iter().for_each(|(status, _)| drop(responses.remove(status)));
                responses.insert(format!("{class}XX"), first.clone());
            }
        }
    }
}

/// Moves each enumeration that stands within a list to a schema of its own. Only a named
/// enumeration becomes an open one, which keeps a value that isn't listed.
fn name_enumerations(api: &mut Value) {
    let schemas = api.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    let Some(schemas) = schemas else { return };
    let mut named = Vec::new();
    for (schema, definition) in schemas.iter_mut() {
        let properties = definition.get_mut("properties").and_then(Value::as_object_mut);
        for (property, value) in properties.into_iter().flatten() {
            let description = value["description"].clone();
            if let Some(items) = value.get_mut("items").filter(|items| items["enum"].is_array()) {
                items["description"] = description;
                let name = format!("{schema}{}Item", property.to_upper_camel_case());
                let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
                named.push((name, std::mem::replace(items, reference)));
            }
        }
    }
    schemas.extend(named);
}

/// The named string enumerations: each name with its schema.
fn enumerations(api: &Value) -> Vec<(&String, &Value)> {
    let schemas = api["components"]["schemas"].as_object();
    let named = schemas.into_iter().flatten();
    named.filter(|(_, schema)| schema["type"] == "string" && schema["enum"].is_array()).collect()
}

/// Each enumeration as a call of the macro in `src/rockset/open_enum.rs`.
fn open_enums(enums: &[(&String, &Value)]) -> String {
    let mut out = String::from("use super::open_enum::open_enum;\n");
    for (name, schema) in enums {
        let description = schema["description"].as_str().unwrap_or_default();
        let _ = writeln!(out, "open_enum! {{\n    #[doc = {description:?}]\n    {name} {{");
        for text in schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let _ = writeln!(out, "        {} = {text:?},", text.to_upper_camel_case());
        }
        out.push_str("    }\n}\n");
    }
    out.push_str("/// The values that the API document lists of an enumeration, by its name.\n");
    out.push_str("pub fn known(name: &str) -> Option<&'static [&'static str]> {\n");
    out.push_str("    match name {\n");
    for (name, _) in enums {
        let _ = writeln!(out, "        {name:?} => Some({name}::KNOWN),");
    }
    out.push_str("        _ => None,\n    }\n}\n");
    out
}

/// The methods of HTTP. A path of the document may have other properties, such as `parameters`.
const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

/// Operations that only read, although their method is POST.
const READS: [&str; 2] = ["getCollectionOffsets", "getMountOffsets"];

/// Operations that run a query, or end one.
const QUERIES: [&str; 6] = [
    "cancelQuery",
    "executeQueryLambda",
    "executeQueryLambdaByTag",
    "query",
    "queryVirtualInstance",
    "validate",
];

/// The right that an operation needs. An operation that isn't listed above and isn't a GET needs
/// the highest.
fn right(operation_id: &str, method: &str, operation: &Value) -> &'static str {
    let security = operation["security"].as_array();
    match operation_id {
        _ if security.is_some_and(Vec::is_empty) => "Nothing",
        _ if security.is_some_and(|all| all.iter().any(|one| one["IntegrationKey"].is_array())) => {
            "IntegrationKey"
        }
        id if QUERIES.contains(&id) => "Query",
        id if READS.contains(&id) || method == "GET" => "Read",
        _ => "Write",
    }
}

/// The privilege that an operation needs, as code. Only one that needs no API key has none.
fn privilege(operation: &Value, right: &str) -> Result<String, String> {
    match operation["x-privilege"].as_str() {
        Some(action) => Ok(format!("PrivilegeAction::{}", action.to_upper_camel_case())),
        None if ["Nothing", "IntegrationKey"].contains(&right) => Ok(String::new()),
        None => Err(format!("{} has no x-privilege", operation["operationId"])),
    }
}

/// The document's operations as the table in `src/rockset/operations.rs`.
fn operation_table(api: &Value) -> Result<String, String> {
    let mut out = String::from(
        "/// Every operation of `openapi/rockset.yaml`, by path.\npub const OPERATIONS: &[Operation] = &[\n",
    );
    for (path, methods) in api["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            if METHODS.contains(&method.as_str()) {
                let operation_id = operation["operationId"].as_str().unwrap_or_default();
                let function = operation_id.to_snake_case();
                let tag = operation["tags"][0].as_str().unwrap_or_default();
                let method = method.to_uppercase();
                let right = right(operation_id, &method, operation);
                let privileges = privilege(operation, right)?;
                let _ = writeln!(
                    out,
                    "    Operation {{ operation_id: {operation_id:?}, function: {function:?}, \
                     method: {method:?}, path: {path:?}, tag: {tag:?}, right: Right::{right}, \
                     privileges: &[{privileges}] }},"
                );
            }
        }
    }
    out.push_str("];\n");
    Ok(out)
}
