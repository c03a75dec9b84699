//! Apply: creates the workspaces and collections that are missing.

use super::Error;
use super::task::{Binding, Target, Task};
use crate::flow::materialize::{request, response};
use crate::rockset::types::CreateWorkspaceRequest;
use crate::rockset::{self, Client, call};
use std::collections::BTreeSet;
use tracing::info;

/// Answers Apply. What exists is left as it is, so that it can be repeated.
pub async fn apply(request: &request::Apply) -> Result<response::Applied, Error> {
    let task = Task::new("Apply", request.materialization.as_ref(), 1.0)?;
    let mut actions = Vec::new();

    let workspaces: BTreeSet<&str> =
        task.bindings.iter().map(|binding| binding.target.workspace.as_str()).collect();
    for workspace in workspaces {
        actions.extend(create_workspace(&task.client, workspace).await?);
    }
    for binding in &task.bindings {
        actions.extend(create_collection(&task.client, binding).await?);
    }
    for action in &actions {
        info!("{action}");
    }
    Ok(response::Applied { action_description: actions.join("\n"), state: None })
}

/// Creates a workspace unless it exists. Returns what was done.
async fn create_workspace(client: &Client, workspace: &str) -> Result<Option<String>, Error> {
    let doing = |verb: &str| format!("{verb} workspace {workspace}");
    match call(client.get_workspace(workspace)).await {
        Ok(_) => return Ok(None),
        Err(rockset::Error::NotFound(_)) => {}
        Err(error) => return Err(Error::rockset(doing("looking for"))(error)),
    }
    let body = CreateWorkspaceRequest {
        name: workspace.to_string(),
        description: Some("Created by Estuary Flow".to_string()),
    };
    match call(client.create_workspace(&body)).await {
        Ok(_) => Ok(Some(format!("Created workspace {workspace}"))),
        Err(rockset::Error::AlreadyExists(_)) => Ok(None),
        Err(error) => Err(Error::rockset(doing("creating"))(error)),
    }
}

/// Creates a collection unless it exists. Returns what was done.
async fn create_collection(client: &Client, binding: &Binding) -> Result<Option<String>, Error> {
    let target: &Target = &binding.target;
    let doing = |verb: &str| format!("bindings[{}]: {verb} collection {target}", target.binding);
    match call(client.get_collection(&target.workspace, &target.collection)).await {
        Ok(_) => return Ok(None),
        Err(rockset::Error::NotFound(_)) => {}
        Err(error) => return Err(Error::rockset(doing("looking for"))(error)),
    }
    let body = binding.definition();
    match call(client.create_collection(&target.workspace, &body)).await {
        Ok(_) => Ok(Some(format!("Created collection {target}"))),
        Err(rockset::Error::AlreadyExists(_)) => Ok(None),
        Err(error) => Err(Error::rockset(doing("creating"))(error)),
    }
}
