//! Union and intersection of shapes.

use super::shape::{ArrayShape, Bounds, ObjectShape, Property, Shape, StringShape};
use super::types::Types;
use crate::flow::spec::inference::Reduce;
use serde_json::Value;

impl Shape {
    /// What both shapes allow.
    pub fn intersection(left: Self, right: Self) -> Self {
        let mut shape = Self {
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
            array: ArrayShape::intersection(left.array, right.array),
            object: ObjectShape::intersection(left.object, right.object),
        };
        shape.restrict_to_enumeration();
        shape
    }

    /// What either shape allows: only constraints that both have remain.
    pub fn union(left: Self, right: Self) -> Self {
        if left.types == Types::NONE {
            return right;
        } else if right.types == Types::NONE {
            return left;
        }
        let (l, r) = (left.types, right.types);
        Self {
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
            array: either(Types::ARRAY, (l, left.array), (r, right.array), ArrayShape::union),
            object: either(Types::OBJECT, (l, left.object), (r, right.object), ObjectShape::union),
        }
    }

    /// An enumeration and the types limit each other.
    pub(super) fn restrict_to_enumeration(&mut self) {
        if let Some(values) = &mut self.enumeration {
            values.retain(|value| self.types.overlaps(Types::of(value)));
            sort_unique(values);
            let present = values.iter().map(Types::of).fold(Types::NONE, Types::union);
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
    fn intersection(left: Self, right: Self) -> Self {
        let length = left.tuple.len().max(right.tuple.len());
        let tuple = (0..length).map(|index| match (left.at(index), right.at(index)) {
            (Some(left), Some(right)) => Shape::intersection(left.clone(), right.clone()),
            (left, right) => left.or(right).cloned().unwrap_or_else(Shape::anything),
        });
        Self {
            items: left.items.intersection(right.items),
            tuple: tuple.collect(),
            additional: both_additional(left.additional, right.additional),
        }
    }

    fn union(left: Self, right: Self) -> Self {
        // Behind the end of a tuple without additional items, anything may be.
        let length = left.tuple.len().max(right.tuple.len());
        let tuple = (0..length).map_while(|index| match (left.at(index), right.at(index)) {
            (Some(left), Some(right)) => Some(Shape::union(left.clone(), right.clone())),
            _ => None,
        });
        Self {
            items: left.items.union(right.items),
            tuple: tuple.collect(),
            additional: either_additional(left.additional, right.additional),
        }
    }

    /// The constraint on an item, where there is one.
    pub fn at(&self, index: usize) -> Option<&Shape> {
        self.tuple.get(index).or(self.additional.as_deref())
    }
}

impl ObjectShape {
    fn intersection(left: Self, right: Self) -> Self {
        let properties = names(&left, &right).map(|name| {
            let required = left.requires(&name) || right.requires(&name);
            let shape = match (left.at(&name), right.at(&name)) {
                (Some(left), Some(right)) => Shape::intersection(left.clone(), right.clone()),
                (left, right) => left.or(right).cloned().unwrap_or_else(Shape::anything),
            };
            (name, Property { shape, required })
        });
        Self {
            properties: properties.collect(),
            additional: both_additional(left.additional.clone(), right.additional.clone()),
            patterns: left.patterns.into_iter().chain(right.patterns).collect(),
        }
    }

    fn union(left: Self, right: Self) -> Self {
        let properties = names(&left, &right).filter_map(|name| {
            let required = left.requires(&name) && right.requires(&name);
            // A property that one side says nothing about may be anything.
            let shape = Shape::union(left.at(&name)?.clone(), right.at(&name)?.clone());
            Some((name, Property { shape, required }))
        });
        Self {
            properties: properties.collect(),
            additional: either_additional(left.additional.clone(), right.additional.clone()),
            patterns: left
                .patterns
                .into_iter()
                .filter_map(|mut pattern| {
                    let same = |other: &&_| same_pattern(&pattern, other);
                    let other = right.patterns.iter().find(same)?.shape.clone();
                    pattern.shape = Shape::union(pattern.shape, other);
                    Some(pattern)
                })
                .collect(),
        }
    }

    /// The constraint on a property, where there is one.
    pub fn at(&self, name: &str) -> Option<&Shape> {
        match self.properties.get(name) {
            Some(property) => Some(&property.shape),
            None => match self.patterns.iter().find(|pattern| pattern.matches(name)) {
                Some(pattern) => Some(&pattern.shape),
                None => self.additional.as_deref(),
            },
        }
    }

    fn requires(&self, name: &str) -> bool {
        self.properties.get(name).is_some_and(|property| property.required)
    }
}

fn same_pattern(left: &super::shape::Pattern, right: &super::shape::Pattern) -> bool {
    left.expression == right.expression
}

fn names(left: &ObjectShape, right: &ObjectShape) -> impl Iterator<Item = String> + use<> {
    let names = left.properties.keys().chain(right.properties.keys());
    names.cloned().collect::<std::collections::BTreeSet<_>>().into_iter()
}

fn both_additional(left: Option<Box<Shape>>, right: Option<Box<Shape>>) -> Option<Box<Shape>> {
    match (left, right) {
        (Some(left), Some(right)) => Some(Box::new(Shape::intersection(*left, *right))),
        (left, right) => left.or(right),
    }
}

fn either_additional(left: Option<Box<Shape>>, right: Option<Box<Shape>>) -> Option<Box<Shape>> {
    Some(Box::new(Shape::union(*left?, *right?)))
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

/// Where only one side reduces, nothing is known of the location.
fn either_strategy(left: Option<Reduce>, right: Option<Reduce>) -> Option<Reduce> {
    let (left, right) = (left?, right?);
    Some(if left == right { left } else { Reduce::Multiple })
}

fn common<T: PartialEq>(left: Option<T>, right: Option<T>) -> Option<T> {
    if left == right { left } else { None }
}

/// A constraint on values of some type: where only one side allows the type, its own.
fn either<T>(
    of: Types,
    (left_types, left): (Types, T),
    (right_types, right): (Types, T),
    union: impl Fn(T, T) -> T,
) -> T {
    match (left_types.overlaps(of), right_types.overlaps(of)) {
        (true, true) => union(left, right),
        (false, true) => right,
        _ => left,
    }
}

/// Text that is an integer is a number, too.
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
    values.sort_by(super::reduce::compare);
    values.dedup();
}
