//! Candidates: every field that has been named, with the strongest reasons for and against it.

use super::reason::{Reject, Select};
use crate::flow::materialize::response::validated::Constraint;
use crate::flow::materialize::response::validated::constraint::Type;
use crate::flow::spec::{FieldSelection, Projection};
use crate::preview::build::constraints::Constraints;
use crate::preview::catalog::model::{Depth, Fields};
use crate::preview::schema::field::is_published_at;
use crate::preview::schema::pointer::{Pointer, is_parent};
use std::collections::BTreeMap;

/// The parties that decide on a binding's fields.
#[derive(Debug, Clone, Copy)]
pub struct Voices<'a> {
    /// The fields that key the resource.
    pub key: &'a [String],
    /// The collection.
    pub projections: &'a [Projection],
    /// The user.
    pub fields: &'a Fields,
    /// The connector.
    pub constraints: &'a Constraints,
    /// Whether names in upper and lower case are the same to the connector.
    pub case_insensitive: bool,
    /// The last publication's fields, unless the resource is backfilled.
    pub live: Option<&'a FieldSelection>,
}

/// A field that may be selected.
pub struct Candidate<'a> {
    pub field: &'a str,
    pub pointer: &'a str,
    /// The field's name at the endpoint.
    pub name: String,
    /// The connector's reason against the field.
    pub reason: &'a str,
    pub select: Option<Select>,
    pub reject: Option<Reject<'a>>,
}

/// The candidates by field.
#[derive(Default)]
struct Candidates<'a>(BTreeMap<&'a str, Candidate<'a>>);

/// Every field that anyone has named, sorted by field.
pub fn candidates(voices: Voices<'_>) -> Vec<Candidate<'_>> {
    let Voices { key, projections, fields, constraints, case_insensitive, live } = voices;
    let mut found = Candidates::default();
    found.add_projections(projections, fields.recommended);
    found.select_all(key, Select::Key);
    found.select_all(fields.require.keys(), Select::UserRequired);
    if let Some(live) = live {
        found.add_live(live);
    }
    found.reject_all(&fields.exclude, Reject::UserExcluded);
    found.add_constraints(constraints, live.is_some());
    if case_insensitive {
        found.fold_case();
    }
    found.0.into_values().collect()
}

impl<'a> Candidates<'a> {
    /// The candidate of that name. Until a projection has it, it is in no collection.
    fn at(&mut self, field: &'a str) -> &mut Candidate<'a> {
        self.0.entry(field).or_insert_with(|| Candidate {
            field,
            pointer: "",
            name: field.to_string(),
            reason: "",
            select: None,
            reject: Some(Reject::NotInCollection),
        })
    }

    fn select_all(&mut self, fields: impl IntoIterator<Item = &'a String>, reason: Select) {
        for field in fields {
            let candidate = self.at(field);
            candidate.select = candidate.select.max(Some(reason));
        }
    }

    fn reject_all(&mut self, fields: impl IntoIterator<Item = &'a String>, reason: Reject<'a>) {
        for field in fields {
            let candidate = self.at(field);
            candidate.reject = candidate.reject.max(Some(reason));
        }
    }

    fn add_projections(&mut self, projections: &'a [Projection], recommended: Depth) {
        for projection in projections {
            let candidate = self.at(&projection.field);
            candidate.pointer = &projection.ptr;
            candidate.reject = None;
            candidate.select = recommendation(projection, projections, recommended);
        }
    }

    fn add_live(&mut self, live: &'a FieldSelection) {
        self.select_all(&live.values, Select::CurrentValue);
        let document = Some(&live.document).filter(|field| !field.is_empty());
        self.select_all(document, Select::CurrentDocument);
    }

    fn add_constraints(&mut self, constraints: &'a Constraints, is_live: bool) {
        for (field, constraints) in constraints {
            let candidate = self.at(field);
            constraints.iter().for_each(|constraint| candidate.constrain(constraint, is_live));
        }
        for candidate in self.0.values_mut() {
            if !constraints.contains_key(candidate.field) {
                candidate.reject = candidate.reject.max(Some(Reject::NotInResponse));
            }
        }
    }

    fn fold_case(&mut self) {
        self.0.values_mut().for_each(|candidate| candidate.name = candidate.name.to_lowercase());
    }
}

impl<'a> Candidate<'a> {
    fn constrain(&mut self, constraint: &'a Constraint, is_live: bool) {
        if !constraint.folded_field.is_empty() {
            self.name.clone_from(&constraint.folded_field);
        }
        let (select, reject) = match constraint.r#type() {
            Type::FieldRequired => (Some(Select::FieldRequired), None),
            Type::LocationRequired => (Some(Select::LocationRequired), None),
            Type::FieldForbidden => (None, Some(Reject::Forbidden)),
            // A resource that is backfilled takes any field.
            Type::Incompatible | Type::Unsatisfiable if is_live => {
                (None, Some(Reject::Incompatible))
            }
            _ => (None, None),
        };
        self.select = self.select.max(select);
        if reject > self.reject {
            self.reject = reject;
            self.reason = &constraint.reason;
        }
    }
}

/// The reason to select a field that nobody has named.
fn recommendation(
    projection: &Projection,
    projections: &[Projection],
    recommended: Depth,
) -> Option<Select> {
    if projection.is_partition_key {
        return Some(Select::PartitionKey);
    }
    let desired = match recommended {
        Depth::Levels(0) => return None,
        Depth::Levels(levels) => levels,
        Depth::Leaves => usize::MAX,
    };
    if projection.explicit {
        return Some(Select::UserDefined);
    }
    if is_published_at(projection) || projection.field == "_meta/op" {
        return Some(Select::CoreMetadata);
    }
    if projection.ptr.starts_with("/_meta") {
        return None;
    }
    is_desired(projection, projections, recommended, desired).then_some(Select::DesiredDepth)
}

/// Whether a field is at the desired depth, or above it and has no fields within it.
fn is_desired(
    projection: &Projection,
    projections: &[Projection],
    recommended: Depth,
    desired: usize,
) -> bool {
    let depth = Pointer::parse(&projection.ptr).map_or(0, |pointer| pointer.tokens().len());
    let has_children = || projections.iter().any(|other| is_parent(&projection.ptr, &other.ptr));
    depth == desired
        || depth < desired
            && (!is_object(projection) || recommended != Depth::Leaves && !has_children())
}

/// Whether a field holds objects only, or null.
fn is_object(projection: &Projection) -> bool {
    let inference = projection.inference.as_ref();
    let types = inference.map(|inference| inference.types.as_slice()).unwrap_or_default();
    types.iter().any(|name| name == "object")
        && types.iter().all(|name| name == "object" || name == "null")
}
