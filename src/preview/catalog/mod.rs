//! Flow catalogs: the files a user writes, and the task that is chosen from them.

pub mod model;
pub mod yaml;

use self::model::{CollectionModel, Document, EndpointModel, MaterializationModel};
use self::model::{Fields, Import, ProjectionModel, RunnableModel, Source};
use self::yaml::read_value;
use super::Error;
use super::schema::Schema;
use super::schema::bundle;
use crate::flow::codec::at_path;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A task, with everything that it refers to.
#[derive(Debug)]
pub struct Task {
    /// The materialization's name.
    pub name: String,
    /// The endpoint's configuration.
    pub config: Value,
    /// The connector that the catalog names.
    pub endpoint: Endpoint,
    /// The bindings that aren't disabled, in their order.
    pub bindings: Vec<Binding>,
}

/// A task's connector.
#[derive(Debug)]
pub enum Endpoint {
    /// The name of a container image.
    Image(String),
    /// A local program.
    Local(Program),
}

/// A connector to run over pipes.
#[derive(Debug, Clone)]
pub struct Program {
    /// Its name and arguments.
    pub words: Vec<String>,
    /// Additional environment variables.
    pub env: BTreeMap<String, String>,
    /// Whether it speaks protobuf rather than JSON.
    pub protobuf: bool,
}

/// A binding of a collection to a resource.
#[derive(Debug)]
pub struct Binding {
    /// Its index in the catalog, disabled ones included.
    pub index: usize,
    /// The resource's configuration.
    pub resource: Value,
    /// The collection of its documents.
    pub collection: Arc<Collection>,
    /// The selection of these documents.
    pub source: Source,
    /// The user's selection of fields.
    pub fields: Fields,
    /// A counter; a higher one empties the resource.
    pub backfill: u32,
}

/// A collection, as its catalog has it.
#[derive(Debug)]
pub struct Collection {
    /// Its name.
    pub name: String,
    /// JSON pointers.
    pub key: Vec<String>,
    /// The schema that documents are read with.
    pub schema: Schema,
    /// The schema that documents are written with.
    pub write_schema: Value,
    /// The schema that documents are read with, if the catalog has two.
    pub read_schema: Option<Value>,
    /// The user's own projections, by field.
    pub projections: BTreeMap<String, ProjectionModel>,
}

/// Reads a catalog with all it imports, and picks a materialization.
pub fn load(source: &Path, name: Option<&str>) -> Result<Task, Error> {
    let mut catalog = Catalog::default();
    catalog.read(source)?;
    catalog.task(name)
}

/// Everything that was read, each item with its file.
#[derive(Default)]
struct Catalog {
    seen: BTreeSet<PathBuf>,
    collections: BTreeMap<String, (PathBuf, CollectionModel)>,
    materializations: BTreeMap<String, (PathBuf, MaterializationModel)>,
}

impl Catalog {
    fn read(&mut self, path: &Path) -> Result<(), Error> {
        let identity = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        if !self.seen.insert(identity) {
            return Ok(());
        }
        let document: Document = parse(path, read_value(path)?)?;
        for (name, model) in document.collections {
            if let Some((other, _)) = self.collections.get(&name) {
                return Err(twice(path, "collection", &name, other));
            }
            self.collections.insert(name, (path.to_path_buf(), model));
        }
        for (name, model) in document.materializations {
            if let Some((other, _)) = self.materializations.get(&name) {
                return Err(twice(path, "materialization", &name, other));
            }
            self.materializations.insert(name, (path.to_path_buf(), model));
        }
        for import in document.import {
            let (Import::Path(target) | Import::Object { url: target }) = import;
            if target.contains("://") {
                let reason =
                    format!("import of {target:?}: only files can be imported, by relative path");
                return Err(Error::Catalog { path: path.display().to_string(), reason });
            }
            self.read(&beside(path, &target))?;
        }
        Ok(())
    }

    fn task(mut self, name: Option<&str>) -> Result<Task, Error> {
        let name = self.chosen(name)?;
        let Some((path, model)) = self.materializations.remove(&name) else {
            let known = listed(self.materializations.keys());
            return Err(Error::Task(match known.as_str() {
                "" => format!("there is no materialization {name:?}; the catalog has none"),
                _ => format!("there is no materialization {name:?}; the catalog has: {known}"),
            }));
        };

        let (config, endpoint) = match model.endpoint {
            EndpointModel::Runnable(RunnableModel::Connector { image, config }) => {
                (config, Endpoint::Image(image))
            }
            EndpointModel::Runnable(RunnableModel::Local { command, config, env, protobuf }) => {
                (config, Endpoint::Local(Program { words: command, env, protobuf }))
            }
            EndpointModel::Other(kind) => {
                return Err(Error::Task(format!(
                    "materialization {name:?} has an endpoint of the kind {kind:?}; a preview \
                     runs \"connector\" and \"local\""
                )));
            }
        };
        let config = inline(&path, config)?;

        let mut built = BTreeMap::new();
        let mut bindings = Vec::new();
        for (index, model) in model.bindings.into_iter().enumerate() {
            if model.disable {
                continue;
            }
            let source = Source::from(model.source);
            let collection = match built.get(&source.name) {
                Some(collection) => Arc::clone(collection),
                None => {
                    let collection = Arc::new(self.collection(&name, index, &source.name)?);
                    built.insert(source.name.clone(), Arc::clone(&collection));
                    collection
                }
            };
            let resource = inline(&path, model.resource)?;
            let (fields, backfill) = (model.fields, model.backfill);
            bindings.push(Binding { index, resource, collection, source, fields, backfill });
        }
        Ok(Task { name, config, endpoint, bindings })
    }

    /// The name of the task: the given one, or that of the only one that can be run.
    fn chosen(&self, name: Option<&str>) -> Result<String, Error> {
        if let Some(name) = name {
            return Ok(name.to_string());
        }
        let mut runnable = self.materializations.iter().filter(|(_, (_, model))| {
            self.materializations.len() == 1 || matches!(model.endpoint, EndpointModel::Runnable(_))
        });
        match (runnable.next(), runnable.next()) {
            (Some((name, _)), None) => Ok(name.clone()),
            _ if self.materializations.is_empty() => {
                Err(Error::Task("the catalog has no materializations".to_string()))
            }
            _ => Err(Error::Task(format!(
                "the catalog has several materializations; choose one with --name: {}",
                listed(self.materializations.keys())
            ))),
        }
    }

    fn collection(&self, task: &str, binding: usize, name: &str) -> Result<Collection, Error> {
        let Some((path, model)) = self.collections.get(name) else {
            return Err(Error::Task(format!(
                "materialization {task:?}, bindings/{binding}: there is no collection {name:?}; \
                 the catalog has: {}",
                listed(self.collections.keys())
            )));
        };
        let failed = |reason: String| Error::Collection { collection: name.to_string(), reason };

        let (write_schema, read_schema) =
            match (&model.schema, &model.write_schema, &model.read_schema) {
                (Some(schema), None, None) => (bundle::read(path, schema.clone())?, None),
                (None, Some(write), Some(read)) => {
                    let write = bundle::read(path, write.clone())?;
                    let read = bundle::read(path, read.clone())?;
                    let read = bundle::with_write_schema(read, &write);
                    (write, Some(read))
                }
                _ => {
                    let reason =
                        "give either \"schema\", or both \"writeSchema\" and \"readSchema\"";
                    return Err(failed(reason.to_string()));
                }
            };
        if model.key.is_empty() {
            return Err(failed("\"key\" must name at least one location".to_string()));
        }
        let schema = read_schema.as_ref().unwrap_or(&write_schema);
        Ok(Collection {
            name: name.to_string(),
            key: model.key.clone(),
            schema: Schema::compile(schema).map_err(failed)?,
            write_schema,
            read_schema,
            projections: model.projections.clone(),
        })
    }
}

/// A value that may also be the path of a file that holds it.
fn inline(catalog: &Path, value: Value) -> Result<Value, Error> {
    match value {
        Value::String(path) => read_value(&beside(catalog, &path)),
        value => Ok(value),
    }
}

fn parse<T: DeserializeOwned>(path: &Path, value: Value) -> Result<T, Error> {
    serde_path_to_error::deserialize(value)
        .map_err(|e| Error::Catalog { path: path.display().to_string(), reason: at_path(&e) })
}

fn beside(path: &Path, other: &str) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).join(other.strip_prefix("file://").unwrap_or(other))
}

fn twice(path: &Path, kind: &str, name: &str, other: &Path) -> Error {
    let reason = format!("{kind} {name:?} is also in {}", other.display());
    Error::Catalog { path: path.display().to_string(), reason }
}

fn listed<'n>(names: impl Iterator<Item = &'n String>) -> String {
    names.map(String::as_str).collect::<Vec<_>>().join(", ")
}
