//! Field selection: which fields of a collection a binding takes.
//!
//! The collection, the user and the connector each have a say. The strongest reason
//! to take a field meets the strongest reason to leave it out; where neither gives
//! way, the binding can't be.

use super::constraints::Constraints;
use crate::flow::materialize::response::validated::constraint::Type;
use crate::flow::spec::{FieldSelection, Projection};
use crate::preview::catalog::model::{Depth, Fields};
use crate::preview::schema::pointer::{Pointer, is_parent};
use crate::preview::schema::projections::UUID_POINTER;
use std::collections::BTreeMap;

/// Why a field is taken, the weakest reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Select {
    DesiredDepth,
    CoreMetadata,
    LocationRequired,
    UserDefined,
    CurrentValue,
    PartitionKey,
    FieldRequired,
    UserRequired,
    CurrentDocument,
    Key,
}

impl Select {
    /// Whether any reason to leave the field out is the stronger one.
    fn gives_way(self) -> bool {
        matches!(
            self,
            Self::DesiredDepth
                | Self::CoreMetadata
                | Self::UserDefined
                | Self::CurrentValue
                | Self::PartitionKey
        )
    }

    fn explain(self) -> &'static str {
        match self {
            Self::DesiredDepth => "is recommended",
            Self::CoreMetadata => "is metadata that is commonly selected",
            Self::LocationRequired => "is at a location that the connector requires",
            Self::UserDefined => "is a projection of the user's own",
            Self::CurrentValue => "was taken by the last publication",
            Self::PartitionKey => "partitions the collection",
            Self::FieldRequired => "is required by the connector",
            Self::UserRequired => "is required by \"fields\"",
            Self::CurrentDocument => "was the document of the last publication",
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
    Incompatible,
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
            Self::Incompatible => format!(
                "cannot be taken without filling the resource anew: {reason}; raise \"backfill\" of \
                 the binding"
            ),
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
    /// Of what the connector says against it.
    reason: &'a str,
    select: Option<Select>,
    reject: Option<Reject<'a>>,
}

/// Who has a say in a binding's fields.
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
    /// Whether it takes names in upper and lower case for the same.
    pub case_insensitive: bool,
    /// What the last publication took, if the resource stays as it was filled then.
    pub live: Option<&'a FieldSelection>,
}

/// Selects a binding's fields. The error lists each field that can't be had.
pub fn select(voices: Voices<'_>) -> Result<FieldSelection, Vec<String>> {
    let Voices { key, fields, .. } = voices;
    let mut candidates = candidates(voices);
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
            (Some(select), Some(reject))
                if select.gives_way() && reject != Reject::Incompatible => {}
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
                // The root is no location that covers others.
                pointers.extend((!pointer.is_empty()).then_some(pointer));
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
fn candidates(voices: Voices<'_>) -> Vec<Candidate<'_>> {
    let Voices { key, projections, fields, constraints, case_insensitive, live } = voices;
    let mut found: BTreeMap<&str, Candidate<'_>> = BTreeMap::new();
    for projection in projections {
        let candidate = at(&mut found, &projection.field);
        candidate.pointer = &projection.ptr;
        candidate.reject = None;
        candidate.select = recommendation(projection, projections, fields.recommended);
    }
    let mut select = |field, reason| {
        let candidate = at(&mut found, field);
        candidate.select = candidate.select.max(Some(reason));
    };
    key.iter().for_each(|field| select(field, Select::Key));
    fields.require.keys().for_each(|field| select(field, Select::UserRequired));
    if let Some(live) = live {
        live.values.iter().for_each(|field| select(field, Select::CurrentValue));
        if !live.document.is_empty() {
            select(&live.document, Select::CurrentDocument);
        }
    }
    for field in &fields.exclude {
        let candidate = at(&mut found, field);
        candidate.reject = candidate.reject.max(Some(Reject::UserExcluded));
    }
    for (field, constraints) in constraints {
        let candidate = at(&mut found, field);
        for constraint in constraints {
            if !constraint.folded_field.is_empty() {
                candidate.name.clone_from(&constraint.folded_field);
            }
            let (select, reject) = match constraint.r#type() {
                Type::FieldRequired => (Some(Select::FieldRequired), None),
                Type::LocationRequired => (Some(Select::LocationRequired), None),
                Type::FieldForbidden => (None, Some(Reject::Forbidden)),
                // A resource that is filled anew takes any field.
                Type::Incompatible | Type::Unsatisfiable if live.is_some() => {
                    (None, Some(Reject::Incompatible))
                }
                _ => (None, None),
            };
            candidate.select = candidate.select.max(select);
            if reject > candidate.reject {
                candidate.reject = reject;
                candidate.reason = &constraint.reason;
            }
        }
    }
    for candidate in found.values_mut() {
        if !constraints.contains_key(candidate.field) {
            candidate.reject = candidate.reject.max(Some(Reject::NotInResponse));
        }
        if case_insensitive {
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
