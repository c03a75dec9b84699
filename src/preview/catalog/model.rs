//! The model of a catalog file: the parts of Flow's catalogs that a preview reads.

use crate::flow::Timestamp;
use serde::{Deserialize, Deserializer, de};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A catalog file.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Document {
    /// Other catalog files.
    pub import: Vec<Import>,
    /// By name.
    pub collections: BTreeMap<String, CollectionModel>,
    /// By name.
    pub materializations: BTreeMap<String, MaterializationModel>,
}

/// Another catalog file.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Import {
    /// Relative to the file that imports it.
    Path(String),
    /// A file's path, as a property.
    Object {
        /// Relative to the file that imports it.
        url: String,
    },
}

/// A collection.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CollectionModel {
    /// The schema for reads and writes.
    pub schema: Option<Value>,
    /// The schema for writes, if reads have their own.
    pub write_schema: Option<Value>,
    /// The schema for reads.
    pub read_schema: Option<Value>,
    /// The key's JSON pointers.
    pub key: Vec<String>,
    /// Projections by field.
    #[serde(default)]
    pub projections: BTreeMap<String, ProjectionModel>,
}

/// A field of the user's own.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum ProjectionModel {
    /// Its location.
    Pointer(String),
    /// Its location, with further properties.
    Extended {
        /// A JSON pointer.
        location: String,
        /// Whether the collection is partitioned by it.
        #[serde(default)]
        partition: bool,
    },
}

impl ProjectionModel {
    /// The JSON pointer, and whether the collection is partitioned by it.
    pub fn parts(&self) -> (&str, bool) {
        match self {
            Self::Pointer(pointer) => (pointer, false),
            Self::Extended { location, partition } => (location, *partition),
        }
    }
}

/// A materialization.
#[derive(Debug, Deserialize)]
pub struct MaterializationModel {
    /// The endpoint.
    pub endpoint: EndpointModel,
    /// The collections, each with its resource.
    pub bindings: Vec<BindingModel>,
}

/// A connector and its configuration.
#[derive(Debug)]
pub enum EndpointModel {
    /// A connector that a preview runs.
    Runnable(RunnableModel),
    /// A connector of another kind, by name.
    Other(String),
}

impl<'de> Deserialize<'de> for EndpointModel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let kinds = BTreeMap::<String, Value>::deserialize(deserializer)?;
        match kinds.first_key_value() {
            Some((kind, _)) if kinds.len() == 1 && !RUNNABLE.contains(&kind.as_str()) => {
                Ok(Self::Other(kind.clone()))
            }
            _ => {
                let model = RunnableModel::deserialize(json!(kinds));
                model.map(Self::Runnable).map_err(de::Error::custom)
            }
        }
    }
}

const RUNNABLE: [&str; 2] = ["connector", "local"];

/// A connector that a preview runs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RunnableModel {
    /// A container image. A preview runs this program's own connector in its place.
    Connector {
        /// Its name and tag.
        image: String,
        /// Itself, or the path of a file with it.
        config: Value,
    },
    /// A program.
    Local {
        /// Its name and arguments.
        command: Vec<String>,
        /// Itself, or the path of a file with it.
        config: Value,
        /// Additional environment variables.
        #[serde(default)]
        env: BTreeMap<String, String>,
        /// Whether it speaks protobuf rather than JSON.
        #[serde(default)]
        protobuf: bool,
    },
}

/// A binding of a collection to a resource.
#[derive(Debug, Deserialize)]
pub struct BindingModel {
    /// Itself, or the path of a file with it.
    pub resource: Value,
    /// The collection.
    pub source: SourceModel,
    /// The selection of fields.
    #[serde(default)]
    pub fields: Fields,
    /// A counter; a higher one empties the resource.
    #[serde(default)]
    pub backfill: u32,
    /// Whether the binding is left out.
    #[serde(default)]
    pub disable: bool,
}

/// A binding's collection.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a collection's name, or an object with \"name\" and perhaps \
                 \"partitions\", \"notBefore\" and \"notAfter\", times as in 2026-01-31T23:59:00Z"
)]
pub enum SourceModel {
    /// By name.
    Name(String),
    /// By name, with a selection of its documents.
    Object(Source),
}

impl From<SourceModel> for Source {
    fn from(model: SourceModel) -> Self {
        match model {
            SourceModel::Name(name) => Self { name, ..Self::default() },
            SourceModel::Object(source) => source,
        }
    }
}

/// A selection of a collection's documents.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// The collection's name.
    pub name: String,
    /// The selected partitions.
    #[serde(default)]
    pub partitions: Partitions,
    /// Documents published before are left out.
    pub not_before: Option<Timestamp>,
    /// Documents published after are left out.
    pub not_after: Option<Timestamp>,
}

/// Partitions of a collection, by the values of its partitioned fields.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Partitions {
    /// A document has one of the values in each of these fields.
    pub include: BTreeMap<String, Vec<Value>>,
    /// A document has none of the values in any of these fields.
    pub exclude: BTreeMap<String, Vec<Value>>,
}

/// The user's selection of fields.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Fields {
    /// Fields to key the resource by, instead of the collection's key.
    pub group_by: Vec<String>,
    /// Fields to take, each with its configuration for the connector.
    #[serde(alias = "include")]
    pub require: BTreeMap<String, Value>,
    /// Fields to leave out.
    pub exclude: Vec<String>,
    /// The depth to which fields are selected without being named.
    pub recommended: Depth,
}

/// A depth of nesting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// Up to N levels; none at 0.
    Levels(usize),
    /// Down to every leaf.
    #[default]
    Leaves,
}

impl<'de> Deserialize<'de> for Depth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected true, false or a number of levels")]
        enum Form {
            Recommended(bool),
            Levels(usize),
        }
        Ok(match Form::deserialize(deserializer)? {
            Form::Recommended(true) => Self::Leaves,
            Form::Recommended(false) => Self::Levels(0),
            Form::Levels(levels) => Self::Levels(levels),
        })
    }
}
