//! The settings of a collection, and the request that they become.

mod event_time;
mod indexing;
mod mappings;

pub use event_time::{EventTimeFormat, EventTimeInfo};
pub use indexing::{
    ColumnIndexMode, FieldOptions, FieldSchema, IndexMode, InvertedIndexGroupEncodingOptions,
    RangeIndexMode,
};
pub use mappings::{Expression, FieldMapping, IfMissing, InputField, OnError, OutputField};

use super::number::{at_least, within};
use super::{Problems, Transformation, text};
use crate::rockset::rules::RETENTION_SECS;
use crate::rockset::{enums, types};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

/// The settings of a collection when it is created: every parameter that an edition of the API
/// has had.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "an object of settings")]
pub struct CollectionSettings {
    /// What your collection holds, for people who see it in Rockset. You can change it
    /// later.
    #[serde(deserialize_with = "text::optional")]
    #[schemars(title = "Description", with = "String", extend("order" = 0))]
    pub description: Option<String>,

    /// How many seconds your documents are kept, counted from their event time.
    /// Leave it out to keep them for ever.
    #[serde(deserialize_with = "retention")]
    #[schemars(
        title = "Retention Period",
        with = "i64",
        range(min = *RETENTION_SECS.start(), max = *RETENTION_SECS.end()),
        extend("order" = 1)
    )]
    pub retention_secs: Option<i64>,

    /// Which field of your documents becomes their event time. Without it, that is
    /// the time at which Rockset takes a document in.
    #[schemars(title = "Event Time", with = "EventTimeInfo", extend("order" = 2))]
    pub event_time_info: Option<EventTimeInfo>,

    /// SQL that Rockset runs on every document that comes in. You can change it later,
    /// for the documents that come then.
    #[schemars(title = "Ingest Transformation", with = "Transformation", extend("order" = 3))]
    pub field_mapping_query: Option<Transformation>,

    /// The fields by which Rockset stores your documents together, so that queries
    /// that filter on them read less.
    #[schemars(title = "Clustering Key", extend("order" = 4))]
    pub clustering_key: Vec<ClusteringField>,

    /// How your collection is compressed on disk: `ZSTD` is smaller, `LZ4` quicker.
    #[schemars(title = "Storage Compression", with = "StorageCompression", extend("order" = 5))]
    pub storage_compression_type: Option<StorageCompression>,

    /// About how many bytes Rockset downloads from a source before it stops, so that you
    /// can try the source out.
    #[serde(deserialize_with = "at_least::<1, _>")]
    #[schemars(
        title = "Source Download Soft Limit",
        with = "i64",
        range(min = 1),
        extend("order" = 6)
    )]
    pub source_download_soft_limit_bytes: Option<i64>,

    /// Forbid updates and deletions. You should only enable it for a collection in
    /// which every key occurs once, because a second document of a key is refused
    /// and the task fails. Rockset's last API edition dropped it; it's sent as it is.
    #[schemars(title = "Insert Only", with = "bool", default = "default_false", extend("order" = 7))]
    pub insert_only: Option<bool>,

    /// How many seconds of event time a partition of your collection spans.
    /// Rockset's last API edition dropped it; it's sent as it is.
    #[serde(deserialize_with = "at_least::<1, _>")]
    #[schemars(
        title = "Time Partition Resolution",
        with = "i64",
        range(min = 1),
        extend("order" = 8)
    )]
    pub time_partition_resolution_secs: Option<i64>,

    /// How single fields of your documents are changed or dropped. An ingest
    /// transformation takes their place, so you can't set both. Rockset's last API
    /// edition dropped them; they're sent as they are.
    #[schemars(title = "Field Mappings", extend("order" = 9))]
    pub field_mappings: Vec<FieldMapping>,

    /// Which indexes single fields of your documents are in. Rockset's last API
    /// edition dropped them; they're sent as they are.
    #[schemars(title = "Field Schemas", extend("order" = 10))]
    pub field_schemas: Vec<FieldSchema>,

    /// How the inverted index of your collection is encoded. Rockset's last API edition
    /// dropped it; it's sent as it is.
    #[schemars(
        title = "Inverted Index Encoding",
        with = "InvertedIndexGroupEncodingOptions",
        extend("order" = 11)
    )]
    pub inverted_index_group_encoding_options: Option<InvertedIndexGroupEncodingOptions>,
}

/// A field of the clustering key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with field_name")]
pub struct ClusteringField {
    /// The name of your field.
    #[serde(deserialize_with = "text::non_empty")]
    #[schemars(title = "Field Name", extend("order" = 0))]
    pub field_name: String,

    /// How your documents are put together by the field. Rockset has one way.
    #[serde(default, rename = "type")]
    #[schemars(title = "Type", extend("order" = 1))]
    pub kind: Clustering,
}

/// The way in which a clustering field groups documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "a described variant would turn the schema's enum into a oneOf")]
pub enum Clustering {
    #[default]
    Auto,
}

/// The compression of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "a described variant would turn the schema's enum into a oneOf")]
pub enum StorageCompression {
    Lz4,
    Zstd,
}

impl CollectionSettings {
    pub(super) fn check(&self, path: &str, problems: &mut Problems) {
        if !self.field_mappings.is_empty() && self.field_mapping_query.is_some() {
            problems.add(
                path,
                "has both field_mappings and field_mapping_query; leave field_mappings out, \
                 since the query can do all that they do",
            );
        }
    }
}

impl From<CollectionSettings> for types::CreateCollectionRequest {
    fn from(settings: CollectionSettings) -> Self {
        Self {
            description: settings.description,
            retention_secs: settings.retention_secs,
            event_time_info: settings.event_time_info.map(Into::into),
            field_mapping_query: settings.field_mapping_query.map(Into::into),
            clustering_key: settings.clustering_key.into_iter().map(Into::into).collect(),
            storage_compression_type: settings.storage_compression_type.map(Into::into),
            source_download_soft_limit_bytes: settings.source_download_soft_limit_bytes,
            insert_only: settings.insert_only,
            time_partition_resolution_secs: settings.time_partition_resolution_secs,
            field_mappings: settings.field_mappings.into_iter().map(Into::into).collect(),
            field_schemas: settings.field_schemas.into_iter().map(Into::into).collect(),
            inverted_index_group_encoding_options: settings
                .inverted_index_group_encoding_options
                .map(Into::into),
            ..Self::default()
        }
    }
}

impl From<ClusteringField> for types::FieldPartition {
    fn from(field: ClusteringField) -> Self {
        let kind = match field.kind {
            Clustering::Auto => enums::ClusteringType::Auto,
        };
        Self { field_name: Some(field.field_name), type_: Some(kind), ..Self::default() }
    }
}

impl From<StorageCompression> for enums::StorageCompressionType {
    fn from(kind: StorageCompression) -> Self {
        match kind {
            StorageCompression::Lz4 => Self::Lz4,
            StorageCompression::Zstd => Self::Zstd,
        }
    }
}

fn retention<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let (least, most) = RETENTION_SECS.into_inner();
    within(deserializer, least, most, |number| {
        format!(
            "{number} seconds are not within {least} to {most}; leave it out to keep documents \
             for ever"
        )
    })
}

fn default_false() -> bool {
    false
}
