//! What the connector remembers in its state, so that it does nothing twice.

use crate::driver::Error;
use crate::flow::spec::ConnectorState;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The version of what is remembered.
pub(super) const VERSION: u64 = 1;

/// The keys of the state that are ours.
pub(super) const KEYS: [&str; 4] = ["version", "backfills", "reported", "loaded"];

/// What has been done, by collection as `workspace.collection`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::driver) struct OwnState {
    /// The backfill counter for which a collection was created anew.
    pub backfills: BTreeMap<String, u32>,
    /// What was said of changes that a collection can't follow.
    pub reported: BTreeMap<String, Vec<String>>,
    /// The backfill counter for which a collection has been filled from S3, and written
    /// to since. It tells a shard that doesn't run Apply, too, that the collection was
    /// created anew.
    pub loaded: BTreeMap<String, u32>,
}

impl OwnState {
    /// Reads it from a state, which may hold other keys. Fails on what a newer version
    /// of the connector wrote.
    pub fn read(request: &'static str, state: &Map<String, Value>) -> Result<Self, Error> {
        match state.get("version") {
            None => return Ok(Self::default()),
            Some(version) if version.as_u64() == Some(VERSION) => {}
            Some(version) => {
                return Err(Error::request(
                    request,
                    format!(
                        "the state is of version {version}, which a newer connector wrote; this \
                         one knows version {VERSION}: use the newer image again"
                    ),
                ));
            }
        }
        serde_json::from_value(Value::Object(state.clone()))
            .map_err(|e| Error::request(request, format!("the connector's state is damaged: {e}")))
    }

    /// What Apply has changed since `before`, as a patch of the state. Nothing that another
    /// connector left there goes away.
    pub fn patch(&self, before: &Self) -> Option<ConnectorState> {
        if self == before {
            return None;
        }
        let mut reported: Map<String, Value> =
            self.reported.iter().map(|(name, lines)| (name.clone(), json!(lines))).collect();
        for forgotten in before.reported.keys().filter(|name| !self.reported.contains_key(*name)) {
            reported.insert(forgotten.clone(), Value::Null);
        }
        let patch = json!({
            "version": VERSION, "backfills": self.backfills, "reported": reported,
        });
        Some(ConnectorState { updated_json: patch.to_string().into(), merge_patch: true })
    }
}
