//! The connector's constraints, one a field.

use crate::flow::materialize::response::validated::{Binding, Constraint, constraint::Type};
use crate::preview::Error;
use std::collections::BTreeMap;

/// The constraints of each field, which all hold together.
pub type Constraints = BTreeMap<String, Vec<Constraint>>;

/// The constraints of a binding. If it has constraints of projections, only these are read, as
/// Flow does since July 2026; before, it read only the map.
pub fn of(binding: &Binding) -> Result<Constraints, Error> {
    let mut found = Constraints::new();
    let listed = binding.projection_constraints.iter();
    for (field, constraint) in listed.map(|it| (&it.field, it.constraint.clone())) {
        found.entry(field.clone()).or_default().push(constraint.unwrap_or_default());
    }
    if found.is_empty() {
        let mapped = binding.constraints.iter();
        found = mapped.map(|(field, it)| (field.clone(), vec![it.clone()])).collect();
    }
    for (field, constraints) in &found {
        let invalid =
            |it: &&Constraint| Type::try_from(it.r#type).unwrap_or_default() == Type::Invalid;
        if let Some(invalid) = constraints.iter().find(invalid) {
            let reason = format!("field {field:?} has no constraint of type {}", invalid.r#type);
            return Err(Error::Response { response: "Validated", reason });
        }
    }
    Ok(found)
}
