//! The fields that mean something to Rockset itself: `_id`, `_event_time`, `_meta`.

use super::errors::Failure;
use crate::rockset::rules::EVENT_TIME_FORMATS;
use crate::rockset::types;
use chrono::{DateTime, Datelike, NaiveDateTime, SecondsFormat, TimeZone, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use uuid::Uuid;

pub(super) use crate::rockset::rules::{EVENT_TIME, ID, META};

/// What a JSON string says. `None` if it is no string, or says half a character.
pub(super) fn string(json: &RawValue) -> Option<Cow<'_, str>> {
    let json = json.get();
    let text = json.strip_prefix('"')?.strip_suffix('"')?;
    match text.contains('\\') {
        false => Some(text.into()),
        true => serde_json::from_str::<String>(json).ok().map(Cow::from),
    }
}

/// The identifier of a document, made up if there is none.
pub(super) fn id(
    json: Option<&RawValue>,
    make_up: impl FnOnce() -> Uuid,
) -> Result<Box<str>, Failure> {
    let Some(json) = json.filter(|json| json.get() != "null") else {
        return Ok(make_up().to_string().into());
    };
    match string(json) {
        Some(id) if !id.is_empty() => Ok(id.into()),
        Some(_) => Err(Failure::invalid("_id can't be empty")),
        None => Err(Failure::invalid(format!("_id must be a string, not {}", excerpt(json)))),
    }
}

/// A value of `_event_time`, in microseconds since the epoch: an integer of them, a
/// timestamp, or a timestamp as extended JSON.
pub(super) fn event_time(json: &RawValue) -> Result<i64, Failure> {
    read_time(json, 1, Tz::UTC).map_err(|wrong| Failure::invalid(format!("_event_time {wrong}")))
}

/// A time as extended JSON.
pub(super) fn extended(micros: i64) -> String {
    let time = DateTime::from_timestamp_micros(micros).unwrap_or_default();
    let time = time.to_rfc3339_opts(SecondsFormat::Micros, true);
    format!(r#"{{"__rockset_type":"timestamp","value":"{time}"}}"#)
}

/// Which field of a document becomes its `_event_time`, and how it is read.
#[derive(Debug, Clone)]
pub(super) struct EventTimeSource {
    /// Name of the field.
    pub(super) field: String,
    micros_per_unit: i64,
    zone: Tz,
}

impl TryFrom<types::EventTimeInfo> for EventTimeSource {
    type Error = Failure;

    fn try_from(info: types::EventTimeInfo) -> Result<Self, Failure> {
        let wrong = |what: &str| Err(Failure::invalid(format!("Wrong in event_time_info.{what}")));
        if info.field.is_empty() {
            return wrong("field: it is empty");
        }
        let micros_per_unit = match info.format.as_deref() {
            None => 1,
            Some(name) => match EVENT_TIME_FORMATS.iter().find(|(known, _)| *known == name) {
                Some((_, micros)) => *micros,
                None => {
                    let known = EVENT_TIME_FORMATS.map(|(known, _)| known).join(" nor ");
                    return wrong(&format!("format: {name:?} is neither {known}"));
                }
            },
        };
        let zone = info.time_zone.as_deref().unwrap_or("UTC");
        let Ok(zone) = zone.parse() else {
            return wrong(&format!("time_zone: {zone:?} is no IANA time zone"));
        };
        Ok(Self { field: info.field, micros_per_unit, zone })
    }
}

impl EventTimeSource {
    /// The field's value in microseconds since the epoch.
    pub(super) fn read(&self, json: &RawValue) -> Result<i64, Failure> {
        read_time(json, self.micros_per_unit, self.zone).map_err(|wrong| {
            Failure::invalid(format!("{:?}, which is to be _event_time, {wrong}", self.field))
        })
    }
}

/// Extended JSON: a value of a type that JSON does not have.
#[derive(Deserialize)]
pub(super) struct Extended<'a> {
    /// Name of the type, in any letter case.
    #[serde(borrow, rename = "__rockset_type")]
    pub(super) kind: Cow<'a, str>,
    /// A string, or the microseconds of a timestamp.
    #[serde(borrow)]
    pub(super) value: &'a RawValue,
}

impl<'a> Extended<'a> {
    /// `None` if it is none.
    pub(super) fn read(json: &'a RawValue) -> Option<Self> {
        // Serde would take an array, too.
        let object = Some(json.get()).filter(|json| json.starts_with('{'))?;
        serde_json::from_str(object).ok()
    }

    pub(super) fn is(&self, kind: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind)
    }
}

/// Reads a number of units, or a timestamp; one without a zone is taken in `zone`.
fn read_time(json: &RawValue, micros_per_unit: i64, zone: Tz) -> Result<i64, String> {
    let micros = match json.get().as_bytes().first() {
        Some(b'"') => string(json).and_then(|text| timestamp(&text, zone)),
        Some(b'{') => Extended::read(json).and_then(|typed| moment(&typed, zone)),
        _ => units(json.get(), micros_per_unit),
    };
    let four_digits = |micros: &i64| {
        let time = DateTime::from_timestamp_micros(*micros);
        time.is_some_and(|time| (0..=9999).contains(&time.year()))
    };
    micros.filter(four_digits).ok_or_else(|| {
        let unit = match micros_per_unit {
            1 => "whole number of microseconds",
            1_000 => "number of milliseconds",
            _ => "number of seconds",
        };
        format!("is neither a {unit} since 1970 nor a timestamp: {}", excerpt(json))
    })
}

/// A number of units, in microseconds.
fn units(number: &str, micros_per_unit: i64) -> Option<i64> {
    if let Ok(units) = number.parse::<i64>() {
        return units.checked_mul(micros_per_unit);
    }
    let units = number.parse::<f64>().ok().filter(|_| micros_per_unit > 1)?;
    Some((units * micros_per_unit as f64).round() as i64)
}

/// A timestamp or datetime of extended JSON.
fn moment(typed: &Extended<'_>, zone: Tz) -> Option<i64> {
    let text = string(typed.value);
    match text {
        Some(text) if typed.is("timestamp") || typed.is("datetime") => timestamp(&text, zone),
        None if typed.is("timestamp") => typed.value.get().parse().ok(),
        _ => None,
    }
}

fn timestamp(text: &str, zone: Tz) -> Option<i64> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_micros());
    }
    let local = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())?;
    zone.from_local_datetime(&local).earliest().map(|time| time.timestamp_micros())
}

/// The beginning of a value, to show in a message.
fn excerpt(json: &RawValue) -> String {
    match json.get().char_indices().nth(100) {
        None => json.get().to_string(),
        Some((end, _)) => format!("{}…", &json.get()[..end]),
    }
}

/// Now, in microseconds since the epoch.
pub(super) fn now() -> i64 {
    Utc::now().timestamp_micros()
}
