//! Creates a workspace.

use crate::driver::{Doing, Error};
use crate::rockset::types::CreateWorkspaceRequest;
use crate::rockset::{self, Client, call};
use tracing::info;

/// Creates a workspace unless it exists. Returns what was done, if anything.
pub(super) async fn create(client: &Client, workspace: &str) -> Result<Option<String>, Error> {
    let doing = |verb: &str| format!("{verb} workspace {workspace}");
    match call(client.get_workspace(workspace)).await {
        Ok(_) => return Ok(None),
        Err(rockset::Error::NotFound(_)) => {}
        Err(error) => return Err(error).doing(|| doing("looking for")),
    }
    let body = CreateWorkspaceRequest {
        name: workspace.to_string(),
        description: Some("Created by Estuary Flow".to_string()),
    };
    match call(client.create_workspace(&body)).await {
        Ok(_) => {
            let action = format!("Created workspace {workspace}");
            info!("{action}");
            Ok(Some(action))
        }
        Err(rockset::Error::AlreadyExists(_)) => Ok(None),
        Err(error) => Err(error).doing(|| doing("creating")),
    }
}
