//! The task as it was last published, by whichever connector.

use super::Error;
use crate::config::{self, Resource};
use crate::flow::collections::resolve;
use crate::flow::spec::{CollectionSpec, MaterializationSpec, materialization_spec};
use serde_json::Value;
use std::collections::BTreeMap;

/// The last publication of a task. Empty, if there was none.
#[derive(Debug, Default)]
pub(super) struct Last<'a> {
    /// The endpoint's configuration, without the name of the image.
    pub endpoint: Value,
    /// All bindings, active ones first.
    pub bindings: Vec<Binding<'a>>,
    /// Indices of bindings, by the workspace and collection that they wrote to.
    by_target: BTreeMap<(String, String), usize>,
}

/// A binding of the last publication.
#[derive(Debug)]
pub(super) struct Binding<'a> {
    pub spec: &'a materialization_spec::Binding,
    pub collection: Option<&'a CollectionSpec>,
    /// The resource's configuration.
    pub config: Value,
}

impl<'a> Last<'a> {
    /// Reads the `last_materialization` of a request.
    pub fn read(
        request: &'static str,
        last: Option<&'a MaterializationSpec>,
    ) -> Result<Self, Error> {
        let Some(spec) = last else { return Ok(Self::default()) };
        let mut last = Self { endpoint: endpoint(&spec.config_json), ..Self::default() };
        for (path, bindings) in [
            ("last_materialization.bindings", &spec.bindings),
            ("last_materialization.inactive_bindings", &spec.inactive_bindings),
        ] {
            let collections = resolve(path, &spec.linked_collections, bindings)
                .map_err(|problem| Error::request(request, problem))?;
            last.bindings.extend(bindings.iter().zip(collections).map(|(spec, collection)| {
                let config = serde_json::from_slice(&spec.resource_config_json);
                Binding { spec, collection, config: config.unwrap_or_default() }
            }));
        }
        for (index, binding) in last.bindings.iter().enumerate() {
            if let (Some(workspace), Some(collection)) =
                (binding.config["workspace"].as_str(), binding.config["collection"].as_str())
            {
                let target = (workspace.to_string(), collection.to_string());
                last.by_target.entry(target).or_insert(index);
            }
        }
        Ok(last)
    }

    /// The binding that wrote to a collection of Rockset, even if it has been disabled since.
    pub fn of_target(&self, workspace: &str, collection: &str) -> Option<&Binding<'a>> {
        let target = (workspace.to_string(), collection.to_string());
        self.by_target.get(&target).and_then(|index| self.bindings.get(*index))
    }
}

impl Binding<'_> {
    /// Its resource's configuration, unless it can't be read any more.
    pub fn resource(&self) -> Option<Resource> {
        config::parse("last", &self.spec.resource_config_json).ok()
    }
}

/// The endpoint's configuration of a publication, which may stand beside the name of the image.
fn endpoint(config_json: &[u8]) -> Value {
    let mut config: Value = serde_json::from_slice(config_json).unwrap_or_default();
    if config["image"].is_string() { config["config"].take() } else { config }
}
