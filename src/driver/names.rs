//! The names of fields in Rockset: their own, unless that has another meaning in Rockset.

use crate::flow::spec::Projection;
use crate::rockset::rules::{EVENT_TIME, ID, META};

/// The types that values of a location may have.
pub(super) fn types(projection: &Projection) -> Vec<&str> {
    let inference = projection.inference.iter();
    inference.flat_map(|inference| &inference.types).map(String::as_str).collect()
}

/// The other name of a field that can't have its own name; `None` if it can.
///
/// `is_own_id` says of a field called `_id` whether it is the document's `_id`: only the
/// whole key can be, if it is a string.
pub(super) fn folded(projection: &Projection, is_own_id: bool) -> Option<&'static str> {
    match projection.field.as_str() {
        ID if !is_own_id => Some("_id_flow"),
        META => Some("_meta_flow"),
        EVENT_TIME if !is_time(projection) => Some("_event_time_flow"),
        _ => None,
    }
}

/// Whether a key that is this field alone is the document's `_id` as it is.
pub(super) fn can_be_id(projection: &Projection) -> bool {
    projection.field == ID && types(projection) == ["string"]
}

/// Whether the key is a field called `_id` that is the document's `_id` as it is. A field without a
/// projection is assumed to be a string.
pub(super) fn is_own_id(keys: &[String], projections: &[Projection]) -> bool {
    let mut projections = projections.iter();
    keys == [ID] && projections.find(|it| it.field == ID).is_none_or(can_be_id)
}

/// Whether Rockset can read the values as times, or they are null: integers of microseconds, or
/// strings with the format `date-time`.
fn is_time(projection: &Projection) -> bool {
    let types = types(projection);
    let mut types = types.iter().filter(|kind| **kind != "null");
    match (types.next(), types.next()) {
        (Some(&"integer"), None) => true,
        (Some(&"string"), None) => {
            let string = projection.inference.as_ref().and_then(|it| it.string.as_ref());
            string.is_some_and(|string| string.format == "date-time")
        }
        _ => false,
    }
}
