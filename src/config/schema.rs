//! JSON schemas that the platform makes forms of.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

/// The JSON schema of a configuration, complete in itself: without a `$ref`.
pub fn schema<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft07()
        .with(|settings| settings.inline_subschemas = true)
        .with_transform(RecursiveTransform(for_forms));
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    // Flow adds properties of its own at a root. Unknown ones are refused when the configuration
    // is read.
    if let Some(root) = schema.as_object_mut() {
        root.remove("additionalProperties");
    }
    schema
}

/// Removes what is of no use in a form: the source's line breaks, the widths of Rust's integers,
/// and `null` as a default. Marks everything but free text as `nonsensitive`: Flow then leaves it
/// readable when it encrypts the configuration.
fn for_forms(schema: &mut Schema) {
    if let Some(Value::String(description)) = schema.get_mut("description") {
        *description = description.replace('\n', " ");
    }
    if schema.get("type").is_some_and(|kind| kind == "integer") {
        schema.remove("format");
    }
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    let is_plain = schema.get("enum").is_some()
        || schema.get("type").is_some_and(|kind| kind == "integer" || kind == "boolean");
    if is_plain {
        schema.insert("nonsensitive".to_string(), true.into());
    }
}
