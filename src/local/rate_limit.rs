//! Rate limit on writes of documents.

use super::error::ApiError;
use crate::rockset::rules::INSTANCE_SIZES;
use parking_lot::Mutex;
use std::str::FromStr;
use std::time::Instant;

/// Size of the virtual instance whose limit on writes is enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VirtualInstance {
    writes_per_second: u32,
}

impl FromStr for VirtualInstance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match INSTANCE_SIZES.iter().find(|(size, _)| size.eq_ignore_ascii_case(text)) {
            Some(&(_, writes_per_second)) => Ok(Self { writes_per_second }),
            None => {
                Err(format!("the sizes are {}", INSTANCE_SIZES.map(|(size, _)| size).join(", ")))
            }
        }
    }
}

/// A token bucket: admits a number of write requests a second, after a burst of at most as many.
#[derive(Debug)]
pub(super) struct WriteLimit {
    per_second: f64,
    bucket: Mutex<Bucket>,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl WriteLimit {
    pub(super) fn new(size: VirtualInstance) -> Self {
        let per_second = f64::from(size.writes_per_second);
        let bucket = Bucket { tokens: per_second, filled: Instant::now() };
        Self { per_second, bucket: Mutex::new(bucket) }
    }

    /// Counts a request, or refuses it.
    pub(super) fn take(&self) -> Result<(), ApiError> {
        let mut bucket = self.bucket.lock();
        let now = Instant::now();
        let earned = now.duration_since(bucket.filled).as_secs_f64() * self.per_second;
        bucket.tokens = (bucket.tokens + earned).min(self.per_second);
        bucket.filled = now;
        if bucket.tokens < 1.0 {
            let seconds = (1.0 - bucket.tokens) / self.per_second;
            return Err(ApiError::rate_limited(self.per_second, seconds.ceil() as u64));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }
}
