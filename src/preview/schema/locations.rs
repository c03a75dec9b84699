//! Locations: the shapes of the places within a shape, and whether they exist.

use super::pointer::{self, Pointer};
use super::shape::Shape;
use super::types::Types;
use crate::flow::spec::inference::Exists;
use std::sync::{Arc, LazyLock};

/// The most locations that a schema may describe.
pub const MAX_LOCATIONS: usize = 100_000;

/// A location that a schema describes: its pointer, its shape, and whether it exists.
pub type Location<'s> = (String, &'s Shape, Exists);

impl Shape {
    /// The shape at a location, and whether there is one.
    pub fn locate(&self, pointer: &Pointer) -> (&Self, Exists) {
        static ANYTHING: LazyLock<Shape> = LazyLock::new(Shape::anything);
        let mut at = self;
        let mut exists = Exists::Must;
        for token in pointer.tokens() {
            let (shape, child) = at.child(token);
            at = shape.unwrap_or(&ANYTHING);
            exists = weaker(exists, child);
        }
        if at.types.is_empty() {
            exists = Exists::Cannot;
        }
        (at, exists)
    }

    fn child(&self, token: &str) -> (Option<&Self>, Exists) {
        let index = pointer::index(token).filter(|_| self.types.intersects(Types::ARRAY));
        if let Some(index) = index {
            return self.item(index);
        }
        if self.types.intersects(Types::OBJECT) {
            return self.property(token);
        }
        (None, Exists::Cannot)
    }

    fn item(&self, index: usize) -> (Option<&Self>, Exists) {
        let shape = self.array.at(index).map(Arc::as_ref);
        let maximum = self.array.items.maximum;
        let exists = if self.requires_item(index) {
            Exists::Must
        } else if maximum.is_some_and(|maximum| index as u64 >= maximum) {
            Exists::Cannot
        } else if maximum.is_some() || shape.is_some() {
            Exists::May
        } else {
            Exists::Implicit
        };
        (shape, exists)
    }

    fn property(&self, name: &str) -> (Option<&Self>, Exists) {
        match self.object.at(name).map(Arc::as_ref) {
            Some(shape) => (Some(shape), presence(self.requires_property(name))),
            None => (None, Exists::Implicit),
        }
    }

    fn requires_item(&self, index: usize) -> bool {
        let minimum = self.array.items.minimum.unwrap_or(0);
        self.types == Types::ARRAY && (index as u64) < minimum
    }

    fn requires_property(&self, name: &str) -> bool {
        let property = self.object.properties.get(name);
        self.types == Types::OBJECT && property.is_some_and(|property| property.required)
    }

    /// All locations that have a name of their own, and so no pattern's; if they are
    /// more than `MAX_LOCATIONS`, no more than shows that.
    pub fn locations(&self) -> Vec<Location<'_>> {
        let mut found = Vec::new();
        self.add_locations(String::new(), Exists::Must, &mut found);
        found
    }

    fn add_locations<'s>(&'s self, at: String, exists: Exists, found: &mut Vec<Location<'s>>) {
        if found.len() > MAX_LOCATIONS {
            return;
        }
        let exists = if self.types.is_empty() { Exists::Cannot } else { exists };
        for (name, property) in &self.object.properties {
            let child = weaker(exists, presence(self.requires_property(name)));
            property.shape.add_locations(pointer::join(&at, name), child, found);
        }
        for (index, shape) in self.array.tuple.iter().enumerate() {
            let child = weaker(exists, presence(self.requires_item(index)));
            shape.add_locations(pointer::join(&at, &index.to_string()), child, found);
        }
        found.push((at, self, exists));
    }
}

fn presence(is_required: bool) -> Exists {
    if is_required { Exists::Must } else { Exists::May }
}

/// Whether a location exists within another one.
fn weaker(parent: Exists, child: Exists) -> Exists {
    for status in [Exists::Cannot, Exists::Implicit, Exists::May] {
        if parent == status || child == status {
            return status;
        }
    }
    Exists::Must
}
