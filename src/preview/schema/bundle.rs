//! Bundles: a schema together with the files that it refers to, and with Flow's named schemas.

use super::references::{self, INFERRED_PLACE, INFERRED_SCHEMA};
use crate::preview::Error;
use crate::preview::catalog::yaml::read_value;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use url::Url;

const WRITE_SCHEMA: &str = "flow://write-schema";
const RELAXED_WRITE_SCHEMA: &str = "flow://relaxed-write-schema";

/// Keywords of a write schema that an inferred schema supersedes.
const STRICT: [&str; 10] = [
    "const",
    "enum",
    "format",
    "maxLength",
    "minLength",
    "redact",
    "required",
    "type",
    "x-str-maximum",
    "x-str-minimum",
];

/// Reads the schema of a collection, which may be in a file of its own, and adds the files
/// that it refers to. `catalog` is the file that has the collection.
pub fn read(catalog: &Path, schema: Value) -> Result<Value, Error> {
    let (root, base) = root(catalog, schema)?;
    let files = with_files(&root, &base, catalog)?;
    if files.is_empty() {
        return Ok(root);
    }
    let mut root = identified(root, base.as_str());
    let files =
        files.into_iter().map(|(url, file)| (url.to_string(), identified(file, url.as_str())));
    define(&mut root, files);
    Ok(root)
}

/// A schema itself, and the URI that its references are relative to.
fn root(catalog: &Path, schema: Value) -> Result<(Value, Url), Error> {
    let wrong = |reason: String| Error::Catalog { path: catalog.display().to_string(), reason };
    let path = std::path::absolute(catalog).unwrap_or_else(|_| catalog.to_path_buf());
    let mut base = Url::from_file_path(&path)
        .map_err(|()| wrong(format!("{} is no path of a file", path.display())))?;
    // A schema in the catalog is another document than the catalog.
    base.set_query(Some("schema"));
    let Value::String(reference) = schema else { return Ok((schema, base)) };
    let mut url = base.join(&reference).map_err(|e| wrong(format!("schema {reference:?}: {e}")))?;
    if url.fragment().is_some_and(|fragment| !fragment.is_empty()) {
        return Ok((json!({ "$ref": reference }), base));
    }
    url.set_fragment(None);
    Ok((load(&url, catalog)?, url))
}

/// The files that a schema refers to, and those that they refer to.
fn with_files(schema: &Value, base: &Url, catalog: &Path) -> Result<BTreeMap<Url, Value>, Error> {
    let mut files = BTreeMap::new();
    let mut pending = references::files(schema, base);
    while let Some(url) = pending.pop() {
        if let Entry::Vacant(file) = files.entry(url) {
            let schema = load(file.key(), catalog)?;
            pending.extend(references::files(&schema, file.key()));
            file.insert(schema);
        }
    }
    Ok(files)
}

fn load(url: &Url, catalog: &Path) -> Result<Value, Error> {
    let path: Result<PathBuf, ()> = match url.scheme() {
        "file" => url.to_file_path(),
        _ => Err(()),
    };
    let path = path.map_err(|()| Error::Catalog {
        path: catalog.display().to_string(),
        reason: format!("schema \"{url}\": only files can be read, by relative path"),
    })?;
    read_value(&path)
}

/// Takes a collection's write schema into its read schema, where that refers to it. An inferred
/// schema that isn't there allows everything, and then the write schema isn't relaxed.
pub fn with_write_schema(mut read: Value, write: &Value) -> Value {
    let has_inferred = read.pointer(INFERRED_PLACE).is_some();
    let is_inferred =
        has_inferred && !read.to_string().contains("\"inferredSchemaIsNotAvailable\"");
    let mut defined: Vec<(&str, Value)> = Vec::new();
    if !has_inferred {
        defined.push((INFERRED_SCHEMA, json!({})));
    }
    defined.push((WRITE_SCHEMA, write.clone()));
    let relaxed = if is_inferred { relaxed(write) } else { write.clone() };
    defined.push((RELAXED_WRITE_SCHEMA, relaxed));

    defined.retain(|(name, _)| references::refers_to(&read, name));
    let named = |(name, schema): (&str, Value)| (name.to_string(), renamed(schema, name));
    define(&mut read, defined.into_iter().map(named));
    read
}

/// A schema without the keywords that an inferred one supersedes.
fn relaxed(schema: &Value) -> Value {
    let all = |schemas: &Map<String, Value>| {
        schemas.iter().map(|(name, schema)| (name.clone(), relaxed(schema))).collect()
    };
    match schema {
        Value::Object(keywords) => {
            let kept = keywords.iter().filter(|(key, value)| {
                !STRICT.contains(&key.as_str())
                    && (*key != "additionalProperties" || **value != json!(false))
            });
            let kept = kept.map(|(key, value)| match (key.as_str(), value) {
                ("$defs" | "definitions" | "properties", Value::Object(schemas)) => {
                    (key.clone(), Value::Object(all(schemas)))
                }
                ("additionalItems" | "additionalProperties" | "allOf" | "items", schema) => {
                    (key.clone(), relaxed(schema))
                }
                _ => (key.clone(), value.clone()),
            });
            Value::Object(kept.collect())
        }
        Value::Array(schemas) => schemas.iter().map(relaxed).collect(),
        schema => schema.clone(),
    }
}

/// A schema under another URI. One that it has already is still known within it.
fn renamed(schema: Value, uri: &str) -> Value {
    match schema.get("$id").and_then(Value::as_str) {
        Some(id) if id != uri => {
            let id = id.to_string();
            json!({ "$id": uri, "$ref": id, "$defs": { id: schema } })
        }
        _ => identified(schema, uri),
    }
}

/// A schema that has a URI.
fn identified(schema: Value, uri: &str) -> Value {
    match schema {
        Value::Object(mut keywords) => {
            keywords.entry("$id").or_insert_with(|| json!(uri));
            Value::Object(keywords)
        }
        schema => json!({ "$id": uri, "allOf": [schema] }),
    }
}

/// Adds schemas to the definitions of another one.
fn define(schema: &mut Value, definitions: impl IntoIterator<Item = (String, Value)>) {
    let mut definitions = definitions.into_iter().peekable();
    let (Some(root), Some(_)) = (schema.as_object_mut(), definitions.peek()) else { return };
    if let Some(defs) = root.entry("$defs").or_insert_with(|| json!({})).as_object_mut() {
        defs.extend(definitions);
    }
}
