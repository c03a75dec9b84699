//! Extended JSON: an object that stands for a value of a type that JSON does not have.

use chrono::{DateTime, SecondsFormat};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A value of extended JSON.
#[derive(Deserialize)]
pub struct Extended<'a> {
    /// Name of the type, in any letter case.
    #[serde(borrow, rename = "__rockset_type")]
    pub kind: Cow<'a, str>,
    /// A string, or the microseconds of a timestamp.
    #[serde(borrow)]
    pub value: &'a RawValue,
}

impl<'a> Extended<'a> {
    /// `None` if the text isn't extended JSON.
    pub fn read(json: &'a RawValue) -> Option<Self> {
        // Serde accepts an array for a struct, too.
        let object = Some(json.get()).filter(|json| json.starts_with('{'))?;
        serde_json::from_str(object).ok()
    }

    /// Whether the type has this name.
    pub fn is(&self, kind: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind)
    }
}

/// Microseconds since the epoch as a timestamp of extended JSON.
pub fn timestamp(micros: i64) -> String {
    let time = DateTime::from_timestamp_micros(micros).unwrap_or_default();
    let time = time.to_rfc3339_opts(SecondsFormat::Micros, true);
    format!(r#"{{"__rockset_type":"timestamp","value":"{time}"}}"#)
}
