//! The memtable: the groups of the open transaction, by shard, binding and key.

use super::arena::Arena;
use super::binding::BindingPlan;
use super::extract;
use super::group::Group;
use super::key_range;
use super::transaction::Entry;
use crate::preview::Error;
use bytes::Bytes;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// The open transaction's documents.
pub struct MemTable {
    bindings: Arc<[BindingPlan]>,
    /// By shard, then by binding.
    shards: Vec<Vec<Groups>>,
    /// The packed key of the last document.
    key: Vec<u8>,
    arena: Arena,
}

/// By packed key.
type Groups = HashMap<Bytes, Group>;

impl MemTable {
    /// An empty memtable for a number of shards.
    pub fn new(bindings: Arc<[BindingPlan]>, shards: u32) -> Self {
        let empty = || bindings.iter().map(|_| Groups::new()).collect();
        let shards = (0..shards).map(|_| empty()).collect();
        Self { bindings, shards, key: Vec::new(), arena: Arena::default() }
    }

    /// Adds a document of a binding to the group of its key.
    pub fn add(&mut self, index: usize, document: Value) -> Result<(), Error> {
        let binding = &self.bindings[index];
        self.key.clear();
        extract::pack(&binding.keys, &document, &mut self.key);
        let shard = key_range::shard_of(&self.key, self.shards.len());
        let groups = &mut self.shards[shard][index];
        if let Some(group) = groups.get_mut(self.key.as_slice()) {
            return group.add(binding, document, &mut self.arena);
        }
        let group = Group::new(binding, &document, &mut self.arena);
        let key = self.arena.write(|out| out.extend_from_slice(&self.key));
        groups.insert(key, group);
        Ok(())
    }

    /// Takes all entries out: for each shard its own, sorted by binding and key.
    pub fn drain(&mut self) -> Vec<Vec<Entry>> {
        let (bindings, arena) = (&self.bindings, &mut self.arena);
        let shards = self.shards.iter_mut();
        shards.map(|groups| drain_shard(bindings, groups, arena)).collect()
    }
}

fn drain_shard(bindings: &[BindingPlan], shard: &mut [Groups], arena: &mut Arena) -> Vec<Entry> {
    let mut entries = Vec::with_capacity(shard.iter().map(HashMap::len).sum());
    for (binding, groups) in (0..).zip(bindings).zip(shard) {
        let mut groups: Vec<(Bytes, Group)> = groups.drain().collect();
        groups.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        for (key, group) in groups {
            group.drain_into(binding, key, arena, &mut entries);
        }
    }
    entries
}
