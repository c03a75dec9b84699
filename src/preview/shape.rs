//! The shape of a location: what its schemas, taken together, allow there.
//!
//! A shape is inferred keyword by keyword. Schemas that must all hold (`allOf`,
//! `$ref`) intersect; of those that need not all hold (`anyOf`, `oneOf`, and the
//! branches of `if`) only what they have in common remains.

use super::schema::Schema;
use super::types::Types;
use crate::flow::spec::inference::Reduce;
use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What may be at a location.
#[derive(Debug, Clone)]
pub struct Shape {
    pub types: Types,
    pub enumeration: Option<Vec<Value>>,
    pub title: Option<String>,
    pub description: Option<String>,
    pub default: Option<Value>,
    pub secret: Option<bool>,
    /// How documents of one key are combined here.
    pub reduce: Option<Reduce>,
    pub string: StringShape,
    pub numeric: Bounds<f64>,
    pub array: ArrayShape,
    pub object: ObjectShape,
}

/// What strings may be there.
#[derive(Debug, Clone, Default)]
pub struct StringShape {
    pub format: Option<String>,
    pub content_type: Option<String>,
    pub content_encoding: Option<String>,
    pub length: Bounds<u64>,
}

/// What arrays may be there.
#[derive(Debug, Clone, Default)]
pub struct ArrayShape {
    pub items: Bounds<u64>,
    pub tuple: Vec<Shape>,
    pub additional: Option<Box<Shape>>,
}

/// What objects may be there.
#[derive(Debug, Clone, Default)]
pub struct ObjectShape {
    pub properties: BTreeMap<String, Property>,
    pub patterns: Vec<Pattern>,
    pub additional: Option<Box<Shape>>,
}

/// A named property.
#[derive(Debug, Clone)]
pub struct Property {
    pub shape: Shape,
    pub required: bool,
}

/// Properties whose names match a regular expression.
#[derive(Debug, Clone)]
pub struct Pattern {
    pub expression: String,
    pub matcher: Option<Arc<Validator>>,
    pub shape: Shape,
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
            types: Types::ANY,
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

    /// The shape of a schema's root.
    pub fn infer(schema: &Schema) -> Self {
        Inference { schema, visited: Vec::new() }.infer(schema.root())
    }
}

/// An inference under way.
struct Inference<'s> {
    schema: &'s Schema,
    /// References that are being followed, so that a recursive schema ends.
    visited: Vec<&'s str>,
}

impl<'s> Inference<'s> {
    fn infer(&mut self, schema: &'s Value) -> Shape {
        let Some(keywords) = schema.as_object() else {
            let mut shape = Shape::anything();
            if schema == &Value::Bool(false) {
                shape.types = Types::NONE;
            }
            return shape;
        };
        let text = |key: &str| keywords.get(key).and_then(Value::as_str).map(str::to_string);
        let count = |key: &str| keywords.get(key).and_then(Value::as_u64);
        let number = |key: &str| keywords.get(key).and_then(Value::as_f64);

        let mut shape = Shape {
            types: keywords.get("type").map_or(Types::ANY, Types::of_keyword),
            enumeration: enumeration(keywords),
            title: text("title"),
            description: text("description"),
            default: keywords.get("default").cloned(),
            secret: ["secret", "airbyte_secret"]
                .iter()
                .find_map(|key| keywords.get(*key).and_then(Value::as_bool)),
            reduce: reduce(keywords),
            string: StringShape {
                format: text("format"),
                content_type: text("contentMediaType"),
                content_encoding: text("contentEncoding"),
                length: Bounds { minimum: count("minLength"), maximum: count("maxLength") },
            },
            numeric: Bounds { minimum: number("minimum"), maximum: number("maximum") },
            array: self.array(keywords),
            object: self.object(keywords),
        };
        shape.object.apply_patterns();
        shape.restrict_to_enumeration();

        if let Some(Value::String(reference)) = keywords.get("$ref") {
            shape = Shape::intersection(shape, self.referent(reference));
        }
        for schema in list(keywords.get("allOf")) {
            shape = Shape::intersection(shape, self.infer(schema));
        }
        for key in ["oneOf", "anyOf"] {
            let branches = list(keywords.get(key)).iter().map(|schema| self.infer(schema));
            if let Some(common) = branches.reduce(Shape::union) {
                shape = Shape::intersection(shape, common);
            }
        }
        if let (Some(_), Some(then), Some(otherwise)) =
            (keywords.get("if"), keywords.get("then"), keywords.get("else"))
        {
            let common = Shape::union(self.infer(then), self.infer(otherwise));
            shape = Shape::intersection(shape, common);
        }
        if let (None, Some(schema)) =
            (&shape.object.additional, keywords.get("unevaluatedProperties"))
        {
            shape.object.additional = Some(Box::new(self.infer(schema)));
        }
        if let (None, Some(schema)) = (&shape.array.additional, keywords.get("unevaluatedItems")) {
            shape.array.additional = Some(Box::new(self.infer(schema)));
        }
        shape
    }

    fn referent(&mut self, reference: &'s str) -> Shape {
        if self.visited.contains(&reference) {
            return Shape::anything();
        }
        let Some((_, schema)) = self.schema.resolve(reference) else {
            return Shape::anything();
        };
        self.visited.push(reference);
        let shape = self.infer(schema);
        self.visited.pop();
        shape
    }

    fn array(&mut self, keywords: &'s serde_json::Map<String, Value>) -> ArrayShape {
        let count = |key: &str| keywords.get(key).and_then(Value::as_u64);
        let (tuple, additional) = match keywords.get("items") {
            Some(Value::Array(schemas)) => (schemas.as_slice(), keywords.get("additionalItems")),
            items => (&[][..], items),
        };
        ArrayShape {
            items: Bounds { minimum: count("minItems"), maximum: count("maxItems") },
            tuple: tuple.iter().map(|schema| self.infer(schema)).collect(),
            additional: additional.map(|schema| Box::new(self.infer(schema))),
        }
    }

    fn object(&mut self, keywords: &'s serde_json::Map<String, Value>) -> ObjectShape {
        let mut properties = BTreeMap::new();
        for (name, schema) in entries(keywords.get("properties")) {
            let property = Property { shape: self.infer(schema), required: false };
            properties.insert(name.clone(), property);
        }
        for name in list(keywords.get("required")).iter().filter_map(Value::as_str) {
            let anything = || Property { shape: Shape::anything(), required: true };
            properties.entry(name.to_string()).or_insert_with(anything).required = true;
        }
        let patterns = entries(keywords.get("patternProperties"))
            .map(|(expression, schema)| Pattern {
                expression: expression.clone(),
                matcher: super::schema::options()
                    .build(&json!({ "pattern": expression }))
                    .ok()
                    .map(Arc::new),
                shape: self.infer(schema),
            })
            .collect();
        let additional =
            keywords.get("additionalProperties").map(|schema| Box::new(self.infer(schema)));
        let mut object = ObjectShape { properties, patterns, additional };
        object.apply_additional_to_required(keywords.get("properties"));
        object
    }
}

impl ObjectShape {
    fn apply_patterns(&mut self) {
        for (name, property) in &mut self.properties {
            for pattern in self.patterns.iter().filter(|pattern| pattern.matches(name)) {
                property.shape = Shape::intersection(property.shape.clone(), pattern.shape.clone());
            }
        }
    }

    /// A property that is required, but not described, is an additional one.
    fn apply_additional_to_required(&mut self, described: Option<&Value>) {
        let Some(additional) = &self.additional else { return };
        for (name, property) in &mut self.properties {
            let is_described = described.is_some_and(|properties| properties.get(name).is_some());
            let matched = self.patterns.iter().any(|pattern| pattern.matches(name));
            if !is_described && !matched {
                property.shape = additional.as_ref().clone();
            }
        }
    }
}

fn enumeration(keywords: &serde_json::Map<String, Value>) -> Option<Vec<Value>> {
    match (keywords.get("const"), keywords.get("enum")) {
        (Some(value), _) => Some(vec![value.clone()]),
        (None, Some(Value::Array(values))) => Some(values.clone()),
        _ => None,
    }
}

/// The strategy of a `reduce` annotation.
fn reduce(keywords: &serde_json::Map<String, Value>) -> Option<Reduce> {
    let strategy = keywords.get("reduce")?.get("strategy")?;
    Some(match strategy.as_str()? {
        "append" => Reduce::Append,
        "firstWriteWins" => Reduce::FirstWriteWins,
        "jsonSchemaMerge" => Reduce::JsonSchemaMerge,
        "lastWriteWins" => Reduce::LastWriteWins,
        "maximize" => Reduce::Maximize,
        "merge" => Reduce::Merge,
        "minimize" => Reduce::Minimize,
        "set" => Reduce::Set,
        "sum" => Reduce::Sum,
        _ => return None,
    })
}

/// The items of a keyword that holds a list.
pub fn list(keyword: Option<&Value>) -> &[Value] {
    keyword.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The entries of a keyword that holds an object.
pub fn entries(keyword: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    keyword.and_then(Value::as_object).into_iter().flatten()
}
