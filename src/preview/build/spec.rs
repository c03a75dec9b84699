//! The messages that describe a task to its connector.

use crate::flow::materialize::{request, response};
use crate::flow::spec::{
    CollectionSpec, FieldSelection, MaterializationSpec, Projection, materialization_spec,
};
use crate::preview::Error;
use crate::preview::catalog::{Binding, Collection, Endpoint, Task};
use crate::preview::schema::field::UUID_POINTER;
use crate::preview::schema::projections;
use materialization_spec::ConnectorType;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The version of the task that a preview builds.
pub const VERSION: &str = "preview";

/// The collection in messages to a connector.
pub fn collection(collection: &Collection) -> Result<CollectionSpec, Error> {
    let projections = projections::projections(collection)?;
    let read_schema = collection.read_schema.as_ref().map(ToString::to_string);
    Ok(CollectionSpec {
        name: collection.name.clone(),
        key: collection.key.clone(),
        uuid_ptr: UUID_POINTER.to_string(),
        partition_fields: projections
            .iter()
            .filter(|projection| projection.is_partition_key)
            .map(|projection| projection.field.clone())
            .collect(),
        projections,
        ack_template_json: json!({
            "_meta": { "uuid": "DocUUIDPlaceholder-329Bb50aa48EAa9ef", "ack": true }
        })
        .to_string()
        .into(),
        write_schema_json: collection.write_schema.to_string().into(),
        read_schema_json: read_schema.unwrap_or_default().into(),
        ..CollectionSpec::default()
    })
}

/// The collection in messages about a binding: keyed by the fields that the binding groups by,
/// if there are any. The error names a field that can't be part of a key.
pub fn source(binding: &Binding, mut spec: CollectionSpec) -> Result<CollectionSpec, String> {
    let fields = &binding.fields.group_by;
    if fields.is_empty() {
        return Ok(spec);
    }
    let mut key = Vec::with_capacity(fields.len());
    for (index, field) in fields.iter().enumerate() {
        let failed = |reason: &str| Err(format!("fields/groupBy/{index}: {field:?} {reason}"));
        let Some(projection) = spec.projections.iter().find(|it| it.field == *field) else {
            return failed("is no field of the collection");
        };
        if !is_scalar(projection) {
            return failed("may be an object or an array, which no key can be");
        }
        if fields[..index].contains(field) {
            return failed("is named twice");
        }
        key.push(projection.ptr.clone());
    }
    for projection in &mut spec.projections {
        projection.is_primary_key = key.contains(&projection.ptr);
    }
    spec.key = key;
    Ok(spec)
}

fn is_scalar(projection: &Projection) -> bool {
    let types = projection.inference.as_ref().map(|it| it.types.as_slice()).unwrap_or_default();
    !types.is_empty() && types.iter().all(|name| !matches!(name.as_str(), "array" | "object"))
}

/// The fields that key a binding's resource.
pub fn key_fields(binding: &Binding, spec: &CollectionSpec) -> Vec<String> {
    if !binding.fields.group_by.is_empty() {
        return binding.fields.group_by.clone();
    }
    let excluded = |field: &str| binding.fields.exclude.iter().any(|other| other == field);
    let keys = binding.collection.key.iter().map(|pointer| {
        let canonical = pointer.trim_start_matches('/').to_string();
        let alternative = spec
            .projections
            .iter()
            .find(|projection| projection.ptr == *pointer && !excluded(&projection.field))
            .filter(|_| excluded(&canonical));
        alternative.map_or(canonical, |projection| projection.field.clone())
    });
    keys.collect()
}

/// The kind of a task's connector.
pub fn connector_type(task: &Task) -> ConnectorType {
    match task.endpoint {
        Endpoint::Image(_) => ConnectorType::Image,
        Endpoint::Local(_) => ConnectorType::Local,
    }
}

/// The request to validate the task, after the last publication.
pub fn validate(
    task: &Task,
    config: &Value,
    collections: &[CollectionSpec],
    last: Option<&MaterializationSpec>,
) -> request::Validate {
    let bindings = task.bindings.iter().zip(collections).map(|(binding, collection)| {
        let field_config = binding.fields.require.iter();
        request::validate::Binding {
            resource_config_json: binding.resource.to_string().into(),
            collection: Some(collection.clone()),
            field_config_json_map: field_config
                .map(|(field, config)| (field.clone(), config.to_string()))
                .collect(),
            backfill: binding.backfill,
            group_by: key_fields(binding, collection),
            ..request::validate::Binding::default()
        }
    });
    request::Validate {
        name: task.name.clone(),
        connector_type: connector_type(task).into(),
        config_json: config.to_string().into(),
        bindings: bindings.collect(),
        last_materialization: last.cloned(),
        last_version: last.map(|_| VERSION.to_string()).unwrap_or_default(),
        ..request::Validate::default()
    }
}

/// The task as it is applied and opened. `last` is the last publication, in the inline form.
pub fn materialization(
    task: &Task,
    config: &Value,
    collections: Vec<CollectionSpec>,
    validated: Vec<response::validated::Binding>,
    selections: Vec<FieldSelection>,
    last: Option<MaterializationSpec>,
) -> MaterializationSpec {
    let bindings = task.bindings.iter().zip(collections).zip(validated.into_iter().zip(selections));
    let bindings = bindings.map(|((binding, collection), (validated, selection))| {
        let state_key = state_key(&validated.resource_path, binding.backfill);
        materialization_spec::Binding {
            resource_config_json: binding.resource.to_string().into(),
            resource_path: validated.resource_path,
            collection: Some(collection),
            field_selection: Some(selection),
            delta_updates: validated.delta_updates,
            journal_read_suffix: format!("materialize/{}/{state_key}", task.name),
            not_before: binding.source.not_before,
            not_after: binding.source.not_after,
            backfill: binding.backfill,
            state_key,
            ser_policy: validated.ser_policy,
            ..materialization_spec::Binding::default()
        }
    });
    let bindings: Vec<_> = bindings.collect();
    let before = last.map(|last| last.bindings.into_iter().chain(last.inactive_bindings));
    let is_active = |path: &[String]| bindings.iter().any(|it| it.resource_path == path);
    let inactive = before.into_iter().flatten().filter(|it| !is_active(&it.resource_path));
    MaterializationSpec {
        name: task.name.clone(),
        connector_type: connector_type(task).into(),
        config_json: config.to_string().into(),
        inactive_bindings: inactive.collect(),
        bindings,
        ..MaterializationSpec::default()
    }
}

/// A task as the control plane keeps it, and as it comes back as the last one: its
/// configuration is that of the endpoint, which names the connector.
pub fn published(task: &Task, config: &Value, spec: &MaterializationSpec) -> MaterializationSpec {
    let endpoint = match &task.endpoint {
        Endpoint::Image(image) => json!({ "image": image, "config": config }),
        Endpoint::Local(program) => {
            json!({ "command": program.words, "config": config, "protobuf": program.protobuf })
        }
    };
    MaterializationSpec { config_json: endpoint.to_string().into(), ..spec.clone() }
}

/// A binding's name in the connector's state: its resource path, percent-encoded, and
/// its backfill counter where that isn't zero.
fn state_key(resource_path: &[String], backfill: u32) -> String {
    let mut key = String::new();
    for c in resource_path.join("/").chars() {
        if c.is_alphanumeric() || "-_+.=".contains(c) {
            key.push(c);
        } else {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                let _ = write!(key, "%{byte:02X}");
            }
        }
    }
    if backfill > 0 {
        let _ = write!(key, ".v{backfill}");
    }
    key
}
