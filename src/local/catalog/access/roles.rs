//! The roles of the organization.

use super::Access;
use super::api_key::ApiKey;
use super::caller::Caller;
use super::privilege::checked;
use super::role::{Role, built_in};
use crate::local::catalog::definition::check_name;
use crate::local::catalog::{Catalog, kept};
use crate::local::error::ApiError;
use crate::local::journal::Change;
use crate::rockset::enums::ErrorType;
use crate::rockset::types::{self, Privilege};
use std::sync::Arc;

impl Catalog {
    /// All roles but those that are built in.
    pub fn roles(&self) -> Vec<types::Role> {
        self.access.read().roles.values().map(|role| role.show()).collect()
    }

    pub fn role(&self, name: &str) -> Result<types::Role, ApiError> {
        Ok(self.access.read().own_role(name)?.show())
    }

    pub fn create_role(
        &self,
        name: String,
        description: Option<String>,
        privileges: Vec<Privilege>,
        caller: &Caller,
    ) -> Result<types::Role, ApiError> {
        check_name("role_name", &name)?;
        let privileges = all_checked(privileges)?;
        let mut access = self.access.write();
        if access.find_role(&name).is_some() {
            return Err(ApiError::already_exists("Role", &name));
        }
        let role = Role::new(name, description, privileges, &caller.email);
        Ok(self.put_role(&mut access, role))
    }

    /// Changes a role. What is `None` stays.
    pub fn update_role(
        &self,
        name: &str,
        description: Option<String>,
        privileges: Option<Vec<Privilege>>,
    ) -> Result<types::Role, ApiError> {
        let privileges = privileges.map(all_checked).transpose()?;
        let mut access = self.access.write();
        let mut role = Role::clone(access.own_role(name)?);
        role.description = description.or(role.description);
        role.privileges = privileges.unwrap_or(role.privileges);
        Ok(self.put_role(&mut access, role))
    }

    /// Deletes a role that no user and no key has.
    pub fn delete_role(&self, name: &str) -> Result<types::Role, ApiError> {
        let mut access = self.access.write();
        let shown = access.own_role(name)?.show();
        if let Some(holder) = access.holder_of(name) {
            let message = format!("Role {name:?} can't be deleted: {holder} has it");
            return Err(ApiError::new(ErrorType::Dependentresources, message));
        }
        access.roles.remove(name);
        self.keep(|| Change::delete(kept::ROLE, name));
        Ok(shown)
    }

    fn put_role(&self, access: &mut Access, role: Role) -> types::Role {
        self.keep(|| Change::put(kept::ROLE, &role.name, &role));
        let shown = role.show();
        access.roles.insert(role.name.clone(), Arc::new(role));
        shown
    }
}

impl Access {
    /// A role, whether built in or not.
    pub(super) fn find_role(&self, name: &str) -> Option<&Arc<Role>> {
        built_in(name).or_else(|| self.roles.get(name))
    }

    pub(super) fn check_role(&self, name: &str) -> Result<(), ApiError> {
        self.find_role(name).map(|_| ()).ok_or_else(|| ApiError::no_role(name))
    }

    fn own_role(&self, name: &str) -> Result<&Arc<Role>, ApiError> {
        self.roles.get(name).ok_or_else(|| ApiError::no_role(name))
    }

    /// Who has a role.
    fn holder_of(&self, role: &str) -> Option<String> {
        let user = self.users.values().find(|user| user.roles.iter().any(|it| it == role));
        let key = || self.keys.values().find(|key| key.role.as_deref() == Some(role));
        let of_key = |key: &ApiKey| format!("API key {:?} of {:?}", key.name, key.user);
        user.map(|user| format!("user {:?}", user.email)).or_else(|| key().map(of_key))
    }
}

fn all_checked(privileges: Vec<Privilege>) -> Result<Vec<Privilege>, ApiError> {
    let numbered = privileges.into_iter().enumerate();
    let checked = numbered.map(|(i, privilege)| {
        let wrong = |wrong| ApiError::invalid(format!("Wrong in privileges[{i}].{wrong}"));
        checked(privilege).map_err(wrong)
    });
    checked.collect()
}
