//! How far a collection has come in being filled from S3.

use crate::rockset::enums::SourceState;
use crate::rockset::types::Source;
use std::fmt;
use std::time::Duration;

/// What a source says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Progress {
    pub state: Option<SourceState>,
    /// Rockset's words on it.
    pub message: String,
    pub objects: u64,
    pub objects_total: u64,
    pub bytes: u64,
    pub bytes_total: u64,
}

impl From<&Source> for Progress {
    fn from(source: &Source) -> Self {
        let count = |count: Option<i64>| count.and_then(|it| it.try_into().ok()).unwrap_or(0);
        let s3 = source.s3.as_ref();
        let status = source.status.as_ref();
        Self {
            state: status.and_then(|status| status.state.clone()),
            message: status.and_then(|status| status.message.clone()).unwrap_or_default(),
            objects: count(s3.and_then(|s3| s3.object_count_downloaded)),
            objects_total: count(s3.and_then(|s3| s3.object_count_total)),
            bytes: count(s3.and_then(|s3| s3.object_bytes_downloaded)),
            bytes_total: count(s3.and_then(|s3| s3.object_bytes_total)),
        }
    }
}

impl Progress {
    /// Whether the source won't go on by itself.
    pub fn has_failed(&self) -> bool {
        matches!(self.state, Some(SourceState::Error | SourceState::Suspended))
    }

    /// Whether all objects that there are, and no fewer than `expected`, are in.
    pub fn is_complete(&self, expected: Option<u64>) -> bool {
        let has_looked = match self.state {
            Some(SourceState::Watching | SourceState::Completed) => true,
            // A server that tells no state tells counts.
            None => self.objects_total > 0,
            Some(_) => false,
        };
        has_looked
            && self.objects >= self.objects_total
            && self.objects_total >= expected.unwrap_or_default()
    }

    /// Whether anything was downloaded or found since `before`.
    pub fn has_moved_since(&self, before: &Self) -> bool {
        let counts = |it: &Self| (it.objects, it.objects_total, it.bytes, it.bytes_total);
        counts(self) != counts(before)
    }

    /// How fast it went from `before` to here, and how long the rest takes at that rate,
    /// for people.
    pub fn pace(&self, before: &Self, took: Duration) -> String {
        let done = self.bytes.saturating_sub(before.bytes) as f64;
        let rate = done / took.as_secs_f64().max(f64::EPSILON);
        let left = self.bytes_total.saturating_sub(self.bytes) as f64;
        let mut pace = format!(", {}/s", Bytes(rate as u64));
        if rate >= 1.0 && left > 0.0 {
            pace.push_str(&format!(", about {} left", Seconds(left / rate)));
        }
        pace
    }
}

/// A number of bytes, for people.
pub(super) struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
        let mut value = self.0 as f64;
        let mut unit = 0;
        while value >= 1024.0 && unit + 1 < UNITS.len() {
            value /= 1024.0;
            unit += 1;
        }
        match unit {
            0 => write!(f, "{} B", self.0),
            _ => write!(f, "{value:.1} {}", UNITS[unit]),
        }
    }
}

/// A time, for people.
struct Seconds(f64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0.0..90.0 => write!(f, "{:.0} s", self.0.max(1.0)),
            90.0..5_400.0 => write!(f, "{:.0} min", self.0 / 60.0),
            _ => write!(f, "{:.1} h", self.0 / 3_600.0),
        }
    }
}
