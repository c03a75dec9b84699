//! A publication: the connector checks the task, and its bindings' fields are selected.

use super::connection::Connection;
use super::requests;
use crate::flow::materialize::response::validated::Binding as Validated;
use crate::flow::spec::{CollectionSpec, FieldSelection, MaterializationSpec};
use crate::preview::Error;
use crate::preview::build::field_selection::{self, Voices};
use crate::preview::build::linked::{self, Form};
use crate::preview::build::{constraints, spec};
use crate::preview::catalog::Task;
use crate::preview::documents::binding::BindingPlan;
use crate::preview::documents::source::Filter;
use serde_json::Value;
use std::sync::Arc;

/// A publication of the task.
pub struct Publication {
    /// The task as it is applied and opened.
    pub materialization: MaterializationSpec,
    /// The task as the control plane keeps it.
    pub published: MaterializationSpec,
    /// The bindings, to combine and to store.
    pub bindings: Arc<[BindingPlan]>,
}

/// A task that can be published repeatedly.
pub struct Publisher<'t> {
    task: &'t Task,
    config: &'t Value,
    form: Form,
    /// Of each binding, its collection.
    collections: Vec<CollectionSpec>,
    /// Of each binding, its filter of the collection's documents.
    filters: Vec<Arc<Filter>>,
}

impl<'t> Publisher<'t> {
    /// A publisher of this task.
    pub fn new(task: &'t Task, config: &'t Value, form: Form) -> Result<Self, Error> {
        let mut collections = Vec::with_capacity(task.bindings.len());
        let mut filters = Vec::with_capacity(task.bindings.len());
        for binding in &task.bindings {
            let failed =
                |reason: String| Error::Task(format!("bindings/{}/{reason}", binding.index));
            let collection = spec::collection(&binding.collection)?;
            filters.push(Arc::new(Filter::new(&binding.source, &collection).map_err(failed)?));
            collections.push(spec::source(binding, collection).map_err(failed)?);
        }
        Ok(Self { task, config, form, collections, filters })
    }

    /// How many bindings the task has.
    pub fn bindings(&self) -> usize {
        self.collections.len()
    }

    /// Validates the task with the connector, after the last publication.
    pub async fn publish(
        &self,
        connection: &mut Connection,
        last: Option<&MaterializationSpec>,
    ) -> Result<Publication, Error> {
        self.check(connection).await?;
        let mut validate = spec::validate(self.task, self.config, &self.collections, last);
        self.form.validate(&mut validate);
        let validated = requests::validate(connection, validate).await?;

        let last = last.cloned().map(linked::resolve).transpose();
        let last =
            last.map_err(|reason| Error::Option { option: "last-materialization", reason })?;
        let selections = self.selections(&validated, last.as_ref())?;
        let collections = self.collections.clone();
        let built =
            spec::materialization(self.task, self.config, collections, validated, selections, last);

        let collections = self.task.bindings.iter().map(|binding| Arc::clone(&binding.collection));
        let collections: Vec<_> = collections.collect();
        let bindings = BindingPlan::all(&collections, &self.filters, &built.bindings)?;
        let published = spec::published(self.task, self.config, &built);
        Ok(Publication {
            materialization: self.form.materialization(built),
            published: self.form.materialization(published),
            bindings: bindings.into(),
        })
    }

    /// Checks the configurations against the connector's schemas.
    async fn check(&self, connection: &mut Connection) -> Result<(), Error> {
        let spec = requests::spec(connection, spec::connector_type(self.task)).await?;
        check("the endpoint configuration", &spec.config_schema_json, self.config)?;
        for binding in &self.task.bindings {
            let what = format!("bindings/{}/resource", binding.index);
            check(&what, &spec.resource_config_schema_json, &binding.resource)?;
        }
        Ok(())
    }

    fn selections(
        &self,
        validated: &[Validated],
        last: Option<&MaterializationSpec>,
    ) -> Result<Vec<FieldSelection>, Error> {
        let bindings = self.task.bindings.iter().zip(&self.collections).zip(validated);
        let selections = bindings.map(|((binding, collection), validated)| {
            // Active bindings come first: they are current if a path is in both.
            let mut before = last
                .into_iter()
                .flat_map(|last| last.bindings.iter().chain(&last.inactive_bindings));
            let before = before.find(|it| it.resource_path == validated.resource_path);
            if let Some(last) = before.filter(|last| last.backfill > binding.backfill) {
                return Err(Error::Task(format!(
                    "bindings/{}: its backfill counter was {} when it was published last, and may \
                     not go down to {}",
                    binding.index, last.backfill, binding.backfill
                )));
            }
            let live = before.filter(|last| last.backfill == binding.backfill);
            let voices = Voices {
                key: &spec::key_fields(binding, collection),
                projections: &collection.projections,
                fields: &binding.fields,
                constraints: &constraints::of(validated)?,
                case_insensitive: validated.case_insensitive_fields,
                live: live.and_then(|last| last.field_selection.as_ref()),
            };
            field_selection::select(voices).map_err(|conflicts| Error::Selection {
                binding: binding.index,
                collection: collection.name.clone(),
                conflicts,
            })
        });
        selections.collect()
    }
}

fn check(what: &str, schema: &[u8], config: &Value) -> Result<(), Error> {
    let failed = |e: String| Error::Response {
        response: "Spec",
        reason: format!("its schema of {what} cannot be used: {e}"),
    };
    let schema: Value = serde_json::from_slice(schema).map_err(|e| failed(e.to_string()))?;
    let validator = jsonschema::options().offline().build(&schema);
    let validator = validator.map_err(|e| failed(e.to_string()))?;
    // A configuration holds secrets, which must not be in any message.
    let violations: Vec<String> = validator
        .iter_errors(config)
        .map(|error| match error.instance_path().as_str() {
            "" => error.masked().to_string(),
            path => format!("{path}: {}", error.masked()),
        })
        .collect();
    if violations.is_empty() {
        return Ok(());
    }
    Err(Error::Config { what: what.to_string(), violations })
}
