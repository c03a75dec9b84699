//! What a query can read.

use crate::local::catalog::virtual_instance::MAIN;
use crate::local::catalog::{COMMONS, Collection, Meaning};
use crate::local::query::{self, Found, Query, Reads, SqlError, SqlResult, Target};
use crate::local::state::AppState;
use crate::local::storage::View;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All collections, aliases and views. What a name means is found out when it is asked for the
/// first time, and stays the same; so does the snapshot of a collection, by whatever names.
pub struct Collections<'a> {
    app: &'a AppState,
    /// Identifier of the virtual instance that reads.
    instance: &'a str,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    names: BTreeMap<(String, String), Found>,
    documents: BTreeMap<String, View>,
}

impl<'a> Collections<'a> {
    pub fn new(app: &'a AppState) -> Self {
        Self::on(app, MAIN)
    }

    /// What queries on a virtual instance can read.
    pub fn on(app: &'a AppState, instance: &'a str) -> Self {
        Self { app, instance, known: Mutex::default() }
    }

    /// The collection that a statement names, and its names.
    pub fn target(&self, target: &Target) -> SqlResult<(Arc<Collection>, Reads)> {
        let Target { workspace, name, place } = target;
        let path = format!("{workspace}.{name}");
        let collection = self.app.catalog.collection_of(workspace, name).ok_or_else(|| {
            let error = match self.app.catalog.is_view(workspace, name) {
                true => SqlError::new(format!("'{path}' is a view, and not a collection")),
                false => not_found(workspace, name),
            };
            error.at(*place)
        })?;
        let collections = BTreeSet::from([collection.path()]);
        let entities = BTreeSet::from([path]);
        let aliases = entities.difference(&collections).cloned().collect();
        let reads = Reads { collections, aliases, entities, ..Reads::default() };
        Ok((collection, reads))
    }

    /// What a name means at this moment.
    fn look_up(&self, workspace: &str, name: &str, known: &mut Known) -> SqlResult<Found> {
        let meaning = self.app.catalog.meaning(workspace, name);
        match meaning.ok_or_else(|| not_found(workspace, name))? {
            Meaning::View(text) => Ok(Found::View(Arc::new(Query::of_view(&text)?))),
            Meaning::Documents { collection, documents } => {
                let documents = match known.documents.get(&collection) {
                    Some(known) => known.clone(),
                    None => self.app.catalog.read_on(self.instance, &collection, documents),
                };
                known.documents.insert(collection.clone(), documents.clone());
                Ok(Found::Documents { documents, collection })
            }
        }
    }
}

fn not_found(workspace: &str, name: &str) -> SqlError {
    let path = match workspace {
        COMMONS => name.to_string(),
        _ => format!("{workspace}.{name}"),
    };
    SqlError::new(format!("Collection '{path}' not found"))
}

impl query::Catalog for Collections<'_> {
    fn find(&self, workspace: &str, name: &str) -> SqlResult<Found> {
        let mut known = self.known.lock();
        let key = (workspace.to_string(), name.to_string());
        if let Some(found) = known.names.get(&key) {
            return Ok(found.clone());
        }
        let found = self.look_up(workspace, name, &mut known)?;
        known.names.insert(key, found.clone());
        Ok(found)
    }
}
