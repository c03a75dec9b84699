//! The compiler, which makes nodes of a schema.

use super::annotation::Annotation;
use super::node::{Condition, InPlace, Node, NodeId};
use crate::preview::schema::keywords::{entries, list};
use crate::preview::schema::{self, Schema, pointer};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Compiles a schema into nodes. The root has one if it leads to an annotation.
pub fn compile(schema: &Schema) -> Result<(Vec<Node>, Option<NodeId>), String> {
    let mut compiler = Compiler { schema, nodes: Vec::new(), known: HashMap::new() };
    let root = compiler.node(schema.root(), "#")?;
    let mut nodes = compiler.nodes;
    let is_kept = lead_to_annotations(&nodes);
    nodes.iter_mut().for_each(|node| node.prune(&is_kept));
    Ok((nodes, is_kept[root].then_some(root)))
}

struct Compiler<'s> {
    schema: &'s Schema,
    nodes: Vec<Node>,
    /// The nodes by their subschema's pointer, so that a recursive schema ends.
    known: HashMap<String, NodeId>,
}

type Keywords = Map<String, Value>;

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

    fn keywords(&mut self, keywords: &'s Keywords, at: &str) -> Result<Node, String> {
        let mut node = Node::default();
        self.add_references(keywords, at, &mut node.in_place)?;
        self.add_combined(keywords, at, &mut node.in_place)?;
        self.add_conditional(keywords, at, &mut node.in_place)?;
        if let Some(annotation) = keywords.get("reduce") {
            let annotation = Annotation::parse(annotation);
            node.annotation = Some(annotation.map_err(|e| format!("schema at {at:?}: {e}"))?);
        }
        self.add_properties(keywords, at, &mut node)?;
        self.add_items(keywords, at, &mut node)?;
        Ok(node)
    }

    fn add_references(
        &mut self,
        keywords: &'s Keywords,
        at: &str,
        in_place: &mut Vec<InPlace>,
    ) -> Result<(), String> {
        let reference = keywords.get("$ref").and_then(Value::as_str);
        if let Some((pointer, schema)) = reference.and_then(|it| self.schema.resolve(it)) {
            let then = self.node(schema, &format!("#{pointer}"))?;
            in_place.push(InPlace::when(Condition::Always, then));
        }
        for (index, schema) in list(keywords.get("allOf")).iter().enumerate() {
            let then = self.node(schema, &below(at, &["allOf", &index.to_string()]))?;
            in_place.push(InPlace::when(Condition::Always, then));
        }
        Ok(())
    }

    fn add_combined(
        &mut self,
        keywords: &'s Keywords,
        at: &str,
        in_place: &mut Vec<InPlace>,
    ) -> Result<(), String> {
        for key in ["oneOf", "anyOf"] {
            for (index, schema) in list(keywords.get(key)).iter().enumerate() {
                let at = below(at, &[key, &index.to_string()]);
                let then = self.node(schema, &at)?;
                in_place.push(InPlace::when(Condition::Valid(at), then));
            }
        }
        Ok(())
    }

    fn add_conditional(
        &mut self,
        keywords: &'s Keywords,
        at: &str,
        in_place: &mut Vec<InPlace>,
    ) -> Result<(), String> {
        if keywords.contains_key("if") {
            in_place.push(InPlace {
                condition: Condition::Valid(below(at, &["if"])),
                then: self.first_of(&["then"], keywords, at)?,
                otherwise: self.first_of(&["else"], keywords, at)?,
            });
        }
        for (name, schema) in entries(keywords.get("dependentSchemas")) {
            let then = self.node(schema, &below(at, &["dependentSchemas", name]))?;
            in_place.push(InPlace::when(Condition::Present(name.clone()), then));
        }
        Ok(())
    }

    fn add_properties(
        &mut self,
        keywords: &'s Keywords,
        at: &str,
        node: &mut Node,
    ) -> Result<(), String> {
        for (name, schema) in entries(keywords.get("properties")) {
            let id = self.node(schema, &below(at, &["properties", name]))?;
            node.properties.insert(name.clone(), Some(id));
        }
        for (expression, schema) in entries(keywords.get("patternProperties")) {
            let id = self.node(schema, &below(at, &["patternProperties", expression]))?;
            let matcher = schema::options().build(&json!({ "pattern": expression })).ok();
            node.patterns.push((matcher, Some(id)));
        }
        let additional = ["additionalProperties", "unevaluatedProperties"];
        node.additional_properties = self.first_of(&additional, keywords, at)?;
        Ok(())
    }

    fn add_items(
        &mut self,
        keywords: &'s Keywords,
        at: &str,
        node: &mut Node,
    ) -> Result<(), String> {
        let Some(Value::Array(tuple)) = keywords.get("items") else {
            node.additional_items = self.first_of(&["items", "unevaluatedItems"], keywords, at)?;
            return Ok(());
        };
        for (index, schema) in tuple.iter().enumerate() {
            let id = self.node(schema, &below(at, &["items", &index.to_string()]))?;
            node.tuple.push(Some(id));
        }
        let additional = ["additionalItems", "unevaluatedItems"];
        node.additional_items = self.first_of(&additional, keywords, at)?;
        Ok(())
    }

    /// The schema of the first of these keywords that is there.
    fn first_of(
        &mut self,
        names: &[&str],
        keywords: &'s Keywords,
        at: &str,
    ) -> Result<Option<NodeId>, String> {
        let found = names.iter().find_map(|name| keywords.get(*name).map(|schema| (name, schema)));
        let node = found.map(|(name, schema)| self.node(schema, &below(at, &[name])));
        node.transpose()
    }
}

fn below(at: &str, tokens: &[&str]) -> String {
    let mut place = at.to_string();
    tokens.iter().for_each(|token| pointer::push(&mut place, token));
    place
}

/// Which nodes have an annotation or lead to one: backward reachability, iterated to its fixpoint.
fn lead_to_annotations(nodes: &[Node]) -> Vec<bool> {
    let mut leads: Vec<bool> = nodes.iter().map(|node| node.annotation.is_some()).collect();
    loop {
        let mut has_changed = false;
        for (id, node) in nodes.iter().enumerate() {
            if !leads[id] && node.edges().any(|edge| leads[edge]) {
                leads[id] = true;
                has_changed = true;
            }
        }
        if !has_changed {
            return leads;
        }
    }
}
