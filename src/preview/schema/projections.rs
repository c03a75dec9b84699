//! Projections: the fields of a collection, each described by its schema.

use super::field::{
    PUBLISHED_AT_FIELD, PUBLISHED_AT_POINTER, ROOT_FIELD, is_published_at, projection,
    published_at, truncated,
};
use super::inference::infer;
use super::locations::MAX_LOCATIONS;
use super::pointer::Pointer;
use super::shape::Shape;
use super::types::Types;
use crate::flow::spec::Projection;
use crate::flow::spec::inference::{Exists, Reduce};
use crate::preview::Error;
use crate::preview::catalog::Collection;
use crate::preview::schema;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The fields of a collection, sorted by name.
pub fn projections(collection: &Collection) -> Result<Vec<Projection>, Error> {
    let failed = |reason: String| Error::Collection { collection: collection.name.clone(), reason };
    Finder::of(collection).and_then(Finder::find).map_err(failed)
}

/// Finds the fields of a collection. Of several with one name, the first one remains.
struct Finder<'c> {
    collection: &'c Collection,
    shape: Arc<Shape>,
    /// The shape by the write schema, if that is another than the read schema.
    write_shape: Option<Arc<Shape>>,
    found: BTreeMap<String, Projection>,
}

impl<'c> Finder<'c> {
    fn of(collection: &'c Collection) -> Result<Self, String> {
        let write_shape = write_shape(collection)?;
        let shape = infer(collection.schema.root())?;
        if shape.types != Types::OBJECT {
            return Err("the schema must allow objects only; add \"type: object\"".to_string());
        }
        Ok(Self { collection, shape, write_shape, found: BTreeMap::new() })
    }

    fn find(mut self) -> Result<Vec<Projection>, String> {
        self.add_explicit()?;
        self.add_built_in();
        self.add_keys()?;
        self.add_inferred()?;
        Ok(self.found.into_values().collect())
    }

    /// Adds the user's own projections.
    fn add_explicit(&mut self) -> Result<(), String> {
        for (field, model) in &self.collection.projections {
            let (ptr, is_partition_key) = model.parts();
            let projection = if ptr == PUBLISHED_AT_POINTER && !is_partition_key {
                published_at(field)
            } else {
                self.explicit(field, ptr, is_partition_key)
                    .map_err(|e| format!("projections/{field}: {e}"))?
            };
            self.found.insert(field.clone(), Projection { explicit: true, ..projection });
        }
        Ok(())
    }

    fn explicit(
        &self,
        field: &str,
        ptr: &str,
        is_partition_key: bool,
    ) -> Result<Projection, String> {
        let (shape, exists) = self.shape.locate(&parse(ptr)?);
        if matches!(exists, Exists::Implicit | Exists::Cannot) {
            let reason = "the schema does not describe this location; add it there";
            return Err(format!("{ptr:?}: {reason}"));
        }
        if is_partition_key {
            self.check_key(ptr)?;
        }
        Ok(Projection {
            is_partition_key,
            is_primary_key: self.collection.key.iter().any(|key| key == ptr),
            ..projection(field, ptr, shape, exists)
        })
    }

    /// Adds the fields that every collection has.
    fn add_built_in(&mut self) {
        if !self.found.values().any(|projection| projection.ptr.is_empty()) {
            self.set(projection(ROOT_FIELD, "", &self.shape, Exists::Must));
        }
        if !self.found.values().any(is_published_at) {
            self.set(published_at(PUBLISHED_AT_FIELD));
        }
        self.set(truncated());
    }

    /// Adds a field for each part of the key.
    fn add_keys(&mut self) -> Result<(), String> {
        for (index, key) in self.collection.key.iter().enumerate() {
            let pointer = parse(key).map_err(|e| format!("key/{index}: {e}"))?;
            self.check_key(key).map_err(|e| format!("key/{index} ({key}): {e}"))?;
            let (shape, exists) = self.shape.locate(&pointer);
            let field = key.trim_start_matches('/');
            let projection = projection(field, key, shape, exists);
            self.add(Projection { is_primary_key: true, ..projection });
        }
        Ok(())
    }

    /// Checks that documents can be keyed, or partitioned, by a location.
    fn check_key(&self, ptr: &str) -> Result<(), String> {
        let pointer = parse(ptr)?;
        let types = key_types(&self.shape, &pointer)?;
        let Some(write_shape) = &self.write_shape else { return Ok(()) };
        let written = key_types(write_shape, &pointer).map_err(|e| format!("writeSchema: {e}"))?;
        if types != written {
            return Err(format!(
                "a key must be of one type, but here is {} by \"readSchema\" and {} by \
                 \"writeSchema\"",
                types.names().join(", "),
                written.names().join(", ")
            ));
        }
        Ok(())
    }

    /// Adds a field for each location that the schema describes.
    fn add_inferred(&mut self) -> Result<(), String> {
        let shape = Arc::clone(&self.shape);
        let locations = shape.locations();
        if locations.len() > MAX_LOCATIONS {
            return Err(format!(
                "the schema describes more than {MAX_LOCATIONS} locations; a definition that \
                 refers to another one several times multiplies what is within that one"
            ));
        }
        for (ptr, shape, exists) in locations {
            let Some(field) = ptr.strip_prefix('/') else { continue };
            // A name that ends in a slash has an empty last token.
            if field == ROOT_FIELD || ptr.ends_with('/') {
                continue;
            }
            if let Some(other) = self.found.get(field).filter(|it| it.explicit && it.ptr != ptr) {
                return Err(format!(
                    "projections/{field}: {:?} takes the name of {ptr:?}; choose another",
                    other.ptr
                ));
            }
            self.add(projection(field, &ptr, shape, exists));
        }
        Ok(())
    }

    fn set(&mut self, projection: Projection) {
        self.found.insert(projection.field.clone(), projection);
    }

    fn add(&mut self, projection: Projection) {
        self.found.entry(projection.field.clone()).or_insert(projection);
    }
}

/// The shape by the write schema, if documents are read with another one.
fn write_shape(collection: &Collection) -> Result<Option<Arc<Shape>>, String> {
    if collection.read_schema.is_none() {
        return Ok(None);
    }
    let plain = schema::plain(&collection.write_schema).map_err(|e| format!("writeSchema: {e}"))?;
    infer(&plain).map(Some)
}

fn parse(ptr: &str) -> Result<Pointer, String> {
    Pointer::parse(ptr).ok_or_else(|| {
        format!("{ptr:?} is no JSON pointer; it must begin with a slash, as in \"/{ptr}\"")
    })
}

/// The types of a location without null, if documents can be keyed by it.
fn key_types(shape: &Shape, pointer: &Pointer) -> Result<Types, String> {
    const KEYS: [Types; 5] =
        [Types::BOOLEAN, Types::FRACTIONAL, Types::INTEGER, Types::NUMBER, Types::STRING];
    let (shape, exists) = shape.locate(pointer);
    let types = shape.types.difference(Types::NULL);
    match exists {
        Exists::Implicit => Err("the schema does not describe this location".to_string()),
        Exists::Cannot => Err("the schema does not allow this location".to_string()),
        _ if !KEYS.contains(&types) => Err(format!(
            "a key must be an integer, a number, a string or a boolean, or one of these and \
             null, but here may be: {}",
            shape.types.names().join(", ")
        )),
        _ if !matches!(shape.reduce, None | Some(Reduce::LastWriteWins)) => {
            Err("a key is never reduced, but here is a \"reduce\"; remove it".to_string())
        }
        _ => Ok(types),
    }
}
