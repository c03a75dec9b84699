//! Settings of the whole deployment.

use super::virtual_instance::{self, MAIN_ID};
use super::{Catalog, kept, virtual_instances};
use crate::local::error::ApiError;
use crate::local::journal::Change;
use crate::rockset::types;
use serde::{Deserialize, Serialize};

/// The only key of the settings.
pub(super) const SETTINGS: &str = "settings";

/// Settings of the whole deployment.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct Deployment {
    /// The virtual instance of queries that name none; `None` for the main one.
    query_instance: Option<String>,
}

impl Deployment {
    fn show(&self) -> types::DeploymentSettings {
        let instance = self.query_instance.as_deref().unwrap_or(MAIN_ID);
        types::DeploymentSettings { default_query_vi: Some(virtual_instance::rrn(instance)) }
    }
}

impl Catalog {
    pub fn deployment(&self) -> types::DeploymentSettings {
        self.deployment.read().show()
    }

    /// Changes the settings. An empty text stands for the main instance.
    pub fn update_deployment(
        &self,
        query_instance: Option<&str>,
    ) -> Result<types::DeploymentSettings, ApiError> {
        // Held so that the instance isn't deleted meanwhile.
        let instances = self.instances.read();
        let mut deployment = self.deployment.write();
        if let Some(id) = query_instance {
            let id = match id {
                "" => MAIN_ID,
                id => &virtual_instances::find(&instances, id)?.id,
            };
            deployment.query_instance = Some(id.to_string()).filter(|id| id != MAIN_ID);
            self.keep(|| Change::put(kept::DEPLOYMENT, SETTINGS, &*deployment));
        }
        Ok(deployment.show())
    }

    /// Identifier of the virtual instance of queries that name none.
    pub fn query_instance(&self) -> String {
        self.deployment.read().query_instance.clone().unwrap_or_else(|| MAIN_ID.to_string())
    }
}
