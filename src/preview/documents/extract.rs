//! Extraction: the fields of a document, as a packed tuple or as JSON.

use crate::flow::pack::push_value;
use crate::flow::spec::Projection;
use crate::preview::schema::field::TRUNCATED_POINTER;
use crate::preview::schema::pointer::Pointer;
use chrono::{DateTime, SecondsFormat};
use serde_json::Value;
use std::borrow::Cow;
use uuid::Uuid;

/// Below the counter, the 14 bits of a UUID's sequence hold flags.
const COUNTER_SHIFT: u32 = 10;

/// Takes one field out of documents.
#[derive(Debug)]
pub struct Extractor {
    pointer: Pointer,
    /// The value for documents without the field.
    default: Value,
    /// Whether the field is the time within a document's identifier.
    is_uuid_time: bool,
}

impl Extractor {
    /// An extractor of this field.
    pub fn new(projection: &Projection) -> Self {
        let inference = projection.inference.as_ref();
        let encoding = inference.and_then(|inference| inference.string.as_ref());
        let default = inference.map(|inference| &inference.default_json);
        let default = default.and_then(|json| serde_json::from_slice(json).ok());
        // No preview shortens values.
        let absent = Value::from((projection.ptr == TRUNCATED_POINTER).then_some(false));
        Self {
            pointer: Pointer::parse(&projection.ptr).unwrap_or_default(),
            default: default.unwrap_or(absent),
            is_uuid_time: encoding.is_some_and(|string| {
                string.content_encoding == "uuid" && string.format == "date-time"
            }),
        }
    }

    /// The field's value.
    pub fn value<'v>(&'v self, document: &'v Value) -> Cow<'v, Value> {
        let Some(value) = self.pointer.query(document) else {
            return Cow::Borrowed(&self.default);
        };
        let time = match value {
            Value::String(text) if self.is_uuid_time => uuid_time(text),
            _ => None,
        };
        time.map_or(Cow::Borrowed(value), |time| Cow::Owned(Value::String(time)))
    }
}

/// Appends a packed tuple of these fields.
pub fn pack(extractors: &[Extractor], document: &Value, out: &mut Vec<u8>) {
    extractors.iter().for_each(|extractor| push_value(&extractor.value(document), out));
}

/// A JSON array of these fields.
pub fn json(extractors: &[Extractor], document: &Value) -> Vec<u8> {
    let values: Vec<_> = extractors.iter().map(|extractor| extractor.value(document)).collect();
    serde_json::to_vec(&values).unwrap_or_default()
}

/// The time of a version 1 UUID, by RFC 3339, in as many digits as its text needs to sort as the
/// times do. The last digits are the UUID's counter of events within its hundred nanoseconds.
fn uuid_time(text: &str) -> Option<String> {
    let timestamp = Uuid::try_parse(text).ok()?.get_timestamp()?;
    let (seconds, nanos) = timestamp.to_unix();
    let (_, sequence) = timestamp.to_gregorian();
    let nanos = nanos + 4 * u32::from(sequence >> COUNTER_SHIFT);
    let time = DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)?;
    Some(time.to_rfc3339_opts(SecondsFormat::Nanos, true))
}
