//! How a Store becomes a document: one pass over packed tuples that writes
//! `{"_id":…,"field":value,…}`.

use super::Error;
use crate::flow::materialize::request::Store;
use crate::flow::spec::FieldSelection;
use crate::flow::tuple::{self, Reader};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Identifies a document.
pub const ID: &str = "_id";
/// Rockset's own notes on a document.
pub const META: &str = "_meta";
/// When what a document tells of happened.
pub const EVENT_TIME: &str = "_event_time";

/// How the documents of a binding are laid out.
#[derive(Debug, Clone)]
pub struct Layout {
    binding: usize,
    /// Workspace and collection, for errors.
    collection: String,
    /// Whether the key stands for the `_id`, so that none is derived from it.
    id_is_selected: bool,
    keys: Vec<Field>,
    values: Vec<Field>,
    document: Option<Field>,
}

#[derive(Debug, Clone)]
struct Field {
    name: String,
    /// `"name":` as JSON, with the comma before it where there is one.
    prefix: Vec<u8>,
}

impl Layout {
    /// The layout of a binding's field selection.
    pub fn new(
        binding: usize,
        collection: &str,
        selection: &FieldSelection,
    ) -> Result<Self, Error> {
        let all = || selection.keys.iter().chain(&selection.values).chain([&selection.document]);
        let id_is_selected = all().any(|field| field == ID);
        let problem = |problem: &str| {
            Err(Error::request("Open", format!("bindings[{binding}] ({collection}) {problem}")))
        };
        if selection.keys.is_empty() {
            return problem("selects no key");
        }
        if id_is_selected && selection.keys != [ID] {
            return problem(
                "selects a field called _id that is not its whole key; project the location \
                 under another name",
            );
        }
        if all().any(|field| field == META) {
            return problem("selects a field called _meta, which Rockset would drop");
        }

        let mut prefixes = all().map(|name| Field::new(name));
        let mut take = |count| prefixes.by_ref().take(count).collect::<Vec<_>>();
        let (mut keys, values) = (take(selection.keys.len()), take(selection.values.len()));
        let document = (!selection.document.is_empty()).then(|| Field::new(&selection.document));
        if let (true, Some(id)) = (id_is_selected, keys.first_mut()) {
            id.prefix.remove(0);
        }
        Ok(Self {
            binding,
            collection: collection.to_string(),
            id_is_selected,
            keys,
            values,
            document,
        })
    }

    /// Appends the document of a Store to `out`. On an error, what was appended is of
    /// no use.
    pub fn write(&self, store: &Store, out: &mut Vec<u8>) -> Result<(), Error> {
        out.push(b'{');
        if !self.id_is_selected {
            out.extend_from_slice(b"\"_id\":\"");
            write_id(&store.key_packed, out);
            out.push(b'"');
        }
        self.write_tuple(&self.keys, &store.key_packed, out)?;
        self.write_tuple(&self.values, &store.values_packed, out)?;
        if let Some(field) = &self.document {
            out.extend_from_slice(&field.prefix);
            out.extend_from_slice(&store.doc_json);
            tuple::check_json(&store.doc_json).map_err(|e| self.error(&field.name, e))?;
        }
        out.push(b'}');
        Ok(())
    }

    fn write_tuple(&self, fields: &[Field], packed: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let mut tuple = Reader::new(packed);
        for field in fields {
            out.extend_from_slice(&field.prefix);
            tuple.write_json(out).map_err(|e| self.error(&field.name, e))?;
        }
        let last = || fields.last().map_or("(none)", |field| &field.name);
        tuple.finish().map_err(|e| self.error(last(), e))
    }

    fn error(&self, field: &str, source: tuple::Error) -> Error {
        Error::Tuple {
            binding: self.binding,
            collection: self.collection.clone(),
            field: field.to_string(),
            source,
        }
    }
}

impl Field {
    fn new(name: &str) -> Self {
        let prefix = format!(",{}:", serde_json::Value::from(name));
        Self { name: name.to_string(), prefix: prefix.into_bytes() }
    }
}

/// Appends the `_id` of a packed key: standard base64 without padding.
pub fn write_id(key_packed: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + (key_packed.len() * 4).div_ceil(3), 0);
    // The slice is of the very length that the encoding takes.
    let written = STANDARD_NO_PAD.encode_slice(key_packed, &mut out[start..]).unwrap_or_default();
    out.truncate(start + written);
}
