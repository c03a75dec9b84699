//! How often documents may be written.

use super::errors::Failure;
use crate::rockset::rules::{INSTANCE_SIZES, MAX_DOCUMENTS};
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

/// Lets so many write requests through a second, after a burst of at most as many.
#[derive(Debug)]
pub(super) struct Writes {
    per_second: f64,
    bucket: Mutex<Bucket>,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Writes {
    pub(super) fn new(size: VirtualInstance) -> Self {
        let per_second = f64::from(size.writes_per_second);
        let bucket = Bucket { tokens: per_second, filled: Instant::now() };
        Self { per_second, bucket: Mutex::new(bucket) }
    }

    /// Counts a request, or refuses it.
    pub(super) fn take(&self) -> Result<(), Failure> {
        let mut bucket = self.bucket.lock();
        let now = Instant::now();
        let earned = now.duration_since(bucket.filled).as_secs_f64() * self.per_second;
        bucket.tokens = (bucket.tokens + earned).min(self.per_second);
        bucket.filled = now;
        if bucket.tokens < 1.0 {
            let seconds = (1.0 - bucket.tokens) / self.per_second;
            return Err(Failure::rate_limited(self.per_second, seconds.ceil() as u64));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }
}

/// Refuses a request of too many documents.
pub(super) fn check_documents(count: usize) -> Result<(), Failure> {
    match count > MAX_DOCUMENTS {
        false => Ok(()),
        true => Err(Failure::invalid(format!(
            "The number of documents specified in this request exceeds the maximum allowed \
             limit of {MAX_DOCUMENTS} documents"
        ))),
    }
}
