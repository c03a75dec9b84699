//! The shape of a location: what its schemas, taken together, allow there.

use super::types::Types;
use crate::flow::spec::inference::Reduce;
use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The values that may be at a location.
#[derive(Debug, Clone)]
pub struct Shape {
    pub types: Types,
    pub enumeration: Option<Vec<Value>>,
    pub title: Option<String>,
    pub description: Option<String>,
    pub default: Option<Value>,
    pub secret: Option<bool>,
    /// How documents of one key are reduced here.
    pub reduce: Option<Reduce>,
    pub string: StringShape,
    pub numeric: Bounds<f64>,
    pub array: ArrayShape,
    pub object: ObjectShape,
}

/// The strings that may be there.
#[derive(Debug, Clone, Default)]
pub struct StringShape {
    pub format: Option<String>,
    pub content_type: Option<String>,
    pub content_encoding: Option<String>,
    pub length: Bounds<u64>,
}

/// The arrays that may be there.
#[derive(Debug, Clone, Default)]
pub struct ArrayShape {
    pub items: Bounds<u64>,
    pub tuple: Vec<Arc<Shape>>,
    pub additional: Option<Arc<Shape>>,
}

/// The objects that may be there.
#[derive(Debug, Clone, Default)]
pub struct ObjectShape {
    pub properties: BTreeMap<String, Property>,
    pub patterns: Vec<Pattern>,
    pub additional: Option<Arc<Shape>>,
}

/// A named property.
#[derive(Debug, Clone)]
pub struct Property {
    pub shape: Arc<Shape>,
    pub required: bool,
}

/// Properties whose names match a regular expression.
#[derive(Debug, Clone)]
pub struct Pattern {
    pub expression: String,
    pub matcher: Option<Arc<Validator>>,
    pub shape: Arc<Shape>,
}

/// Inclusive bounds.
#[derive(Debug, Clone, Copy)]
pub struct Bounds<T> {
    pub minimum: Option<T>,
    pub maximum: Option<T>,
}

impl<T> Default for Bounds<T> {
    fn default() -> Self {
        Self { minimum: None, maximum: None }
    }
}

impl Pattern {
    /// Whether a property of that name falls under it.
    pub fn matches(&self, name: &str) -> bool {
        self.matcher.as_ref().is_some_and(|matcher| matcher.is_valid(&json!(name)))
    }
}

impl Shape {
    /// The shape without any constraint.
    pub fn anything() -> Self {
        Self {
            types: Types::all(),
            enumeration: None,
            title: None,
            description: None,
            default: None,
            secret: None,
            reduce: None,
            string: StringShape::default(),
            numeric: Bounds::default(),
            array: ArrayShape::default(),
            object: ObjectShape::default(),
        }
    }
}
