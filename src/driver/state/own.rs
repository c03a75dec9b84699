//! The connector's own part of the state: which backfills and reports are already done.

use crate::driver::Error;
use crate::flow::spec::ConnectorState;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The version of this part of the state.
pub(super) const VERSION: u64 = 1;

/// The keys of this part of the state.
pub(super) const KEYS: [&str; 4] = ["version", "backfills", "reported", "loaded"];

/// The connector's own state, by collection, named `workspace.collection`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::driver) struct OwnState {
    /// The backfill counter for which a collection was last recreated.
    pub backfills: BTreeMap<String, u32>,
    /// Reports on changed settings that can't be changed in a collection.
    pub reported: BTreeMap<String, Vec<String>>,
    /// The backfill counter for which a collection has been filled from S3, and written to since.
    /// It also tells shards that don't run Apply that the collection was recreated.
    pub loaded: BTreeMap<String, u32>,
}

impl OwnState {
    /// Reads this part of a state, which may hold other keys. Fails if a newer version of the
    /// connector wrote it.
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

    /// The changes of Apply since `before`, as a patch of the state. It keeps the keys of another
    /// connector.
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
