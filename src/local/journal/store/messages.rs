//! The messages in objects, in the encoding of Protocol Buffers.
//!
//! A field is never given another meaning: what a new version no longer writes keeps its number.

use prost::Message;

/// Bytes of fields from which on a group takes no further commit.
pub const GROUP: usize = 16 << 20;

/// Commits that became durable together: an object of the log.
#[derive(Clone, PartialEq, Message)]
pub struct Group {
    #[prost(message, repeated, tag = "1")]
    pub records: Vec<Record>,
    /// The checkpoint at this position is to be used: what it makes needless may be deleted.
    #[prost(uint64, optional, tag = "2")]
    pub checkpoint: Option<u64>,
}

/// A commit.
#[derive(Clone, PartialEq, Message)]
pub struct Record {
    #[prost(message, repeated, tag = "1")]
    pub changes: Vec<EntryChange>,
    #[prost(message, optional, tag = "2")]
    pub write: Option<WriteRecord>,
    #[prost(fixed64, optional, tag = "3")]
    pub dropped: Option<u64>,
}

/// A change of an entry.
#[derive(Clone, PartialEq, Message)]
pub struct EntryChange {
    #[prost(string, tag = "1")]
    pub path: String,
    /// JSON; absent if the entry is deleted.
    #[prost(string, optional, tag = "2")]
    pub value: Option<String>,
    /// Whether all entries are meant whose paths begin so.
    #[prost(bool, tag = "3")]
    pub all: bool,
}

/// A write of documents: first some are removed, then others are added.
#[derive(Clone, PartialEq, Message)]
pub struct WriteRecord {
    #[prost(fixed64, tag = "1")]
    pub collection: u64,
    /// Number of the collection's writes, this one included.
    #[prost(uint64, tag = "2")]
    pub writes: u64,
    /// Milliseconds since the epoch.
    #[prost(int64, optional, tag = "3")]
    pub time: Option<i64>,
    #[prost(bool, tag = "4")]
    pub expiring: bool,
    #[prost(string, repeated, tag = "5")]
    pub removed: Vec<String>,
    #[prost(message, optional, tag = "6")]
    pub put: Option<Documents>,
    /// Bytes that all writes so far have added and replaced.
    #[prost(uint64, tag = "7")]
    pub inserted: u64,
    #[prost(uint64, tag = "8")]
    pub overwritten: u64,
}

/// Documents, property by property.
#[derive(Clone, PartialEq, Message)]
pub struct Documents {
    /// The `_id`s, one after the other.
    #[prost(bytes = "vec", tag = "1")]
    pub ids: Vec<u8>,
    #[prost(uint32, repeated, tag = "2")]
    pub id_lengths: Vec<u32>,
    /// `_event_time`, in microseconds since the epoch.
    #[prost(sint64, repeated, tag = "3")]
    pub event_times: Vec<i64>,
    /// The other fields, each document's as the inside of a JSON object.
    #[prost(bytes = "vec", tag = "4")]
    pub fields: Vec<u8>,
    #[prost(uint32, repeated, tag = "5")]
    pub field_lengths: Vec<u32>,
    #[prost(message, repeated, tag = "6")]
    pub origins: Vec<Origin>,
    #[prost(message, repeated, tag = "7")]
    pub metas: Vec<MetaRow>,
    #[prost(message, repeated, tag = "8")]
    pub states: Vec<StateRow>,
}

/// Where documents come from.
#[derive(Clone, PartialEq, Message)]
pub struct Origin {
    #[prost(enumeration = "OriginKind", tag = "1")]
    pub kind: i32,
    /// The text of the origin, as in memory.
    #[prost(string, tag = "2")]
    pub text: String,
}

/// The kind of an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, prost::Enumeration)]
#[repr(i32)]
pub enum OriginKind {
    S3 = 0,
    Upload = 1,
    Kafka = 2,
}

/// `_meta` of a document.
#[derive(Clone, PartialEq, Message)]
pub struct MetaRow {
    /// Position among the documents.
    #[prost(uint32, tag = "1")]
    pub row: u32,
    /// Position among the origins.
    #[prost(uint32, tag = "2")]
    pub origin: u32,
    #[prost(uint64, tag = "3")]
    pub offset: u64,
    #[prost(string, optional, tag = "4")]
    pub bad: Option<String>,
}

/// State of the aggregates of a document that stands for a group.
#[derive(Clone, PartialEq, Message)]
pub struct StateRow {
    /// Position among the documents.
    #[prost(uint32, tag = "1")]
    pub row: u32,
    #[prost(bytes = "vec", tag = "2")]
    pub state: Vec<u8>,
}

/// The rows of a chunk: a segment.
#[derive(Clone, PartialEq, Message)]
pub struct Segment {
    #[prost(message, optional, tag = "1")]
    pub documents: Option<Documents>,
    /// Positions in the order of arrival: the first, then the distance of each from the one before.
    #[prost(uint64, repeated, tag = "2")]
    pub seqs: Vec<u64>,
}

/// The fields of a segment's documents.
#[derive(Clone, PartialEq, Message)]
pub struct SegmentTexts {
    /// One after the other, each as long as the segment says.
    #[prost(bytes = "vec", tag = "1")]
    pub fields: Vec<u8>,
}

/// Everything that the log before a position says: a checkpoint.
#[derive(Clone, PartialEq, Message)]
pub struct Checkpoint {
    #[prost(message, repeated, tag = "1")]
    pub entries: Vec<EntryChange>,
    #[prost(message, repeated, tag = "2")]
    pub collections: Vec<CollectionState>,
}

/// The documents of a collection.
#[derive(Clone, PartialEq, Message)]
pub struct CollectionState {
    #[prost(fixed64, tag = "1")]
    pub collection: u64,
    #[prost(uint64, tag = "2")]
    pub writes: u64,
    #[prost(uint64, tag = "3")]
    pub next_seq: u64,
    #[prost(int64, optional, tag = "4")]
    pub time: Option<i64>,
    #[prost(bool, tag = "5")]
    pub expiring: bool,
    #[prost(uint64, tag = "6")]
    pub inserted: u64,
    #[prost(uint64, tag = "7")]
    pub overwritten: u64,
    #[prost(uint64, tag = "8")]
    pub purged: u64,
    #[prost(uint64, tag = "9")]
    pub purged_size: u64,
    #[prost(message, repeated, tag = "10")]
    pub chunks: Vec<ChunkState>,
}

/// A chunk.
#[derive(Clone, PartialEq, Message)]
pub struct ChunkState {
    /// The object with its rows.
    #[prost(string, tag = "1")]
    pub segment: String,
    /// Positions of the dead rows.
    #[prost(uint32, repeated, tag = "2")]
    pub dead: Vec<u32>,
    /// The object with the fields of the rows; absent if they are in the segment, as in version 1.
    #[prost(string, optional, tag = "3")]
    pub texts: Option<String>,
    /// Bytes of that object.
    #[prost(uint64, tag = "4")]
    pub text_bytes: u64,
}

/// A replica that follows the store.
#[derive(Clone, PartialEq, Message)]
pub struct ReplicaState {
    /// The address at which clients reach it.
    #[prost(string, tag = "1")]
    pub url: String,
    /// The position of the log that it reads next.
    #[prost(uint64, tag = "2")]
    pub next: u64,
    /// Milliseconds since the epoch.
    #[prost(int64, tag = "3")]
    pub started: i64,
}

/// What was copied to a place: the last object that a backup or a restore creates.
#[derive(Clone, PartialEq, Message)]
pub struct Copied {
    /// Milliseconds since the epoch.
    #[prost(int64, tag = "1")]
    pub time: i64,
    /// Position of the checkpoint, if there is one.
    #[prost(uint64, optional, tag = "2")]
    pub checkpoint: Option<u64>,
    /// The last position of the log.
    #[prost(uint64, tag = "3")]
    pub end: u64,
    #[prost(uint64, tag = "4")]
    pub objects: u64,
    /// Bytes of all objects.
    #[prost(uint64, tag = "5")]
    pub bytes: u64,
}
