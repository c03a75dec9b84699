//! How far a read replica is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// How far a read replica is. Clones refer to the same.
#[derive(Debug, Clone, Default)]
pub struct Following(Arc<Seen>);

#[derive(Debug, Default)]
struct Seen {
    next: AtomicU64,
    /// Milliseconds since the epoch.
    read_at: AtomicI64,
}

impl Following {
    /// The position of the log that is read next.
    pub fn next(&self) -> u64 {
        self.0.next.load(Ordering::Relaxed)
    }

    /// When the store could last be read, in milliseconds since the epoch.
    pub fn read_at(&self) -> i64 {
        self.0.read_at.load(Ordering::Relaxed)
    }
}

#[cfg(feature = "engine")]
impl Following {
    pub fn go_on_from(&self, position: u64) {
        self.0.next.store(position, Ordering::Relaxed);
    }

    pub fn read(&self, at: i64) {
        self.0.read_at.store(at, Ordering::Relaxed);
    }
}
