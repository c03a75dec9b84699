//! The connector's constraints, one a field.

use crate::flow::materialize::response::validated::{Binding, Constraint, constraint::Type};
use crate::preview::Error;
use std::collections::BTreeMap;

/// What a connector says of one field: all of these hold.
pub type Constraints = BTreeMap<String, Vec<Constraint>>;

/// The constraints of a binding. Where it has those of projections, they are read alone, as
/// Flow does since July 2026; before, it read the map alone.
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
