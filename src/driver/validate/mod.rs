//! Validate: checks a task, and answers the constraints of its fields.
//!
//! All problems are reported at once, and nothing is changed in Rockset.
//!
//! - `constraints`: the constraint of each field.
//! - `keys`: checks that keys have a plain text, and haven't changed.
//! - `empty_ids`: warns of keys that may be empty.
//! - `paths`: the binding that each binding continues.
//! - `reductions`: warns of fields that hold only a part of the reduced value.
//! - `remote`: checks that ask Rockset.

mod constraints;
mod empty_ids;
mod keys;
mod paths;
mod reductions;
mod remote;

use super::Error;
use super::last::{self, Last};
use super::names::can_be_id;
use crate::config::{self, DocumentId, Endpoint, Problems, Resource};
use crate::flow::collections::resolve;
use crate::flow::materialize::request::{Validate, validate};
use crate::flow::materialize::response::Validated;
use crate::flow::materialize::response::validated::{Binding, ProjectionConstraint};
use crate::flow::spec::{CollectionSpec, Projection};
use crate::rockset::rules::ID;
use std::collections::BTreeMap;
use tracing::warn;

/// A binding whose configuration could be read.
struct Candidate<'a> {
    index: usize,
    resource: Resource,
    collection: &'a CollectionSpec,
    group_by: &'a [String],
    /// The backfill counter: how often the collection was to be filled from the start.
    backfill: u32,
    /// The binding that wrote to the same collection of Rockset before.
    last: Option<&'a last::Binding<'a>>,
    /// Whether the key is a field called `_id`, which becomes the document's `_id` as it is.
    has_own_id: bool,
    /// Why existing documents are not found by the key any more.
    changed_key: Option<String>,
}

impl Candidate<'_> {
    /// The path of the binding's configuration.
    fn path(&self) -> String {
        format!("bindings[{}].resource", self.index)
    }

    fn is_key(&self, projection: &Projection) -> bool {
        match self.group_by {
            [] => projection.is_primary_key,
            fields => fields.contains(&projection.field),
        }
    }

    /// The projections of the key, one for each of its parts.
    fn key(&self) -> Vec<&Projection> {
        let projections = || self.collection.projections.iter();
        if !self.group_by.is_empty() {
            let by_field =
                |field: &String| projections().find(|projection| projection.field == *field);
            return self.group_by.iter().filter_map(by_field).collect();
        }
        let by_pointer =
            |pointer: &String| projections().find(|projection| projection.ptr == *pointer);
        self.collection.key.iter().filter_map(by_pointer).collect()
    }

    fn can_have_own_id(&self) -> bool {
        let key = self.key();
        let mut projections = self.collection.projections.iter();
        match (self.group_by, key.as_slice()) {
            ([], [part]) => projections.any(|other| other.ptr == part.ptr && can_be_id(other)),
            ([field], [part]) => field == ID && can_be_id(part),
            _ => false,
        }
    }

    /// Whether the collection is to be created again.
    fn is_recreated(&self) -> bool {
        self.last.is_some_and(|last| self.backfill > last.spec.backfill)
    }

    /// The configuration that the collection has been filled with so far.
    fn last_resource(&self) -> Option<Resource> {
        let last = self.last.filter(|_| !self.is_recreated());
        last.and_then(|last| last.resource())
    }
}

/// Answers Validate.
pub async fn validate(request: &Validate) -> Result<Validated, Error> {
    let mut problems = Problems::default();
    let endpoint = problems.take(config::parse::<Endpoint>("endpoint", &request.config_json));
    let last = Last::read("Validate", request.last_materialization.as_ref())?;
    let collections = resolve("bindings", &request.linked_collections, &request.bindings)
        .map_err(|problem| Error::request("Validate", problem))?;
    let mut candidates = Vec::new();
    for (index, (binding, collection)) in request.bindings.iter().zip(collections).enumerate() {
        let collection = collection.ok_or_else(|| {
            Error::request("Validate", format!("bindings[{index}] has no collection"))
        })?;
        candidates.extend(candidate(index, binding, collection, &last, &mut problems));
    }
    check_targets(&candidates, &mut problems);
    for candidate in &candidates {
        keys::check(candidate, &mut problems);
        warn_of_ids(candidate);
        reductions::warn_of(candidate);
    }
    empty_ids::warn_of(&candidates);
    let paths = paths::resolve(&candidates, &last, &mut problems);
    if let Some(endpoint) = &endpoint {
        remote::check(endpoint, &candidates, &mut problems).await?;
        warn_of_deletions(endpoint, &candidates);
    }
    problems.sort();
    problems.into_result()?;

    let bindings = candidates.iter().zip(paths).map(|(candidate, resource_path)| {
        let constraints = constraints::constrain(candidate);
        let projection_constraints = constraints.iter().cloned();
        Binding {
            projection_constraints: projection_constraints
                .map(|(field, constraint)| ProjectionConstraint {
                    field,
                    constraint: Some(constraint),
                })
                .collect(),
            constraints: constraints.into_iter().collect(),
            resource_path,
            delta_updates: true,
            ..Binding::default()
        }
    });
    Ok(Validated { bindings: bindings.collect() })
}

fn candidate<'a>(
    index: usize,
    binding: &'a validate::Binding,
    collection: &'a CollectionSpec,
    last: &'a Last<'a>,
    problems: &mut Problems,
) -> Option<Candidate<'a>> {
    let root = format!("bindings[{index}].resource");
    let resource = config::parse::<Resource>(&root, &binding.resource_config_json);
    let resource = problems.take(resource.map_err(|problems| problems.about(&collection.name)))?;
    let mut candidate = Candidate {
        index,
        last: last.of_target(&resource.workspace, &resource.collection),
        resource,
        collection,
        group_by: &binding.group_by,
        backfill: binding.backfill,
        has_own_id: false,
        changed_key: None,
    };
    candidate.has_own_id = candidate.can_have_own_id();
    if let Some(last) = candidate.last.filter(|_| !candidate.is_recreated()) {
        candidate.changed_key = keys::change(last, &candidate);
    }
    Some(candidate)
}

/// Notes bindings with the same collection: they would replace each other's documents.
fn check_targets(candidates: &[Candidate<'_>], problems: &mut Problems) {
    let mut first: BTreeMap<Vec<String>, &Candidate<'_>> = BTreeMap::new();
    for candidate in candidates {
        let path = candidate.resource.path();
        if let Some(other) = first.get(&path) {
            let mut found = Problems::default();
            found.add(
                format!("{}.collection", candidate.path()),
                format!(
                    "bindings[{}] ({}) fills {} already; name another collection, or disable one \
                     of the two",
                    other.index,
                    other.collection.name,
                    path.join("."),
                ),
            );
            problems.0.extend(found.about(&candidate.collection.name).0);
        } else {
            first.insert(path, candidate);
        }
    }
}

/// Warns of documents without an `_id` made from their key.
fn warn_of_ids(candidate: &Candidate<'_>) {
    let path = candidate.path();
    let collection = candidate.collection.name.as_str();
    let settings = candidate.resource.settings.as_ref();
    let transformation = settings.and_then(|settings| settings.field_mapping_query.as_ref());
    let sql = transformation.map(|transformation| &transformation.sql);
    if sql.is_some_and(|sql| !sql.passes_id()) {
        warn!(
            collection,
            "{path}.advancedCollectionSettings.field_mapping_query: its output has no _id, so \
             Rockset makes a random one for every document, and a document that is updated comes \
             twice; add _id to the SELECT unless every key occurs once"
        );
        return;
    }
    if candidate.resource.initialize_from_s3.is_none() || candidate.has_own_id {
        return;
    }
    let makes_id =
        sql.map_or(candidate.resource.document_id == DocumentId::Key, |sql| sql.makes_id());
    if makes_id {
        warn!(
            collection,
            "{path}.initializeFromS3: the hosted Rockset took the objects of a bucket in any \
             order, so that of several documents of a key an older one could win; any order is \
             safe for a collection in which every key occurs once, such as one of events"
        );
    } else {
        warn!(
            collection,
            "{path}.initializeFromS3: the files hold no _id, so Rockset makes a random one for \
             every row, and a row never meets the documents that are written later: they come \
             twice; set documentId to key, or have field_mapping_query make the _id that \
             documents from Flow have"
        );
    }
}

fn warn_of_deletions(endpoint: &Endpoint, candidates: &[Candidate<'_>]) {
    for candidate in candidates {
        let settings = candidate.resource.settings.as_ref();
        if endpoint.hard_delete && settings.is_some_and(|it| it.insert_only == Some(true)) {
            warn!(
                collection = candidate.collection.name,
                "{}.advancedCollectionSettings.insert_only: Rockset refuses to delete from this \
                 collection, so the task fails at the first deletion while hardDelete is set",
                candidate.path(),
            );
        }
    }
}
