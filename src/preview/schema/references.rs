//! References: the schema that a `$ref` leads to, by `$id`, by `$anchor` or by place.
//!
//! A schema may hold others that have a URI of their own (`$id`): files that it refers to, and
//! schemas that Flow adds under names such as `flow://write-schema`. References are relative to
//! the nearest URI around them. Every schema is first brought into its plain form: each
//! reference becomes a JSON pointer from the root, and the URIs are removed.

use super::keywords::{self, children};
use super::pointer::is_parent;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use url::Url;

/// The schema that Flow infers from documents.
pub const INFERRED_SCHEMA: &str = "flow://inferred-schema";
/// The place of the inferred schema in a read schema.
pub const INFERRED_PLACE: &str = "/$defs/flow:~1~1inferred-schema";

/// Characters that can't stand in a URI's fragment.
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Brings a schema into its plain form. The error names a reference that leads nowhere.
pub fn plain(schema: &Value) -> Result<Value, String> {
    let base = Url::parse("schema://collection/").map_err(|e| e.to_string())?;
    let mut index = Index::new(schema, &base);
    let targets = index.targets()?;
    let places: Vec<String> = index.schemas.keys().cloned().collect();
    let moved: Vec<(String, String)> =
        targets.into_iter().map(|(at, target)| (at, index.moved(&target))).collect();

    let mut root = schema.clone();
    for (at, target) in moved {
        if let Some(keywords) = object_at(&mut root, &at) {
            keywords.insert("$ref".to_string(), Value::String(to_reference(&target)));
        }
    }
    // Schemas within a schema come before it, as their place may change with it.
    for at in places.iter().rev() {
        if let Some(keywords) = object_at(&mut root, at) {
            keywords::normalize(keywords);
        }
    }
    Ok(root)
}

/// The schema that a reference of a plain schema leads to, with its JSON pointer.
pub fn resolve<'s>(root: &'s Value, reference: &str) -> Option<(String, &'s Value)> {
    let pointer = decode(reference)?;
    let schema = root.pointer(&pointer)?;
    Some((pointer, schema))
}

/// The place that a reference of a plain schema leads to.
pub fn decode(reference: &str) -> Option<String> {
    let fragment = percent_decode_str(reference.strip_prefix('#')?);
    Some(fragment.decode_utf8_lossy().into_owned())
}

/// The files that a schema refers to, without those that it holds. `base` is its own URI.
pub fn files(schema: &Value, base: &Url) -> Vec<Url> {
    let index = Index::new(schema, base);
    let urls = index.schemas.values().filter_map(|place| place.base.join(place.reference()?).ok());
    let urls = urls.map(without_fragment);
    urls.filter(|url| url.scheme() == "file" && !index.named.contains_key(url.as_str())).collect()
}

/// Whether a schema has a reference to this URI, or to a place within its schema.
pub fn refers_to(schema: &Value, uri: &str) -> bool {
    let Ok(base) = Url::parse("schema://collection/") else { return false };
    let index = Index::new(schema, &base);
    let mut references = index.schemas.values().filter_map(Place::reference);
    references.any(|reference| reference.split('#').next() == Some(uri))
}

fn to_reference(pointer: &str) -> String {
    format!("#{}", utf8_percent_encode(pointer, ESCAPED))
}

fn without_fragment(mut url: Url) -> Url {
    url.set_fragment(None);
    url
}

fn object_at<'v>(root: &'v mut Value, pointer: &str) -> Option<&'v mut Map<String, Value>> {
    root.pointer_mut(pointer)?.as_object_mut()
}

/// A schema within another one.
struct Place<'s> {
    keywords: &'s Map<String, Value>,
    /// The URI that its references are relative to.
    base: Rc<Url>,
}

impl<'s> Place<'s> {
    fn reference(&self) -> Option<&'s str> {
        let reference = self.keywords.get("$ref").or_else(|| self.keywords.get("$dynamicRef"));
        reference.and_then(Value::as_str)
    }
}

/// All schemas of one document.
struct Index<'s> {
    root: &'s Value,
    /// By JSON pointer.
    schemas: BTreeMap<String, Place<'s>>,
    /// The JSON pointers of schemas by URI, with an anchor or without.
    named: HashMap<String, Vec<String>>,
}

impl<'s> Index<'s> {
    fn new(root: &'s Value, base: &Url) -> Self {
        let mut index = Self { root, schemas: BTreeMap::new(), named: HashMap::new() };
        let base = Rc::new(without_fragment(base.clone()));
        index.name(base.as_str().to_string(), "");
        index.add(root, String::new(), base);
        index
    }

    fn add(&mut self, schema: &'s Value, at: String, base: Rc<Url>) {
        let Value::Object(keywords) = schema else { return };
        let base = self.identify(keywords, &at, base);
        for key in ["$anchor", "$dynamicAnchor"] {
            if let Some(Value::String(anchor)) = keywords.get(key) {
                self.name(format!("{base}#{anchor}"), &at);
            }
        }
        for (path, child) in children(keywords) {
            let at = format!("{at}{path}");
            if let Some(file) = file_name(&path) {
                self.name(file, &at);
            }
            self.add(child, at, Rc::clone(&base));
        }
        self.schemas.insert(at, Place { keywords, base });
    }

    /// References within a schema are relative to its `$id`, if it has one.
    fn identify(&mut self, keywords: &Map<String, Value>, at: &str, base: Rc<Url>) -> Rc<Url> {
        let Some(Value::String(id)) = keywords.get("$id") else { return base };
        let Ok(url) = base.join(id) else { return base };
        if let Some(anchor) = url.fragment().filter(|fragment| !fragment.is_empty()) {
            self.name(format!("{base}#{anchor}"), at);
            return base;
        }
        let url = without_fragment(url);
        self.name(url.as_str().to_string(), at);
        Rc::new(url)
    }

    fn name(&mut self, uri: String, at: &str) {
        self.named.entry(uri).or_default().push(at.to_string());
    }

    /// For each schema that has a reference, the place that it leads to.
    fn targets(&mut self) -> Result<Vec<(String, String)>, String> {
        let mut targets = Vec::new();
        let mut pending: Vec<String> = self.schemas.keys().cloned().collect();
        while let Some(at) = pending.pop() {
            let Some(place) = self.schemas.get(&at) else { continue };
            let Some(reference) = place.reference() else { continue };
            let Some((target, base)) = self.target(&at, &place.base, reference) else {
                return Err(format!("schema at {at:?}: {}", leads_nowhere(reference)));
            };
            if let (false, Some(schema)) =
                (self.schemas.contains_key(&target), self.root.pointer(&target))
            {
                // It stands where no keyword has schemas.
                self.add(schema, target.clone(), base);
                let within = |place: &&String| **place == target || is_parent(&target, place);
                pending.extend(self.schemas.keys().filter(within).cloned());
            }
            targets.push((at, target));
        }
        Ok(targets)
    }

    /// The place that a reference leads to, and the URI that references there are relative to.
    fn target(&self, at: &str, base: &Url, reference: &str) -> Option<(String, Rc<Url>)> {
        let url = base.join(reference).ok()?;
        let fragment = percent_decode_str(url.fragment().unwrap_or_default());
        let fragment = fragment.decode_utf8_lossy().into_owned();
        let uri = without_fragment(url);
        let is_pointer = fragment.is_empty() || fragment.starts_with('/');
        let target = if is_pointer {
            format!("{}{fragment}", nearest(self.named.get(uri.as_str())?, at)?)
        } else {
            nearest(self.named.get(&format!("{uri}#{fragment}"))?, at)?.to_string()
        };
        self.root.pointer(&target).is_some().then(|| (target, Rc::new(uri)))
    }

    /// A place's pointer after its schemas are normalized.
    fn moved(&self, pointer: &str) -> String {
        let (mut before, mut after) = (String::new(), String::new());
        for token in pointer.split('/').skip(1) {
            let keywords = self.schemas.get(&before).map(|place| place.keywords);
            let token_after = keywords.map_or(token, |keywords| keywords::renamed(keywords, token));
            before = format!("{before}/{token}");
            after = format!("{after}/{token_after}");
        }
        after
    }
}

/// The URI of a definition that is a file, which may have another `$id` of its own.
fn file_name(path: &str) -> Option<String> {
    let name = path.strip_prefix("/$defs/")?.replace("~1", "/").replace("~0", "~");
    Url::parse(&name).ok().filter(|url| url.scheme() == "file").map(String::from)
}

/// Of several schemas with the same URI, the one whose place has the longest common prefix with
/// that of the reference: a file may be in a read schema, and again in the write schema within it.
fn nearest<'p>(candidates: &'p [String], at: &str) -> Option<&'p str> {
    let common = |pointer: &&String| {
        pointer.split('/').zip(at.split('/')).take_while(|(one, other)| one == other).count()
    };
    candidates.iter().rev().max_by_key(common).map(String::as_str)
}

fn leads_nowhere(reference: &str) -> String {
    match reference {
        INFERRED_SCHEMA => "$ref \"flow://inferred-schema\" is known only to Flow, and only in a \
             \"readSchema\"; put the inferred schema in its place"
            .to_string(),
        _ if reference.starts_with('#') => {
            format!("$ref {reference:?} leads to nothing in this schema")
        }
        _ => format!(
            "$ref {reference:?} leads out of this schema, and is neither a file nor the \"$id\" \
             of a schema in it; move what it refers to into \"$defs\""
        ),
    }
}
