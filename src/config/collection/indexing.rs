//! The indexes of fields, and their encoding.

use crate::config::{number::at_least, text};
use crate::rockset::{enums, types};
use schemars::JsonSchema;
use serde::Deserialize;

/// The indexes of one field.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with field_name")]
pub struct FieldSchema {
    /// The name of your field, as SQL writes it.
    #[serde(deserialize_with = "text::non_empty")]
    #[schemars(title = "Field Name", extend("order" = 0))]
    pub field_name: String,

    /// The indexes that your field is in.
    #[serde(default)]
    #[schemars(title = "Field Options", with = "FieldOptions", extend("order" = 1))]
    pub field_options: Option<FieldOptions>,
}

/// Which indexes a field is in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "an object of index modes")]
pub struct FieldOptions {
    /// Whether your field is in the inverted index, for lookups by value.
    #[schemars(title = "Index Mode", with = "IndexMode", extend("order" = 0))]
    pub index_mode: Option<IndexMode>,

    /// Whether your field is in the range index, for comparisons.
    #[schemars(title = "Range Index Mode", with = "RangeIndexMode", extend("order" = 1))]
    pub range_index_mode: Option<RangeIndexMode>,

    /// Whether your field is in the type index, for lookups by type.
    #[schemars(title = "Type Index Mode", with = "IndexMode", extend("order" = 2))]
    pub type_index_mode: Option<IndexMode>,

    /// Whether your field is in the column store, for scans.
    #[schemars(title = "Column Index Mode", with = "ColumnIndexMode", extend("order" = 3))]
    pub column_index_mode: Option<ColumnIndexMode>,
}

/// Whether a field is in an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "a described variant would turn the schema's enum into a oneOf")]
pub enum IndexMode {
    Index,
    NoIndex,
}

/// Whether a field is in the range index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "a described variant would turn the schema's enum into a oneOf")]
pub enum RangeIndexMode {
    #[serde(rename = "v1_index")]
    V1Index,
    #[serde(rename = "no_index")]
    NoIndex,
}

/// Whether a field is in the column store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "a described variant would turn the schema's enum into a oneOf")]
pub enum ColumnIndexMode {
    Store,
    NoStore,
}

/// How the inverted index is encoded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "an object of options")]
pub struct InvertedIndexGroupEncodingOptions {
    /// The version of your index's format.
    #[serde(deserialize_with = "at_least::<0, _>")]
    #[schemars(title = "Format Version", with = "i64", range(min = 0), extend("order" = 0))]
    pub format_version: Option<i64>,

    /// How many entries of your index make a group.
    #[serde(deserialize_with = "at_least::<0, _>")]
    #[schemars(title = "Group Size", with = "i64", range(min = 0), extend("order" = 1))]
    pub group_size: Option<i64>,

    /// How many entries of your index lie between restart points.
    #[serde(deserialize_with = "at_least::<0, _>")]
    #[schemars(title = "Restart Length", with = "i64", range(min = 0), extend("order" = 2))]
    pub restart_length: Option<i64>,

    /// The codec of your documents' event times.
    #[schemars(title = "Event Time Codec", with = "String", extend("order" = 3))]
    pub event_time_codec: Option<String>,

    /// The codec of your documents' identifiers.
    #[schemars(title = "Document ID Codec", with = "String", extend("order" = 4))]
    pub doc_id_codec: Option<String>,
}

impl From<FieldSchema> for types::FieldSchema {
    fn from(schema: FieldSchema) -> Self {
        Self {
            field_name: Some(schema.field_name),
            field_options: schema.field_options.map(Into::into),
            ..Self::default()
        }
    }
}

impl From<FieldOptions> for types::FieldOptions {
    fn from(options: FieldOptions) -> Self {
        Self {
            index_mode: options.index_mode.map(Into::into),
            range_index_mode: options.range_index_mode.map(|mode| match mode {
                RangeIndexMode::V1Index => enums::RangeIndexMode::V1Index,
                RangeIndexMode::NoIndex => enums::RangeIndexMode::NoIndex,
            }),
            type_index_mode: options.type_index_mode.map(Into::into),
            column_index_mode: options.column_index_mode.map(|mode| match mode {
                ColumnIndexMode::Store => enums::ColumnIndexMode::Store,
                ColumnIndexMode::NoStore => enums::ColumnIndexMode::NoStore,
            }),
            ..Self::default()
        }
    }
}

impl From<IndexMode> for enums::IndexMode {
    fn from(mode: IndexMode) -> Self {
        match mode {
            IndexMode::Index => Self::Index,
            IndexMode::NoIndex => Self::NoIndex,
        }
    }
}

impl From<InvertedIndexGroupEncodingOptions> for types::InvertedIndexGroupEncodingOptions {
    fn from(options: InvertedIndexGroupEncodingOptions) -> Self {
        Self {
            format_version: options.format_version,
            group_size: options.group_size,
            restart_length: options.restart_length,
            event_time_codec: options.event_time_codec,
            doc_id_codec: options.doc_id_codec,
            ..Self::default()
        }
    }
}
