//! Users, their roles, and their API keys.
//!
//! - `privilege`: what one permits; `role`, `user`, `api_key`: what each is.
//! - `roles`, `users`, `api_keys`: all of them, and what may be done to them.
//! - `caller`: the sender of a request, with what their key permits.

mod api_key;
mod api_keys;
mod caller;
mod privilege;
mod role;
mod roles;
mod user;
mod users;

pub use api_keys::{KeyChange, NewKey};
pub use caller::Caller;
pub use privilege::{ALL as EVERY_RESOURCE, CLUSTER, Resource, Scope, lacking};
pub use user::SELF;
pub use users::UserChange;

#[cfg(feature = "engine")]
use super::kept;
use api_key::ApiKey;
use role::Role;
use std::collections::BTreeMap;
use std::sync::Arc;
use user::User;

/// All users, own roles and API keys.
#[derive(Debug)]
pub(super) struct Access {
    /// By email address.
    pub(super) users: BTreeMap<String, User>,
    /// By name.
    roles: BTreeMap<String, Arc<Role>>,
    /// By the user's email address and the name.
    keys: BTreeMap<(String, String), ApiKey>,
}

impl Access {
    /// The user who always exists.
    pub(super) fn new() -> Self {
        let first = User::first();
        let users = BTreeMap::from([(first.email.clone(), first)]);
        Self { users, roles: BTreeMap::new(), keys: BTreeMap::new() }
    }

    /// Does again what the log says of a user, a role or a key.
    #[cfg(feature = "engine")]
    pub(super) fn put_entry(&mut self, kind: &str, key: &str, text: &str) -> Result<(), String> {
        let wrong = |error: serde_json::Error| error.to_string();
        match kind {
            kept::USER => {
                self.users.insert(key.to_string(), serde_json::from_str(text).map_err(wrong)?);
            }
            kept::ROLE => {
                let role = serde_json::from_str(text).map_err(wrong)?;
                self.roles.insert(key.to_string(), Arc::new(role));
            }
            kept::API_KEY => {
                let key = serde_json::from_str::<ApiKey>(text).map_err(wrong)?;
                self.keys.insert((key.user.clone(), key.name.clone()), key);
            }
            _ => {}
        }
        Ok(())
    }

    /// Deletes what the log says is deleted: a user, a role or a key.
    #[cfg(feature = "engine")]
    pub(super) fn delete_entry(&mut self, kind: &str, key: &str) {
        match kind {
            kept::USER => drop(self.users.remove(key)),
            kept::ROLE => drop(self.roles.remove(key)),
            kept::API_KEY => self.keys.retain(|(user, name), _| kept::named(user, name) != key),
            _ => {}
        }
    }

    /// Deletes all keys whose entries begin so.
    #[cfg(feature = "engine")]
    pub(super) fn delete_keys(&mut self, prefix: &str) {
        self.keys.retain(|(user, name), _| !kept::named(user, name).starts_with(prefix));
    }
}
