//! Shards: which session gets which keys, and transactions in step.

use super::Error;
use super::combine::{BindingPlan, Transaction};
use super::connection::Connection;
use super::drive::Shard;
use super::state::State;
use crate::flow::spec::{MaterializationSpec, RangeSpec};
use std::future::Future;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// Which shard of so many has a packed key.
pub fn shard_of(key: &[u8], shards: usize) -> usize {
    // Scales the hash down, so that each shard has one range of hashes.
    ((u64::from(hash(key)) * shards as u64) >> 32) as usize
}

/// A stable hash: FNV-1a, with the final mix of Murmur3, as its high bits are poor.
fn hash(key: &[u8]) -> u32 {
    let fnv = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    let mut hash = key.iter().fold(0x811c_9dc5, fnv);
    for (shift, factor) in [(16, 0x85eb_ca6b), (13, 0xc2b2_ae35)] {
        hash = (hash ^ (hash >> shift)).wrapping_mul(factor);
    }
    hash ^ (hash >> 16)
}

/// The part of the keys that a shard has, its bounds included.
pub fn range(shard: u32, shards: u32) -> RangeSpec {
    // The smallest hash that `shard_of` assigns to a shard.
    let begin = |shard: u32| (u64::from(shard) << 32).div_ceil(u64::from(shards));
    RangeSpec {
        key_begin: begin(shard) as u32,
        key_end: (begin(shard + 1) - 1) as u32,
        r_clock_begin: 0,
        r_clock_end: u32::MAX,
    }
}

/// Opens every shard. They begin with the same state.
pub async fn open(
    connections: Vec<Connection>,
    bindings: &Arc<[BindingPlan]>,
    materialization: &MaterializationSpec,
    states: Vec<State>,
) -> Result<Vec<Shard>, Error> {
    let shards = connections.len() as u32;
    let opening =
        connections.into_iter().zip(states).zip(0..).map(|((connection, state), shard)| {
            let (bindings, materialization) = (Arc::clone(bindings), materialization.clone());
            Shard::open(connection, bindings, materialization, range(shard, shards), state)
        });
    together(opening).await
}

/// Commits a transaction on all shards. Returns the shards, and how many documents
/// were stored.
pub async fn commit(
    shards: Vec<Shard>,
    transaction: Transaction,
    number: u64,
) -> Result<(Vec<Shard>, u64), Error> {
    let committing =
        shards.into_iter().zip(transaction.shards).map(|(mut shard, entries)| async move {
            let stores = shard.commit(entries, number).await?;
            Ok((shard, stores))
        });
    let (shards, stores): (Vec<_>, Vec<_>) = together(committing).await?.into_iter().unzip();
    Ok((shards, stores.into_iter().sum()))
}

/// Acknowledges a commit on all shards.
pub async fn acknowledge(shards: Vec<Shard>) -> Result<Vec<Shard>, Error> {
    let acknowledging = shards.into_iter().map(|mut shard| async move {
        shard.acknowledge().await?;
        Ok(shard)
    });
    together(acknowledging).await
}

/// Ends all sessions. Returns their states.
pub async fn close(shards: Vec<Shard>) -> Result<Vec<State>, Error> {
    together(shards.into_iter().map(Shard::close)).await
}

/// Runs all of them at the same time. The first error ends the others.
async fn together<T: Send + 'static>(
    futures: impl Iterator<Item = impl Future<Output = Result<T, Error>> + Send + 'static>,
) -> Result<Vec<T>, Error> {
    let tasks: Vec<AbortOnDrop<_>> = futures.map(|f| AbortOnDrop(tokio::spawn(f))).collect();
    let mut results = Vec::with_capacity(tasks.len());
    for mut task in tasks {
        let joined = (&mut task.0).await;
        results.push(joined.map_err(|panic| Error::Connector(panic.into()))??);
    }
    Ok(results)
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
