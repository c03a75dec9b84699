//! The task as configured: its endpoint and its bindings.

use super::Error;
use super::document::ID;
use crate::config::{self, DocumentId, Endpoint, Problems, Resource, Sql};
use crate::flow::spec::{FieldSelection, MaterializationSpec, materialization_spec};
use crate::rockset::types::CreateCollectionRequest;
use crate::rockset::{self, Client, Pacing, Settings};
use std::fmt;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// A task, checked and ready to work on.
#[derive(Debug)]
pub(super) struct Task {
    pub endpoint: Endpoint,
    pub client: Client,
    pub bindings: Vec<Binding>,
}

#[derive(Debug)]
pub(super) struct Binding {
    pub target: Arc<Target>,
    pub resource: Resource,
    pub selection: FieldSelection,
    /// How often the collection was to be filled from the start.
    pub backfill: u32,
}

/// The collection that a binding writes to.
#[derive(Debug)]
pub(super) struct Target {
    /// Index of the binding.
    pub binding: usize,
    pub workspace: String,
    pub collection: String,
    /// Whether an ingest transformation makes other documents of those that are sent. It's
    /// asked for when their statuses tell of others.
    pub is_transformed: OnceCell<bool>,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.workspace, self.collection)
    }
}

impl Task {
    /// Reads a task as a request brought it. `share` is the part that this process
    /// has in the task, up to 1.
    pub fn new(
        request: &'static str,
        spec: Option<&MaterializationSpec>,
        share: f64,
    ) -> Result<Self, Error> {
        let spec = spec.ok_or_else(|| Error::request(request, "has no materialization"))?;
        let mut problems = Problems::default();
        let endpoint = problems.take(config::parse::<Endpoint>("endpoint", &spec.config_json));
        let resources: Vec<Option<Resource>> = spec
            .bindings
            .iter()
            .enumerate()
            .map(|(index, binding)| {
                let root = format!("bindings[{index}].resource");
                let resource = config::parse(&root, &binding.resource_config_json);
                let collection = binding.collection.as_ref().map_or("", |spec| &spec.name);
                problems.take(resource.map_err(|problems| problems.about(collection)))
            })
            .collect();
        problems.none()?;
        let endpoint = endpoint.ok_or_else(|| Error::request(request, "has no endpoint"))?;

        let settings = Settings {
            pacing: Pacing::default().share(share),
            max_concurrent_writes: endpoint.max_concurrent_requests.into(),
            ..Settings::default()
        };
        let (base, key) = (&endpoint.region_base_url, endpoint.api_key.reveal());
        let client =
            rockset::connect_with(base, key, settings).map_err(Error::rockset("connecting"))?;
        let bindings = spec.bindings.iter().zip(resources.into_iter().flatten()).enumerate().map(
            |(index, (binding, resource))| {
                let selection = binding.field_selection.clone().ok_or_else(|| {
                    Error::request(request, format!("bindings[{index}] has no field selection"))
                })?;
                let target = Target {
                    binding: index,
                    workspace: resource.workspace.clone(),
                    collection: resource.collection.clone(),
                    is_transformed: OnceCell::new(),
                };
                let backfill = binding.backfill;
                Ok(Binding { target: target.into(), resource, selection, backfill })
            },
        );
        Ok(Self { bindings: bindings.collect::<Result<_, Error>>()?, endpoint, client })
    }
}

/// The binding that filled a resource in an earlier version of the task, even if it has
/// been disabled since.
pub(super) fn last_binding<'a>(
    last: Option<&'a MaterializationSpec>,
    path: &[String],
) -> Option<&'a materialization_spec::Binding> {
    let last = last?;
    let mut bindings = last.bindings.iter().chain(&last.inactive_bindings);
    bindings.find(|binding| binding.resource_path == path)
}

impl Binding {
    /// What the binding's collection is created as.
    pub fn definition(&self) -> CreateCollectionRequest {
        definition(&self.resource, &self.selection.keys)
    }
}

/// What a collection is created as whose documents have these key fields.
///
/// Rows of files carry no `_id`. Where it is the key in plain text, an ingest
/// transformation makes it, the same as documents from Flow have.
pub(super) fn definition(resource: &Resource, keys: &[String]) -> CreateCollectionRequest {
    let mut request = CreateCollectionRequest::from(resource.clone());
    let makes_id = resource.initialize_from_s3.is_some()
        && resource.document_id == DocumentId::Key
        && keys != [ID];
    if makes_id && request.field_mapping_query.is_none() {
        request.field_mapping_query = Some(Sql::of_key(keys).into());
    }
    request
}
