//! The names of what a query reads, and what they mean.

use crate::local::query::statement::Query;
use crate::local::storage::View;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a name means.
#[derive(Debug, Clone)]
pub enum Found {
    /// The documents of a collection, which has this `workspace.name`.
    Documents {
        collection: String,
        documents: View,
    },
    View(Arc<Query>),
}

/// What a query reads, each as `workspace.name`.
#[derive(Debug, Clone, Default)]
pub struct Reads {
    /// Collections, also those that aliases and views lead to.
    pub collections: BTreeSet<String>,
    pub aliases: BTreeSet<String>,
    pub views: BTreeSet<String>,
    /// What the text of the query names itself.
    pub entities: BTreeSet<String>,
}

impl Reads {
    /// Notes a name with what it means.
    pub(super) fn note(&mut self, path: String, found: &Found, is_in_view: bool) {
        match found {
            Found::View(_) => _ = self.views.insert(path.clone()),
            Found::Documents { collection, .. } => {
                self.collections.insert(collection.clone());
                if *collection != path {
                    self.aliases.insert(path.clone());
                }
            }
        }
        if !is_in_view {
            self.entities.insert(path);
        }
    }
}
