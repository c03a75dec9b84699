//! One workspace.

use crate::driver::Error;
use crate::rockset::types::CreateWorkspaceRequest;
use crate::rockset::{self, Client, call};
use tracing::info;

/// Creates a workspace unless it exists. Returns what was done.
pub(super) async fn create(client: &Client, workspace: &str) -> Result<Option<String>, Error> {
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
        Ok(_) => {
            let action = format!("Created workspace {workspace}");
            info!("{action}");
            Ok(Some(action))
        }
        Err(rockset::Error::AlreadyExists(_)) => Ok(None),
        Err(error) => Err(Error::rockset(doing("creating"))(error)),
    }
}
