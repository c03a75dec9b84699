//! The configuration of a binding.

use super::CollectionSettings;
use crate::rockset::types;
use schemars::JsonSchema;
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer};

const MAX_NAME: usize = 100;

/// The Rockset collection that a binding fills.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with workspace and collection")]
#[schemars(title = "Rockset Collection")]
pub struct Resource {
    /// The workspace of your collection. It is created if it doesn't exist.
    #[serde(deserialize_with = "name")]
    #[schemars(
        title = "Workspace",
        length(min = 1, max = MAX_NAME),
        regex(pattern = "^[A-Za-z0-9][A-Za-z0-9_-]*$"),
        example = &"commons",
        extend("x-schema-name" = true, "order" = 0)
    )]
    pub workspace: String,

    /// The name of your collection. It is created if it doesn't exist.
    #[serde(deserialize_with = "name")]
    #[schemars(
        title = "Collection",
        length(min = 1, max = MAX_NAME),
        regex(pattern = "^[A-Za-z0-9][A-Za-z0-9_-]*$"),
        extend("x-collection-name" = true, "order" = 1)
    )]
    pub collection: String,

    /// Settings for the collection when it is created. You can't change most of them
    /// afterwards.
    #[serde(default, rename = "advancedCollectionSettings")]
    #[schemars(
        title = "Advanced Collection Settings",
        with = "CollectionSettings",
        extend("advanced" = true, "order" = 2)
    )]
    pub settings: Option<CollectionSettings>,
}

impl Resource {
    /// The path of the resource in Flow: workspace, then collection.
    pub fn path(&self) -> Vec<String> {
        vec![self.workspace.clone(), self.collection.clone()]
    }
}

impl From<&Resource> for types::CreateCollectionRequest {
    fn from(resource: &Resource) -> Self {
        let settings = resource.settings.clone().unwrap_or_default();
        Self { name: Some(resource.collection.clone()), ..settings.into() }
    }
}

/// Rockset's rule for workspaces and collections.
fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    let invalid =
        |problem: String| Err(D::Error::custom(format!("{} {problem}", Unexpected::Str(&name))));
    if name.is_empty() || name.len() > MAX_NAME {
        return invalid(format!("has {} characters; write 1 to {MAX_NAME}", name.chars().count()));
    }
    if !name.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return invalid("does not start with a letter or a digit".to_string());
    }
    match name.chars().find(|c| !c.is_ascii_alphanumeric() && !"_-".contains(*c)) {
        Some(other) => invalid(format!("holds {other:?}; write letters, digits, _ and - only")),
        None => Ok(name),
    }
}
