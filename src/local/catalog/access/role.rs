//! Roles: privileges under a name. Three are built in.

use super::privilege::{self, Resource, everywhere};
use crate::local::catalog::{CREATOR, timestamp};
use crate::rockset::enums::PrivilegeAction as Action;
use crate::rockset::types::{self, Privilege};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, LazyLock};

/// What is needed to look at everything, and to query it.
const READING: [Action; 13] = [
    Action::GetOrgGlobal,
    Action::GetCurrentUserGlobal,
    Action::ListUsersGlobal,
    Action::GetMetricsGlobal,
    Action::ListViGlobal,
    Action::ListWsGlobal,
    Action::ListIntegrationsGlobal,
    Action::ListRolesGlobal,
    Action::ListNetworkConfigurationsGlobal,
    Action::ListResourcesWs,
    Action::QueryDataWs,
    Action::ExecuteQueryLambdaWs,
    Action::QueryVi,
];

/// What a member has beside that: all but users, roles, billing and the network.
const WORKING: [Action; 13] = [
    Action::AllIntegrationActions,
    Action::AllWorkspaceActions,
    Action::AllViActions,
    Action::UpdateSettingsGlobal,
    Action::CreateViGlobal,
    Action::UpdateViGlobal,
    Action::CreateWsGlobal,
    Action::CreateIntegrationGlobal,
    Action::DeleteIntegrationGlobal,
    Action::ExportDataGlobal,
    Action::CreateApiKeyGlobal,
    Action::CreateQueryLogsCollectionGlobal,
    Action::CreateIngestLogsCollectionGlobal,
];

/// Everything.
const ALL: [Action; 4] = [
    Action::AllGlobalActions,
    Action::AllIntegrationActions,
    Action::AllWorkspaceActions,
    Action::AllViActions,
];

/// Name of the role that may do everything.
pub const ADMIN: &str = "admin";

/// Name of the role that may look and query.
pub const READ_ONLY: &str = "read-only";

static BUILT_IN: LazyLock<[Arc<Role>; 3]> = LazyLock::new(|| {
    [
        Role::built_in(ADMIN, ALL.to_vec()),
        Role::built_in("member", [READING, WORKING].concat()),
        Role::built_in(READ_ONLY, READING.to_vec()),
    ]
});

/// A role that exists from the start.
pub fn built_in(name: &str) -> Option<&'static Arc<Role>> {
    BUILT_IN.iter().find(|role| role.name == name)
}

/// A role.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Role {
    pub name: String,
    pub description: Option<String>,
    pub privileges: Vec<Privilege>,
    /// The email address of the user who has created it.
    created_by: String,
    created_at: String,
}

impl Role {
    pub fn new(
        name: String,
        description: Option<String>,
        privileges: Vec<Privilege>,
        created_by: &str,
    ) -> Self {
        let created_by = created_by.to_string();
        Self { name, description, privileges, created_by, created_at: timestamp() }
    }

    fn built_in(name: &str, actions: Vec<Action>) -> Arc<Self> {
        let privileges = actions.into_iter().map(everywhere).collect();
        Arc::new(Self::new(name.to_string(), None, privileges, CREATOR))
    }

    pub fn permits(&self, action: &Action, resource: Resource<'_>) -> bool {
        self.privileges.iter().any(|it| privilege::permits(it, action, resource))
    }

    /// The role as the API shows it.
    pub fn show(&self) -> types::Role {
        types::Role {
            role_name: Some(self.name.clone()),
            description: self.description.clone(),
            owner_email: Some(self.created_by.clone()),
            created_by: Some(self.created_by.clone()),
            privileges: self.privileges.clone(),
            created_at: Some(self.created_at.clone()),
        }
    }
}
