//! A user.

use super::role::ADMIN;
use crate::local::catalog::{CREATOR, timestamp};
use crate::local::error::ApiError;
use crate::rockset::types;
use serde::{Deserialize, Serialize};

/// Stands for the caller in the path of a request.
pub const SELF: &str = "self";

/// A user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct User {
    pub email: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub roles: Vec<String>,
    /// Notifications that the user declines.
    pub declined: Vec<String>,
    created_at: String,
}

impl User {
    pub fn new(email: String, roles: Vec<String>) -> Self {
        Self {
            email,
            first_name: None,
            last_name: None,
            roles,
            declined: Vec::new(),
            created_at: timestamp(),
        }
    }

    /// The user who always exists.
    pub fn first() -> Self {
        Self::new(CREATOR.to_string(), vec![ADMIN.to_string()])
    }

    pub fn is_first(&self) -> bool {
        self.email == CREATOR
    }

    /// The user as the API shows it. Nobody accepts an invitation, since none is sent.
    pub fn show(&self) -> types::User {
        let state = if self.is_first() { "ACTIVE" } else { "NEW" };
        types::User {
            created_at: Some(self.created_at.clone()),
            email: self.email.clone(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            roles: self.roles.clone(),
            state: Some(state.to_string()),
        }
    }
}

pub fn check_email(email: &str) -> Result<(), ApiError> {
    let is_address = email.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && !host.is_empty()
            && !host.contains('@')
            && !email.contains(char::is_whitespace)
            && !email.contains('/')
    });
    if is_address {
        return Ok(());
    }
    Err(ApiError::invalid(format!("Wrong in email: {email:?} is no email address")))
}
