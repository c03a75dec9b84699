//! The recovery log: the state that a task keeps from one session to the next.

use super::checkpoint::Checkpoint;
use super::connector_state::{self, State};
use crate::flow::spec::{ConnectorState, MaterializationSpec};
use crate::preview::Error;
use crate::preview::options::Runtime;
use bytes::Bytes;
use serde_json::Value;

/// A task's recovery log.
#[derive(Debug)]
pub struct RecoveryLog {
    /// How far the task has read.
    pub checkpoint: Checkpoint,
    /// The last publication, as Flow's control plane has it.
    pub last: Option<MaterializationSpec>,
    runtime: Runtime,
    /// One state for all shards together, or one a shard.
    states: Vec<State>,
    /// The changes that the shards haven't received yet.
    patches: Bytes,
}

impl RecoveryLog {
    /// The log of a task with this initial state.
    pub fn new(
        runtime: Runtime,
        state: Value,
        checkpoint: Checkpoint,
        last: Option<MaterializationSpec>,
    ) -> Self {
        let states = vec![State::new(state)];
        Self { checkpoint, last, runtime, states, patches: Bytes::new() }
    }

    /// Makes room for the states of N shards. The task is split only now, so new
    /// shards begin with the state of the first one.
    pub fn split(&mut self, shards: u32) {
        if let (Runtime::V1, Some(first)) = (self.runtime, self.states.first().cloned()) {
            self.states.resize(shards as usize, first);
        }
    }

    /// The state of a shard.
    pub fn state(&self, shard: usize) -> Bytes {
        let state = self.states.get(shard).or(self.states.first());
        state.map(|state| state.current().to_string()).unwrap_or_default().into()
    }

    /// Reduces the states that all shards answered, in their order.
    pub fn update(
        &mut self,
        response: &'static str,
        updates: Vec<Option<ConnectorState>>,
    ) -> Result<(), Error> {
        if self.runtime == Runtime::V2 {
            self.patches = connector_state::patches(response, &updates)?;
        }
        let is_shared = self.states.len() == 1;
        for (shard, update) in updates.into_iter().enumerate() {
            if let Some(state) = self.states.get_mut(if is_shared { 0 } else { shard }) {
                state.update(response, update)?;
            }
        }
        Ok(())
    }

    /// The changes that go to all shards with the next request.
    pub fn take_patches(&mut self) -> Bytes {
        std::mem::take(&mut self.patches)
    }

    /// The changes since the last call, one a state.
    pub fn take_changes(&mut self) -> Vec<Value> {
        self.states.iter_mut().map(State::take_change).collect()
    }
}
