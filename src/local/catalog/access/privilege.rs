//! Privileges: an action, and what it is permitted on.

use crate::local::catalog::virtual_instance;
use crate::local::error::ApiError;
use crate::rockset::enums::{ErrorType, PrivilegeAction as Action};
use crate::rockset::types::Privilege;

/// All resources of a kind, and all clusters.
pub const ALL: &str = "*ALL*";

/// Identifier of the only cluster.
pub const CLUSTER: &str = "local";

/// The kind of resource that an action is done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Organization,
    Integration,
    Workspace,
    Instance,
}

/// What an action is done to, of the kind that the action has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource<'a> {
    /// Something of the organization, or any resource: a privilege on one is enough.
    Any,
    /// Every resource: a privilege on all is needed.
    Every,
    Named(&'a str),
}

impl Scope {
    pub fn of(action: &Action) -> Self {
        match action {
            Action::AllIntegrationActions => Self::Integration,
            Action::AllWorkspaceActions => Self::Workspace,
            Action::AllViActions => Self::Instance,
            _ if action.as_str().ends_with("_INTEGRATION") => Self::Integration,
            _ if action.as_str().ends_with("_WS") => Self::Workspace,
            _ if action.as_str().ends_with("_VI") => Self::Instance,
            _ => Self::Organization,
        }
    }

    /// The action that stands for all of the scope.
    fn every_action(self) -> Action {
        match self {
            Self::Organization => Action::AllGlobalActions,
            Self::Integration => Action::AllIntegrationActions,
            Self::Workspace => Action::AllWorkspaceActions,
            Self::Instance => Action::AllViActions,
        }
    }

    /// A name by which resources are compared.
    pub fn plain(self, name: &str) -> &str {
        match self {
            Self::Instance => virtual_instance::plain_id(name),
            _ => name,
        }
    }
}

/// A privilege on every resource of the action's kind.
pub fn everywhere(action: Action) -> Privilege {
    let scope = Scope::of(&action);
    let all = |is_needed: bool| is_needed.then(|| ALL.to_string());
    Privilege {
        action: Some(action),
        resource_name: all(scope != Scope::Organization),
        cluster: all(matches!(scope, Scope::Workspace | Scope::Instance)),
    }
}

/// A privilege of a request, with what it leaves out. The error names the property that is wrong.
pub fn checked(given: Privilege) -> Result<Privilege, String> {
    let Privilege { action, resource_name, cluster } = given;
    let action = action.ok_or("action: it is missing")?;
    let Privilege { action, resource_name: every_resource, cluster: every_cluster } =
        everywhere(action);
    let settled = |property: &str, given: Option<String>, every: Option<String>| match every {
        None if given.is_some() => {
            let action = action.as_ref().map(Action::as_str).unwrap_or_default();
            Err(format!("{property}: {action} has none"))
        }
        every => Ok(given.or(every)),
    };
    let resource_name = settled("resource_name", resource_name, every_resource)?;
    let cluster = settled("cluster", cluster, every_cluster)?;
    Ok(Privilege { action, resource_name, cluster })
}

/// Whether a privilege permits an action on a resource, in this cluster.
pub fn permits(privilege: &Privilege, action: &Action, resource: Resource<'_>) -> bool {
    let scope = Scope::of(action);
    let fits = |permitted: &Action| permitted == action || *permitted == scope.every_action();
    let is_here = |cluster: &str| [ALL, CLUSTER].contains(&cluster);
    let on = privilege.resource_name.as_deref().unwrap_or(ALL);
    privilege.action.as_ref().is_some_and(fits)
        && privilege.cluster.as_deref().is_none_or(is_here)
        && match resource {
            Resource::Any => true,
            Resource::Every => on == ALL,
            Resource::Named(name) => on == ALL || scope.plain(on) == scope.plain(name),
        }
}

/// Error for a caller without a privilege.
pub fn lacking(action: &Action, resource: Resource<'_>) -> ApiError {
    let kind = match Scope::of(action) {
        Scope::Organization => "",
        Scope::Integration => "integration",
        Scope::Workspace => "workspace",
        Scope::Instance => "virtual instance",
    };
    let on = match resource {
        Resource::Any => String::new(),
        Resource::Every => format!(" on every {kind}"),
        Resource::Named(name) => format!(" on {kind} {name:?}"),
    };
    let message = format!("The role of this API key lacks the privilege {action}{on}");
    ApiError::new(ErrorType::Forbidden, message)
}
