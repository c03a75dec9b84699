//! Shapes as JSON schemas, and the union of two schemas.

use super::Schema;
use super::inference::infer;
use super::shape::{ArrayShape, Bounds, ObjectShape, Shape, StringShape};
use super::shape_algebra::Algebra;
use super::types::Types;
use crate::flow::spec::inference::Reduce;
use serde_json::{Map, Value, json};
use std::cmp::Ordering;

const DRAFT: &str = "https://json-schema.org/draft/2019-09/schema";
/// A schema with a later generation of its collection replaces one of an earlier one.
const GENERATION: &str = "x-collection-generation-id";

/// The union of two schemas, each with its compiled form. Fails if a shape has no end.
pub fn union(left: (&Value, &Schema), right: (&Value, &Schema)) -> Result<Value, String> {
    let generations = generation(left.0).zip(generation(right.0));
    let (shape, annotations) = match generations.map(|(left, right)| left.cmp(right)) {
        Some(Ordering::Less) => (infer(right.1.root())?, annotations(right.0)),
        Some(Ordering::Greater) => (infer(left.1.root())?, annotations(left.0)),
        _ => {
            let shapes = (infer(left.1.root())?, infer(right.1.root())?);
            let shape = Algebra::default().union(&shapes.0, &shapes.1);
            (shape, common_annotations(left.0, right.0))
        }
    };
    let mut described = schema(&shape);
    if let Value::Object(keywords) = &mut described {
        keywords.insert("$schema".to_string(), DRAFT.into());
        keywords.extend(annotations);
    }
    Ok(described)
}

fn generation(schema: &Value) -> Option<&str> {
    schema.get(GENERATION).and_then(Value::as_str)
}

fn annotations(schema: &Value) -> Map<String, Value> {
    let keywords = schema.as_object().into_iter().flatten();
    let own = keywords.filter(|(name, _)| name.starts_with("x-"));
    own.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The annotations that both have, and the generation of either.
fn common_annotations(left: &Value, right: &Value) -> Map<String, Value> {
    let mut common = annotations(left);
    // Nothing came before a schema that is the first one.
    if left == &Value::Bool(false) {
        return annotations(right);
    }
    common.retain(|name, value| right.get(name) == Some(value));
    if let Some(generation) = generation(left).or(generation(right)) {
        common.insert(GENERATION.to_string(), generation.into());
    }
    common
}

/// The schema that describes a shape.
fn schema(shape: &Shape) -> Value {
    if shape.types.is_empty() {
        return Value::Bool(false);
    }
    let mut keywords = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        keywords.extend(value.map(|value| (name.to_string(), value)));
    };
    put("type", types(shape.types));
    put("enum", shape.enumeration.clone().map(Value::Array));
    put("title", shape.title.clone().map(Value::from));
    put("description", shape.description.clone().map(Value::from));
    put("default", shape.default.clone());
    put("secret", shape.secret.map(Value::from));
    put("reduce", shape.reduce.and_then(strategy).map(|name| json!({ "strategy": name })));
    if shape.types.intersects(Types::STRING) {
        strings(&shape.string, &mut put);
    }
    if shape.types.intersects(Types::NUMBER) {
        put("minimum", shape.numeric.minimum.map(number));
        put("maximum", shape.numeric.maximum.map(number));
    }
    if shape.types.intersects(Types::ARRAY) {
        arrays(&shape.array, &mut put);
    }
    if shape.types.intersects(Types::OBJECT) {
        objects(&shape.object, &mut put);
    }
    Value::Object(keywords)
}

/// None, where any type may be.
fn types(types: Types) -> Option<Value> {
    // A type of its own for fractions is Flow's alone.
    let name = |name: String| if name == "fractional" { "number".to_string() } else { name };
    let mut names: Vec<String> = types.names().into_iter().map(name).collect();
    match names.len() {
        _ if types == Types::all() => None,
        1 => names.pop().map(Value::from),
        _ => Some(names.into()),
    }
}

fn strings(shape: &StringShape, put: &mut impl FnMut(&str, Option<Value>)) {
    put("format", shape.format.clone().map(Value::from));
    put("contentMediaType", shape.content_type.clone().map(Value::from));
    put("contentEncoding", shape.content_encoding.clone().map(Value::from));
    counts(shape.length, ["minLength", "maxLength"], put);
}

fn arrays(shape: &ArrayShape, put: &mut impl FnMut(&str, Option<Value>)) {
    counts(shape.items, ["minItems", "maxItems"], put);
    let additional = shape.additional.as_deref().map(schema);
    if shape.tuple.is_empty() {
        put("items", additional);
    } else {
        put("items", Some(shape.tuple.iter().map(|shape| schema(shape)).collect()));
        put("additionalItems", additional);
    }
}

fn objects(shape: &ObjectShape, put: &mut impl FnMut(&str, Option<Value>)) {
    let properties = shape.properties.iter();
    let required = properties.clone().filter(|(_, property)| property.required);
    let required: Vec<Value> = required.map(|(name, _)| name.clone().into()).collect();
    let described: Map<_, _> =
        properties.map(|(name, property)| (name.clone(), schema(&property.shape))).collect();
    let patterns = shape.patterns.iter();
    let patterns: Map<_, _> =
        patterns.map(|pattern| (pattern.expression.clone(), schema(&pattern.shape))).collect();
    put("properties", (!described.is_empty()).then_some(Value::Object(described)));
    put("required", (!required.is_empty()).then_some(Value::Array(required)));
    put("patternProperties", (!patterns.is_empty()).then_some(Value::Object(patterns)));
    put("additionalProperties", shape.additional.as_deref().map(schema));
}

fn counts(bounds: Bounds<u64>, names: [&str; 2], put: &mut impl FnMut(&str, Option<Value>)) {
    put(names[0], bounds.minimum.map(Value::from));
    put(names[1], bounds.maximum.map(Value::from));
}

/// A bound, as an integer where it is one.
fn number(bound: f64) -> Value {
    let is_integer = bound.fract() == 0.0 && bound.abs() < 9_007_199_254_740_992.0;
    if is_integer { Value::from(bound as i64) } else { Value::from(bound) }
}

fn strategy(reduce: Reduce) -> Option<&'static str> {
    Some(match reduce {
        Reduce::Append => "append",
        Reduce::FirstWriteWins => "firstWriteWins",
        Reduce::JsonSchemaMerge => "jsonSchemaMerge",
        Reduce::LastWriteWins => "lastWriteWins",
        Reduce::Maximize => "maximize",
        Reduce::Merge => "merge",
        Reduce::Minimize => "minimize",
        Reduce::Set => "set",
        Reduce::Sum => "sum",
        Reduce::Unset | Reduce::Multiple => return None,
    })
}
