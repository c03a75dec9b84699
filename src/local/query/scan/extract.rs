//! Extracts columns from documents in one pass over their text: the paths make a trie, and fields
//! that aren't in it are skipped without being built.

use super::Path;
use super::column::{Column, Growing};
use crate::local::query::value::{Value, parse};
use crate::local::storage::Stored;
use crate::rockset::rules::{EVENT_TIME, ID, META};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use std::fmt;

/// A node of the trie.
#[derive(Debug, Default)]
struct Node {
    /// Column of the path that ends here.
    column: Option<usize>,
    children: Vec<(String, Node)>,
}

impl Node {
    fn insert(&mut self, path: &[String], column: usize) {
        let Some((name, rest)) = path.split_first() else {
            self.column = Some(column);
            return;
        };
        let child = self.children.iter().position(|(child, _)| child == name);
        let child = child.unwrap_or_else(|| {
            self.children.push((name.clone(), Self::default()));
            self.children.len() - 1
        });
        self.children[child].1.insert(rest, column);
    }

    fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|(child, _)| child == name).map(|(_, node)| node)
    }

    /// Appends a value to its column, and nested values to theirs.
    fn push(&self, value: &Value, columns: &mut Row<'_>) {
        if let Some(column) = self.column {
            columns.push(column, value);
        }
        for (name, child) in &self.children {
            child.push(value.field(name), columns);
        }
    }
}

/// Columns of the current row.
struct Row<'a> {
    columns: &'a mut [Growing],
    row: usize,
    /// Number of columns that have no value of this row yet.
    left: usize,
}

impl Row<'_> {
    /// Appends a value, unless the document has had one of the same name.
    fn push(&mut self, column: usize, value: &Value) {
        if self.columns[column].rows() == self.row {
            self.columns[column].push(value);
            self.left -= 1;
        }
    }

    fn push_str(&mut self, column: usize, text: &str) {
        if self.columns[column].rows() == self.row {
            self.columns[column].push_str(text);
            self.left -= 1;
        }
    }
}

/// A document, with its fields as the inside of a JSON object.
#[derive(Clone, Copy)]
pub(super) struct Document<'a> {
    pub(super) stored: &'a Stored,
    pub(super) fields: &'a str,
}

/// Whether a path leads to fields, rather than to what is held beside them.
pub(super) fn is_of_fields(path: &Path) -> bool {
    path.first().is_some_and(|name| ![ID, EVENT_TIME, META].contains(&name.as_str()))
}

/// Values of documents at paths, in a column for each path. The column of an empty path stays
/// empty.
pub(super) fn columns<'a>(
    paths: &[Path],
    documents: impl Iterator<Item = Document<'a>>,
) -> Vec<Column> {
    let mut root = Node::default();
    for (column, path) in paths.iter().enumerate().filter(|(_, path)| !path.is_empty()) {
        root.insert(path, column);
    }
    let special = |name| root.child(name);
    let (id, event_time, meta) = (special(ID), special(EVENT_TIME), special(META));
    let reads_fields = paths.iter().any(is_of_fields);
    let mut growing: Vec<Growing> = paths.iter().map(|_| Growing::new()).collect();
    let asked = paths.iter().filter(|path| !path.is_empty()).count();
    let mut text = String::new();
    for (row, Document { stored, fields }) in documents.enumerate() {
        let mut columns = Row { columns: &mut growing, row, left: asked };
        if let Some(node) = id {
            match (node.column, node.children.is_empty()) {
                (Some(column), true) => columns.push_str(column, &stored.id),
                _ => node.push(&Value::string(&*stored.id), &mut columns),
            }
        }
        if let Some(node) = event_time {
            node.push(&Value::Timestamp(stored.event_time), &mut columns);
        }
        if let Some(node) = meta
            && let Some(meta) = stored.meta()
            && let Ok(value) = parse(&meta.json())
        {
            node.push(&value, &mut columns);
        }
        if reads_fields {
            text.clear();
            text.push('{');
            text.push_str(fields);
            text.push('}');
            let mut json = serde_json::Deserializer::from_str(&text);
            // The text was valid JSON when it was stored, so reading ends early only where no more
            // is asked for.
            let _ = Fields { node: &root, row: &mut columns }.deserialize(&mut json);
        }
        for column in &mut growing {
            if column.rows() == row {
                column.push(&Value::Undefined);
            }
        }
    }
    growing.into_iter().map(Growing::finish).collect()
}

/// Deserializes the fields of an object that are in the trie.
struct Fields<'a, 'b> {
    node: &'a Node,
    row: &'a mut Row<'b>,
}

impl<'de> DeserializeSeed<'de> for Fields<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(child) = map.next_key_seed(Name(self.node))? {
            match child {
                Some(node) if node.children.is_empty() => {
                    map.next_value_seed(Leaf { node, row: self.row })?;
                }
                Some(node) if node.column.is_none() => {
                    map.next_value_seed(Fields { node, row: self.row })?;
                }
                Some(node) => node.push(&map.next_value()?, self.row),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
            if self.row.left == 0 {
                return Err(A::Error::custom("the rest is not asked for"));
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

/// Looks up the name of a field in the trie.
struct Name<'a>(&'a Node);

impl<'de, 'a> DeserializeSeed<'de> for Name<'a> {
    type Value = Option<&'a Node>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Name<'a> {
    type Value = Option<&'a Node>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.child(name))
    }
}

/// Deserializes a value into its column.
struct Leaf<'a, 'b> {
    node: &'a Node,
    row: &'a mut Row<'b>,
}

impl Leaf<'_, '_> {
    fn push(self, value: &Value) {
        self.node.push(value, self.row);
    }
}

impl<'de> DeserializeSeed<'de> for Leaf<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Leaf<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.push(&Value::Null);
        Ok(())
    }

    fn visit_bool<E: Error>(self, bool: bool) -> Result<(), E> {
        self.push(&Value::Bool(bool));
        Ok(())
    }

    fn visit_i64<E: Error>(self, int: i64) -> Result<(), E> {
        self.push(&Value::Int(int));
        Ok(())
    }

    fn visit_u64<E: Error>(self, int: u64) -> Result<(), E> {
        self.push(&i64::try_from(int).map_or(Value::Float(int as f64), Value::Int));
        Ok(())
    }

    fn visit_f64<E: Error>(self, float: f64) -> Result<(), E> {
        self.push(&Value::Float(float));
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        match self.node.column {
            Some(column) => self.row.push_str(column, text),
            None => self.push(&Value::Undefined),
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        self.push(&Value::deserialize(SeqAccessDeserializer::new(seq))?);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.push(&Value::deserialize(MapAccessDeserializer::new(map))?);
        Ok(())
    }
}
