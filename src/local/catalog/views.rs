//! The views of all workspaces.

#[cfg(feature = "engine")]
use super::creator::Creator;
#[cfg(feature = "engine")]
use super::definition::check_name;
use super::names;
use super::view::View;
use super::workspace::Workspace;
use super::{Catalog, kept};
use crate::local::error::ApiError;
use crate::local::journal::Change;
use crate::rockset::enums::ViewState;
use crate::rockset::types;
#[cfg(feature = "engine")]
use std::collections::BTreeSet;

impl Catalog {
    /// The views of a workspace, or of all.
    pub fn views(&self, workspace: Option<&str>) -> Vec<types::View> {
        let workspaces = self.workspaces.read();
        let within = names::within(&workspaces, workspace);
        let views = within.into_iter().flat_map(|it| it.views.values());
        views.map(|view| view.show(view.state(self.ready_after))).collect()
    }

    pub fn view(&self, workspace: &str, name: &str) -> Result<types::View, ApiError> {
        let workspaces = self.workspaces.read();
        let within = names::find_workspace(&workspaces, workspace)?;
        let view = within.view(workspace, name)?;
        Ok(view.show(view.state(self.ready_after)))
    }

    #[cfg(feature = "engine")]
    pub fn create_view(
        &self,
        path: (&str, &str),
        description: Option<String>,
        query: String,
        entities: BTreeSet<String>,
        creator: Creator,
    ) -> Result<types::View, ApiError> {
        let (workspace, name) = path;
        check_name("name", name)?;
        let mut workspaces = self.workspaces.write();
        names::check_entities(&workspaces, path, &entities)?;
        let view = View::new(path, description, query, entities, creator);
        let within = names::workspace_mut(&mut workspaces, workspace)?;
        within.check_free(name)?;
        Ok(self.put_view(within, view))
    }

    #[cfg(feature = "engine")]
    pub fn update_view(
        &self,
        path: (&str, &str),
        description: Option<String>,
        query: String,
        entities: BTreeSet<String>,
    ) -> Result<types::View, ApiError> {
        let (workspace, name) = path;
        let mut workspaces = self.workspaces.write();
        let known = names::find_workspace(&workspaces, workspace)?;
        let known = known.view(workspace, name)?.clone();
        names::check_entities(&workspaces, path, &entities)?;
        let view =
            known.replaced_by(View::new(path, description, query, entities, Creator::default()));
        let within = names::workspace_mut(&mut workspaces, workspace)?;
        Ok(self.put_view(within, view))
    }

    pub fn delete_view(&self, workspace: &str, name: &str) -> Result<types::View, ApiError> {
        let mut workspaces = self.workspaces.write();
        let within = names::find_workspace(&workspaces, workspace)?;
        let view = within.view(workspace, name)?.clone();
        names::check_unused(&workspaces, "View", workspace, name)?;
        if let Some(within) = workspaces.get_mut(workspace) {
            within.views.remove(name);
        }
        self.keep(|| Change::delete(kept::VIEW, &kept::named(workspace, name)));
        Ok(view.show(ViewState::Deleted))
    }

    #[cfg(feature = "engine")]
    fn put_view(&self, within: &mut Workspace, view: View) -> types::View {
        let key = || kept::named(&view.workspace, &view.name);
        self.keep(|| Change::put(kept::VIEW, &key(), &view));
        let shown = view.show(ViewState::Syncing);
        within.views.insert(view.name.clone(), view);
        shown
    }
}

impl Workspace {
    fn view(&self, workspace: &str, name: &str) -> Result<&View, ApiError> {
        self.views.get(name).ok_or_else(|| ApiError::absent("View", workspace, name))
    }
}
