//! The field that becomes `_event_time`.

use crate::local::error::ApiError;
use crate::local::json::time;
use crate::rockset::rules::EVENT_TIME_FORMATS;
use crate::rockset::types::EventTimeInfo;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The field of a document that becomes its `_event_time`, and how it is read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EventTimeSource {
    /// Name of the field.
    pub field: String,
    micros_per_unit: i64,
    #[serde(with = "zone")]
    zone: Tz,
}

/// A time zone as its name.
mod zone {
    use chrono_tz::Tz;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(zone: &Tz, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(zone.name())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Tz, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

impl TryFrom<EventTimeInfo> for EventTimeSource {
    type Error = ApiError;

    fn try_from(info: EventTimeInfo) -> Result<Self, ApiError> {
        let wrong = |what: &str| ApiError::invalid(format!("Wrong in event_time_info.{what}"));
        if info.field.is_empty() {
            return Err(wrong("field: it is empty"));
        }
        let micros_per_unit = match info.format.as_deref() {
            None => 1,
            Some(name) => micros_per_unit(name).ok_or_else(|| {
                let known = EVENT_TIME_FORMATS.map(|(known, _)| known).join(" nor ");
                wrong(&format!("format: {name:?} is neither {known}"))
            })?,
        };
        let zone = info.time_zone.as_deref().unwrap_or("UTC");
        let unknown = |_| wrong(&format!("time_zone: {zone:?} is no IANA time zone"));
        let zone = zone.parse().map_err(unknown)?;
        Ok(Self { field: info.field, micros_per_unit, zone })
    }
}

fn micros_per_unit(format: &str) -> Option<i64> {
    EVENT_TIME_FORMATS.iter().find(|(known, _)| *known == format).map(|(_, micros)| *micros)
}

impl EventTimeSource {
    /// The field's value in microseconds since the epoch.
    pub fn read(&self, json: &RawValue) -> Result<i64, ApiError> {
        time::read(json, self.micros_per_unit, self.zone).map_err(|wrong| {
            ApiError::invalid(format!("{:?}, which is to be _event_time, {wrong}", self.field))
        })
    }
}
