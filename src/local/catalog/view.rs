//! A view: a query with a name.

use super::creator::Creator;
#[cfg(feature = "engine")]
use super::timestamp;
use crate::rockset::enums::ViewState;
use crate::rockset::types;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// A query with a name.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct View {
    pub workspace: String,
    pub name: String,
    description: Option<String>,
    pub query: String,
    /// `workspace.name` of each collection, alias and view that the query names.
    pub entities: BTreeSet<String>,
    #[serde(default)]
    creator: Creator,
    created_at: String,
    modified_at: String,
    /// When it was changed, if this process has seen that.
    #[serde(skip)]
    changed: Option<Instant>,
}

impl View {
    #[cfg(feature = "engine")]
    pub(super) fn new(
        (workspace, name): (&str, &str),
        description: Option<String>,
        query: String,
        entities: BTreeSet<String>,
        creator: Creator,
    ) -> Self {
        let (workspace, name) = (workspace.to_string(), name.to_string());
        let (created_at, modified_at) = (timestamp(), timestamp());
        let changed = Some(Instant::now());
        Self {
            workspace,
            name,
            description,
            query,
            entities,
            creator,
            created_at,
            modified_at,
            changed,
        }
    }

    /// The view with another query. Without a description it keeps its own.
    #[cfg(feature = "engine")]
    pub(super) fn replaced_by(self, next: Self) -> Self {
        let description = next.description.or(self.description);
        Self { description, creator: self.creator, created_at: self.created_at, ..next }
    }

    /// `workspace.name`.
    pub fn path(&self) -> String {
        format!("{}.{}", self.workspace, self.name)
    }

    /// The state: for a while after a change, a view says that it isn't in effect yet.
    pub(super) fn state(&self, ready_after: Duration) -> ViewState {
        match self.changed {
            Some(changed) if changed.elapsed() < ready_after => ViewState::Syncing,
            _ => ViewState::Created,
        }
    }

    /// The view as the API shows it.
    pub fn show(&self, state: ViewState) -> types::View {
        types::View {
            path: Some(self.path()),
            name: Some(self.name.clone()),
            description: self.description.clone(),
            workspace: Some(self.workspace.clone()),
            creator_email: Some(self.creator.email.clone()),
            created_by_apikey_name: Some(self.creator.key.clone()),
            owner_email: None,
            query_sql: Some(self.query.clone()),
            entities: self.entities.iter().cloned().collect(),
            state: Some(state),
            created_at: Some(self.created_at.clone()),
            modified_at: Some(self.modified_at.clone()),
        }
    }
}
