//! Key ranges: the shard of each key.

use crate::flow::spec::RangeSpec;

/// The shard that has a packed key, of N shards.
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
