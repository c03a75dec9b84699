//! The indirect form of messages: each collection once, and bindings that name it by index.

use crate::flow::materialize::request::Validate;
use crate::flow::spec::{CollectionSpec, MaterializationSpec};

/// Where a message has the collections of its bindings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Form {
    /// Inline: each binding has its own.
    #[default]
    Inline,
    /// Indirect: the message has a sorted list, and each binding an index.
    Indirect,
}

impl Form {
    /// Brings a request, whose collections are inline, into this form.
    pub fn validate(self, request: &mut Validate) {
        if self == Self::Indirect {
            let bindings = request.bindings.iter_mut();
            let places = bindings.map(|it| (&mut it.collection, &mut it.collection_index));
            request.linked_collections = link(places.collect());
        }
    }

    /// Brings a specification, whose collections are inline, into this form.
    pub fn materialization(self, mut spec: MaterializationSpec) -> MaterializationSpec {
        if self == Self::Indirect {
            let bindings = spec.bindings.iter_mut().chain(&mut spec.inactive_bindings);
            let places = bindings.map(|it| (&mut it.collection, &mut it.collection_index));
            spec.linked_collections = link(places.collect());
        }
        spec
    }
}

/// Brings a specification of either form into the inline one. The error names a binding that
/// has no collection.
pub fn resolve(mut spec: MaterializationSpec) -> Result<MaterializationSpec, String> {
    let linked = std::mem::take(&mut spec.linked_collections);
    let named =
        [("bindings", &mut spec.bindings), ("inactiveBindings", &mut spec.inactive_bindings)];
    for (name, bindings) in named {
        for (at, binding) in bindings.iter_mut().enumerate() {
            let index = std::mem::take(&mut binding.collection_index);
            if linked.is_empty() == binding.collection.is_none() {
                return Err(if linked.is_empty() {
                    format!("{name}[{at}] has no collection")
                } else {
                    format!("{name}[{at}] has a collection beside linkedCollections")
                });
            }
            if !linked.is_empty() {
                let collection = linked.get(index as usize).ok_or_else(|| {
                    format!("{name}[{at}].collectionIndex {index} is beyond linkedCollections")
                })?;
                binding.collection = Some(collection.clone());
            }
        }
    }
    Ok(spec)
}

/// Moves collections to a list, and returns their indices. Equal collections are one. Collections
/// with one name and different keys are two.
fn link(places: Vec<(&mut Option<CollectionSpec>, &mut u32)>) -> Vec<CollectionSpec> {
    let mut linked: Vec<CollectionSpec> = Vec::new();
    for (collection, _) in &places {
        if let Some(collection) = collection.as_ref().filter(|spec| !linked.contains(spec)) {
            linked.push(collection.clone());
        }
    }
    // A stable sort: those of one name stay in the order of their bindings.
    linked.sort_by(|a, b| a.name.cmp(&b.name));
    for (place, index) in places {
        let collection = place.take();
        let at = linked.iter().position(|spec| collection.as_ref() == Some(spec));
        *index = at.and_then(|at| u32::try_from(at).ok()).unwrap_or_default();
    }
    linked
}
