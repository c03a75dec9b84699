//! The reduction plan of a collection: which strategy applies where.
//!
//! A schema is compiled once into nodes, one a subschema. What can't lead to a
//! `reduce` annotation is left out, so that conditions are evaluated only where an
//! annotation depends on them. Of several annotations for one location the last one
//! applies, and a schema's own applies before those of the schemas that it refers to.

use crate::preview::schema::keywords::{entries, list};
use crate::preview::schema::pointer::{self, Pointer};
use crate::preview::schema::{self, Schema};
use jsonschema::{Validator, ValidatorMap};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};

/// How two values become one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Strategy {
    Append,
    FirstWriteWins,
    JsonSchemaMerge,
    LastWriteWins,
    Maximize(Vec<Pointer>),
    Merge(Vec<Pointer>),
    Minimize(Vec<Pointer>),
    Set(Vec<Pointer>),
    Sum,
}

/// A `reduce` annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    pub strategy: Strategy,
    /// Whether the location is deleted.
    pub delete: bool,
    /// Whether documents may be reduced that the first one of all isn't among.
    pub associative: bool,
}

/// A compiled schema, as an index into the plan.
pub type NodeId = usize;

/// The reduction plan of one schema.
#[derive(Debug)]
pub struct Plan {
    nodes: Vec<Node>,
    root: Option<NodeId>,
    validators: Option<ValidatorMap>,
}

#[derive(Debug, Default)]
struct Node {
    annotation: Option<Annotation>,
    in_place: Vec<InPlace>,
    properties: BTreeMap<String, Option<NodeId>>,
    patterns: Vec<(Option<Validator>, Option<NodeId>)>,
    additional_properties: Option<NodeId>,
    tuple: Vec<Option<NodeId>>,
    additional_items: Option<NodeId>,
}

/// A schema that applies to the same location, if its condition holds.
#[derive(Debug)]
struct InPlace {
    condition: Condition,
    then: Option<NodeId>,
    otherwise: Option<NodeId>,
}

#[derive(Debug)]
enum Condition {
    Always,
    /// The value is an object with this property.
    Present(String),
    /// The value is valid against the subschema at this place.
    Valid(String),
}

impl Plan {
    /// Compiles a schema's annotations. The error says which one can't be read.
    pub fn compile(schema: &Schema) -> Result<Self, String> {
        let mut compiler = Compiler { schema, nodes: Vec::new(), known: HashMap::new() };
        let root = compiler.node(schema.root(), "#")?;
        let mut nodes = compiler.nodes;
        let matters = matters(&nodes);
        nodes.iter_mut().for_each(|node| node.prune(&matters));

        let is_conditional = |node: &Node| {
            node.in_place.iter().any(|schema| matches!(schema.condition, Condition::Valid(_)))
        };
        let validators = match nodes.iter().any(is_conditional) {
            true => Some(schema.subschema_validators()?),
            false => None,
        };
        Ok(Self { root: matters[root].then_some(root), nodes, validators })
    }

    /// The schemas of a document's root.
    pub fn root(&self) -> Vec<NodeId> {
        self.root.into_iter().collect()
    }

    /// Adds the schemas that apply to the same value, and finds its annotation.
    pub fn expand(&self, schemas: &mut Vec<NodeId>, value: &Value) -> Option<&Annotation> {
        let mut annotation = None;
        for id in std::mem::take(schemas) {
            annotation = self.apply(id, schemas, value).or(annotation);
        }
        annotation
    }

    fn apply(&self, id: NodeId, to: &mut Vec<NodeId>, value: &Value) -> Option<&Annotation> {
        // A schema that refers to itself in place must not do so for ever.
        if to.contains(&id) {
            return None;
        }
        to.push(id);
        let node = &self.nodes[id];
        let mut annotation = None;
        for schema in &node.in_place {
            let branch = match self.holds(&schema.condition, value) {
                true => schema.then,
                false => schema.otherwise,
            };
            annotation = branch.and_then(|id| self.apply(id, to, value)).or(annotation);
        }
        node.annotation.as_ref().or(annotation)
    }

    /// Whether documents are reduced at all, and don't just replace each other.
    pub fn reduces(&self) -> bool {
        self.root.is_some()
    }

    /// Whether there are documents that can't be reduced before the first one of all is known.
    pub fn is_associative(&self) -> bool {
        self.nodes.iter().flat_map(|node| &node.annotation).all(|it| it.associative)
    }

    fn holds(&self, condition: &Condition, value: &Value) -> bool {
        match condition {
            Condition::Always => true,
            Condition::Present(property) => value.get(property).is_some(),
            Condition::Valid(at) => self
                .validators
                .as_ref()
                .and_then(|validators| validators.get(at))
                .is_some_and(|validator| validator.is_valid(value)),
        }
    }

    /// The schemas of a property, given the expanded ones of its object.
    pub fn property(&self, schemas: &[NodeId], name: &str) -> Vec<NodeId> {
        let mut found = Vec::new();
        for node in schemas.iter().map(|id| &self.nodes[*id]) {
            let named = node.properties.get(name);
            found.extend(named.copied().flatten());
            let mut is_described = named.is_some();
            if !node.patterns.is_empty() {
                let name = Value::String(name.to_string());
                for (matcher, id) in &node.patterns {
                    if matcher.as_ref().is_some_and(|matcher| matcher.is_valid(&name)) {
                        found.extend(id);
                        is_described = true;
                    }
                }
            }
            if !is_described {
                found.extend(node.additional_properties);
            }
        }
        found
    }

    /// The schemas of an item, given the expanded ones of its array.
    pub fn item(&self, schemas: &[NodeId], index: usize) -> Vec<NodeId> {
        let nodes = schemas.iter().map(|id| &self.nodes[*id]);
        nodes
            .filter_map(|node| match node.tuple.get(index) {
                Some(item) => *item,
                None => node.additional_items,
            })
            .collect()
    }

    /// Whether a document is a deletion.
    pub fn is_deletion(&self, document: &Value) -> bool {
        let Some(root) = self.root else { return false };
        self.expand(&mut vec![root], document).is_some_and(|annotation| annotation.delete)
    }
}

impl Node {
    fn edges(&self) -> impl Iterator<Item = NodeId> + '_ {
        let in_place = self.in_place.iter().flat_map(|schema| [schema.then, schema.otherwise]);
        let patterns = self.patterns.iter().map(|(_, id)| *id);
        in_place
            .chain(self.properties.values().copied())
            .chain(patterns)
            .chain(self.tuple.iter().copied())
            .chain([self.additional_properties, self.additional_items])
            .flatten()
    }

    fn prune(&mut self, matters: &[bool]) {
        let prune = |id: &mut Option<NodeId>| *id = id.filter(|id| matters[*id]);
        for schema in &mut self.in_place {
            prune(&mut schema.then);
            prune(&mut schema.otherwise);
        }
        self.in_place.retain(|schema| schema.then.is_some() || schema.otherwise.is_some());
        self.properties.values_mut().for_each(prune);
        self.patterns.iter_mut().for_each(|(_, id)| prune(id));
        self.tuple.iter_mut().for_each(prune);
        prune(&mut self.additional_properties);
        prune(&mut self.additional_items);
    }
}

/// Which nodes have an annotation, or lead to one.
fn matters(nodes: &[Node]) -> Vec<bool> {
    let mut matters: Vec<bool> = nodes.iter().map(|node| node.annotation.is_some()).collect();
    loop {
        let mut changed = false;
        for (id, node) in nodes.iter().enumerate() {
            if !matters[id] && node.edges().any(|edge| matters[edge]) {
                matters[id] = true;
                changed = true;
            }
        }
        if !changed {
            return matters;
        }
    }
}

struct Compiler<'s> {
    schema: &'s Schema,
    nodes: Vec<Node>,
    /// By the subschema's place, so that a recursive schema ends.
    known: HashMap<String, NodeId>,
}

impl<'s> Compiler<'s> {
    fn node(&mut self, schema: &'s Value, at: &str) -> Result<NodeId, String> {
        if let Some(id) = self.known.get(at) {
            return Ok(*id);
        }
        let id = self.nodes.len();
        self.nodes.push(Node::default());
        self.known.insert(at.to_string(), id);
        if let Value::Object(keywords) = schema {
            self.nodes[id] = self.keywords(keywords, at)?;
        }
        Ok(id)
    }

    fn keywords(&mut self, keywords: &'s Map<String, Value>, at: &str) -> Result<Node, String> {
        let mut node = Node { in_place: self.in_place(keywords, at)?, ..Node::default() };
        if let Some(annotation) = keywords.get("reduce") {
            let annotation = Annotation::parse(annotation);
            node.annotation = Some(annotation.map_err(|e| format!("schema at {at:?}: {e}"))?);
        }
        for (name, schema) in entries(keywords.get("properties")) {
            let id = self.node(schema, &below(at, &["properties", name]))?;
            node.properties.insert(name.clone(), Some(id));
        }
        for (expression, schema) in entries(keywords.get("patternProperties")) {
            let id = self.node(schema, &below(at, &["patternProperties", expression]))?;
            let matcher = schema::options().build(&json!({ "pattern": expression })).ok();
            node.patterns.push((matcher, Some(id)));
        }
        node.additional_properties =
            self.keyword(keywords, &["additionalProperties", "unevaluatedProperties"], at)?;
        if let Some(Value::Array(_)) = keywords.get("items") {
            for (index, schema) in list(keywords.get("items")).iter().enumerate() {
                let id = self.node(schema, &below(at, &["items", &index.to_string()]))?;
                node.tuple.push(Some(id));
            }
            node.additional_items =
                self.keyword(keywords, &["additionalItems", "unevaluatedItems"], at)?;
        } else {
            node.additional_items = self.keyword(keywords, &["items", "unevaluatedItems"], at)?;
        }
        Ok(node)
    }

    fn in_place(
        &mut self,
        keywords: &'s Map<String, Value>,
        at: &str,
    ) -> Result<Vec<InPlace>, String> {
        let mut found = Vec::new();
        if let Some(Value::String(reference)) = keywords.get("$ref")
            && let Some((pointer, schema)) = self.schema.resolve(reference)
        {
            let then = Some(self.node(schema, &format!("#{pointer}"))?);
            found.push(InPlace { condition: Condition::Always, then, otherwise: None });
        }
        for key in ["allOf", "oneOf", "anyOf"] {
            for (index, schema) in list(keywords.get(key)).iter().enumerate() {
                let at = below(at, &[key, &index.to_string()]);
                let then = Some(self.node(schema, &at)?);
                let condition = match key {
                    "allOf" => Condition::Always,
                    _ => Condition::Valid(at),
                };
                found.push(InPlace { condition, then, otherwise: None });
            }
        }
        if keywords.contains_key("if") {
            found.push(InPlace {
                condition: Condition::Valid(below(at, &["if"])),
                then: self.keyword(keywords, &["then"], at)?,
                otherwise: self.keyword(keywords, &["else"], at)?,
            });
        }
        for (name, schema) in entries(keywords.get("dependentSchemas")) {
            let then = Some(self.node(schema, &below(at, &["dependentSchemas", name]))?);
            let condition = Condition::Present(name.clone());
            found.push(InPlace { condition, then, otherwise: None });
        }
        Ok(found)
    }

    /// The schema of the first of these keywords that is there.
    fn keyword(
        &mut self,
        keywords: &'s Map<String, Value>,
        names: &[&str],
        at: &str,
    ) -> Result<Option<NodeId>, String> {
        let found = names.iter().find_map(|name| keywords.get(*name).map(|schema| (name, schema)));
        match found {
            Some((name, schema)) => self.node(schema, &below(at, &[name])).map(Some),
            None => Ok(None),
        }
    }
}

fn below(at: &str, tokens: &[&str]) -> String {
    let mut place = at.to_string();
    tokens.iter().for_each(|token| pointer::push(&mut place, token));
    place
}

impl Annotation {
    fn parse(annotation: &Value) -> Result<Self, String> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Form {
            strategy: String,
            #[serde(default)]
            key: Vec<String>,
            #[serde(default)]
            delete: bool,
            associative: Option<bool>,
        }
        use serde::Deserialize;
        let form = Form::deserialize(annotation).map_err(|e| format!("\"reduce\": {e}"))?;
        let key = form.key.iter().map(|text| {
            Pointer::parse(text).ok_or_else(|| format!("\"reduce\": {text:?} is no JSON pointer"))
        });
        let key = key.collect::<Result<Vec<_>, _>>()?;
        let strategy = match form.strategy.as_str() {
            "append" => Strategy::Append,
            "firstWriteWins" => Strategy::FirstWriteWins,
            "jsonSchemaMerge" => Strategy::JsonSchemaMerge,
            "lastWriteWins" => Strategy::LastWriteWins,
            "maximize" => Strategy::Maximize(key),
            "merge" => Strategy::Merge(key),
            "minimize" => Strategy::Minimize(key),
            "set" => Strategy::Set(key),
            "sum" => Strategy::Sum,
            other => return Err(format!("\"reduce\": there is no strategy {other:?}")),
        };
        let associative = form.associative.unwrap_or(true);
        Ok(Self { strategy, delete: form.delete, associative })
    }
}
