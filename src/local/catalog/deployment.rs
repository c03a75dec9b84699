//! Settings of the whole deployment.

use super::virtual_instances::{find, main_of};
use super::{Catalog, kept, virtual_instance};
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
    /// Whether queries that name no instance run on this one, which isn't the main one.
    pub(super) fn names(&self, instance: &str) -> bool {
        self.query_instance.as_deref() == Some(instance)
    }

    fn show(&self, main: &str) -> types::DeploymentSettings {
        let instance = self.query_instance.as_deref().unwrap_or(main);
        types::DeploymentSettings { default_query_vi: Some(virtual_instance::rrn(instance)) }
    }
}

impl Catalog {
    pub fn deployment(&self) -> types::DeploymentSettings {
        let main = self.main_instance();
        self.deployment.read().show(&main)
    }

    /// Changes the settings. An empty text stands for the main instance.
    pub fn update_deployment(
        &self,
        query_instance: Option<&str>,
    ) -> Result<types::DeploymentSettings, ApiError> {
        // Held so that the instance isn't deleted meanwhile.
        let instances = self.instances.read();
        let main = main_of(&instances);
        let mut deployment = self.deployment.write();
        if let Some(id) = query_instance {
            let id = match id {
                "" => main,
                id => &find(&instances, id)?.id,
            };
            deployment.query_instance = Some(id.to_string()).filter(|id| id != main);
            self.keep(|| Change::put(kept::DEPLOYMENT, SETTINGS, &*deployment));
        }
        Ok(deployment.show(main))
    }

    /// Identifier of the virtual instance of queries that name none.
    #[cfg(feature = "engine")]
    pub fn query_instance(&self) -> String {
        let named = self.deployment.read().query_instance.clone();
        named.unwrap_or_else(|| self.main_instance())
    }
}
