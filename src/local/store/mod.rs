//! What the organization holds: workspaces, their collections, integrations.

mod collection;
mod integrations;
mod source_entry;
mod sources;

pub(super) use collection::Collection;
pub(super) use integrations::Taker;
#[cfg(feature = "engine")]
pub(super) use sources::Reading;

use super::definition::{Definition, check_name};
use super::errors::Failure;
use crate::rockset::enums::ErrorType;
use crate::rockset::types::{self, CreateWorkspaceRequest};
use parking_lot::RwLock;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Who has created everything.
const CREATOR: &str = "local@localhost";

/// What Rockset shows to AWS when it assumes a role: the organization has one.
pub(super) const EXTERNAL_ID: &str = "local-rockset";

/// The name of every API key, by which things are created.
const KEY_NAME: &str = "local";

/// The workspace that always exists.
const COMMONS: &str = "commons";

/// All that there is, kept in memory.
#[derive(Debug)]
pub(super) struct Store {
    ready_after: Duration,
    workspaces: RwLock<BTreeMap<String, Workspace>>,
    integrations: RwLock<BTreeMap<String, integrations::Kept>>,
}

#[derive(Debug)]
struct Workspace {
    created_by: Option<String>,
    description: Option<String>,
    created_at: String,
    collections: BTreeMap<String, Arc<Collection>>,
}

impl Workspace {
    fn new(description: Option<String>) -> Self {
        let created_by = Some(CREATOR.to_string());
        Self { created_by, description, created_at: timestamp(), collections: BTreeMap::new() }
    }

    /// Its collections, those included that are being deleted.
    fn collections(&self) -> impl Iterator<Item = &Arc<Collection>> {
        self.collections.values().filter(|collection| !collection.is_gone())
    }

    fn show(&self, name: &str) -> types::Workspace {
        types::Workspace {
            collection_count: i64::try_from(self.collections().count()).ok(),
            created_at: Some(self.created_at.clone()),
            created_by: self.created_by.clone(),
            description: self.description.clone(),
            name: Some(name.to_string()),
        }
    }
}

impl Store {
    pub(super) fn new(ready_after: Duration) -> Self {
        let commons =
            Workspace { created_by: None, ..Workspace::new(Some("default workspace".to_string())) };
        let commons = (COMMONS.to_string(), commons);
        Self {
            ready_after,
            workspaces: RwLock::new(BTreeMap::from([commons])),
            integrations: RwLock::default(),
        }
    }

    pub(super) fn workspaces(&self) -> Vec<types::Workspace> {
        self.workspaces.read().iter().map(|(name, workspace)| workspace.show(name)).collect()
    }

    pub(super) fn workspace(&self, name: &str) -> Result<types::Workspace, Failure> {
        let workspaces = self.workspaces.read();
        workspaces
            .get(name)
            .map(|workspace| workspace.show(name))
            .ok_or_else(|| Failure::no_workspace(name))
    }

    pub(super) fn create_workspace(
        &self,
        request: CreateWorkspaceRequest,
    ) -> Result<types::Workspace, Failure> {
        check_name("name", &request.name)?;
        let mut workspaces = self.workspaces.write();
        if workspaces.contains_key(&request.name) {
            return Err(Failure::already_exists("Workspace", &request.name));
        }
        let workspace = Workspace::new(request.description);
        let shown = workspace.show(&request.name);
        workspaces.insert(request.name, workspace);
        Ok(shown)
    }

    pub(super) fn delete_workspace(&self, name: &str) -> Result<types::Workspace, Failure> {
        let mut workspaces = self.workspaces.write();
        let workspace = workspaces.get(name).ok_or_else(|| Failure::no_workspace(name))?;
        if name == COMMONS {
            let message = format!("Workspace {COMMONS:?} always exists");
            return Err(Failure::new(ErrorType::Forbidden, message));
        }
        if let Some(collection) = workspace.collections().next() {
            let message = format!(
                "Workspace {name:?} can't be deleted: it holds collection {:?}",
                collection.name()
            );
            return Err(Failure::new(ErrorType::Dependentresources, message));
        }
        let shown = workspace.show(name);
        workspaces.remove(name);
        Ok(shown)
    }

    /// All collections.
    pub(super) fn collections(&self) -> Vec<Arc<Collection>> {
        self.workspaces.read().values().flat_map(Workspace::collections).cloned().collect()
    }

    /// The collections of a workspace.
    pub(super) fn collections_of(&self, workspace: &str) -> Result<Vec<Arc<Collection>>, Failure> {
        let workspaces = self.workspaces.read();
        let found = workspaces.get(workspace).ok_or_else(|| Failure::no_workspace(workspace))?;
        Ok(found.collections().cloned().collect())
    }

    /// A collection, which may be in any stage of its life.
    pub(super) fn collection(
        &self,
        workspace: &str,
        name: &str,
    ) -> Result<Arc<Collection>, Failure> {
        let workspaces = self.workspaces.read();
        let found = workspaces.get(workspace).ok_or_else(|| Failure::no_workspace(workspace))?;
        let collection = found.collections.get(name).filter(|collection| !collection.is_gone());
        collection.cloned().ok_or_else(|| Failure::no_collection(workspace, name))
    }

    /// Adds a source to a collection.
    pub(super) fn add_source(
        &self,
        collection: &Collection,
        source: types::Source,
    ) -> Result<types::Source, Failure> {
        // Held until the source is there, so that it isn't deleted meanwhile.
        let integrations = self.integrations.read();
        if let Some(name) = integrations::named(&source) {
            integrations.get(name).ok_or_else(|| Failure::no_integration(name))?;
        }
        collection.add_source(source)
    }

    pub(super) fn create_collection(
        &self,
        workspace: &str,
        definition: Definition,
    ) -> Result<Arc<Collection>, Failure> {
        // Held until the collection is there, so that none of them is deleted meanwhile.
        let integrations = self.integrations.read();
        for name in definition.sources.iter().filter_map(integrations::named) {
            integrations.get(name).ok_or_else(|| Failure::no_integration(name))?;
        }
        let mut workspaces = self.workspaces.write();
        let within =
            workspaces.get_mut(workspace).ok_or_else(|| Failure::no_workspace(workspace))?;
        within.collections.retain(|_, collection| !collection.is_gone());
        if within.collections.contains_key(&definition.name) {
            return Err(Failure::already_exists("Collection", &definition.name));
        }
        let collection = Arc::new(Collection::new(workspace, definition, self.ready_after));
        within.collections.insert(collection.name().to_string(), collection.clone());
        Ok(collection)
    }
}

/// Now, as the API writes the time of a creation.
pub(super) fn timestamp() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
