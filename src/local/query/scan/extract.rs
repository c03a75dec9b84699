//! Extracts columns from documents in one pass over their text: the paths make a trie, and fields
//! that aren't in it are skipped without being built.

use super::Path;
use super::column::{Column, Growing};
use super::members::Members;
use crate::local::query::value::{Value, parse};
use crate::local::storage::Stored;
use crate::rockset::rules::{EVENT_TIME, ID, META};
use memchr::memchr;

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

    /// Appends the value of a text.
    fn push_text(&self, text: &str, row: &mut Row<'_>) {
        let Some(column) = self.column.filter(|_| self.children.is_empty()) else {
            return self.push(&parse(text).unwrap_or(Value::Undefined), row);
        };
        match scalar(text) {
            Some(Scalar::String(text)) => row.push_str(column, text),
            Some(Scalar::Int(int)) => row.push(column, &Value::Int(int)),
            None => row.push(column, &parse(text).unwrap_or(Value::Undefined)),
        }
    }
}

/// A value that is read from its text at once.
enum Scalar<'a> {
    String(&'a str),
    Int(i64),
}

fn scalar(text: &str) -> Option<Scalar<'_>> {
    match text.as_bytes() {
        [b'"', inside @ .., b'"'] if memchr(b'\\', inside).is_none() => {
            text.get(1..text.len() - 1).map(Scalar::String)
        }
        [b'0'..=b'9', ..] => text.parse().ok().map(Scalar::Int),
        _ => None,
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
            let _ = read(&mut Members::new(fields), &root, &mut columns);
        }
        for column in &mut growing {
            if column.rows() == row {
                column.push(&Value::Undefined);
            }
        }
    }
    growing.into_iter().map(Growing::finish).collect()
}

/// Reads the members of an object that are in the trie. Ends early, with `None`, if no more is asked
/// for.
fn read(members: &mut Members<'_>, node: &Node, row: &mut Row<'_>) -> Option<()> {
    while let Some(name) = members.name() {
        match node.child(&name) {
            Some(child) if child.column.is_none() && members.enters() => {
                read(members, child, row)?;
            }
            Some(child) => child.push_text(members.value()?, row),
            None => drop(members.value()?),
        }
        if row.left == 0 {
            return None;
        }
    }
    Some(())
}
