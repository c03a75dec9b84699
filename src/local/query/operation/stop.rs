//! Cancellation of a running query.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Asks the operations of a query to end. A join that lets no pair through never yields by itself,
/// but evaluates its condition again and again.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Asks the operations to end when the guard is dropped.
    pub fn when_dropped(&self) -> impl Drop + use<> {
        struct Guard(Stop);

        impl Drop for Guard {
            fn drop(&mut self) {
                self.0.0.store(true, Ordering::Relaxed);
            }
        }

        Guard(self.clone())
    }
}
