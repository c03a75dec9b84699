//! Shards: which session gets which keys, and transactions in step.

use super::Error;
use super::drive::Shard;
use crate::flow::spec::RangeSpec;
use std::future::Future;
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

/// Has all shards do one thing, at the same time. Returns them with what came of it, in
/// their order.
pub async fn each<T, F>(
    shards: Vec<Shard>,
    act: impl Fn(Shard) -> F,
) -> Result<(Vec<Shard>, Vec<T>), Error>
where
    T: Send + 'static,
    F: Future<Output = Result<(Shard, T), Error>> + Send + 'static,
{
    Ok(together(shards.into_iter().map(act)).await?.into_iter().unzip())
}

/// Runs all of them at the same time. The first error ends the others.
pub async fn together<T: Send + 'static>(
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
