//! Who sends a request, and what they may do.

use super::privilege::{ALL, Resource, Scope, lacking};
use super::role::{ADMIN, READ_ONLY, Role, built_in};
use crate::local::catalog::creator::Creator;
use crate::local::catalog::{COMMONS, CREATOR, EVENTS, KEY_NAME};
use crate::local::error::ApiError;
use crate::rockset::enums::PrivilegeAction as Action;
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

static ADMINISTRATOR: LazyLock<Arc<Caller>> =
    LazyLock::new(|| Arc::new(Caller::first(KEY_NAME, None)));

static READER: LazyLock<Arc<Caller>> =
    LazyLock::new(|| Arc::new(Caller::first(READ_ONLY, Some(READ_ONLY))));

/// The sender of a request.
#[derive(Debug)]
pub struct Caller {
    /// Email address of the user in whose name the key acts.
    pub email: String,
    /// Name of the key.
    pub key: String,
    /// Name of the key's own role.
    pub role: Option<String>,
    /// The roles of the user, and that of the key if it has one. Both have to permit what is done.
    limits: Vec<Vec<Arc<Role>>>,
}

impl Caller {
    pub fn new(email: &str, key: &str, role: Option<&str>, limits: Vec<Vec<Arc<Role>>>) -> Self {
        let role = role.map(String::from);
        Self { email: email.to_string(), key: key.to_string(), role, limits }
    }

    /// The user who always exists, with a key that is given at the start.
    fn first(key: &str, role: Option<&str>) -> Self {
        let limits = [Some(ADMIN), role].into_iter().flatten();
        let limits = limits.map(|name| built_in(name).cloned().into_iter().collect());
        Self::new(CREATOR, key, role, limits.collect())
    }

    /// The sender with the key that may do everything.
    pub fn administrator() -> Arc<Self> {
        ADMINISTRATOR.clone()
    }

    /// The sender with the key that may look and query.
    pub fn reader() -> Arc<Self> {
        READER.clone()
    }

    /// A sender without a key.
    pub fn nobody() -> Arc<Self> {
        Arc::new(Self::new("", "", None, vec![Vec::new()]))
    }

    /// As whom what the caller creates remembers them.
    pub fn creator(&self) -> Creator {
        Creator { email: self.email.clone(), key: self.key.clone() }
    }

    pub fn may(&self, action: &Action, on: Resource<'_>) -> bool {
        let permits = |roles: &Vec<Arc<Role>>| {
            roles.iter().any(|role| {
                let on_all = *action == Action::UpdateVi
                    && role.permits(&Action::UpdateViGlobal, Resource::Any);
                role.permits(action, on) || on_all
            })
        };
        self.limits.iter().all(permits)
    }

    pub fn check(&self, action: &Action, on: Resource<'_>) -> Result<(), ApiError> {
        if self.may(action, on) { Ok(()) } else { Err(lacking(action, on)) }
    }

    /// Names of the resources that an action is permitted on, or `*ALL*`.
    pub fn permitted_on(&self, action: &Action) -> Vec<String> {
        if self.may(action, Resource::Every) {
            return vec![ALL.to_string()];
        }
        let scope = Scope::of(action);
        let roles = self.limits.iter().flatten();
        let named =
            roles.flat_map(|role| &role.privileges).filter_map(|it| it.resource_name.as_deref());
        let names: BTreeSet<_> = named.map(|name| scope.plain(name)).collect();
        let permitted = |name: &&str| *name != ALL && self.may(action, Resource::Named(name));
        names.into_iter().filter(permitted).map(String::from).collect()
    }

    /// Whether the caller may see what a workspace holds.
    pub fn sees(&self, workspace: &str) -> bool {
        self.may(&Action::ListResourcesWs, Resource::Named(workspace))
    }

    /// Fails unless the caller may query all of these, each a `workspace.name`. Events tell of
    /// everything, with the texts of queries, and so are open to those who may query everything.
    pub fn check_reads<'a>(
        &self,
        paths: impl IntoIterator<Item = &'a String>,
    ) -> Result<(), ApiError> {
        paths.into_iter().try_for_each(|path| {
            let (workspace, name) = path.rsplit_once('.').unwrap_or((path, ""));
            let on = match (workspace, name) {
                (COMMONS, EVENTS) => Resource::Every,
                _ => Resource::Named(workspace),
            };
            self.check(&Action::QueryDataWs, on)
        })
    }

    /// The name of the sender, by which queries are told from those of others.
    #[cfg(feature = "engine")]
    pub fn holder(&self) -> String {
        format!("{}/{}", self.email, self.key)
    }

    /// Whether the caller may see a query that a holder has sent: their own, or any if what it
    /// answers is open to them.
    #[cfg(feature = "engine")]
    pub fn sees_query_of(&self, holder: &str) -> bool {
        self.holder() == holder || self.may(&Action::QueryDataWs, Resource::Every)
    }
}
