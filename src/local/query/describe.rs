//! `DESCRIBE`: the fields of documents, and their types.

use super::bind::Reads;
use super::run::Rows;
use super::sql_error::SqlResult;
use super::value::{Kind, Value, parse, write_json};
use crate::local::storage::View;
use std::collections::BTreeMap;

/// The part of a path that stands for each element of an array.
const ELEMENT: &str = "*";

/// The values found at a path.
#[derive(Default)]
struct Found {
    /// Number of values of each type.
    kinds: BTreeMap<Kind, u64>,
    /// The values within those, by name.
    within: BTreeMap<String, Found>,
}

/// A row for each path and type: the parts of the path, the name of the type, the number of its
/// values, and the number of all objects or elements that could have one. Paths have at most
/// `depth` parts. Fails if a document can't be read.
pub fn describe(view: &View, depth: usize) -> SqlResult<Rows> {
    let mut documents = Found::default();
    for chunk in view.chunks() {
        let texts = chunk.texts()?;
        for (row, stored) in chunk.live_rows().filter(|(_, stored)| view.shows(stored)) {
            if let Ok(document) = parse(&stored.json(texts.get(row))) {
                documents.add(&document);
            }
        }
    }
    let mut rows = Vec::new();
    documents.rows(depth, &mut Vec::new(), &mut rows);
    let columns = ["field", "type", "occurrences", "total"].map(String::from);
    Ok(Rows { columns: Some(columns.into()), rows, reads: Reads::default() })
}

impl Found {
    fn add(&mut self, value: &Value) {
        *self.kinds.entry(value.kind()).or_default() += 1;
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.at(name).add(value);
                }
            }
            Value::Array(elements) => elements.iter().for_each(|value| self.at(ELEMENT).add(value)),
            _ => {}
        }
    }

    fn at(&mut self, name: &str) -> &mut Found {
        self.within.entry(name.to_string()).or_default()
    }

    /// Appends the rows of the values within.
    fn rows(&self, depth: usize, path: &mut Vec<String>, rows: &mut Vec<Box<str>>) {
        if path.len() >= depth {
            return;
        }
        for (name, found) in &self.within {
            path.push(name.clone());
            let all = match name.as_str() {
                ELEMENT => found.kinds.values().sum(),
                _ => self.kinds.get(&Kind::Object).copied().unwrap_or_default(),
            };
            for (kind, count) in &found.kinds {
                rows.push(row(path, *kind, *count, all));
            }
            found.rows(depth, path, rows);
            path.pop();
        }
    }
}

fn row(path: &[String], kind: Kind, occurrences: u64, total: u64) -> Box<str> {
    let mut parts = String::new();
    write_json(
        &Value::Array(path.iter().map(|part| Value::string(part.as_str())).collect()),
        &mut parts,
    );
    format!(r#"{{"field":{parts},"type":"{kind}","occurrences":{occurrences},"total":{total}}}"#)
        .into()
}
