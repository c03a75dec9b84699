//! Rules of the API that the schemas of its document don't express. Client and server share them.

use std::ops::RangeInclusive;

/// The field that identifies a document.
pub const ID: &str = "_id";
/// The field with Rockset's own metadata of a document.
pub const META: &str = "_meta";
/// The field with the time of the event that a document describes.
pub const EVENT_TIME: &str = "_event_time";

/// The largest body of a request, in bytes.
pub const MAX_BODY: usize = 10 << 20;
/// The largest number of documents that a request may add, patch or delete.
pub const MAX_DOCUMENTS: usize = 20_000;

/// The range of a retention in seconds: an hour to ten years.
pub const RETENTION_SECS: RangeInclusive<i64> = 3_600..=315_359_999;

/// The largest length of the name of a workspace, collection or integration, in characters.
pub const MAX_NAME: usize = 100;
/// A regular expression that matches such names.
pub const NAME_PATTERN: &str = "^[A-Za-z0-9][A-Za-z0-9_-]*$";

/// Why a text is no name of a workspace, collection or integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAName {
    /// It is empty, or longer than [`MAX_NAME`].
    #[error("has {0} characters; write 1 to {MAX_NAME}")]
    Length(usize),
    /// It doesn't begin with a letter or a digit of ASCII.
    #[error("does not start with a letter or a digit")]
    Start,
    /// It holds a character other than letters, digits, `_` and `-`.
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

/// The formats of an event time that is a number, each with its unit in microseconds. Without a
/// format, the unit is a microsecond.
pub const EVENT_TIME_FORMATS: [(&str, i64); 2] =
    [("seconds_since_epoch", 1_000_000), ("milliseconds_since_epoch", 1_000)];

/// The sizes of a virtual instance, each with the write requests per second that it accepts.
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
