//! Rules of the API that no schema of its document says.

/// The field that identifies a document.
pub const ID: &str = "_id";
/// The field with Rockset's own notes on a document.
pub const META: &str = "_meta";
/// The field that says when what a document tells of happened.
pub const EVENT_TIME: &str = "_event_time";
