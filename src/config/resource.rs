//! The configuration of a binding.

use super::{CollectionSettings, Config, InitializeFromS3, Problems, text};
use crate::rockset::{rules, types};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The Rockset collection that a binding fills.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with workspace and collection")]
#[schemars(title = "Rockset Collection")]
pub struct Resource {
    /// The workspace of your collection. It is created if it doesn't exist.
    #[serde(deserialize_with = "text::name")]
    #[schemars(
        title = "Workspace",
        length(min = 1, max = rules::MAX_NAME),
        regex(pattern = rules::NAME_PATTERN),
        example = &"commons",
        extend("x-schema-name" = true, "order" = 0)
    )]
    pub workspace: String,

    /// The name of your collection. It is created if it doesn't exist.
    #[serde(deserialize_with = "text::name")]
    #[schemars(
        title = "Collection",
        length(min = 1, max = rules::MAX_NAME),
        regex(pattern = rules::NAME_PATTERN),
        extend("x-collection-name" = true, "order" = 1)
    )]
    pub collection: String,

    /// How the `_id` of your documents is made. `packedKey` is the Base64 text of the
    /// packed key, whatever it consists of. `key` is the key in plain text, its parts
    /// joined by colons, for keys of integers, booleans and at most one string. You
    /// can't change it for a collection that holds documents.
    #[serde(default, rename = "documentId")]
    #[schemars(title = "Document ID", extend("order" = 2))]
    pub document_id: DocumentId,

    /// Fill your collection from Parquet files first, which another materialization
    /// wrote to S3, and go on where they end. It works only for a collection that
    /// doesn't exist yet.
    #[serde(default, rename = "initializeFromS3")]
    #[schemars(
        title = "Initialize from S3",
        with = "InitializeFromS3",
        extend("advanced" = true, "order" = 3)
    )]
    pub initialize_from_s3: Option<InitializeFromS3>,

    /// Settings for the collection when it is created. You can't change most of them
    /// afterwards.
    #[serde(default, rename = "advancedCollectionSettings")]
    #[schemars(
        title = "Advanced Collection Settings",
        with = "CollectionSettings",
        extend("advanced" = true, "order" = 4)
    )]
    pub settings: Option<CollectionSettings>,
}

/// The way in which the `_id` of a document is made from its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "a described variant would turn the schema's enum into a oneOf")]
pub enum DocumentId {
    #[default]
    PackedKey,
    Key,
}

impl Resource {
    /// The path of the resource in Flow: workspace, then collection.
    pub fn path(&self) -> Vec<String> {
        vec![self.workspace.clone(), self.collection.clone()]
    }
}

impl Config for Resource {
    /// Published catalogs have the resource path in `_meta`.
    const OF_THE_PLATFORM: &'static [&'static str] = &["_meta"];

    fn check(&self, path: &str, problems: &mut Problems) {
        if let Some(source) = &self.initialize_from_s3 {
            source.check(&format!("{path}.initializeFromS3"), problems);
        }
        if let Some(settings) = &self.settings {
            settings.check(&format!("{path}.advancedCollectionSettings"), problems);
        }
    }
}

impl From<Resource> for types::CreateCollectionRequest {
    fn from(resource: Resource) -> Self {
        Self {
            name: Some(resource.collection),
            sources: resource.initialize_from_s3.map(Into::into).into_iter().collect(),
            ..resource.settings.unwrap_or_default().into()
        }
    }
}
