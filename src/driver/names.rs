//! What a field is called in Rockset: by its own name, unless Rockset means something else
//! by that.

use crate::flow::spec::Projection;
use crate::rockset::rules::{EVENT_TIME, ID, META};

/// The types that values of a location may have.
pub(super) fn types(projection: &Projection) -> Vec<&str> {
    let inference = projection.inference.iter();
    inference.flat_map(|inference| &inference.types).map(String::as_str).collect()
}

/// The other name of a field that can't have its own; `None`, if it can.
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

/// Whether the documents of a key are identified by a field called `_id` as it is. A field
/// that no projection tells of is taken for one that can.
pub(super) fn is_own_id(keys: &[String], projections: &[Projection]) -> bool {
    let mut projections = projections.iter();
    keys == [ID] && projections.find(|it| it.field == ID).is_none_or(can_be_id)
}

/// Whether the values are times for Rockset, or null: integers of microseconds, or strings of
/// the format `date-time`.
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
