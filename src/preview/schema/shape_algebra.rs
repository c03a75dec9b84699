//! Union and intersection of shapes.

use super::shape::{ArrayShape, Bounds, ObjectShape, Pattern, Property, Shape, StringShape};
use super::types::Types;
use crate::flow::spec::inference::Reduce;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Computes each union and intersection once (memoized), so that shared shapes stay shared.
#[derive(Debug, Default)]
pub struct Algebra {
    intersections: Known,
    unions: Known,
}

/// Results for two shapes, by their addresses. The two are kept with the result, so that no other
/// shape gets one of these addresses.
#[derive(Debug, Default)]
struct Known(HashMap<(*const Shape, *const Shape), [Arc<Shape>; 3]>);

impl Known {
    /// A shape and itself are that shape, whether united or intersected.
    fn get(&self, left: &Arc<Shape>, right: &Arc<Shape>) -> Option<Arc<Shape>> {
        if Arc::ptr_eq(left, right) {
            return Some(Arc::clone(left));
        }
        let known = self.0.get(&(Arc::as_ptr(left), Arc::as_ptr(right)));
        known.map(|[_, _, shape]| Arc::clone(shape))
    }

    fn insert(&mut self, left: &Arc<Shape>, right: &Arc<Shape>, shape: Shape) -> Arc<Shape> {
        let shape = Arc::new(shape);
        let entry = [Arc::clone(left), Arc::clone(right), Arc::clone(&shape)];
        self.0.insert((Arc::as_ptr(left), Arc::as_ptr(right)), entry);
        shape
    }
}

impl Algebra {
    /// The shape that both shapes allow.
    pub fn intersection(&mut self, left: &Arc<Shape>, right: &Arc<Shape>) -> Arc<Shape> {
        self.intersections.get(left, right).unwrap_or_else(|| {
            let shape = self.shapes_intersection(Shape::clone(left), Shape::clone(right));
            self.intersections.insert(left, right, shape)
        })
    }

    /// The shape that either shape allows: only constraints that both have remain.
    pub fn union(&mut self, left: &Arc<Shape>, right: &Arc<Shape>) -> Arc<Shape> {
        if left.types.is_empty() {
            return Arc::clone(right);
        } else if right.types.is_empty() {
            return Arc::clone(left);
        }
        self.unions.get(left, right).unwrap_or_else(|| {
            let shape = self.shapes_union(Shape::clone(left), Shape::clone(right));
            self.unions.insert(left, right, shape)
        })
    }

    fn shapes_intersection(&mut self, left: Shape, right: Shape) -> Shape {
        let mut shape = Shape {
            types: left.types.intersection(right.types),
            enumeration: match (left.enumeration, right.enumeration) {
                (Some(left), Some(right)) => {
                    Some(left.into_iter().filter(|value| right.contains(value)).collect())
                }
                (left, right) => left.or(right),
            },
            title: left.title.or(right.title),
            description: left.description.or(right.description),
            default: left.default.or(right.default),
            secret: left.secret.or(right.secret),
            reduce: left.reduce.or(right.reduce),
            string: StringShape {
                format: narrower_format(left.string.format, right.string.format),
                content_type: left.string.content_type.or(right.string.content_type),
                content_encoding: left.string.content_encoding.or(right.string.content_encoding),
                length: left.string.length.intersection(right.string.length),
            },
            numeric: left.numeric.intersection(right.numeric),
            array: self.arrays_intersection(&left.array, &right.array),
            object: self.objects_intersection(&left.object, &right.object),
        };
        shape.restrict_to_enumeration();
        shape
    }

    fn shapes_union(&mut self, left: Shape, right: Shape) -> Shape {
        let (l, r) = (left.types, right.types);
        Shape {
            types: l.union(r),
            enumeration: match (left.enumeration, right.enumeration) {
                (Some(mut left), Some(right)) => {
                    left.extend(right);
                    sort_unique(&mut left);
                    Some(left)
                }
                _ => None,
            },
            title: common(left.title, right.title),
            description: common(left.description, right.description),
            default: common(left.default, right.default),
            secret: common(left.secret, right.secret),
            reduce: either_strategy(left.reduce, right.reduce),
            string: either(Types::STRING, (l, left.string), (r, right.string), StringShape::union),
            numeric: either(Types::NUMBER, (l, left.numeric), (r, right.numeric), Bounds::union),
            array: either(Types::ARRAY, (l, left.array), (r, right.array), |left, right| {
                self.arrays_union(&left, &right)
            }),
            object: either(Types::OBJECT, (l, left.object), (r, right.object), |left, right| {
                self.objects_union(&left, &right)
            }),
        }
    }

    fn arrays_intersection(&mut self, left: &ArrayShape, right: &ArrayShape) -> ArrayShape {
        let length = left.tuple.len().max(right.tuple.len());
        let tuple = (0..length).filter_map(|index| self.both(left.at(index), right.at(index)));
        ArrayShape {
            items: left.items.intersection(right.items),
            tuple: tuple.collect(),
            additional: self.both(left.additional.as_ref(), right.additional.as_ref()),
        }
    }

    fn arrays_union(&mut self, left: &ArrayShape, right: &ArrayShape) -> ArrayShape {
        // After the end of a tuple without additional items, anything is allowed.
        let length = left.tuple.len().max(right.tuple.len());
        let tuple = (0..length).map_while(|index| self.either(left.at(index), right.at(index)));
        ArrayShape {
            items: left.items.union(right.items),
            tuple: tuple.collect(),
            additional: self.either(left.additional.as_ref(), right.additional.as_ref()),
        }
    }

    fn objects_intersection(&mut self, left: &ObjectShape, right: &ObjectShape) -> ObjectShape {
        let properties = names(left, right).into_iter().filter_map(|name| {
            let required = left.requires(name) || right.requires(name);
            let shape = self.both(left.at(name), right.at(name))?;
            Some((name.clone(), Property { shape, required }))
        });
        ObjectShape {
            properties: properties.collect(),
            additional: self.both(left.additional.as_ref(), right.additional.as_ref()),
            patterns: self.patterns_intersection(&left.patterns, &right.patterns),
        }
    }

    fn patterns_intersection(&mut self, left: &[Pattern], right: &[Pattern]) -> Vec<Pattern> {
        let mut patterns = left.to_vec();
        for pattern in right {
            match patterns.iter_mut().find(|other| other.expression == pattern.expression) {
                Some(same) => same.shape = self.intersection(&same.shape, &pattern.shape),
                None => patterns.push(pattern.clone()),
            }
        }
        patterns
    }

    fn objects_union(&mut self, left: &ObjectShape, right: &ObjectShape) -> ObjectShape {
        let properties = names(left, right).into_iter().filter_map(|name| {
            let required = left.requires(name) && right.requires(name);
            // A property that one side doesn't constrain may be anything.
            let shape = self.either(left.at(name), right.at(name))?;
            Some((name.clone(), Property { shape, required }))
        });
        ObjectShape {
            properties: properties.collect(),
            additional: self.either(left.additional.as_ref(), right.additional.as_ref()),
            patterns: self.patterns_union(left, right),
        }
    }

    fn patterns_union(&mut self, left: &ObjectShape, right: &ObjectShape) -> Vec<Pattern> {
        let of_left = left.patterns.iter().filter_map(|pattern| {
            let shape = self.either(Some(&pattern.shape), right.of_pattern(pattern))?;
            Some(Pattern { shape, ..pattern.clone() })
        });
        let mut patterns: Vec<Pattern> = of_left.collect();
        let is_new = |pattern: &&Pattern| left.same(pattern).is_none();
        patterns.extend(right.patterns.iter().filter(is_new).filter_map(|pattern| {
            let shape = self.either(left.additional.as_ref(), Some(&pattern.shape))?;
            Some(Pattern { shape, ..pattern.clone() })
        }));
        patterns
    }

    /// The intersection of two optional constraints: one that is missing allows anything.
    fn both(&mut self, left: Side<'_>, right: Side<'_>) -> Option<Arc<Shape>> {
        match (left, right) {
            (Some(left), Some(right)) => Some(self.intersection(left, right)),
            (left, right) => left.or(right).cloned(),
        }
    }

    /// The union of two optional constraints, if both are there.
    fn either(&mut self, left: Side<'_>, right: Side<'_>) -> Option<Arc<Shape>> {
        Some(self.union(left?, right?))
    }
}

/// The constraint of one side on a location.
type Side<'s> = Option<&'s Arc<Shape>>;

impl Shape {
    /// An enumeration and the types limit each other.
    pub(super) fn restrict_to_enumeration(&mut self) {
        if let Some(values) = &mut self.enumeration {
            values.retain(|value| self.types.intersects(Types::of(value)));
            sort_unique(values);
            let present: Types = values.iter().map(Types::of).collect();
            self.types = self.types.intersection(present);
        }
    }
}

impl StringShape {
    fn union(left: Self, right: Self) -> Self {
        Self {
            format: wider_format(left.format, right.format),
            content_type: common(left.content_type, right.content_type),
            content_encoding: common(left.content_encoding, right.content_encoding),
            length: left.length.union(right.length),
        }
    }
}

impl ArrayShape {
    /// The constraint on an item, where there is one.
    pub fn at(&self, index: usize) -> Option<&Arc<Shape>> {
        self.tuple.get(index).or(self.additional.as_ref())
    }
}

impl ObjectShape {
    /// The constraint on a property, where there is one.
    pub fn at(&self, name: &str) -> Option<&Arc<Shape>> {
        match self.properties.get(name) {
            Some(property) => Some(&property.shape),
            None => match self.patterns.iter().find(|pattern| pattern.matches(name)) {
                Some(pattern) => Some(&pattern.shape),
                None => self.additional.as_ref(),
            },
        }
    }

    /// The constraint on properties that match a pattern, where there is one.
    fn of_pattern(&self, pattern: &Pattern) -> Option<&Arc<Shape>> {
        self.same(pattern).map(|same| &same.shape).or(self.additional.as_ref())
    }

    fn same(&self, pattern: &Pattern) -> Option<&Pattern> {
        self.patterns.iter().find(|other| other.expression == pattern.expression)
    }

    fn requires(&self, name: &str) -> bool {
        self.properties.get(name).is_some_and(|property| property.required)
    }
}

fn names<'s>(left: &'s ObjectShape, right: &'s ObjectShape) -> BTreeSet<&'s String> {
    left.properties.keys().chain(right.properties.keys()).collect()
}

impl<T: PartialOrd + Copy> Bounds<T> {
    fn intersection(self, other: Self) -> Self {
        Self {
            minimum: pick(self.minimum, other.minimum, |a, b| a >= b)
                .or(self.minimum)
                .or(other.minimum),
            maximum: pick(self.maximum, other.maximum, |a, b| a <= b)
                .or(self.maximum)
                .or(other.maximum),
        }
    }

    fn union(self, other: Self) -> Self {
        Self {
            minimum: pick(self.minimum, other.minimum, |a, b| a <= b),
            maximum: pick(self.maximum, other.maximum, |a, b| a >= b),
        }
    }
}

fn pick<T: Copy>(a: Option<T>, b: Option<T>, first: impl Fn(&T, &T) -> bool) -> Option<T> {
    let (a, b) = (a?, b?);
    Some(if first(&a, &b) { a } else { b })
}

/// If only one side reduces, the location's strategy is unknown.
fn either_strategy(left: Option<Reduce>, right: Option<Reduce>) -> Option<Reduce> {
    let (left, right) = (left?, right?);
    Some(if left == right { left } else { Reduce::Multiple })
}

fn common<T: PartialEq>(left: Option<T>, right: Option<T>) -> Option<T> {
    if left == right { left } else { None }
}

/// The union of constraints on values of some type: if only one side allows the type, its own.
fn either<T>(
    of: Types,
    (left_types, left): (Types, T),
    (right_types, right): (Types, T),
    union: impl FnOnce(T, T) -> T,
) -> T {
    match (left_types.intersects(of), right_types.intersects(of)) {
        (true, true) => union(left, right),
        (false, true) => right,
        _ => left,
    }
}

/// The union of two formats: a text that is an integer is a number, too.
fn wider_format(left: Option<String>, right: Option<String>) -> Option<String> {
    match (left.as_deref(), right.as_deref()) {
        (Some("integer"), Some("number")) | (Some("number"), Some("integer")) => {
            Some("number".to_string())
        }
        _ => common(left, right),
    }
}

fn narrower_format(left: Option<String>, right: Option<String>) -> Option<String> {
    match (left.as_deref(), right.as_deref()) {
        (Some("number"), Some("integer")) => right,
        _ => left.or(right),
    }
}

fn sort_unique(values: &mut Vec<Value>) {
    values.sort_by(super::order::compare);
    values.dedup();
}
