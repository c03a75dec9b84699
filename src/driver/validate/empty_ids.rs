//! Warns of keys that may be an empty string, if they become the `_id` as they are.

use super::Candidate;
use crate::config::DocumentId;
use crate::flow::spec::{CollectionSpec, Projection};
use serde_json::Value;
use tracing::warn;

/// The number of bindings that a warning names.
const NAMED: usize = 5;

/// The largest number of subschemas to search for one location.
const PLACES: usize = 100;

/// Warns, in one record, of all bindings with keys that may stop the task.
pub(super) fn warn_of(candidates: &[Candidate<'_>]) {
    let found: Vec<String> = candidates.iter().filter_map(binding).collect();
    if found.is_empty() {
        return;
    }
    let more = match found.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    warn!(
        "by their schemas, keys may be empty strings in {}{more}: such a key can't be an _id, and \
         stops the task; add minLength: 1 to the key in the schema of the collection, or use \
         documentId: packedKey and a key of another name than _id",
        found[..found.len().min(NAMED)].join(", ")
    );
}

/// The name of a binding whose `_id`s may be empty.
fn binding(candidate: &Candidate<'_>) -> Option<String> {
    let is_plain = candidate.resource.document_id == DocumentId::Key || candidate.has_own_id;
    match candidate.key().as_slice() {
        [part] if is_plain && may_be_empty(candidate.collection, part) => Some(format!(
            "bindings[{}] ({}, field {})",
            candidate.index, candidate.collection.name, part.field
        )),
        _ => None,
    }
}

fn may_be_empty(collection: &CollectionSpec, part: &Projection) -> bool {
    let inference = part.inference.as_ref();
    if inference.is_none_or(|inference| inference.types != ["string"]) {
        return false;
    }
    let string = inference.and_then(|inference| inference.string.as_ref());
    if string.is_some_and(|string| !string.format.is_empty()) {
        return false;
    }
    let schemas = [&collection.read_schema_json, &collection.write_schema_json];
    let schema = schemas.into_iter().find(|schema| !schema.is_empty());
    let schema = schema.and_then(|schema| serde_json::from_slice(schema).ok());
    !refuses_empty(&schema.unwrap_or_default(), &part.ptr)
}

/// Whether a schema forbids an empty string at a location. Only the usual places of a collection's
/// schema are searched: below `properties`, `allOf` and `$ref`.
fn refuses_empty(schema: &Value, pointer: &str) -> bool {
    let root = Place { document: schema, schema };
    let mut places = root.with_others();
    for name in pointer.split('/').skip(1) {
        let name = name.replace("~1", "/").replace("~0", "~");
        let below = places
            .iter()
            .filter_map(|place| Some(place.at(place.schema["properties"].get(&name)?)));
        places = below.flat_map(Place::with_others).take(PLACES).collect();
    }
    places.iter().any(|place| {
        let values = place.schema["enum"].as_array().into_iter().flatten();
        let mut values = values.chain(place.schema.get("const")).peekable();
        let is_chosen = values.peek().is_some() && values.all(|value| value != "");
        is_chosen || place.schema["minLength"].as_f64().is_some_and(|least| least >= 1.0)
    })
}

/// A schema, and the document in which its references are resolved.
#[derive(Clone, Copy)]
struct Place<'a> {
    document: &'a Value,
    schema: &'a Value,
}

impl<'a> Place<'a> {
    /// Another schema of the same document, unless its `$id` makes it a document of its own.
    fn at(self, schema: &'a Value) -> Self {
        let document = if schema.get("$id").is_some() { schema } else { self.document };
        Self { document, schema }
    }

    /// This schema, and all others that apply to the same location.
    fn with_others(self) -> Vec<Self> {
        let mut places = vec![self];
        let mut next = 0;
        while let Some(place) = places.get(next).copied().filter(|_| next < PLACES) {
            let all = place.schema["allOf"].as_array().into_iter().flatten();
            let referred = place.schema["$ref"].as_str().and_then(|name| place.referred(name));
            places.extend(all.map(|schema| place.at(schema)).chain(referred));
            next += 1;
        }
        places
    }

    /// The schema that a reference names: in the same document, or a document within it.
    fn referred(self, name: &str) -> Option<Self> {
        if let Some(pointer) = name.strip_prefix('#') {
            return Some(self.at(self.document.pointer(pointer)?));
        }
        let mut definitions = self.document["$defs"].as_object()?.values();
        Some(self.at(definitions.find(|definition| definition["$id"] == name)?))
    }
}
