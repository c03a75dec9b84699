//! What tells that a collection was created anew for a backfill already.
//!
//! An Apply that fails can't tell the runtime what it has done, so the state isn't enough to
//! know what is not to be done again. The collection itself is: the end of its description names
//! the task, the backfill counter and what it was created as, whatever becomes of the process
//! that created it and whichever runtime repeats the Apply.

use crate::rockset::types::CreateCollectionRequest;
use std::fmt;

const BEGIN: &str = "[created anew for backfill ";
const END: &str = "]";

/// The end of a description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marker {
    backfill: u32,
    task: String,
    /// Of what the collection was created as: one that was created as something else isn't
    /// what is wanted.
    fingerprint: String,
}

impl Marker {
    pub fn new(task: &str, backfill: u32, definition: &CreateCollectionRequest) -> Self {
        // A description follows in place.
        let definition = CreateCollectionRequest { description: None, ..definition.clone() };
        let text = serde_json::to_string(&definition).unwrap_or_default();
        let fingerprint = format!("{:016x}", fnv(text.as_bytes()));
        Self { backfill, task: task.to_string(), fingerprint }
    }

    /// Whether both are of the same backfill of the same task.
    pub fn is_of_backfill(&self, other: &Self) -> bool {
        (self.backfill, &self.task) == (other.backfill, &other.task)
    }

    /// A description as it is written: with the marker, if there is one.
    pub fn append(description: &str, marker: Option<&Self>) -> String {
        match marker {
            None => description.to_string(),
            Some(marker) if description.is_empty() => marker.to_string(),
            Some(marker) => format!("{description} {marker}"),
        }
    }

    /// A description taken apart.
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

/// FNV-1a: the same in every edition of the connector.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
