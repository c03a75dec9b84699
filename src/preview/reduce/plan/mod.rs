//! The reduction plan of a collection: which strategy applies where.
//!
//! A schema is compiled once into nodes, one a subschema. Nodes that can't lead to a
//! `reduce` annotation are left out, so that conditions are evaluated only where an
//! annotation depends on them. Of several annotations for one location the last one
//! applies, and a schema's own applies before those of the schemas that it refers to.

mod annotation;
mod compiler;
mod node;

pub use self::annotation::{Annotation, Strategy};
pub use self::node::NodeId;
use self::node::{Condition, Node};
use crate::preview::schema::Schema;
use jsonschema::ValidatorMap;
use serde_json::Value;

/// The reduction plan of one schema.
#[derive(Debug)]
pub struct Plan {
    nodes: Vec<Node>,
    root: Option<NodeId>,
    validators: Option<ValidatorMap>,
}

impl Plan {
    /// Compiles a schema's annotations. The error says which one can't be read.
    pub fn compile(schema: &Schema) -> Result<Self, String> {
        let (nodes, root) = compiler::compile(schema)?;
        let is_conditional = nodes.iter().any(Node::is_conditional);
        let validators = is_conditional.then(|| schema.subschema_validators()).transpose()?;
        Ok(Self { nodes, root, validators })
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
        // Ends the recursion of a schema that refers to itself in place.
        if to.contains(&id) {
            return None;
        }
        to.push(id);
        let node = &self.nodes[id];
        let mut annotation = None;
        for schema in &node.in_place {
            let holds = self.holds(&schema.condition, value);
            let branch = if holds { schema.then } else { schema.otherwise };
            annotation = branch.and_then(|id| self.apply(id, to, value)).or(annotation);
        }
        node.annotation.as_ref().or(annotation)
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

    /// Whether documents are reduced at all, and don't just replace each other.
    pub fn reduces(&self) -> bool {
        self.root.is_some()
    }

    /// Whether documents can always be reduced before the first one of their key is known.
    pub fn is_associative(&self) -> bool {
        self.nodes.iter().flat_map(|node| &node.annotation).all(|it| it.associative)
    }

    /// The schemas of a property, given the expanded ones of its object.
    pub fn property(&self, schemas: &[NodeId], name: &str) -> Vec<NodeId> {
        let mut found = Vec::new();
        schemas.iter().for_each(|id| self.nodes[*id].add_property(name, &mut found));
        found
    }

    /// The schemas of an item, given the expanded ones of its array.
    pub fn item(&self, schemas: &[NodeId], index: usize) -> Vec<NodeId> {
        schemas.iter().filter_map(|id| self.nodes[*id].item(index)).collect()
    }

    /// Whether a document is a deletion.
    pub fn is_deletion(&self, document: &Value) -> bool {
        let Some(root) = self.root else { return false };
        self.expand(&mut vec![root], document).is_some_and(|annotation| annotation.delete)
    }
}
