//! What a server has names for, as far as it is known: what can be completed.

use crate::rockset::client::queries::Row;
use crate::rockset::{Client, call};
use parking_lot::Mutex;
use serde::Deserialize;
use std::collections::BTreeSet;

/// The workspace whose collections need no workspace before their name.
const DEFAULT_WORKSPACE: &str = "commons";

/// Collections, and the fields that a DESCRIBE has shown.
#[derive(Debug, Default)]
pub struct Names {
    collections: Mutex<BTreeSet<String>>,
    fields: Mutex<BTreeSet<String>>,
}

/// What a row of a DESCRIBE says of a field.
#[derive(Deserialize)]
struct Described {
    field: Vec<String>,
}

impl Names {
    /// The collections, with their workspaces, and by their names alone where that will do.
    pub fn collections(&self) -> BTreeSet<String> {
        self.collections.lock().clone()
    }

    /// The fields, as paths.
    pub fn fields(&self) -> BTreeSet<String> {
        self.fields.lock().clone()
    }

    /// Asks which collections there are. Nothing changes if nobody answers.
    pub async fn ask(&self, client: &Client) {
        let Ok(listed) = call(client.list_collections()).await else { return };
        let mut names = BTreeSet::new();
        for collection in listed.data {
            let (Some(workspace), Some(name)) = (collection.workspace, collection.name) else {
                continue;
            };
            names.insert(format!("{workspace}.{name}"));
            if workspace == DEFAULT_WORKSPACE {
                names.insert(name);
            }
        }
        *self.collections.lock() = names;
    }

    /// Keeps the fields of a DESCRIBE. What is in arrays has no path that a query could name.
    pub fn learn_fields(&self, rows: &[Row]) {
        let described = rows.iter().filter_map(|row| row.read::<Described>().ok());
        let paths = described.map(|it| it.field).filter(|path| path.iter().all(|part| part != "*"));
        self.fields.lock().extend(paths.map(|path| path.join(".")));
    }
}
