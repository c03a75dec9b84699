//! Who has created something.

use super::{CREATOR, KEY_NAME};
use serde::{Deserialize, Serialize};

/// Who has created something. What a store without this property holds was created with the key of
/// the start.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct Creator {
    /// Email address of the user in whose name the key acted.
    pub email: String,
    /// Name of the key.
    pub key: String,
}

impl Default for Creator {
    fn default() -> Self {
        Self { email: CREATOR.to_string(), key: KEY_NAME.to_string() }
    }
}
