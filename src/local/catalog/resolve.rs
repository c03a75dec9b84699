//! What names in queries mean.

use super::workspace::Workspace;
use super::{Catalog, Collection, names};
use crate::local::storage::View as Documents;
use std::sync::Arc;

/// What a name in a query means.
#[derive(Debug)]
pub enum Meaning {
    /// The documents of a collection, which has this `workspace.name`.
    Documents { collection: String, documents: Documents },
    /// The text of a view.
    View(String),
}

impl Catalog {
    /// What a name means. The documents are those of one moment, in which the collection exists.
    pub fn meaning(&self, workspace: &str, name: &str) -> Option<Meaning> {
        // Collections are deleted under this lock.
        let workspaces = self.workspaces.read();
        let within = workspaces.get(workspace)?;
        if let Some(view) = within.views.get(name) {
            return Some(Meaning::View(view.query.clone()));
        }
        let collection = match within.aliases.get(name) {
            Some(alias) => alias.collection.clone(),
            None => format!("{workspace}.{name}"),
        };
        let (workspace, name) = collection.rsplit_once('.')?;
        let documents = workspaces.get(workspace)?.alive(name)?.query();
        Some(Meaning::Documents { documents, collection })
    }

    /// The collection that a name means, also by an alias.
    pub fn collection_of(&self, workspace: &str, name: &str) -> Option<Arc<Collection>> {
        let workspaces = self.workspaces.read();
        let within = workspaces.get(workspace)?;
        let Some(alias) = within.aliases.get(name) else { return within.alive(name).cloned() };
        let (workspace, name) = alias.collection.rsplit_once('.')?;
        workspaces.get(workspace)?.alive(name).cloned()
    }

    /// Whether there is a view of this name.
    pub fn is_view(&self, workspace: &str, name: &str) -> bool {
        let workspaces = self.workspaces.read();
        workspaces.get(workspace).is_some_and(|within| within.views.contains_key(name))
    }

    /// Whether there is something with this `workspace.name` that a query can read.
    pub fn has(&self, path: &str) -> bool {
        names::exists(&self.workspaces.read(), path)
    }
}

impl Workspace {
    /// A collection that isn't deleted.
    fn alive(&self, name: &str) -> Option<&Arc<Collection>> {
        self.collections.get(name).filter(|collection| !collection.is_deleted())
    }
}
