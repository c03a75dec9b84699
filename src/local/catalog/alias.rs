//! An alias: another name for a collection.

use super::creator::Creator;
use super::timestamp;
use crate::rockset::enums::AliasState;
use crate::rockset::types;
use serde::{Deserialize, Serialize};

/// An alias of a collection.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Alias {
    pub workspace: String,
    pub name: String,
    description: Option<String>,
    /// `workspace.name` of the collection.
    pub collection: String,
    #[serde(default)]
    creator: Creator,
    created_at: String,
    modified_at: String,
}

impl Alias {
    pub(super) fn new(
        (workspace, name): (&str, &str),
        description: Option<String>,
        collection: String,
        creator: Creator,
    ) -> Self {
        let now = timestamp();
        Self {
            workspace: workspace.to_string(),
            name: name.to_string(),
            description,
            collection,
            creator,
            created_at: now.clone(),
            modified_at: now,
        }
    }

    /// The alias of another collection. Without a description it keeps its own.
    pub(super) fn changed(self, description: Option<String>, collection: String) -> Self {
        let description = description.or(self.description);
        Self { description, collection, modified_at: timestamp(), ..self }
    }

    /// `workspace.name`.
    pub fn path(&self) -> String {
        format!("{}.{}", self.workspace, self.name)
    }

    /// The alias as the API shows it.
    pub fn show(&self, state: AliasState) -> types::Alias {
        types::Alias {
            name: Some(self.name.clone()),
            description: self.description.clone(),
            workspace: Some(self.workspace.clone()),
            creator_email: Some(self.creator.email.clone()),
            created_by_apikey_name: Some(self.creator.key.clone()),
            collections: vec![self.collection.clone()],
            state: Some(state),
            created_at: Some(self.created_at.clone()),
            modified_at: Some(self.modified_at.clone()),
        }
    }
}
