//! The collection of each binding, in both forms that a message may have.
//!
//! In the inline form, each binding holds its collection. In the indirect form, the message
//! has `linked_collections`, and each binding names one of them by its index.

use super::materialize::request::validate;
use super::spec::{CollectionSpec, materialization_spec};

/// A binding of either form.
pub trait Linked {
    /// The collection of the inline form.
    fn collection(&self) -> Option<&CollectionSpec>;
    /// The index of the indirect form. Zero, where it has none.
    fn collection_index(&self) -> u32;
}

impl Linked for validate::Binding {
    fn collection(&self) -> Option<&CollectionSpec> {
        self.collection.as_ref()
    }

    fn collection_index(&self) -> u32 {
        self.collection_index
    }
}

impl Linked for materialization_spec::Binding {
    fn collection(&self) -> Option<&CollectionSpec> {
        self.collection.as_ref()
    }

    fn collection_index(&self) -> u32 {
        self.collection_index
    }
}

/// The collection of each binding; `None` for a binding of the inline form without one.
///
/// `path` is the message's name for the bindings, such as `inactive_bindings`. Fails with a
/// sentence that names the binding if the message mixes both forms, or if an index is out of
/// range.
pub fn resolve<'a, B: Linked>(
    path: &str,
    linked: &'a [CollectionSpec],
    bindings: &'a [B],
) -> Result<Vec<Option<&'a CollectionSpec>>, String> {
    let one = |(index, binding): (usize, &'a B)| {
        let at = binding.collection_index();
        match (linked, binding.collection()) {
            ([], collection) if at == 0 => Ok(collection),
            ([], _) => Err(format!(
                "{path}[{index}] names linked collection {at}, but there are no \
                 linked_collections"
            )),
            (_, Some(_)) => Err(format!(
                "{path}[{index}] has a collection of its own, although there are \
                 linked_collections; a message has one form or the other"
            )),
            (_, None) => linked.get(at as usize).map(Some).ok_or_else(|| {
                format!(
                    "{path}[{index}] names linked collection {at}, but there are only {} \
                     linked_collections",
                    linked.len()
                )
            }),
        }
    };
    bindings.iter().enumerate().map(one).collect()
}
