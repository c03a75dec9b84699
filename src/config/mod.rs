//! What the user writes, and what it must look like.
//!
//! - [`Endpoint`]: the key, the region, how hard to press.
//! - [`Resource`]: the collection of a binding, and its settings.

mod collection;
mod endpoint;
mod resource;

pub use collection::{ClusteringField, CollectionSettings, EventTimeFormat, EventTimeInfo};
pub use endpoint::{ApiKey, Endpoint};
pub use resource::Resource;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A configuration that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct Error {
    /// Where, such as `bindings[2].resource.collection`.
    pub path: String,
    /// What is wrong there, and what to write instead.
    pub problem: String,
}

/// Reads a configuration. `root` is where it stands, such as `bindings[2].resource`.
pub fn parse<T: DeserializeOwned>(root: &str, json: &[u8]) -> Result<T, Error> {
    let deserializer = &mut serde_json::Deserializer::from_slice(json);
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = match error.path().to_string().as_str() {
            "." => root.to_string(),
            path => format!("{root}.{path}"),
        };
        Error { path, problem: without_position(&error.into_inner()) }
    })
}

/// The position within the JSON text says nothing to a person who wrote YAML.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(position) => text[..position].to_string(),
        None => text,
    }
}

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
