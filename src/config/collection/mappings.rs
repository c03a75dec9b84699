//! Field mappings, as collections had them before ingest transformations.

use super::default_false;
use crate::config::text;
use crate::rockset::{enums, types};
use schemars::JsonSchema;
use serde::Deserialize;

/// How fields of a document become another field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "an object with input_fields and output_field")]
pub struct FieldMapping {
    /// A name for your mapping, which Rockset's messages use.
    #[schemars(title = "Name", with = "String", extend("order" = 0))]
    pub name: Option<String>,

    /// Drop all fields of your documents but those that mappings make. Such a mapping
    /// has neither input fields nor an output field.
    #[schemars(title = "Drop All Fields", with = "bool", default = "default_false", extend("order" = 1))]
    pub is_drop_all_fields: Option<bool>,

    /// The fields that your expression uses, or that are dropped.
    #[schemars(title = "Input Fields", extend("order" = 2))]
    pub input_fields: Vec<InputField>,

    /// The field that your mapping makes. Leave it out to drop the input fields only.
    #[schemars(title = "Output Field", with = "OutputField", extend("order" = 3))]
    pub output_field: Option<OutputField>,
}

/// A field that a mapping uses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with field_name")]
pub struct InputField {
    /// The name of your field, as SQL writes it.
    #[serde(deserialize_with = "text::non_empty")]
    #[schemars(title = "Field Name", extend("order" = 0))]
    pub field_name: String,

    /// Whether documents without your field skip the mapping, or pass it with a null.
    #[serde(default)]
    #[schemars(title = "If Missing", with = "IfMissing", extend("order" = 1))]
    pub if_missing: Option<IfMissing>,

    /// Drop your field after the mapping.
    #[serde(default)]
    #[schemars(title = "Drop", with = "bool", default = "default_false", extend("order" = 2))]
    pub is_drop: Option<bool>,

    /// The name by which your expression refers to the field, after a colon.
    #[serde(default)]
    #[schemars(title = "Parameter", with = "String", extend("order" = 3))]
    pub param: Option<String>,
}

/// The field that a mapping makes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with field_name and value")]
pub struct OutputField {
    /// The name of your field, as SQL writes it.
    #[serde(deserialize_with = "text::non_empty")]
    #[schemars(title = "Field Name", extend("order" = 0))]
    pub field_name: String,

    /// The expression that your field is filled with.
    #[schemars(title = "Value", extend("order" = 1))]
    pub value: Expression,

    /// Whether your expression skips the mapping where it fails, or fails the document.
    #[serde(default)]
    #[schemars(title = "On Error", with = "OnError", extend("order" = 2))]
    pub on_error: Option<OnError>,
}

/// An SQL expression over the parameters of the input fields.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with sql")]
pub struct Expression {
    /// Your SQL expression.
    #[serde(deserialize_with = "text::non_empty")]
    #[schemars(title = "SQL", example = &"lower(:name)", extend("order" = 0))]
    pub sql: String,
}

/// Whether documents without an input field skip or pass the mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "a described variant would turn the schema's enum into a oneOf")]
pub enum IfMissing {
    Skip,
    Pass,
}

/// Whether documents for which the expression fails skip the mapping or are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "a described variant would turn the schema's enum into a oneOf")]
pub enum OnError {
    Skip,
    Fail,
}

impl From<FieldMapping> for types::FieldMappingV2 {
    fn from(mapping: FieldMapping) -> Self {
        Self {
            name: mapping.name,
            is_drop_all_fields: mapping.is_drop_all_fields,
            input_fields: mapping.input_fields.into_iter().map(Into::into).collect(),
            output_field: mapping.output_field.map(Into::into),
            ..Self::default()
        }
    }
}

impl From<InputField> for types::InputField {
    fn from(field: InputField) -> Self {
        let if_missing = field.if_missing.map(|missing| match missing {
            IfMissing::Skip => enums::InputFieldIfMissing::Skip,
            IfMissing::Pass => enums::InputFieldIfMissing::Pass,
        });
        Self {
            field_name: Some(field.field_name),
            if_missing,
            is_drop: field.is_drop,
            param: field.param,
            ..Self::default()
        }
    }
}

impl From<OutputField> for types::OutputField {
    fn from(field: OutputField) -> Self {
        let on_error = field.on_error.map(|error| match error {
            OnError::Skip => enums::OutputFieldOnError::Skip,
            OnError::Fail => enums::OutputFieldOnError::Fail,
        });
        let value = types::SqlExpression { sql: Some(field.value.sql), ..Default::default() };
        Self { field_name: Some(field.field_name), value: Some(value), on_error, ..Self::default() }
    }
}
