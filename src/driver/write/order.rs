//! Keeps the documents of a key in the order in which Flow stores them.
//!
//! Flow stores the keys of a binding in ascending order, as packed. As long as each key is
//! greater than the last one, no key comes twice, and a binding's requests may be in flight
//! together, in any order. The usual path checks nothing else.
//!
//! Where a key isn't greater than the last one, a new *run* of ascending keys begins, and any
//! of its keys may have been stored before in the transaction. From then on, until the commit:
//!
//! - The keys of open batches are remembered, and one that comes again closes them. So no batch
//!   has a key twice, nor do the additions and the deletions that are open at the same time.
//! - Batches that hold documents of one and the same run may be in flight together. Any other
//!   waits until those before it are acknowledged, and those that follow wait for it.

use crate::encode::buffer::Buffer;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::hash::BuildHasher;

/// The order of a binding's keys, within a transaction.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// The last key, as packed.
    last: Buffer,
    runs: Runs,
    /// Hashes of the keys in open batches, after the first key out of order. Two keys with the same
    /// hash count as equal.
    remembered: Option<HashSet<u64>>,
}

/// The first and the last run that documents of a batch may belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::driver) struct Runs {
    first: u32,
    last: u32,
}

/// The longest key whose memory is kept after the commit, in bytes.
const SHORT: usize = 4 << 10;

impl Order {
    /// Whether a key is in order, and so has not been stored before in the transaction.
    #[inline(always)]
    pub fn is_ordinary(&self, key: &[u8]) -> bool {
        self.last.as_slice() < key && self.remembered.is_none()
    }

    /// Whether a key is the same as the last one.
    pub fn is_last(&self, key: &[u8]) -> bool {
        self.last.as_slice() == key
    }

    /// Notes the key of the next document.
    #[inline(always)]
    pub fn note(&mut self, key: &[u8]) {
        self.last.replace(key);
    }

    /// The runs that documents in open batches belong to.
    pub fn runs(&self) -> Runs {
        self.runs
    }

    /// Remembers a key. Returns whether an open batch may hold it already.
    pub fn remember(&mut self, key: &[u8]) -> bool {
        self.remembered.as_mut().is_none_or(|keys| {
            let hash = keys.hasher().hash_one(key);
            !keys.insert(hash)
        })
    }

    /// Remembers a key, and forgets all others, because their batches have been closed.
    pub fn remember_only(&mut self, key: &[u8]) {
        self.remembered = Some(HashSet::new());
        self.remember(key);
    }

    /// Begins a new run, if a key isn't greater than the last one. `are_empty` tells whether
    /// there are documents in open batches.
    pub fn advance(&mut self, key: &[u8], are_empty: bool) {
        if self.last.as_slice().cmp(key) != Ordering::Less {
            self.runs.last = self.runs.last.wrapping_add(1);
        }
        if are_empty {
            self.runs.first = self.runs.last;
        }
    }

    /// Forgets all keys: those of the transaction are acknowledged.
    pub fn forget(&mut self) {
        self.remembered = None;
        self.runs.first = self.runs.last;
        self.last.truncate(0);
        if self.last.capacity() > SHORT {
            self.last = Buffer::default();
        }
    }
}

/// The requests of a binding in flight.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Lane {
    requests: usize,
    runs: Runs,
}

impl Lane {
    /// Whether a batch of these runs may be sent now.
    pub fn admits(&self, runs: Runs) -> bool {
        self.requests == 0 || (self.runs == runs && runs.first == runs.last)
    }

    /// Notes that a batch is sent.
    pub fn enter(&mut self, runs: Runs) {
        self.requests += 1;
        self.runs = runs;
    }

    /// Notes that a batch is acknowledged.
    pub fn leave(&mut self) {
        self.requests = self.requests.saturating_sub(1);
    }
}
