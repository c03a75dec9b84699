//! Diamonds: a schema that another one applies by several ways at once.
//!
//! Let each of twenty definitions apply the next one twice. Validation then visits the last one a
//! million times. Such schemas are flattened, so that each definition is applied once.

use super::keywords::children;
use super::keywords::list;
use super::pointer::is_parent;
use super::references;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// How many schemas may validate a value before they are flattened.
const FLATTEN_ABOVE: u64 = 10_000;
/// The most schemas that may validate a value.
const MAX_SCHEMAS: u64 = 10_000_000;

/// Keywords whose schemas validate the same value.
const IN_PLACE: [&str; 8] =
    ["allOf", "anyOf", "dependentSchemas", "else", "if", "not", "oneOf", "then"];

/// Flattens a plain schema: its heavy definitions are applied once each. The error names a schema
/// for which that isn't possible.
pub fn flatten(mut root: Value) -> Result<Value, String> {
    let heavy = Weights::of(&root).above(FLATTEN_ABOVE);
    if heavy.is_empty() {
        return Ok(root);
    }
    heavy.iter().for_each(|at| drop_equal_branches(&mut root, at));
    let flat: Vec<(String, Value)> = Weights::of(&root)
        .above(FLATTEN_ABOVE)
        .into_iter()
        .filter_map(|at| flat(&root, &at).map(|schema| (at, schema)))
        .collect();
    // Schemas within a schema come first, as they go away with the place that they are in.
    for (at, schema) in flat.into_iter().rev() {
        if let Some(place) = root.pointer_mut(&at) {
            *place = schema;
        }
    }
    match Weights::of(&root).above(MAX_SCHEMAS).first() {
        None => Ok(root),
        Some(at) => Err(format!(
            "schema at {at:?}: its definitions refer to each other in so many ways that more than \
             {MAX_SCHEMAS} of them would judge one value"
        )),
    }
}

/// Keeps one of several equal branches.
fn drop_equal_branches(root: &mut Value, at: &str) {
    let referred = targets(root);
    for key in ["allOf", "anyOf"] {
        let place = format!("{at}/{key}");
        if referred.iter().any(|target| is_parent(&place, target)) {
            continue;
        }
        if let Some(Value::Array(branches)) = root.pointer_mut(&place) {
            let mut kept: Vec<Value> = Vec::new();
            for branch in branches.drain(..) {
                if !kept.contains(&branch) {
                    kept.push(branch);
                }
            }
            *branches = kept;
        }
    }
}

/// A schema with all that it applies, each once and side by side; `None` if others refer to a
/// place that would go away.
fn flat(root: &Value, at: &str) -> Option<Value> {
    let keywords = root.pointer(at)?.as_object()?;
    let referred = targets(root);
    let goes = |target: &String| {
        let within = target.strip_prefix(at).and_then(|path| path.strip_prefix('/'));
        let keyword = within.and_then(|path| path.split('/').next());
        keyword.is_some_and(|keyword| is_unconditional(keywords, keyword))
    };
    if referred.iter().any(goes) {
        return None;
    }
    let mut applied = Vec::new();
    collect(root, at, &mut applied);
    let mut parts: Vec<Value> = Vec::new();
    for keywords in applied.iter().skip(1).filter_map(|at| root.pointer(at)?.as_object()) {
        let mut part = own(keywords);
        part.retain(|key, _| !matches!(key.as_str(), "$defs" | "definitions"));
        let part = Value::Object(part);
        if part != json!({}) && !parts.contains(&part) {
            parts.push(part);
        }
    }
    let mut schema = own(keywords);
    if !parts.is_empty() {
        schema.insert("allOf".to_string(), Value::Array(parts));
    }
    Some(Value::Object(schema))
}

/// The places of a schema and of all that it applies unconditionally, each once.
fn collect(root: &Value, at: &str, applied: &mut Vec<String>) {
    if applied.iter().any(|known| known == at) {
        return;
    }
    applied.push(at.to_string());
    let Some(keywords) = root.pointer(at).and_then(Value::as_object) else { return };
    for (keyword, place) in judges(keywords, at) {
        if is_unconditional(keywords, &keyword) {
            collect(root, &place, applied);
        }
    }
}

/// A schema without the schemas that it applies unconditionally.
fn own(keywords: &Map<String, Value>) -> Map<String, Value> {
    let own = keywords.iter().filter(|(key, _)| !is_unconditional(keywords, key));
    own.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Whether the schemas of a keyword apply to every value; a single branch does.
fn is_unconditional(keywords: &Map<String, Value>, key: &str) -> bool {
    match key {
        "$ref" | "allOf" => true,
        "anyOf" | "oneOf" => list(keywords.get(key)).len() == 1,
        _ => false,
    }
}

/// All places that references lead to.
fn targets(schema: &Value) -> BTreeSet<String> {
    match schema {
        Value::Object(map) => {
            let reference = map.get("$ref").and_then(Value::as_str);
            let target = reference.and_then(references::decode);
            map.values().flat_map(targets).chain(target).collect()
        }
        Value::Array(items) => items.iter().flat_map(targets).collect(),
        _ => BTreeSet::new(),
    }
}

/// For each schema, how many schemas validate a value with it.
struct Weights<'s> {
    root: &'s Value,
    known: BTreeMap<String, u64>,
}

impl<'s> Weights<'s> {
    fn of(root: &'s Value) -> Self {
        let mut weights = Self { root, known: BTreeMap::new() };
        weights.add_all(root, String::new());
        weights
    }

    fn add_all(&mut self, schema: &'s Value, at: String) {
        let Value::Object(keywords) = schema else { return };
        for (path, child) in children(keywords) {
            self.add_all(child, format!("{at}{path}"));
        }
        self.weigh(&at);
    }

    fn weigh(&mut self, at: &str) -> u64 {
        if let Some(weight) = self.known.get(at) {
            return *weight;
        }
        // A schema that leads to itself doesn't validate a value again.
        self.known.insert(at.to_string(), 1);
        let keywords = self.root.pointer(at).and_then(Value::as_object);
        let judges = keywords.map(|keywords| judges(keywords, at)).unwrap_or_default();
        let weights = judges.iter().map(|(_, at)| self.weigh(at));
        let weight = weights.fold(1, u64::saturating_add);
        self.known.insert(at.to_string(), weight);
        weight
    }

    fn above(&self, limit: u64) -> Vec<String> {
        let above = self.known.iter().filter(|(_, weight)| **weight > limit);
        above.map(|(at, _)| at.clone()).collect()
    }
}

/// The places of the schemas that validate a value with a schema, each with its keyword.
fn judges(keywords: &Map<String, Value>, at: &str) -> Vec<(String, String)> {
    let target = keywords.get("$ref").and_then(Value::as_str).and_then(references::decode);
    let mut found: Vec<_> = target.map(|at| ("$ref".to_string(), at)).into_iter().collect();
    for (path, _) in children(keywords) {
        let keyword = path.split('/').nth(1).unwrap_or_default();
        if IN_PLACE.contains(&keyword) {
            found.push((keyword.to_string(), format!("{at}{path}")));
        }
    }
    found
}
