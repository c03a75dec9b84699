//! What the journal knows of the catalog: an entry for each thing that exists, as JSON.
//!
//! A property that is added must have a default, so that entries of earlier versions can be read.

use crate::rockset::types::Source;
use serde::{Deserialize, Serialize};

/// Kinds of entries.
pub(super) const WORKSPACE: &str = "workspace";
pub(super) const INTEGRATION: &str = "integration";
/// By the collection's identifier.
pub(super) const COLLECTION: &str = "collection";
/// By workspace and name, as are views and query lambdas.
pub(super) const ALIAS: &str = "alias";
pub(super) const VIEW: &str = "view";
#[cfg(feature = "engine")]
pub(super) const LAMBDA: &str = "lambda";
/// By workspace and identifier.
#[cfg(feature = "engine")]
pub(super) const SCHEDULE: &str = "schedule";
/// By the identifier of the virtual instance.
pub(super) const INSTANCE: &str = "instance";
/// Settings of the deployment, of which there is one entry.
pub(super) const DEPLOYMENT: &str = "deployment";
/// By the email address.
pub(super) const USER: &str = "user";
pub(super) const ROLE: &str = "role";
/// By the email address of the user, and the name.
pub(super) const API_KEY: &str = "apikey";
/// The address of the server that writes to the store, of which there is one entry.
#[cfg(feature = "engine")]
pub(super) const WRITER: &str = "writer";
/// What has happened, by time and identifier.
pub(super) const EVENT: &str = "event";
/// How far an object of a source is read, by the collection, the source, and the object.
pub(super) const OBJECT: &str = "object";

/// A collection whose definition is a `D`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct KeptCollection<D> {
    pub(super) workspace: String,
    pub(super) rrn: String,
    pub(super) created_at: String,
    pub(super) definition: D,
    pub(super) description: Option<String>,
    /// SQL of the ingest transformation.
    pub(super) transformation: Option<String>,
    pub(super) sources: Vec<KeptSource>,
}

/// A source of a collection.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct KeptSource {
    pub(super) source: Source,
    /// The reason why nobody reads the source.
    pub(super) unread: Option<String>,
    /// Whether the collection waits for the source.
    pub(super) is_awaited: bool,
}

/// The key of a collection's entry.
pub(super) fn key(collection: u64) -> String {
    format!("{collection:016x}")
}

/// The key of the entry of something that has a name in a workspace.
pub(super) fn named(workspace: &str, name: &str) -> String {
    format!("{workspace}/{name}")
}

/// The identifier in the key of a collection's entry.
#[cfg(feature = "engine")]
pub(super) fn identifier(key: &str) -> Result<u64, String> {
    u64::from_str_radix(key, 16).map_err(|_| format!("{key:?} is no identifier of a collection"))
}

/// The key of the entry of an object, or the beginning of all keys of a source.
pub(super) fn object_key(collection: u64, source: &str, object: &str) -> String {
    format!("{}/{source}/{object}", key(collection))
}
