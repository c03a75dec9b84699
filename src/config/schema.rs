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
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// Leaves out what a form generator shows a person for no use: line breaks of the
/// source, the widths of Rust's integers, and `null` as a default.
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
}
