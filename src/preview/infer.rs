//! Projections: the fields of a collection, and what its schema says of each.

use super::Error;
use super::catalog::Collection;
use super::pointer::{self, Pointer};
use super::shape::Shape;
use super::types::Types;
use crate::flow::spec::{Inference, Projection, inference};
use inference::Exists;
use std::collections::BTreeMap;

/// Where Flow keeps the identifier of a document.
pub const UUID_POINTER: &str = "/_meta/uuid";
/// Where Flow tells whether values of a document were shortened.
pub const TRUNCATED_POINTER: &str = "/_meta/flow_truncated";

const ROOT_FIELD: &str = "flow_document";
const PUBLISHED_AT_FIELD: &str = "flow_published_at";
const TRUNCATED_FIELD: &str = "_meta/flow_truncated";
/// Stands for the time within the document's identifier.
const PUBLISHED_AT_POINTER: &str = "/_meta/uuid/date-time";

/// The fields of a collection, sorted by name.
pub fn projections(collection: &Collection) -> Result<Vec<Projection>, Error> {
    let failed = |reason: String| Error::Collection { collection: collection.name.clone(), reason };
    let shape = Shape::infer(&collection.schema);
    if shape.types != Types::OBJECT {
        return Err(failed("the schema must allow objects only; add \"type: object\"".to_string()));
    }

    // Of projections with the same name, the first one remains.
    let mut fields: BTreeMap<String, Projection> = BTreeMap::new();
    for (field, model) in &collection.projections {
        let (ptr, is_partition_key) = model.parts();
        let projection = if ptr == PUBLISHED_AT_POINTER && !is_partition_key {
            Projection { explicit: true, ..published_at(field) }
        } else {
            let parsed = parse(ptr).map_err(|e| failed(format!("projections/{field}: {e}")))?;
            let (shape, exists) = shape.locate(&parsed);
            if matches!(exists, Exists::Implicit | Exists::Cannot) {
                let reason = "the schema does not describe this location; add it there";
                return Err(failed(format!("projections/{field}: {ptr:?}: {reason}")));
            }
            Projection {
                explicit: true,
                is_partition_key,
                is_primary_key: collection.key.iter().any(|key| key == ptr),
                ..projection(field, ptr, shape, exists)
            }
        };
        fields.insert(field.clone(), projection);
    }
    let has = |pointer: &str, fields: &BTreeMap<String, Projection>| {
        fields.values().any(|projection| projection.ptr == pointer)
    };
    if !has("", &fields) {
        fields.insert(ROOT_FIELD.into(), projection(ROOT_FIELD, "", &shape, Exists::Must));
    }
    let is_published_at = |projection: &Projection| {
        projection.inference.as_ref().and_then(|i| i.string.as_ref()).is_some_and(|string| {
            projection.ptr == UUID_POINTER && string.content_encoding == "uuid"
        })
    };
    if !fields.values().any(is_published_at) {
        fields.insert(PUBLISHED_AT_FIELD.into(), published_at(PUBLISHED_AT_FIELD));
    }
    fields.insert(TRUNCATED_FIELD.into(), truncated());

    for (index, key) in collection.key.iter().enumerate() {
        let parsed = parse(key).map_err(|e| failed(format!("key/{index}: {e}")))?;
        let (shape, exists) = shape.locate(&parsed);
        check_key(shape, exists).map_err(|e| failed(format!("key/{index} ({key}): {e}")))?;
        let field = key.trim_start_matches('/');
        let projection =
            Projection { is_primary_key: true, ..projection(field, key, shape, exists) };
        fields.entry(field.to_string()).or_insert(projection);
    }

    let mut locations = Vec::new();
    shape.locations(String::new(), Exists::Must, &mut locations);
    for (ptr, shape, exists) in locations {
        let Some(field) = ptr.strip_prefix('/') else { continue };
        // A name that ends in a slash has an empty last token.
        if field == ROOT_FIELD || ptr.ends_with('/') {
            continue;
        }
        match fields.get(field) {
            Some(other) if other.explicit && other.ptr != ptr => {
                return Err(failed(format!(
                    "projections/{field}: {:?} takes the name of {ptr:?}; choose another",
                    other.ptr
                )));
            }
            Some(_) => {}
            None => {
                fields.insert(field.to_string(), projection(field, &ptr, shape, exists));
            }
        }
    }
    Ok(fields.into_values().collect())
}

fn parse(ptr: &str) -> Result<Pointer, String> {
    Pointer::parse(ptr).ok_or_else(|| {
        format!("{ptr:?} is no JSON pointer; it must begin with a slash, as in \"/{ptr}\"")
    })
}

fn check_key(shape: &Shape, exists: Exists) -> Result<(), String> {
    let scalar = Types::INTEGER.union(Types::STRING).union(Types::BOOLEAN).union(Types::NULL);
    match exists {
        Exists::Implicit => Err("the schema does not describe this location".to_string()),
        Exists::Cannot => Err("the schema does not allow this location".to_string()),
        Exists::May if shape.default.is_none() => {
            Err("the location may be missing; make it \"required\", or give it a \"default\""
                .to_string())
        }
        _ if shape.types.without(scalar) != Types::NONE => Err(format!(
            "a key must be an integer, a string or a boolean, but here may be: {}",
            shape.types.names().join(", ")
        )),
        _ => Ok(()),
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
        string: shape.types.overlaps(Types::STRING).then(|| inference::String {
            content_type: shape.string.content_type.clone().unwrap_or_default(),
            format: shape.string.format.clone().unwrap_or_default(),
            content_encoding: shape.string.content_encoding.clone().unwrap_or_default(),
            max_length: small(shape.string.length.maximum),
            ..inference::String::default()
        }),
        numeric: shape.types.overlaps(Types::NUMBER).then(|| inference::Numeric {
            has_minimum: numeric.minimum.is_some(),
            minimum: numeric.minimum.unwrap_or_default(),
            has_maximum: numeric.maximum.is_some(),
            maximum: numeric.maximum.unwrap_or_default(),
        }),
        array: shape.types.overlaps(Types::ARRAY).then(|| inference::Array {
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
        if at.types == Types::NONE {
            exists = Exists::Cannot;
        }
        (at, exists)
    }

    fn child(&self, token: &str) -> (Option<&Self>, Exists) {
        let index = pointer::index(token).filter(|_| self.types.overlaps(Types::ARRAY));
        if let Some(index) = index {
            let (shape, position) = (self.array.at(index), index as u64);
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
        } else if self.types.overlaps(Types::OBJECT) {
            let required = self.object.properties.get(token).is_some_and(|found| found.required);
            match self.object.at(token) {
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

    /// All locations that have a name, without those that only match a pattern.
    fn locations<'s>(
        &'s self,
        at: String,
        exists: Exists,
        out: &mut Vec<(String, &'s Self, Exists)>,
    ) {
        let exists = if self.types == Types::NONE { Exists::Cannot } else { exists };
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
