//! The aliases of all workspaces.

use super::alias::Alias;
use super::creator::Creator;
use super::definition::check_name;
use super::names::{self, Workspaces};
use super::workspace::Workspace;
use super::{Catalog, kept};
use crate::local::error::ApiError;
use crate::local::journal::Change;
use crate::rockset::enums::AliasState;
use crate::rockset::types;
use std::collections::BTreeMap;

impl Catalog {
    /// The aliases of a workspace, or of all.
    pub fn aliases(&self, workspace: Option<&str>) -> Vec<types::Alias> {
        let workspaces = self.workspaces.read();
        let within = names::within(&workspaces, workspace);
        let aliases = within.into_iter().flat_map(|it| it.aliases.values());
        aliases.map(|alias| alias.show(AliasState::Created)).collect()
    }

    /// All aliases, by the collection that they are for.
    pub fn aliases_by_collection(&self) -> BTreeMap<String, Vec<types::Alias>> {
        let mut found: BTreeMap<String, Vec<types::Alias>> = BTreeMap::new();
        for alias in self.workspaces.read().values().flat_map(|it| it.aliases.values()) {
            let shown = alias.show(AliasState::Created);
            found.entry(alias.collection.clone()).or_default().push(shown);
        }
        found
    }

    pub fn alias(&self, workspace: &str, name: &str) -> Result<types::Alias, ApiError> {
        let workspaces = self.workspaces.read();
        let within = names::find_workspace(&workspaces, workspace)?;
        Ok(within.alias(workspace, name)?.show(AliasState::Created))
    }

    pub fn create_alias(
        &self,
        (workspace, name): (&str, &str),
        description: Option<String>,
        collections: &[String],
        creator: Creator,
    ) -> Result<types::Alias, ApiError> {
        check_name("name", name)?;
        let mut workspaces = self.workspaces.write();
        let collection = target(&workspaces, collections)?;
        let alias = Alias::new((workspace, name), description, collection, creator);
        let within = names::workspace_mut(&mut workspaces, workspace)?;
        within.check_free(name)?;
        Ok(self.put_alias(within, alias))
    }

    pub fn update_alias(
        &self,
        (workspace, name): (&str, &str),
        description: Option<String>,
        collections: &[String],
    ) -> Result<types::Alias, ApiError> {
        let mut workspaces = self.workspaces.write();
        let known = names::find_workspace(&workspaces, workspace)?;
        let known = known.alias(workspace, name)?.clone();
        let collection = target(&workspaces, collections)?;
        let within = names::workspace_mut(&mut workspaces, workspace)?;
        Ok(self.put_alias(within, known.changed(description, collection)))
    }

    pub fn delete_alias(&self, workspace: &str, name: &str) -> Result<types::Alias, ApiError> {
        let mut workspaces = self.workspaces.write();
        let within = names::find_workspace(&workspaces, workspace)?;
        let alias = within.alias(workspace, name)?.clone();
        names::check_unused(&workspaces, "Alias", workspace, name)?;
        if let Some(within) = workspaces.get_mut(workspace) {
            within.aliases.remove(name);
        }
        self.keep(|| Change::delete(kept::ALIAS, &kept::named(workspace, name)));
        Ok(alias.show(AliasState::Deleted))
    }

    fn put_alias(&self, within: &mut Workspace, alias: Alias) -> types::Alias {
        let key = || kept::named(&alias.workspace, &alias.name);
        self.keep(|| Change::put(kept::ALIAS, &key(), &alias));
        let shown = alias.show(AliasState::Created);
        within.aliases.insert(alias.name.clone(), alias);
        shown
    }
}

/// The collection of a list that has to hold one.
fn target(workspaces: &Workspaces, collections: &[String]) -> Result<String, ApiError> {
    let [collection] = collections else {
        let count = collections.len();
        let message = format!("Wrong in collections: an alias is for one collection, not {count}");
        return Err(ApiError::invalid(message));
    };
    names::check_collection(workspaces, collection)?;
    Ok(collection.clone())
}

impl Workspace {
    fn alias(&self, workspace: &str, name: &str) -> Result<&Alias, ApiError> {
        self.aliases.get(name).ok_or_else(|| ApiError::absent("Alias", workspace, name))
    }
}
