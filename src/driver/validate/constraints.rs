//! What may be done with a field, and why.

use super::{Candidate, types};
use crate::driver::document::{EVENT_TIME, ID, META};
use crate::flow::materialize::response::validated::Constraint;
use crate::flow::materialize::response::validated::constraint::Type;
use crate::flow::spec::Projection;
use std::collections::BTreeMap;

/// The constraint of each field that the collection projects.
pub(super) fn constrain(candidate: &Candidate<'_>) -> BTreeMap<String, Constraint> {
    let projections = candidate.collection.projections.iter();
    projections
        .map(|projection| {
            let (r#type, reason) = constraint(projection, candidate);
            let constraint = Constraint {
                r#type: r#type.into(),
                reason: reason.to_string(),
                ..Constraint::default()
            };
            (projection.field.clone(), constraint)
        })
        .collect()
}

fn constraint(projection: &Projection, candidate: &Candidate<'_>) -> (Type, &'static str) {
    let inference = projection.inference.as_ref();
    let types = types(projection);
    let format = inference
        .and_then(|inference| inference.string.as_ref())
        .map_or("", |string| string.format.as_str());
    let is_key = candidate.is_key(projection);
    let is_whole_key = is_key && candidate.key().len() == 1;

    match projection.field.as_str() {
        META => (
            Type::FieldForbidden,
            "Rockset keeps _meta for itself and drops what is written to it; project the \
             location under another name",
        ),
        ID if is_whole_key && types == ["string"] => {
            (Type::LocationRequired, "This key is a string and becomes the document's _id as it is")
        }
        ID => (
            Type::FieldForbidden,
            "_id identifies the document in Rockset: only the whole key can take its place, if it \
             is a single string; project the location under another name",
        ),
        EVENT_TIME if !is_time(&types, format) => (
            Type::FieldForbidden,
            "Rockset takes _event_time as an integer of microseconds since 1970, or as a string \
             whose format is date-time; project the location under another name",
        ),
        _ if types.is_empty() => (
            Type::FieldForbidden,
            "The schema gives this location no type, so there is nothing to store; select another \
             location, or say in the schema what it holds",
        ),
        _ if types == ["null"] => (
            Type::FieldForbidden,
            "The schema allows only null at this location, so there is nothing to store; select \
             another location, or say in the schema what else it holds",
        ),
        _ if is_key => (
            Type::LocationRequired,
            "The document's _id is made from its key, so every location of the key is needed",
        ),
        EVENT_TIME => (
            Type::FieldOptional,
            "The location can be the document's event time; where it is null, that is the time at \
             which Rockset takes the document in",
        ),
        _ if projection.ptr.is_empty() => {
            (Type::FieldOptional, "The whole document can be stored as one field")
        }
        _ => (Type::FieldOptional, "The location can be stored as it is"),
    }
}

/// Whether values of these types are times for Rockset, or null.
fn is_time(types: &[&str], format: &str) -> bool {
    let mut types = types.iter().filter(|kind| **kind != "null");
    match (types.next(), types.next()) {
        (Some(&"integer"), None) => true,
        (Some(&"string"), None) => format == "date-time",
        _ => false,
    }
}
