//! The query lambdas of all workspaces.

use super::creator::Creator;
use super::definition::check_name;
use super::lambda::{Content, LATEST, Lambda, LambdaReads, LambdaVersion};
use super::workspace::Workspace;
use super::{CREATOR, Catalog, kept, names, timestamp};
use crate::local::error::ApiError;
use crate::local::journal::Change;
use crate::rockset::types::QueryLambdaStats;

/// Whether the lambda that is saved has to exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Save {
    Create,
    Update,
    CreateOrUpdate,
}

impl Catalog {
    /// The lambdas of a workspace, or of all.
    pub fn lambdas(&self, workspace: Option<&str>) -> Vec<Lambda> {
        let workspaces = self.workspaces.read();
        let within = names::within(&workspaces, workspace);
        within.into_iter().flat_map(|it| it.lambdas.values()).cloned().collect()
    }

    pub fn lambda(&self, workspace: &str, name: &str) -> Result<Lambda, ApiError> {
        let workspaces = self.workspaces.read();
        let found = names::find_workspace(&workspaces, workspace)?;
        found.lambda(workspace, name).cloned()
    }

    /// The lambda and the name of its version with this public identifier.
    pub fn public_lambda(&self, id: &str) -> Option<(Lambda, String)> {
        let workspaces = self.workspaces.read();
        let mut lambdas = workspaces.values().flat_map(|it| it.lambdas.values());
        lambdas.find_map(|lambda| {
            let mut versions = lambda.versions();
            let found = versions.find(|it| it.public_access_id.as_deref() == Some(id))?;
            Some((lambda.clone(), found.version.clone()))
        })
    }

    /// Saves a content as the latest version of a lambda.
    pub fn save_lambda(
        &self,
        (workspace, name): (&str, &str),
        save: Save,
        content: Content,
        is_public: Option<bool>,
        reads: Option<LambdaReads>,
        creator: Creator,
    ) -> Result<Lambda, ApiError> {
        check_name("name", name)?;
        self.change(workspace, |within| {
            let lambda = match within.lambda(workspace, name) {
                Ok(_) if save == Save::Create => {
                    return Err(ApiError::already_exists("Query Lambda", name));
                }
                Ok(known) => {
                    let mut lambda = known.clone();
                    lambda.save(content, is_public, reads, creator);
                    lambda
                }
                Err(missing) if save == Save::Update => return Err(missing),
                Err(_) => Lambda::new((workspace, name), content, is_public, reads, creator),
            };
            self.put_lambda(within, lambda.clone());
            Ok(lambda)
        })
    }

    /// Replaces what a version is known to read, unless it is gone.
    pub fn note_reads(&self, path: &LambdaVersion, reads: Option<LambdaReads>) {
        // Nothing has to be noted of what is gone.
        let _ = self.change_lambda(&path.workspace, &path.name, |lambda| {
            lambda.note_reads(&path.version, reads);
            Ok(())
        });
    }

    /// Lets a tag mean a version from now on.
    pub fn tag_lambda(
        &self,
        (workspace, name): (&str, &str),
        tag: &str,
        version: &str,
    ) -> Result<Lambda, ApiError> {
        check_name("tag_name", tag)?;
        check_not_latest(tag)?;
        self.change_lambda(workspace, name, |lambda| {
            if lambda.version(version).is_none() {
                return Err(ApiError::no_lambda(workspace, name, Some(version)));
            }
            lambda.tag(tag.to_string(), version.to_string());
            Ok(())
        })
    }

    pub fn untag_lambda(&self, workspace: &str, name: &str, tag: &str) -> Result<(), ApiError> {
        check_not_latest(tag)?;
        let untagged = self.change_lambda(workspace, name, |lambda| {
            lambda.untag(tag);
            Ok(())
        });
        untagged.map(|_| ())
    }

    pub fn delete_lambda(&self, workspace: &str, name: &str) -> Result<(), ApiError> {
        self.change(workspace, |within| {
            within.lambda(workspace, name)?;
            self.remove_lambda(within, workspace, name);
            Ok(())
        })
    }

    /// Deletes a version, and with the last one the lambda.
    pub fn delete_lambda_version(
        &self,
        workspace: &str,
        name: &str,
        version: &str,
    ) -> Result<(), ApiError> {
        self.change(workspace, |within| {
            match within.lambda(workspace, name)?.clone().without(version) {
                Some(rest) => self.put_lambda(within, rest),
                None => self.remove_lambda(within, workspace, name),
            }
            Ok(())
        })
    }

    /// The statistics of a name. A lambda that is created again has those of the earlier one.
    pub fn lambda_stats(&self, workspace: &str, name: &str) -> QueryLambdaStats {
        let key = (workspace.to_string(), name.to_string());
        self.lambda_stats.lock().get(&key).cloned().unwrap_or_default()
    }

    /// Records an execution that begins.
    pub fn lambda_begins(&self, path: &LambdaVersion) {
        self.change_stats(path, |stats| {
            stats.last_executed = Some(timestamp());
            stats.last_executed_by = Some(CREATOR.to_string());
        });
    }

    /// Records the end of an execution: the type and the message of its error, if it failed.
    pub fn lambda_ends(&self, path: &LambdaVersion, error: Option<(String, String)>) {
        let (kind, message) = error.unzip();
        self.change_stats(path, |stats| {
            stats.last_execution_error = kind;
            stats.last_execution_error_message = message;
        });
    }

    fn change_stats(&self, path: &LambdaVersion, change: impl FnOnce(&mut QueryLambdaStats)) {
        let key = (path.workspace.clone(), path.name.clone());
        change(self.lambda_stats.lock().entry(key).or_default());
    }

    fn change_lambda(
        &self,
        workspace: &str,
        name: &str,
        change: impl FnOnce(&mut Lambda) -> Result<(), ApiError>,
    ) -> Result<Lambda, ApiError> {
        self.change(workspace, |within| {
            let mut lambda = within.lambda(workspace, name)?.clone();
            change(&mut lambda)?;
            self.put_lambda(within, lambda.clone());
            Ok(lambda)
        })
    }

    fn put_lambda(&self, within: &mut Workspace, lambda: Lambda) {
        let key = || kept::named(&lambda.workspace, &lambda.name);
        self.keep(|| Change::put(kept::LAMBDA, &key(), &lambda));
        within.lambdas.insert(lambda.name.clone(), lambda);
    }

    fn remove_lambda(&self, within: &mut Workspace, workspace: &str, name: &str) {
        self.keep(|| Change::delete(kept::LAMBDA, &kept::named(workspace, name)));
        within.lambdas.remove(name);
    }
}

impl Workspace {
    fn lambda(&self, workspace: &str, name: &str) -> Result<&Lambda, ApiError> {
        self.lambdas.get(name).ok_or_else(|| ApiError::no_lambda(workspace, name, None))
    }
}

fn check_not_latest(tag: &str) -> Result<(), ApiError> {
    if tag == LATEST {
        let message = "The tag \"latest\" always means the latest version, and can't be changed";
        return Err(ApiError::invalid(message));
    }
    Ok(())
}
