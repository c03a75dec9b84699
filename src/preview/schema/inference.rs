//! Inference: the shape that a schema gives a location.
//!
//! A shape is inferred keyword by keyword. Schemas that must all hold (`allOf`,
//! `$ref`) intersect; of those that need not all hold (`anyOf`, `oneOf`, and the
//! branches of `if`) only what they have in common remains.

use super::keywords::{entries, list};
use super::references;
use super::shape::{ArrayShape, Bounds, ObjectShape, Pattern, Property, Shape, StringShape};
use super::shape_algebra::Algebra;
use super::types::Types;
use crate::flow::spec::inference::Reduce;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// The shape of a plain schema. The error says that its definitions multiply without end.
pub fn infer(schema: &Value) -> Result<Arc<Shape>, String> {
    let mut inference = Inference::of(schema);
    let shape = inference.infer(schema);
    match inference.visited {
        ..=MAX_SCHEMAS => Ok(shape),
        _ => Err(format!(
            "its definitions refer to each other in more than {MAX_SCHEMAS} ways, each of which \
             leads to fields of its own"
        )),
    }
}

/// The most schemas that are visited, each of them as often as others refer to it.
const MAX_SCHEMAS: usize = 200_000;

/// An inference in progress.
struct Inference<'s> {
    root: &'s Value,
    visited: usize,
    algebra: Algebra,
    /// References that are being followed, the innermost last.
    followed: Vec<Followed<'s>>,
    /// The referents that are known, by reference.
    known: HashMap<&'s str, Referent<'s>>,
}

/// A reference that is being followed.
#[derive(Default)]
struct Followed<'s> {
    reference: &'s str,
    /// The references within its referent.
    reached: HashSet<&'s str>,
    /// Whether it has led back to a reference around it, where a recursive schema ends.
    is_cut: bool,
}

/// The shape that a reference leads to.
struct Referent<'s> {
    shape: Arc<Shape>,
    /// The references within it.
    reached: HashSet<&'s str>,
}

impl<'s> Inference<'s> {
    fn of(root: &'s Value) -> Self {
        Self {
            root,
            visited: 0,
            algebra: Algebra::default(),
            followed: Vec::new(),
            known: HashMap::new(),
        }
    }

    fn infer(&mut self, schema: &'s Value) -> Arc<Shape> {
        self.visited += 1;
        if self.visited > MAX_SCHEMAS {
            return Arc::new(Shape::anything());
        }
        let Some(keywords) = schema.as_object() else {
            let mut shape = Shape::anything();
            if schema == &Value::Bool(false) {
                shape.types = Types::empty();
            }
            return Arc::new(shape);
        };
        let reference = keywords.get("$ref").and_then(Value::as_str);
        if let (Some(reference), 1) = (reference, keywords.len()) {
            return self.referent(reference);
        }
        let mut shape = self.own(keywords);
        if let Some(reference) = reference {
            shape = self.and(&shape, |this| this.referent(reference));
        }
        shape = self.applied(keywords, shape);
        self.unevaluated(keywords, shape)
    }

    /// Adds the constraints of schemas that are applied in place.
    fn applied(
        &mut self,
        keywords: &'s serde_json::Map<String, Value>,
        mut shape: Arc<Shape>,
    ) -> Arc<Shape> {
        for schema in list(keywords.get("allOf")) {
            shape = self.and(&shape, |this| this.infer(schema));
        }
        for key in ["oneOf", "anyOf"] {
            if let Some((first, others)) = list(keywords.get(key)).split_first() {
                let first = self.infer(first);
                let common = others.iter().fold(first, |common, schema| self.or(&common, schema));
                shape = self.algebra.intersection(&shape, &common);
            }
        }
        if let (Some(_), Some(then), Some(otherwise)) =
            (keywords.get("if"), keywords.get("then"), keywords.get("else"))
        {
            let then = self.infer(then);
            let common = self.or(&then, otherwise);
            shape = self.algebra.intersection(&shape, &common);
        }
        shape
    }

    /// The shape of a schema's own keywords.
    fn own(&mut self, keywords: &'s serde_json::Map<String, Value>) -> Arc<Shape> {
        let text = |key: &str| keywords.get(key).and_then(Value::as_str).map(str::to_string);
        let count = |key: &str| keywords.get(key).and_then(Value::as_u64);
        let number = |key: &str| keywords.get(key).and_then(Value::as_f64);
        let mut shape = Shape {
            types: keywords.get("type").map_or(Types::all(), Types::of_keyword),
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
        shape.object.apply_patterns(&mut self.algebra);
        shape.restrict_to_enumeration();
        Arc::new(shape)
    }

    fn and(
        &mut self,
        shape: &Arc<Shape>,
        other: impl FnOnce(&mut Self) -> Arc<Shape>,
    ) -> Arc<Shape> {
        let other = other(self);
        self.algebra.intersection(shape, &other)
    }

    fn or(&mut self, shape: &Arc<Shape>, other: &'s Value) -> Arc<Shape> {
        let other = self.infer(other);
        self.algebra.union(shape, &other)
    }

    /// Adds the unevaluated keywords, which count where nothing else constrains additional
    /// properties or items.
    fn unevaluated(
        &mut self,
        keywords: &'s serde_json::Map<String, Value>,
        mut shape: Arc<Shape>,
    ) -> Arc<Shape> {
        if let (None, Some(schema)) =
            (&shape.object.additional, keywords.get("unevaluatedProperties"))
        {
            let additional = self.infer(schema);
            Arc::make_mut(&mut shape).object.additional = Some(additional);
        }
        if let (None, Some(schema)) = (&shape.array.additional, keywords.get("unevaluatedItems")) {
            let additional = self.infer(schema);
            Arc::make_mut(&mut shape).array.additional = Some(additional);
        }
        shape
    }

    fn referent(&mut self, reference: &'s str) -> Arc<Shape> {
        if let Some(around) = self.followed.iter().position(|it| it.reference == reference) {
            self.followed[around + 1..].iter_mut().for_each(|it| it.is_cut = true);
            return Arc::new(Shape::anything());
        }
        let followed =
            |of: &HashSet<&str>| self.followed.iter().any(|it| of.contains(it.reference));
        if let Some(known) = self.known.get(reference).filter(|known| !followed(&known.reached)) {
            let (shape, reached) = (Arc::clone(&known.shape), known.reached.clone());
            self.reach(reference, reached);
            return shape;
        }
        match references::resolve(self.root, reference) {
            Some((_, schema)) => self.follow(reference, schema),
            None => Arc::new(Shape::anything()),
        }
    }

    /// Infers the shape of a referent. Another reference to it has the same shape, unless it
    /// has been cut.
    fn follow(&mut self, reference: &'s str, schema: &'s Value) -> Arc<Shape> {
        self.followed.push(Followed { reference, ..Followed::default() });
        let shape = self.infer(schema);
        let Followed { reached, is_cut, .. } = self.followed.pop().unwrap_or_default();
        self.reach(reference, reached.clone());
        if !is_cut {
            self.known.insert(reference, Referent { shape: Arc::clone(&shape), reached });
        }
        shape
    }

    /// Records that a reference, and others within its referent, are within the one that is
    /// being followed.
    fn reach(&mut self, reference: &'s str, within: HashSet<&'s str>) {
        if let Some(around) = self.followed.last_mut() {
            around.reached.insert(reference);
            around.reached.extend(within);
        }
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
            additional: additional.map(|schema| self.infer(schema)),
        }
    }

    fn object(&mut self, keywords: &'s serde_json::Map<String, Value>) -> ObjectShape {
        let mut properties = BTreeMap::new();
        for (name, schema) in entries(keywords.get("properties")) {
            let property = Property { shape: self.infer(schema), required: false };
            properties.insert(name.clone(), property);
        }
        for name in list(keywords.get("required")).iter().filter_map(Value::as_str) {
            let anything = || Property { shape: Arc::new(Shape::anything()), required: true };
            properties.entry(name.to_string()).or_insert_with(anything).required = true;
        }
        let patterns = entries(keywords.get("patternProperties"))
            .map(|(expression, schema)| Pattern {
                expression: expression.clone(),
                matcher: super::options()
                    .build(&json!({ "pattern": expression }))
                    .ok()
                    .map(Arc::new),
                shape: self.infer(schema),
            })
            .collect();
        let additional = keywords.get("additionalProperties").map(|schema| self.infer(schema));
        let mut object = ObjectShape { properties, patterns, additional };
        object.apply_additional_to_required(keywords.get("properties"));
        object
    }
}

impl ObjectShape {
    fn apply_patterns(&mut self, algebra: &mut Algebra) {
        for (name, property) in &mut self.properties {
            for pattern in self.patterns.iter().filter(|pattern| pattern.matches(name)) {
                property.shape = algebra.intersection(&property.shape, &pattern.shape);
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
                property.shape = Arc::clone(additional);
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
