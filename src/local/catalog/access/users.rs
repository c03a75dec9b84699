//! The users of the organization.

use super::Access;
use super::user::{User, check_email};
use crate::local::catalog::{Catalog, kept};
use crate::local::error::ApiError;
use crate::local::journal::Change;
use crate::rockset::enums::ErrorType;
use crate::rockset::types::{self, CreateUserRequest};
use serde::Deserialize;

/// What a request changes of a user. What is `None` stays.
#[derive(Debug, Default, Deserialize)]
pub struct UserChange {
    first_name: Option<String>,
    last_name: Option<String>,
    roles: Option<Vec<String>>,
}

impl Catalog {
    pub fn users(&self) -> Vec<types::User> {
        self.access.read().users.values().map(User::show).collect()
    }

    pub fn user(&self, email: &str) -> Result<types::User, ApiError> {
        Ok(self.access.read().user(email)?.show())
    }

    pub fn create_user(&self, request: CreateUserRequest) -> Result<types::User, ApiError> {
        let CreateUserRequest { email, first_name, last_name, roles } = request;
        check_email(&email)?;
        let mut access = self.access.write();
        roles.iter().try_for_each(|role| access.check_role(role))?;
        if access.users.contains_key(&email) {
            return Err(ApiError::already_exists("User", &email));
        }
        let mut user = User::new(email, roles);
        user.first_name = first_name;
        user.last_name = last_name;
        Ok(self.put_user(&mut access, user))
    }

    pub fn update_user(&self, email: &str, change: UserChange) -> Result<types::User, ApiError> {
        let mut access = self.access.write();
        let mut user = access.user(email)?.clone();
        if let Some(roles) = &change.roles {
            roles.iter().try_for_each(|role| access.check_role(role))?;
            check_other(&user, *roles != user.roles, "lose or gain roles")?;
        }
        user.first_name = change.first_name.or(user.first_name);
        user.last_name = change.last_name.or(user.last_name);
        user.roles = change.roles.unwrap_or(user.roles);
        Ok(self.put_user(&mut access, user))
    }

    /// Deletes a user with all of their keys.
    pub fn delete_user(&self, email: &str) -> Result<(), ApiError> {
        let mut access = self.access.write();
        check_other(access.user(email)?, true, "be deleted")?;
        access.keys.retain(|(user, _), _| user != email);
        self.keep(|| Change::delete_all(kept::API_KEY, &kept::named(email, "")));
        access.users.remove(email);
        self.keep(|| Change::delete(kept::USER, email));
        Ok(())
    }

    /// The notifications that a user declines.
    pub fn declined(&self, email: &str) -> Result<Vec<String>, ApiError> {
        Ok(self.access.read().user(email)?.declined.clone())
    }

    pub fn decline(&self, email: &str, declined: Vec<String>) -> Result<(), ApiError> {
        let mut access = self.access.write();
        let mut user = access.user(email)?.clone();
        user.declined = declined;
        self.put_user(&mut access, user);
        Ok(())
    }

    fn put_user(&self, access: &mut Access, user: User) -> types::User {
        self.keep(|| Change::put(kept::USER, &user.email, &user));
        let shown = user.show();
        access.users.insert(user.email.clone(), user);
        shown
    }
}

impl Access {
    pub(super) fn user(&self, email: &str) -> Result<&User, ApiError> {
        let missing = || ApiError::new(ErrorType::Notfound, format!("User {email:?} not found"));
        self.users.get(email).ok_or_else(missing)
    }
}

/// Fails for the user who always exists, unless nothing is `done`.
fn check_other(user: &User, done: bool, what: &str) -> Result<(), ApiError> {
    if user.is_first() && done {
        let message = format!("User {:?} can't {what}: --api-key acts in its name", user.email);
        return Err(ApiError::new(ErrorType::Forbidden, message));
    }
    Ok(())
}
