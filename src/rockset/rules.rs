//! Rules of the API that no schema of its document says, for both of its sides.

use std::ops::RangeInclusive;

/// The field that identifies a document.
pub const ID: &str = "_id";
/// The field with Rockset's own notes on a document.
pub const META: &str = "_meta";
/// The field that says when what a document tells of happened.
pub const EVENT_TIME: &str = "_event_time";

/// The most bytes that the body of a request may have.
pub const MAX_BODY: usize = 10 << 20;
/// The most documents that a request may add, patch or delete.
pub const MAX_DOCUMENTS: usize = 20_000;

/// Seconds for which documents may be kept: from an hour to ten years.
pub const RETENTION_SECS: RangeInclusive<i64> = 3_600..=315_359_999;

/// The most characters of the name of a workspace, collection or integration.
pub const MAX_NAME: usize = 100;
/// What such a name looks like, as a regular expression.
pub const NAME_PATTERN: &str = "^[A-Za-z0-9][A-Za-z0-9_-]*$";

/// Why something is no name of a workspace, collection or integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAName {
    /// It is empty, or longer than [`MAX_NAME`].
    #[error("has {0} characters; write 1 to {MAX_NAME}")]
    Length(usize),
    /// It begins with something else than a letter or a digit of ASCII.
    #[error("does not start with a letter or a digit")]
    Start,
    /// It holds something else than letters, digits, `_` and `-`.
    #[error("holds {0:?}; write letters, digits, _ and - only")]
    Character(char),
}

/// Checks the name of a workspace, collection or integration.
pub fn check_name(name: &str) -> Result<(), NotAName> {
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(NotAName::Length(name.chars().count()));
    }
    if !name.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return Err(NotAName::Start);
    }
    let other = name.chars().find(|c| !c.is_ascii_alphanumeric() && !"_-".contains(*c));
    other.map_or(Ok(()), |other| Err(NotAName::Character(other)))
}

/// The formats of an event time that is a number, each with its microseconds a unit. Without
/// a format, it counts microseconds.
pub const EVENT_TIME_FORMATS: [(&str, i64); 2] =
    [("seconds_since_epoch", 1_000_000), ("milliseconds_since_epoch", 1_000)];

/// The sizes of a virtual instance, each with the write requests a second that it accepts.
pub const INSTANCE_SIZES: [(&str, u32); 13] = [
    ("FREE", 1),
    ("NANO", 5),
    ("MICRO", 10),
    ("MILLI", 10),
    ("XSMALL", 15),
    ("SMALL", 25),
    ("MEDIUM", 50),
    ("LARGE", 100),
    ("XLARGE", 200),
    ("2XLARGE", 400),
    ("4XLARGE", 800),
    ("8XLARGE", 1600),
    ("16XLARGE", 2400),
];
