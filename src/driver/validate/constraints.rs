//! The constraint of each field, its name in Rockset, and the reasons.

use super::Candidate;
use crate::driver::names::{folded, types};
use crate::flow::materialize::response::validated::Constraint;
use crate::flow::materialize::response::validated::constraint::Type;
use crate::flow::spec::Projection;
use crate::rockset::rules::{EVENT_TIME, META};

/// The constraint of each field that the collection projects.
pub(super) fn constrain(candidate: &Candidate<'_>) -> Vec<(String, Constraint)> {
    let projections = candidate.collection.projections.iter();
    projections
        .map(|projection| (projection.field.clone(), constraint(projection, candidate)))
        .collect()
}

fn constraint(projection: &Projection, candidate: &Candidate<'_>) -> Constraint {
    let (r#type, mut reason) = judge(projection, candidate);
    let folded = folded(projection, candidate.has_own_id);
    let is_possible = !matches!(r#type, Type::FieldForbidden | Type::Incompatible);
    if let Some(folded) = folded.filter(|_| is_possible) {
        reason =
            format!("{reason}. It is called {folded} in Rockset, where {}", meaning(projection));
    }
    Constraint {
        r#type: r#type.into(),
        reason,
        folded_field: folded.unwrap_or_default().to_string(),
    }
}

fn judge(projection: &Projection, candidate: &Candidate<'_>) -> (Type, String) {
    let types = types(projection);
    let is_key = candidate.is_key(projection);
    let (r#type, reason) = match &candidate.changed_key {
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
        Some(reason) if is_key => (Type::Incompatible, reason.as_str()),
        _ if is_key && candidate.has_own_id => {
            (Type::LocationRequired, "This key is a string and becomes the document's _id as it is")
        }
        _ if is_key => (
            Type::LocationRequired,
            "The document's _id is made from its key, so every location of the key is needed",
        ),
        _ if projection.field == EVENT_TIME && folded(projection, false).is_none() => (
            Type::FieldOptional,
            "The location can be the document's event time; where it is null, that is the time at \
             which Rockset takes the document in",
        ),
        _ if projection.ptr.is_empty() => {
            (Type::FieldOptional, "The whole document can be stored as one field")
        }
        _ => (Type::FieldOptional, "The location can be stored as it is"),
    };
    (r#type, reason.to_string())
}

/// The meaning of a name in Rockset, which keeps a field from having it.
fn meaning(projection: &Projection) -> &'static str {
    match projection.field.as_str() {
        META => "_meta is Rockset's own",
        EVENT_TIME => {
            "_event_time is an integer of microseconds since 1970, or a string whose format is \
             date-time"
        }
        _ => "_id identifies the document: only a key that is a single string can take its place",
    }
}
