//! Nodes: compiled subschemas.

use super::annotation::Annotation;
use jsonschema::Validator;
use serde_json::Value;
use std::collections::BTreeMap;

/// A node's index in the plan.
pub type NodeId = usize;

/// A compiled subschema.
#[derive(Debug, Default)]
pub struct Node {
    pub annotation: Option<Annotation>,
    pub in_place: Vec<InPlace>,
    pub properties: BTreeMap<String, Option<NodeId>>,
    pub patterns: Vec<(Option<Validator>, Option<NodeId>)>,
    pub additional_properties: Option<NodeId>,
    pub tuple: Vec<Option<NodeId>>,
    pub additional_items: Option<NodeId>,
}

/// A schema that applies to the same location, if its condition holds.
#[derive(Debug)]
pub struct InPlace {
    pub condition: Condition,
    pub then: Option<NodeId>,
    pub otherwise: Option<NodeId>,
}

/// The condition of a schema in place.
#[derive(Debug)]
pub enum Condition {
    Always,
    /// The value is an object with this property.
    Present(String),
    /// The value is valid against the subschema at this pointer.
    Valid(String),
}

impl InPlace {
    /// A schema that applies when its condition holds, and nothing else when it doesn't.
    pub fn when(condition: Condition, then: NodeId) -> Self {
        Self { condition, then: Some(then), otherwise: None }
    }
}

impl Node {
    /// Adds the schemas of a property: those that name it or match its name, or else that of
    /// additional properties.
    pub fn add_property(&self, name: &str, schemas: &mut Vec<NodeId>) {
        let named = self.properties.get(name);
        schemas.extend(named.copied().flatten());
        let is_matched = self.add_matching(name, schemas);
        if named.is_none() && !is_matched {
            schemas.extend(self.additional_properties);
        }
    }

    /// Adds the schemas of patterns that match a name. Returns whether there is any.
    fn add_matching(&self, name: &str, schemas: &mut Vec<NodeId>) -> bool {
        if self.patterns.is_empty() {
            return false;
        }
        let name = Value::String(name.to_string());
        let mut is_matched = false;
        for (matcher, id) in &self.patterns {
            if matcher.as_ref().is_some_and(|matcher| matcher.is_valid(&name)) {
                schemas.extend(id);
                is_matched = true;
            }
        }
        is_matched
    }

    /// The schema of an item.
    pub fn item(&self, index: usize) -> Option<NodeId> {
        self.tuple.get(index).copied().unwrap_or(self.additional_items)
    }

    /// Whether a schema in place applies only to values that are valid against another.
    pub fn is_conditional(&self) -> bool {
        self.in_place.iter().any(|schema| matches!(schema.condition, Condition::Valid(_)))
    }

    /// All nodes that this one leads to.
    pub fn edges(&self) -> impl Iterator<Item = NodeId> + '_ {
        let in_place = self.in_place.iter().flat_map(|schema| [schema.then, schema.otherwise]);
        let patterns = self.patterns.iter().map(|(_, id)| *id);
        in_place
            .chain(self.properties.values().copied())
            .chain(patterns)
            .chain(self.tuple.iter().copied())
            .chain([self.additional_properties, self.additional_items])
            .flatten()
    }

    /// Removes all edges to nodes that aren't kept.
    pub fn prune(&mut self, is_kept: &[bool]) {
        let prune = |id: &mut Option<NodeId>| *id = id.filter(|id| is_kept[*id]);
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
