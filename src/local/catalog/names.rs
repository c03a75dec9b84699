//! The name space that collections, aliases and views share, and what depends on a name.

use super::Collection;
use super::workspace::Workspace;
use crate::local::error::ApiError;
use crate::rockset::enums::ErrorType;
use std::collections::BTreeMap;
#[cfg(feature = "engine")]
use std::collections::BTreeSet;
use std::sync::Arc;

/// All workspaces, by name.
pub(super) type Workspaces = BTreeMap<String, Workspace>;

pub(super) fn find_workspace<'a>(
    workspaces: &'a Workspaces,
    name: &str,
) -> Result<&'a Workspace, ApiError> {
    workspaces.get(name).ok_or_else(|| ApiError::no_workspace(name))
}

pub(super) fn workspace_mut<'a>(
    workspaces: &'a mut Workspaces,
    name: &str,
) -> Result<&'a mut Workspace, ApiError> {
    workspaces.get_mut(name).ok_or_else(|| ApiError::no_workspace(name))
}

/// A workspace, or all, for a list of what they hold. One that doesn't exist holds nothing: the lists
/// of the hosted service told no difference, and dbt deletes a workspace and then lists it.
pub(super) fn within<'a>(workspaces: &'a Workspaces, name: Option<&str>) -> Vec<&'a Workspace> {
    match name {
        None => workspaces.values().collect(),
        Some(name) => workspaces.get(name).into_iter().collect(),
    }
}

/// The collection with this `workspace.name`, unless it is deleted.
fn collection<'a>(workspaces: &'a Workspaces, path: &str) -> Option<&'a Arc<Collection>> {
    let (workspace, name) = path.rsplit_once('.')?;
    let found = workspaces.get(workspace)?.collections.get(name)?;
    Some(found).filter(|collection| !collection.is_deleted())
}

/// Fails if there is no collection with this `workspace.name`.
pub(super) fn check_collection(workspaces: &Workspaces, path: &str) -> Result<(), ApiError> {
    let Some((workspace, name)) = path.rsplit_once('.') else {
        let message = format!("Wrong in collections: {path:?} is not workspace.collection");
        return Err(ApiError::invalid(message));
    };
    if collection(workspaces, path).is_some() {
        return Ok(());
    }
    find_workspace(workspaces, workspace)?;
    Err(ApiError::no_collection(workspace, name))
}

/// Whether there is something with this `workspace.name` that a query can read.
#[cfg(feature = "engine")]
pub(super) fn exists(workspaces: &Workspaces, path: &str) -> bool {
    let named = |(workspace, name)| {
        let within: &Workspace = workspaces.get(workspace)?;
        Some(within.aliases.contains_key(name) || within.views.contains_key(name))
    };
    let is_named = path.rsplit_once('.').and_then(named).unwrap_or_default();
    is_named || collection(workspaces, path).is_some()
}

/// Fails if something that a view names doesn't exist, or reads that view.
#[cfg(feature = "engine")]
pub(super) fn check_entities(
    workspaces: &Workspaces,
    (workspace, name): (&str, &str),
    entities: &BTreeSet<String>,
) -> Result<(), ApiError> {
    if let Some(gone) = entities.iter().find(|path| !exists(workspaces, path)) {
        return Err(ApiError::invalid(format!("Wrong in query: {gone:?} does not exist")));
    }
    let path = format!("{workspace}.{name}");
    if let Some(through) = entities.iter().find(|entity| reads(workspaces, entity, &path)) {
        let message = format!("Wrong in query: view {path:?} would read itself: by {through:?}");
        return Err(ApiError::invalid(message));
    }
    Ok(())
}

/// Whether something is what a path names, or a view that reads it, itself or by other views.
#[cfg(feature = "engine")]
fn reads(workspaces: &Workspaces, entity: &str, path: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![entity];
    while let Some(entity) = open.pop() {
        if entity == path {
            return true;
        }
        let view = entity.rsplit_once('.');
        let view = view.and_then(|(workspace, name)| workspaces.get(workspace)?.views.get(name));
        if let Some(view) = view.filter(|_| seen.insert(entity)) {
            open.extend(view.entities.iter().map(String::as_str));
        }
    }
    false
}

/// Fails if an alias or a view depends on what is to be deleted.
pub(super) fn check_unused(
    workspaces: &Workspaces,
    what: &str,
    workspace: &str,
    name: &str,
) -> Result<(), ApiError> {
    let path = format!("{workspace}.{name}");
    let mut all = workspaces.values();
    let Some(why) = all.find_map(|within| within.dependent(&path)) else { return Ok(()) };
    let message = format!("{what} {name:?} can't be deleted: {why}");
    Err(ApiError::new(ErrorType::Dependentresources, message))
}

impl Workspace {
    /// Fails if a collection, an alias or a view has this name.
    pub(super) fn check_free(&self, name: &str) -> Result<(), ApiError> {
        let what = match name {
            _ if self.collections().any(|it| it.name() == name) => "Collection",
            _ if self.aliases.contains_key(name) => "Alias",
            _ if self.views.contains_key(name) => "View",
            _ => return Ok(()),
        };
        Err(ApiError::already_exists(what, name))
    }

    /// What depends on this `workspace.name`.
    fn dependent(&self, path: &str) -> Option<String> {
        let alias = self.aliases.values().find(|alias| alias.collection == path);
        let alias = alias.map(|alias| format!("alias {:?} is for it", alias.path()));
        alias.or_else(|| {
            let view = self.views.values().find(|view| view.entities.contains(path))?;
            Some(format!("view {:?} reads it", view.path()))
        })
    }
}
