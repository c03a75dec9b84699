//! The API keys of the organization.

use super::Access;
use super::api_key::{ApiKey, expiry};
use super::caller::Caller;
use super::privilege::{Resource, lacking};
use crate::local::catalog::definition::check_name;
use crate::local::catalog::{Catalog, kept};
use crate::local::error::ApiError;
use crate::local::journal::Change;
use crate::rockset::enums::{ApiKeyState, ErrorType, PrivilegeAction as Action};
use crate::rockset::types;
use std::sync::Arc;

/// A key that is to be created.
#[derive(Debug)]
pub struct NewKey {
    pub name: String,
    /// Email address of the user in whose name the key acts.
    pub user: String,
    pub role: Option<String>,
    pub expiry_time: Option<String>,
}

/// What a request changes of a key. What is `None` stays.
#[derive(Debug)]
pub struct KeyChange {
    pub state: Option<ApiKeyState>,
    pub expiry_time: Option<String>,
    pub clear_expiry_time: bool,
}

impl Catalog {
    /// The sender with a key that was created by the API; `None` if there is no such key.
    pub fn caller(&self, text: &str) -> Result<Option<Arc<Caller>>, ApiError> {
        let access = self.access.read();
        let Some(key) = access.keys.values().find(|key| key.is(text)) else { return Ok(None) };
        key.check()?;
        if key.touch() {
            self.keep_key(key);
        }
        Ok(Some(Arc::new(access.caller(key)?)))
    }

    pub fn api_keys(&self, user: &str) -> Result<Vec<types::ApiKey>, ApiError> {
        let access = self.access.read();
        access.user(user)?;
        Ok(access.keys.values().filter(|key| key.user == user).map(ApiKey::show).collect())
    }

    pub fn api_key(&self, user: &str, name: &str) -> Result<types::ApiKey, ApiError> {
        let access = self.access.read();
        access.user(user)?;
        access.keys.get(&path(user, name)).map(ApiKey::show).ok_or_else(|| no_key(name))
    }

    /// Creates a key, and shows it with its secret.
    pub fn create_api_key(&self, new: NewKey, caller: &Caller) -> Result<types::ApiKey, ApiError> {
        let NewKey { name, user, role, expiry_time } = new;
        check_name("name", &name)?;
        check_role(caller, role.as_deref())?;
        let expires = expiry_time.as_deref().map(expiry).transpose()?;
        let mut access = self.access.write();
        access.user(&user)?;
        role.iter().try_for_each(|role| access.check_role(role))?;
        if access.keys.contains_key(&path(&user, &name)) {
            return Err(ApiError::already_exists("API key", &name));
        }
        let (mut key, secret) = ApiKey::new(user, name, &caller.key)?;
        key.role = role;
        key.expires = expires;
        self.keep_key(&key);
        let shown = types::ApiKey { key: secret, ..key.show() };
        access.keys.insert(path(&key.user, &key.name), key);
        Ok(shown)
    }

    pub fn update_api_key(
        &self,
        user: &str,
        name: &str,
        change: KeyChange,
    ) -> Result<types::ApiKey, ApiError> {
        let expires = change.expiry_time.as_deref().map(expiry).transpose()?;
        let mut access = self.access.write();
        access.user(user)?;
        let key = access.keys.get_mut(&path(user, name)).ok_or_else(|| no_key(name))?;
        if change.clear_expiry_time || expires.is_some() {
            key.expires = expires;
        }
        if let Some(state) = change.state {
            key.is_suspended = state == ApiKeyState::Suspended;
        }
        self.keep_key(key);
        Ok(key.show())
    }

    pub fn delete_api_key(&self, user: &str, name: &str) -> Result<types::ApiKey, ApiError> {
        let mut access = self.access.write();
        access.user(user)?;
        let key = access.keys.remove(&path(user, name)).ok_or_else(|| no_key(name))?;
        self.keep(|| Change::delete(kept::API_KEY, &kept::named(user, name)));
        Ok(key.show())
    }

    fn keep_key(&self, key: &ApiKey) {
        self.keep(|| Change::put(kept::API_KEY, &kept::named(&key.user, &key.name), key));
    }
}

impl Access {
    fn caller(&self, key: &ApiKey) -> Result<Caller, ApiError> {
        let found = |name: &String| self.find_role(name).cloned();
        let of_user = self.user(&key.user)?.roles.iter().filter_map(found).collect();
        let of_key = key.role.as_ref().map(|role| found(role).into_iter().collect());
        let limits = [Some(of_user), of_key].into_iter().flatten().collect();
        Ok(Caller::new(&key.user, &key.name, key.role.as_deref(), limits))
    }
}

/// Fails if a key with this role could do more than the key that creates it. Who may grant roles
/// may give any.
fn check_role(caller: &Caller, role: Option<&str>) -> Result<(), ApiError> {
    let grant = Action::GrantRevokeRoleGlobal;
    match &caller.role {
        Some(own) if role != Some(own) && !caller.may(&grant, Resource::Any) => {
            let lacking = lacking(&grant, Resource::Any);
            let message = format!(
                "{}: without it, the key can only create keys of its own role, {own:?}",
                lacking.message()
            );
            Err(ApiError::new(ErrorType::Forbidden, message))
        }
        _ => Ok(()),
    }
}

fn path(user: &str, name: &str) -> (String, String) {
    (user.to_string(), name.to_string())
}

fn no_key(name: &str) -> ApiError {
    ApiError::new(ErrorType::Notfound, format!("API key {name:?} not found"))
}
