//! The fields with a meaning for Rockset itself: `_id`, `_event_time`, `_meta`.

use crate::local::error::ApiError;
use crate::local::json::{excerpt, string, time};
use chrono_tz::Tz;
use serde_json::value::RawValue;
use uuid::Uuid;

pub use crate::rockset::rules::{EVENT_TIME, ID, META};

/// The `_id` of a document, or a generated one if there is none.
pub fn id(json: Option<&RawValue>, make_up: impl FnOnce() -> Uuid) -> Result<Box<str>, ApiError> {
    let Some(json) = json.filter(|json| json.get() != "null") else {
        return Ok(make_up().to_string().into());
    };
    match string(json) {
        Some(id) if !id.is_empty() => Ok(id.into()),
        Some(_) => Err(ApiError::invalid("_id can't be empty")),
        None => Err(ApiError::invalid(format!("_id must be a string, not {}", excerpt(json)))),
    }
}

/// A value of `_event_time`, in microseconds since the epoch: an integer of them, a
/// timestamp, or a timestamp as extended JSON.
pub fn event_time(json: &RawValue) -> Result<i64, ApiError> {
    time::read(json, 1, Tz::UTC).map_err(|wrong| ApiError::invalid(format!("_event_time {wrong}")))
}
