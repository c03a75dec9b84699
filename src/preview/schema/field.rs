//! Fields: Flow's messages about the locations of a collection's documents.

use super::shape::{ArrayShape, Bounds, Shape, StringShape};
use super::types::Types;
use crate::flow::spec::{Inference, Projection, inference};
use inference::Exists;

/// Where Flow keeps the identifier of a document.
pub const UUID_POINTER: &str = "/_meta/uuid";
/// Where Flow marks documents with shortened values.
pub const TRUNCATED_POINTER: &str = "/_meta/flow_truncated";

pub const ROOT_FIELD: &str = "flow_document";
pub const PUBLISHED_AT_FIELD: &str = "flow_published_at";
const TRUNCATED_FIELD: &str = "_meta/flow_truncated";
/// Stands for the time within the document's identifier.
pub const PUBLISHED_AT_POINTER: &str = "/_meta/uuid/date-time";

/// A field at a location, described by its shape.
pub fn projection(field: &str, ptr: &str, shape: &Shape, exists: Exists) -> Projection {
    Projection {
        ptr: ptr.to_string(),
        field: field.to_string(),
        inference: Some(inference(shape, exists)),
        ..Projection::default()
    }
}

/// A field of the time at which Flow published the document.
pub fn published_at(field: &str) -> Projection {
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

/// The field that marks documents with shortened values.
pub fn truncated() -> Projection {
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

/// Whether a field is the time within the document's identifier.
pub fn is_published_at(projection: &Projection) -> bool {
    let string = projection.inference.as_ref().and_then(|inference| inference.string.as_ref());
    projection.ptr == UUID_POINTER && string.is_some_and(|string| string.content_encoding == "uuid")
}

/// The description of a field by its shape.
fn inference(shape: &Shape, exists: Exists) -> Inference {
    Inference {
        types: shape.types.names(),
        exists: exists.into(),
        title: shape.title.clone().unwrap_or_default(),
        description: shape.description.clone().unwrap_or_default(),
        default_json: shape.default.as_ref().map(ToString::to_string).unwrap_or_default().into(),
        secret: shape.secret.unwrap_or_default(),
        string: shape.types.intersects(Types::STRING).then(|| string(&shape.string)),
        numeric: shape.types.intersects(Types::NUMBER).then(|| numeric(&shape.numeric)),
        array: shape.types.intersects(Types::ARRAY).then(|| array(&shape.array)),
        enum_json_vec: shape.enumeration.iter().flatten().map(ToString::to_string).collect(),
        reduce: shape.reduce.unwrap_or_default().into(),
        ..Inference::default()
    }
}

fn string(shape: &StringShape) -> inference::String {
    inference::String {
        content_type: shape.content_type.clone().unwrap_or_default(),
        format: shape.format.clone().unwrap_or_default(),
        content_encoding: shape.content_encoding.clone().unwrap_or_default(),
        max_length: saturated(shape.length.maximum),
        ..inference::String::default()
    }
}

fn numeric(bounds: &Bounds<f64>) -> inference::Numeric {
    inference::Numeric {
        has_minimum: bounds.minimum.is_some(),
        minimum: bounds.minimum.unwrap_or_default(),
        has_maximum: bounds.maximum.is_some(),
        maximum: bounds.maximum.unwrap_or_default(),
    }
}

fn array(shape: &ArrayShape) -> inference::Array {
    inference::Array {
        min_items: saturated(shape.items.minimum),
        has_max_items: shape.items.maximum.is_some(),
        max_items: saturated(shape.items.maximum),
        item_types: shape.additional.iter().flat_map(|items| items.types.names()).collect(),
    }
}

/// A bound as the protocol writes it; 0 if there is none.
fn saturated(bound: Option<u64>) -> u32 {
    u32::try_from(bound.unwrap_or(0)).unwrap_or(u32::MAX)
}
