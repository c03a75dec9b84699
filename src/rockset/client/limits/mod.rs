//! Limiters of requests, which learn Rockset's limits from 429s.

mod limiter;
mod metadata;
mod rate;
#[cfg(test)]
mod tests;

pub use limiter::Writes;
pub(super) use limiter::{Limiter, Verdict};
pub(super) use metadata::LimitKind;
pub use metadata::{MetadataLimits, MetadataRate};
