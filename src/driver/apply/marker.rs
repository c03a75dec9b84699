//! Notes in a collection that it has been recreated for a backfill.
//!
//! An Apply that fails can't return a state, so the state isn't enough to know which collections
//! have been recreated. So the collection tells it: the end of its description names the task, the
//! backfill counter, and a fingerprint of the request that created it. That survives the process
//! that created the collection, and any runtime that repeats the Apply can read it.

use crate::rockset::types::CreateCollectionRequest;
use std::fmt;

const BEGIN: &str = "[created anew for backfill ";
const END: &str = "]";

/// The end of a description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marker {
    backfill: u32,
    task: String,
    /// A hash of the request that created the collection. A collection that was created by another
    /// request is not the wanted one.
    fingerprint: String,
}

impl Marker {
    pub fn new(task: &str, backfill: u32, definition: &CreateCollectionRequest) -> Self {
        // A description can be changed in place.
        let definition = CreateCollectionRequest { description: None, ..definition.clone() };
        let text = serde_json::to_string(&definition).unwrap_or_default();
        let fingerprint = format!("{:016x}", fnv(text.as_bytes()));
        Self { backfill, task: task.to_string(), fingerprint }
    }

    /// Whether both are of the same backfill of the same task.
    pub fn is_of_backfill(&self, other: &Self) -> bool {
        (self.backfill, &self.task) == (other.backfill, &other.task)
    }

    /// A description with the marker at its end, if there is one.
    pub fn append(description: &str, marker: Option<&Self>) -> String {
        match marker {
            None => description.to_string(),
            Some(marker) if description.is_empty() => marker.to_string(),
            Some(marker) => format!("{description} {marker}"),
        }
    }

    /// Splits a description into its text and the marker.
    pub fn split(description: &str) -> (&str, Option<Self>) {
        let Some(at) = description.rfind(BEGIN) else { return (description, None) };
        match Self::parse(&description[at..]) {
            None => (description, None),
            marker => (description[..at].strip_suffix(' ').unwrap_or(&description[..at]), marker),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix(BEGIN)?.strip_suffix(END)?;
        let (backfill, text) = text.split_once(" of ")?;
        let (task, fingerprint) = text.rsplit_once(", ")?;
        let backfill = backfill.parse().ok()?;
        Some(Self { backfill, task: task.to_string(), fingerprint: fingerprint.to_string() })
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { backfill, task, fingerprint } = self;
        write!(f, "{BEGIN}{backfill} of {task}, {fingerprint}{END}")
    }
}

/// FNV-1a, so that the hash is the same in every edition of the connector.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
