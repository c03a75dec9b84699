//! The task as configured: its endpoint and its bindings.

use super::names::{folded, is_own_id};
use super::{Doing, Error};
use crate::config::{self, DocumentId, Endpoint, Problems, Resource, Sql};
use crate::flow::collections::resolve;
use crate::flow::spec::{
    CollectionSpec, FieldSelection, MaterializationSpec, Projection, materialization_spec,
};
use crate::rockset::types::CreateCollectionRequest;
use crate::rockset::{self, Client, MetadataLimits, Settings};
use std::fmt;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// A task, checked and ready to work on.
#[derive(Debug)]
pub(super) struct Task<'a> {
    pub name: &'a str,
    pub endpoint: Endpoint,
    pub client: Client,
    pub bindings: Vec<Binding<'a>>,
}

#[derive(Debug)]
pub(super) struct Binding<'a> {
    pub target: Arc<Target>,
    pub resource: Resource,
    pub spec: &'a materialization_spec::Binding,
    pub collection: &'a CollectionSpec,
    pub selection: &'a FieldSelection,
    /// The backfill counter: how often the collection was to be filled from the start.
    pub backfill: u32,
}

/// The collection that a binding writes to.
#[derive(Debug)]
pub(super) struct Target {
    /// Index of the binding.
    pub binding: usize,
    pub workspace: String,
    pub collection: String,
    /// Whether an ingest transformation turns the sent documents into others. It is looked up when
    /// statuses name other documents.
    pub is_transformed: OnceCell<bool>,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.workspace, self.collection)
    }
}

impl<'a> Task<'a> {
    /// Reads the task of a request. `share` is the part of the task that this process has, up
    /// to 1.
    pub fn new(
        request: &'static str,
        spec: Option<&'a MaterializationSpec>,
        share: f64,
    ) -> Result<Self, Error> {
        let spec = spec.ok_or_else(|| Error::request(request, "has no materialization"))?;
        let collections = resolve("bindings", &spec.linked_collections, &spec.bindings)
            .map_err(|problem| Error::request(request, problem))?;
        let mut problems = Problems::default();
        let endpoint = problems.take(config::parse::<Endpoint>("endpoint", &spec.config_json));
        let resources: Vec<Option<Resource>> = spec
            .bindings
            .iter()
            .zip(&collections)
            .enumerate()
            .map(|(index, (binding, collection))| {
                let root = format!("bindings[{index}].resource");
                let resource = config::parse(&root, &binding.resource_config_json);
                let collection = collection.map_or("", |spec| &spec.name);
                problems.take(resource.map_err(|problems| problems.about(collection)))
            })
            .collect();
        problems.into_result()?;
        let endpoint = endpoint.ok_or_else(|| Error::request(request, "has no endpoint"))?;

        let settings = Settings {
            metadata_limits: MetadataLimits::default().share(share),
            max_concurrent_writes: endpoint.max_concurrent_requests.into(),
            ..Settings::default()
        };
        let (base, key) = (&endpoint.region_base_url, endpoint.api_key.reveal());
        let client =
            rockset::connect_with(base, key, settings).doing(|| "connecting".to_string())?;
        let bindings = spec.bindings.iter().zip(collections).zip(resources.into_iter().flatten());
        let bindings = bindings.enumerate().map(|(index, ((spec, collection), resource))| {
            let lacks =
                |what: &str| Error::request(request, format!("bindings[{index}] has no {what}"));
            let target = Target {
                binding: index,
                workspace: resource.workspace.clone(),
                collection: resource.collection.clone(),
                is_transformed: OnceCell::new(),
            };
            Ok(Binding {
                target: target.into(),
                resource,
                spec,
                collection: collection.ok_or_else(|| lacks("collection"))?,
                selection: spec.field_selection.as_ref().ok_or_else(|| lacks("field selection"))?,
                backfill: spec.backfill,
            })
        });
        let bindings = bindings.collect::<Result<_, Error>>()?;
        Ok(Self { name: &spec.name, bindings, endpoint, client })
    }
}

impl Binding<'_> {
    /// The request that creates the binding's collection.
    pub fn definition(&self) -> CreateCollectionRequest {
        definition(&self.resource, &self.selection.keys, &self.collection.projections)
    }
}

/// The request that creates a collection whose documents have these key fields.
///
/// Rows of files have no `_id`. With `documentId: key`, an ingest transformation makes the same
/// `_id` that documents from Flow have.
pub(super) fn definition(
    resource: &Resource,
    keys: &[String],
    projections: &[Projection],
) -> CreateCollectionRequest {
    let mut request = CreateCollectionRequest::from(resource.clone());
    let makes_id = resource.initialize_from_s3.is_some()
        && resource.document_id == DocumentId::Key
        && !is_own_id(keys, projections);
    if makes_id && request.field_mapping_query.is_none() {
        let by_field = |key: &String| projections.iter().find(|it| it.field == *key);
        let keys =
            keys.iter().map(|key| (key.as_str(), by_field(key).and_then(|it| folded(it, false))));
        request.field_mapping_query = Some(Sql::of_key(keys).into());
    }
    request
}
