//! Field selection: which fields of a collection a binding takes.
//!
//! The collection, the user and the connector each have a say. The strongest reason
//! to take a field meets the strongest reason to leave it out; where neither gives
//! way, the binding can't be.

use super::infer::UUID_POINTER;
use super::model::{Depth, Fields};
use super::pointer::{Pointer, is_parent};
use crate::flow::materialize::response::validated::{Binding as Validated, constraint::Type};
use crate::flow::spec::{FieldSelection, Projection};
use std::collections::BTreeMap;

/// Why a field is taken, the weakest reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Select {
    DesiredDepth,
    CoreMetadata,
    LocationRequired,
    UserDefined,
    PartitionKey,
    FieldRequired,
    UserRequired,
    Key,
}

impl Select {
    /// Whether any reason to leave the field out is the stronger one.
    fn gives_way(self) -> bool {
        matches!(
            self,
            Self::DesiredDepth | Self::CoreMetadata | Self::UserDefined | Self::PartitionKey
        )
    }

    fn explain(self) -> &'static str {
        match self {
            Self::DesiredDepth => "is recommended",
            Self::CoreMetadata => "is metadata that is commonly selected",
            Self::LocationRequired => "is at a location that the connector requires",
            Self::UserDefined => "is a projection of the user's own",
            Self::PartitionKey => "partitions the collection",
            Self::FieldRequired => "is required by the connector",
            Self::UserRequired => "is required by \"fields\"",
            Self::Key => "is part of the key",
        }
    }
}

/// Why a field is left out, the weakest reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reject<'a> {
    Covered,
    ParentExcluded,
    SameLocation,
    SameName(&'a str),
    NotInResponse,
    NotInCollection,
    Forbidden,
    UserExcluded,
}

impl Reject<'_> {
    fn explain(self, reason: &str) -> String {
        match self {
            Self::Covered => "is within another selected field".to_string(),
            Self::ParentExcluded => "is within an excluded field".to_string(),
            Self::SameLocation => "is at the location of another selected field".to_string(),
            Self::SameName(other) => format!("has the name of field {other:?} at the endpoint"),
            Self::NotInResponse => "has no constraint of the connector".to_string(),
            Self::NotInCollection => "is no field of the collection".to_string(),
            Self::Forbidden => format!("is forbidden by the connector: {reason}"),
            Self::UserExcluded => "is excluded by \"fields\"".to_string(),
        }
    }
}

/// What is known of one field.
struct Candidate<'a> {
    field: &'a str,
    pointer: &'a str,
    name: String,
    reason: &'a str,
    select: Option<Select>,
    reject: Option<Reject<'a>>,
}

/// Selects a binding's fields. The error lists each field that can't be had.
pub fn select(
    key: &[String],
    projections: &[Projection],
    fields: &Fields,
    validated: &Validated,
) -> Result<FieldSelection, Vec<String>> {
    let mut candidates = candidates(key, projections, fields, validated);
    // A stable sort, so that equal reasons remain sorted by field.
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.select));

    let excluded: Vec<&str> = candidates
        .iter()
        .filter(|field| field.reject == Some(Reject::UserExcluded))
        .filter(|field| field.pointer.strip_prefix('/') == Some(field.field))
        .map(|field| field.pointer)
        .collect();

    let mut document = None;
    let mut values = Vec::new();
    let mut conflicts = Vec::new();
    let mut pointers: Vec<&str> = Vec::new();
    let mut names: BTreeMap<String, &str> = BTreeMap::new();
    for candidate in candidates {
        let Candidate { field, pointer, name, reason, mut select, mut reject } = candidate;
        if let Some(other) = names.get(&name) {
            reject = reject.max(Some(Reject::SameName(other)));
        }
        if pointers.contains(&pointer) {
            use Select::{CoreMetadata, DesiredDepth, LocationRequired};
            if matches!(select, None | Some(DesiredDepth | CoreMetadata | LocationRequired)) {
                select = None;
                reject = reject.max(Some(Reject::SameLocation));
            }
        } else if matches!(select, None | Some(Select::DesiredDepth)) {
            if pointers.iter().any(|parent| is_parent(parent, pointer)) {
                select = None;
                reject = reject.max(Some(Reject::Covered));
            } else if excluded.iter().any(|parent| is_parent(parent, pointer)) {
                select = None;
                reject = reject.max(Some(Reject::ParentExcluded));
            }
        }
        match (select, reject) {
            (None, _) => {}
            (Some(select), Some(_)) if select.gives_way() => {}
            (Some(select), Some(reject)) => conflicts.push(format!(
                "field {field:?} {} but {}",
                select.explain(),
                reject.explain(reason)
            )),
            (Some(_), None) => {
                names.insert(name, field);
                if pointer.is_empty() && document.is_none() {
                    document = Some(field.to_string());
                    continue;
                }
                pointers.push(pointer);
                if !key.iter().any(|key| key == field) {
                    values.push(field.to_string());
                }
            }
        }
    }
    if !conflicts.is_empty() {
        conflicts.sort();
        return Err(conflicts);
    }
    values.sort();
    let config = fields.require.iter().map(|(field, config)| (field.clone(), config.to_string()));
    Ok(FieldSelection {
        keys: key.to_vec(),
        values,
        document: document.unwrap_or_default(),
        field_config_json_map: config.collect(),
    })
}

/// Every field that anyone has named, with the strongest reasons for and against it.
fn candidates<'a>(
    key: &'a [String],
    projections: &'a [Projection],
    fields: &'a Fields,
    validated: &'a Validated,
) -> Vec<Candidate<'a>> {
    let mut found: BTreeMap<&str, Candidate<'_>> = BTreeMap::new();
    for projection in projections {
        let candidate = at(&mut found, &projection.field);
        candidate.pointer = &projection.ptr;
        candidate.reject = None;
        candidate.select = recommendation(projection, projections, fields.recommended);
    }
    for field in key {
        at(&mut found, field).select = Some(Select::Key);
    }
    for field in fields.require.keys() {
        let candidate = at(&mut found, field);
        candidate.select = candidate.select.max(Some(Select::UserRequired));
    }
    for field in &fields.exclude {
        let candidate = at(&mut found, field);
        candidate.reject = candidate.reject.max(Some(Reject::UserExcluded));
    }
    for (field, constraint) in &validated.constraints {
        let candidate = at(&mut found, field);
        candidate.reason = &constraint.reason;
        if !constraint.folded_field.is_empty() {
            candidate.name.clone_from(&constraint.folded_field);
        }
        let (select, reject) = match constraint.r#type() {
            Type::FieldRequired => (Some(Select::FieldRequired), None),
            Type::LocationRequired => (Some(Select::LocationRequired), None),
            Type::FieldForbidden => (None, Some(Reject::Forbidden)),
            // The resource is new to the task, so that nothing is incompatible yet.
            _ => (None, None),
        };
        candidate.select = candidate.select.max(select);
        candidate.reject = candidate.reject.max(reject);
    }
    for candidate in found.values_mut() {
        if !validated.constraints.contains_key(candidate.field) {
            candidate.reject = candidate.reject.max(Some(Reject::NotInResponse));
        }
        if validated.case_insensitive_fields {
            candidate.name = candidate.name.to_lowercase();
        }
    }
    found.into_values().collect()
}

/// The candidate of that name; one that is in no projection yet is in no collection.
fn at<'m, 'a>(
    found: &'m mut BTreeMap<&'a str, Candidate<'a>>,
    field: &'a str,
) -> &'m mut Candidate<'a> {
    found.entry(field).or_insert_with(|| Candidate {
        field,
        pointer: "",
        name: field.to_string(),
        reason: "",
        select: None,
        reject: Some(Reject::NotInCollection),
    })
}

/// Why a field is taken that nobody has named.
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
    let is_published_at = projection.ptr == UUID_POINTER
        && projection
            .inference
            .as_ref()
            .and_then(|inference| inference.string.as_ref())
            .is_some_and(|string| string.content_encoding == "uuid");
    if is_published_at || projection.field == "_meta/op" {
        return Some(Select::CoreMetadata);
    }
    if projection.ptr.starts_with("/_meta") {
        return None;
    }
    let depth = Pointer::parse(&projection.ptr).map_or(0, |pointer| pointer.tokens().len());
    let types = projection.inference.as_ref().map(|i| i.types.as_slice()).unwrap_or_default();
    let is_object =
        types.iter().any(|t| t == "object") && types.iter().all(|t| t == "object" || t == "null");
    let has_children = || projections.iter().any(|other| is_parent(&projection.ptr, &other.ptr));

    let is_desired = depth == desired
        || depth < desired && (!is_object || recommended != Depth::Leaves && !has_children());
    is_desired.then_some(Select::DesiredDepth)
}
