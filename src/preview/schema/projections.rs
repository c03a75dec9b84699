//! Projections: the fields of a collection, and what its schema says of each.

use super::inference::infer;
use super::pointer::{self, Pointer};
use super::shape::Shape;
use super::types::Types;
use crate::flow::spec::{Inference, Projection, inference};
use crate::preview::Error;
use crate::preview::catalog::Collection;
use crate::preview::schema;
use inference::{Exists, Reduce};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where Flow keeps the identifier of a document.
pub const UUID_POINTER: &str = "/_meta/uuid";
/// Where Flow tells whether values of a document were shortened.
pub const TRUNCATED_POINTER: &str = "/_meta/flow_truncated";

const ROOT_FIELD: &str = "flow_document";
const PUBLISHED_AT_FIELD: &str = "flow_published_at";
const TRUNCATED_FIELD: &str = "_meta/flow_truncated";
/// Stands for the time within the document's identifier.
const PUBLISHED_AT_POINTER: &str = "/_meta/uuid/date-time";

/// How many locations a schema may describe.
const MOST_LOCATIONS: usize = 100_000;

/// The fields of a collection, sorted by name.
pub fn projections(collection: &Collection) -> Result<Vec<Projection>, Error> {
    let failed = |reason: String| Error::Collection { collection: collection.name.clone(), reason };
    Fields::of(collection).map_err(failed)
}

/// The fields of a collection, as far as they are known. Of several with one name, the first
/// one remains.
struct Fields<'c> {
    collection: &'c Collection,
    shape: Arc<Shape>,
    /// Where documents are written with another schema.
    write_shape: Option<Arc<Shape>>,
    found: BTreeMap<String, Projection>,
}

impl<'c> Fields<'c> {
    fn of(collection: &'c Collection) -> Result<Vec<Projection>, String> {
        let write_schema = collection.read_schema.as_ref().map(|_| &collection.write_schema);
        let write_schema = write_schema.map(schema::plain).transpose();
        let write_schema = write_schema.map_err(|e| format!("writeSchema: {e}"))?;
        let mut fields = Self {
            collection,
            shape: infer(collection.schema.root())?,
            write_shape: write_schema.as_ref().map(infer).transpose()?,
            found: BTreeMap::new(),
        };
        if fields.shape.types != Types::OBJECT {
            return Err("the schema must allow objects only; add \"type: object\"".to_string());
        }
        fields.add_own()?;
        fields.add_built_in();
        fields.add_keys()?;
        fields.add_described()?;
        Ok(fields.found.into_values().collect())
    }

    /// Adds projections of the user's own.
    fn add_own(&mut self) -> Result<(), String> {
        for (field, model) in &self.collection.projections {
            let (ptr, is_partition_key) = model.parts();
            let projection = if ptr == PUBLISHED_AT_POINTER && !is_partition_key {
                published_at(field)
            } else {
                self.own(field, ptr, is_partition_key)
                    .map_err(|e| format!("projections/{field}: {e}"))?
            };
            self.found.insert(field.clone(), Projection { explicit: true, ..projection });
        }
        Ok(())
    }

    fn own(&self, field: &str, ptr: &str, is_partition_key: bool) -> Result<Projection, String> {
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

    /// Adds what every collection has.
    fn add_built_in(&mut self) {
        if !self.found.values().any(|projection| projection.ptr.is_empty()) {
            self.set(projection(ROOT_FIELD, "", &self.shape, Exists::Must));
        }
        let is_published_at = |projection: &Projection| {
            let string = projection.inference.as_ref().and_then(|it| it.string.as_ref());
            projection.ptr == UUID_POINTER
                && string.is_some_and(|string| string.content_encoding == "uuid")
        };
        if !self.found.values().any(is_published_at) {
            self.set(published_at(PUBLISHED_AT_FIELD));
        }
        self.set(truncated());
    }

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
        let types = check_key(&self.shape, &pointer)?;
        let Some(write_shape) = &self.write_shape else { return Ok(()) };
        let written = check_key(write_shape, &pointer).map_err(|e| format!("writeSchema: {e}"))?;
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

    /// Adds the locations that the schema describes.
    fn add_described(&mut self) -> Result<(), String> {
        let shape = Arc::clone(&self.shape);
        let mut locations = Vec::new();
        shape.locations(String::new(), Exists::Must, &mut locations);
        if locations.len() > MOST_LOCATIONS {
            return Err(format!(
                "the schema describes more than {MOST_LOCATIONS} locations; a definition that \
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

fn parse(ptr: &str) -> Result<Pointer, String> {
    Pointer::parse(ptr).ok_or_else(|| {
        format!("{ptr:?} is no JSON pointer; it must begin with a slash, as in \"/{ptr}\"")
    })
}

/// Checks that a schema lets documents be keyed by a location. Returns its types, without null.
fn check_key(shape: &Shape, pointer: &Pointer) -> Result<Types, String> {
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

fn projection(field: &str, ptr: &str, shape: &Shape, exists: Exists) -> Projection {
    Projection {
        ptr: ptr.to_string(),
        field: field.to_string(),
        inference: Some(inference(shape, exists)),
        ..Projection::default()
    }
}

fn published_at(field: &str) -> Projection {
    let inference = Inference {
        types: vec!["string".to_string()],
        string: Some(inference::String {
            format: "date-time".to_string(),
            content_encoding: "uuid".to_string(),
            ..Default::default()
        }),
        title: "Publication time".to_string(),
        description: "When Flow published this document.".to_string(),
        exists: Exists::Must.into(),
        ..Inference::default()
    };
    Projection {
        ptr: UUID_POINTER.to_string(),
        field: field.to_string(),
        inference: Some(inference),
        ..Projection::default()
    }
}

fn truncated() -> Projection {
    let inference = Inference {
        types: vec!["boolean".to_string()],
        title: "Truncated".to_string(),
        description: "Whether values of this document were shortened.".to_string(),
        exists: Exists::Must.into(),
        ..Inference::default()
    };
    Projection {
        ptr: TRUNCATED_POINTER.to_string(),
        field: TRUNCATED_FIELD.to_string(),
        inference: Some(inference),
        ..Projection::default()
    }
}

fn inference(shape: &Shape, exists: Exists) -> Inference {
    let small = |count: Option<u64>| u32::try_from(count.unwrap_or(0)).unwrap_or(u32::MAX);
    let numeric = &shape.numeric;
    Inference {
        types: shape.types.names(),
        exists: exists.into(),
        title: shape.title.clone().unwrap_or_default(),
        description: shape.description.clone().unwrap_or_default(),
        default_json: shape.default.as_ref().map(ToString::to_string).unwrap_or_default().into(),
        secret: shape.secret.unwrap_or_default(),
        string: shape.types.intersects(Types::STRING).then(|| inference::String {
            content_type: shape.string.content_type.clone().unwrap_or_default(),
            format: shape.string.format.clone().unwrap_or_default(),
            content_encoding: shape.string.content_encoding.clone().unwrap_or_default(),
            max_length: small(shape.string.length.maximum),
            ..inference::String::default()
        }),
        numeric: shape.types.intersects(Types::NUMBER).then(|| inference::Numeric {
            has_minimum: numeric.minimum.is_some(),
            minimum: numeric.minimum.unwrap_or_default(),
            has_maximum: numeric.maximum.is_some(),
            maximum: numeric.maximum.unwrap_or_default(),
        }),
        array: shape.types.intersects(Types::ARRAY).then(|| inference::Array {
            min_items: small(shape.array.items.minimum),
            has_max_items: shape.array.items.maximum.is_some(),
            max_items: small(shape.array.items.maximum),
            item_types: shape
                .array
                .additional
                .iter()
                .flat_map(|items| items.types.names())
                .collect(),
        }),
        enum_json_vec: shape.enumeration.iter().flatten().map(ToString::to_string).collect(),
        reduce: shape.reduce.unwrap_or_default().into(),
        ..Inference::default()
    }
}

impl Shape {
    /// The shape at a location, and whether there is one.
    fn locate(&self, pointer: &Pointer) -> (&Self, Exists) {
        static ANYTHING: std::sync::LazyLock<Shape> = std::sync::LazyLock::new(Shape::anything);
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
            let (shape, position) = (self.array.at(index).map(Arc::as_ref), index as u64);
            let exists = if self.types == Types::ARRAY
                && self.array.items.minimum.is_some_and(|minimum| position < minimum)
            {
                Exists::Must
            } else if self.array.items.maximum.is_some_and(|maximum| position >= maximum) {
                Exists::Cannot
            } else if self.array.items.maximum.is_some() || shape.is_some() {
                Exists::May
            } else {
                Exists::Implicit
            };
            (shape, exists)
        } else if self.types.intersects(Types::OBJECT) {
            let required = self.object.properties.get(token).is_some_and(|found| found.required);
            match self.object.at(token).map(Arc::as_ref) {
                Some(shape) if required && self.types == Types::OBJECT => {
                    (Some(shape), Exists::Must)
                }
                Some(shape) => (Some(shape), Exists::May),
                None => (None, Exists::Implicit),
            }
        } else {
            (None, Exists::Cannot)
        }
    }

    /// All locations that have a name, without those that only match a pattern; no more than
    /// shows that they are too many.
    fn locations<'s>(
        &'s self,
        at: String,
        exists: Exists,
        out: &mut Vec<(String, &'s Self, Exists)>,
    ) {
        if out.len() > MOST_LOCATIONS {
            return;
        }
        let exists = if self.types.is_empty() { Exists::Cannot } else { exists };
        for (name, property) in &self.object.properties {
            let must = property.required && self.types == Types::OBJECT;
            let child = weaker(exists, if must { Exists::Must } else { Exists::May });
            property.shape.locations(pointer::join(&at, name), child, out);
        }
        for (index, shape) in self.array.tuple.iter().enumerate() {
            let minimum = self.array.items.minimum.unwrap_or(0);
            let must = self.types == Types::ARRAY && (index as u64) < minimum;
            let child = weaker(exists, if must { Exists::Must } else { Exists::May });
            shape.locations(pointer::join(&at, &index.to_string()), child, out);
        }
        out.push((at, self, exists));
    }
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
