//! The connector's state, which the runtime keeps for it.

use crate::flow::spec::ConnectorState;
use crate::preview::Error;
use bytes::Bytes;
use serde_json::{Map, Value, json};

/// A connector's state, and its change since the last report.
#[derive(Debug, Clone)]
pub struct State {
    current: Value,
    change: Option<Change>,
}

#[derive(Debug, Clone)]
struct Change {
    updated: Value,
    merge_patch: bool,
}

impl State {
    /// An initial state.
    pub fn new(current: Value) -> Self {
        Self { current, change: None }
    }

    /// The whole state.
    pub fn current(&self) -> &Value {
        &self.current
    }

    /// Applies an update that came with this response.
    pub fn update(
        &mut self,
        response: &'static str,
        update: Option<ConnectorState>,
    ) -> Result<(), Error> {
        let Some(update) = update.filter(|update| !update.updated_json.is_empty()) else {
            return Ok(());
        };
        let updated = parse(response, &update)?;
        if update.merge_patch {
            merge(&mut self.current, &updated, false);
        } else {
            self.current = updated.clone();
        }
        match &mut self.change {
            Some(change) if update.merge_patch => {
                // A patch that is reduced into another one still removes what that one removes.
                merge(&mut change.updated, &updated, change.merge_patch);
            }
            change => *change = Some(Change { updated, merge_patch: update.merge_patch }),
        }
        Ok(())
    }

    /// The change since the last call, as Flow writes it: `{}` if there is none.
    pub fn take_change(&mut self) -> Value {
        match self.change.take() {
            None => json!({}),
            Some(Change { updated, merge_patch: false }) => json!({ "updated": updated }),
            Some(Change { updated, merge_patch: true }) => {
                json!({ "updated": updated, "mergePatch": true })
            }
        }
    }
}

/// The updates of all shards as one list of patches, in their order: a state that isn't a
/// patch is one after `null`, which resets the state of all shards.
pub fn patches(response: &'static str, updates: &[Option<ConnectorState>]) -> Result<Bytes, Error> {
    let mut patches = Vec::new();
    for update in updates.iter().flatten().filter(|update| !update.updated_json.is_empty()) {
        if !update.merge_patch {
            patches.push(Value::Null);
        }
        patches.push(parse(response, update)?);
    }
    if patches.is_empty() {
        return Ok(Bytes::new());
    }
    Ok(Value::Array(patches).to_string().into())
}

fn parse(response: &'static str, update: &ConnectorState) -> Result<Value, Error> {
    serde_json::from_slice(&update.updated_json)
        .map_err(|e| Error::Response { response, reason: format!("its state is not JSON: {e}") })
}

/// Merges a patch into a value (RFC 7396), or into another patch.
fn merge(target: &mut Value, patch: &Value, is_patch: bool) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (name, patch) in patch {
        if patch.is_null() && !is_patch {
            target.remove(name);
        } else {
            merge(target.entry(name.as_str()).or_insert(Value::Null), patch, is_patch);
        }
    }
}
