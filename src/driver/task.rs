//! The task as configured: its endpoint and its bindings.

use super::Error;
use crate::config::{self, Endpoint, Resource};
use crate::flow::spec::{FieldSelection, MaterializationSpec};
use crate::rockset::{self, Client, Pacing, Settings};
use std::fmt;
use std::sync::Arc;

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
}

/// The collection that a binding writes to.
#[derive(Debug)]
pub(super) struct Target {
    /// Index of the binding.
    pub binding: usize,
    pub workspace: String,
    pub collection: String,
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
        let endpoint: Endpoint = config::parse("endpoint", &spec.config_json)?;
        let settings = Settings { pacing: Pacing::default().share(share), ..Settings::default() };
        let (base, key) = (&endpoint.region_base_url, endpoint.api_key.reveal());
        let client =
            rockset::connect_with(base, key, settings).map_err(Error::rockset("connecting"))?;
        let bindings = spec.bindings.iter().enumerate().map(|(index, binding)| {
            let resource: Resource = config::parse(
                &format!("bindings[{index}].resource"),
                &binding.resource_config_json,
            )?;
            let selection = binding.field_selection.clone().ok_or_else(|| {
                Error::request(request, format!("bindings[{index}] has no field selection"))
            })?;
            let target = Target {
                binding: index,
                workspace: resource.workspace.clone(),
                collection: resource.collection.clone(),
            };
            Ok(Binding { target: target.into(), resource, selection })
        });
        Ok(Self { bindings: bindings.collect::<Result<_, Error>>()?, endpoint, client })
    }
}
