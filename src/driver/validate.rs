//! Validate: whether a task is possible, and which fields each binding can take.

use super::Error;
use super::document::{EVENT_TIME, ID, META};
use crate::config::{self, Endpoint, Resource};
use crate::flow::materialize::request::{Validate, validate};
use crate::flow::materialize::response::Validated;
use crate::flow::materialize::response::validated::constraint::Type;
use crate::flow::materialize::response::validated::{Binding, Constraint};
use crate::flow::spec::{CollectionSpec, Projection};

/// Answers Validate. Nothing is written anywhere.
pub fn validate(request: &Validate) -> Result<Validated, Error> {
    config::parse::<Endpoint>("endpoint", &request.config_json)?;
    let bindings =
        request.bindings.iter().enumerate().map(|(i, binding)| validate_binding(i, binding));
    Ok(Validated { bindings: bindings.collect::<Result<_, _>>()? })
}

fn validate_binding(index: usize, binding: &validate::Binding) -> Result<Binding, Error> {
    let resource: Resource =
        config::parse(&format!("bindings[{index}].resource"), &binding.resource_config_json)?;
    let collection = binding.collection.as_ref().ok_or_else(|| {
        Error::request("Validate", format!("bindings[{index}] has no collection"))
    })?;
    let constraints = collection
        .projections
        .iter()
        .map(|projection| (projection.field.clone(), constrain(projection, collection)));
    Ok(Binding {
        constraints: constraints.collect(),
        resource_path: resource.path(),
        delta_updates: true,
        ..Binding::default()
    })
}

/// What may be done with a field, and why.
fn constrain(projection: &Projection, collection: &CollectionSpec) -> Constraint {
    let types: Vec<&str> = match &projection.inference {
        Some(inference) => inference.types.iter().map(String::as_str).collect(),
        None => Vec::new(),
    };
    let is_key = projection.is_primary_key;
    let is_whole_key = is_key && collection.key.len() == 1;

    let (constraint, reason) = match projection.field.as_str() {
        META => (
            Type::FieldForbidden,
            "Rockset keeps _meta for itself and drops what is written to it; \
             project the location under another name",
        ),
        ID if is_whole_key && types == ["string"] => {
            (Type::LocationRequired, "This key is a string and becomes the document's _id as it is")
        }
        ID => (
            Type::FieldForbidden,
            "_id identifies the document in Rockset: only the whole key can take its place, if it \
             is a single string; project the location under another name",
        ),
        EVENT_TIME if types != ["integer"] => (
            Type::FieldForbidden,
            "Rockset takes _event_time as an integer of microseconds since 1970; project the \
             location under another name",
        ),
        _ if types.is_empty() => (
            Type::FieldForbidden,
            "The schema allows no value at this location, so there is nothing to store; select \
             another location or correct the schema",
        ),
        _ if types == ["null"] => (
            Type::FieldForbidden,
            "The schema allows only null at this location, so there is nothing to store",
        ),
        _ if is_key => (
            Type::LocationRequired,
            "The document's _id is made from its key, so every location of the key is needed",
        ),
        _ if projection.ptr.is_empty() => {
            (Type::FieldOptional, "The whole document can be stored as one field")
        }
        _ => (Type::FieldOptional, "The location can be stored as it is"),
    };
    Constraint { r#type: constraint.into(), reason: reason.to_string(), ..Constraint::default() }
}
