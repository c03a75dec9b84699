//! Tasks as Flow's compiler would build them.

use super::pack::pack;
use materialize_rockset::flow::Request;
use materialize_rockset::flow::materialize::request;
use materialize_rockset::flow::spec::materialization_spec::{Binding, ConnectorType};
use materialize_rockset::flow::spec::{
    CollectionSpec, FieldSelection, Inference, MaterializationSpec, Projection, RangeSpec,
};
use serde_json::{Value, json};

/// A task on the Rockset at `url`, with these bindings.
pub fn task(url: &str, bindings: Vec<Binding>) -> MaterializationSpec {
    MaterializationSpec {
        name: "acmeCo/rockset".to_string(),
        connector_type: ConnectorType::Image.into(),
        config_json: endpoint(url).to_string().into(),
        bindings,
        ..MaterializationSpec::default()
    }
}

/// An endpoint configuration.
pub fn endpoint(url: &str) -> Value {
    json!({"api_key": "secret-key", "region_base_url": url})
}

/// A binding of `workspace.collection` with these fields.
pub fn binding(workspace: &str, collection: &str, keys: &[&str], values: &[&str]) -> Binding {
    let strings = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
    Binding {
        resource_config_json: resource(workspace, collection).to_string().into(),
        resource_path: strings(&[workspace, collection]),
        collection: Some(collection_of(
            keys.iter().chain(values).map(|field| (*field, projection(field, &["string"]))),
        )),
        field_selection: Some(FieldSelection {
            keys: strings(keys),
            values: strings(values),
            ..FieldSelection::default()
        }),
        delta_updates: true,
        state_key: format!("{workspace}%2F{collection}.v0"),
        ..Binding::default()
    }
}

/// A resource configuration.
pub fn resource(workspace: &str, collection: &str) -> Value {
    json!({"workspace": workspace, "collection": collection})
}

/// A projection of a location of these types, named as the location.
pub fn projection(field: &str, types: &[&str]) -> Projection {
    Projection {
        ptr: format!("/{field}"),
        field: field.to_string(),
        inference: Some(Inference {
            types: types.iter().map(|kind| kind.to_string()).collect(),
            ..Inference::default()
        }),
        ..Projection::default()
    }
}

/// A collection with these projections, keyed by those that are marked so.
pub fn collection_of<'a>(
    projections: impl Iterator<Item = (&'a str, Projection)>,
) -> CollectionSpec {
    let projections: Vec<Projection> = projections.map(|(_, projection)| projection).collect();
    CollectionSpec {
        name: "acmeCo/events".to_string(),
        key: projections.iter().filter(|p| p.is_primary_key).map(|p| p.ptr.clone()).collect(),
        uuid_ptr: "/_meta/uuid".to_string(),
        projections,
        ..CollectionSpec::default()
    }
}

/// Apply of a task.
pub fn apply(task: &MaterializationSpec) -> Request {
    let materialization = Some(task.clone());
    let version = "0011223344556677".to_string();
    Request::Apply(Box::new(request::Apply { materialization, version, ..Default::default() }))
}

/// Open of a task, over all keys.
pub fn open(task: &MaterializationSpec) -> Request {
    open_range(task, 0, u32::MAX)
}

/// Open of a task, over a part of the keys.
pub fn open_range(task: &MaterializationSpec, key_begin: u32, key_end: u32) -> Request {
    let range = RangeSpec { key_begin, key_end, r_clock_begin: 0, r_clock_end: u32::MAX };
    Request::Open(Box::new(request::Open {
        materialization: Some(task.clone()),
        version: "0011223344556677".to_string(),
        range: Some(range),
        ..Default::default()
    }))
}

/// Store of a key and its values.
pub fn store(binding: u32, key: &[Value], values: &[Value]) -> Request {
    Request::Store(request::Store {
        binding,
        key_json: Value::from(key).to_string().into(),
        key_packed: pack(key).into(),
        values_json: Value::from(values).to_string().into(),
        values_packed: pack(values).into(),
        ..Default::default()
    })
}

/// StartCommit.
pub fn start_commit() -> Request {
    Request::StartCommit(request::StartCommit::default())
}

/// Flush.
pub fn flush() -> Request {
    Request::Flush(request::Flush::default())
}

/// Acknowledge.
pub fn acknowledge() -> Request {
    Request::Acknowledge(request::Acknowledge::default())
}

/// Spec.
pub fn spec() -> Request {
    Request::Spec(request::Spec::default())
}

/// A Store that deletes a key. `values` are those of its last document.
pub fn delete(binding: u32, key: &[Value], values: &[Value]) -> Request {
    let Request::Store(store) = store(binding, key, values) else { unreachable!() };
    Request::Store(request::Store { exists: true, delete: true, ..store })
}

/// A binding with another resource configuration, of the same collection.
pub fn configured(binding: Binding, settings: Value) -> Binding {
    let mut resource: Value = serde_json::from_slice(&binding.resource_config_json).unwrap();
    for (name, value) in settings.as_object().unwrap() {
        resource[name] = value.clone();
    }
    Binding { resource_config_json: resource.to_string().into(), ..binding }
}
