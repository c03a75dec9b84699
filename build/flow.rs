//! Generates the Flow messages from their protobufs: prost for the wire, serde for the JSON
//! mapping of proto3 as Flow uses it.

use heck::{ToSnakeCase, ToUpperCamelCase};
use prost_build::Config;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto};
use std::path::Path;

/// Writes `flow_protocol.rs`, a module tree of the packages, into `out`.
pub fn generate(protos: &Path, out: &Path) -> Result<(), String> {
    println!("cargo::rerun-if-changed={}", protos.display());
    let fail = |what: &dyn std::fmt::Display| format!("{}: {what}", protos.display());

    let files = protox::compile(["materialize.proto"], [protos]).map_err(|error| {
        // Its Debug begins with file, line and column, where they are known.
        let why = format!("{error:?}");
        match error.file() {
            Some(file) if why.starts_with(file) => format!("{}/{why}", protos.display()),
            _ => fail(&why),
        }
    })?;

    let mut config = Config::new();
    config
        .out_dir(out)
        .include_file("flow_protocol.rs")
        .bytes(["."])
        .btree_map(["."])
        .extern_path(".google.protobuf.Timestamp", "crate::flow::Timestamp")
        .boxed(".materialize.Request.validate")
        .boxed(".materialize.Request.apply")
        .boxed(".materialize.Request.open")
        .message_attribute(".", "#[derive(serde::Serialize, serde::Deserialize)]")
        .message_attribute(".", "#[serde(default)]");
    for file in files.file.iter().filter(|file| !file.package().starts_with("google.")) {
        for message in &file.message_type {
            map_to_json(&mut config, &format!(".{}", file.package()), message);
        }
    }
    config.compile_fds(files).map_err(|e| fail(&e))?;
    keep_checkpoints(&out.join("materialize.rs")).map_err(|e| fail(&e))
}

/// Makes the protocol's messages keep checkpoints in their encoding. A checkpoint is passed on
/// byte for byte, and encoding it again would change the order of its maps.
fn keep_checkpoints(messages: &Path) -> Result<(), String> {
    const TYPED: &str = "super::super::consumer::Checkpoint";
    let text = std::fs::read_to_string(messages).map_err(|e| e.to_string())?;
    if !text.contains(TYPED) {
        return Err(format!("no message has a {TYPED} to keep"));
    }
    let kept = text.replace(TYPED, "crate::flow::Checkpoint");
    std::fs::write(messages, kept).map_err(|e| e.to_string())
}

/// Gives every field of a message, and of the messages within it, its name and form in JSON.
fn map_to_json(config: &mut Config, parent: &str, message: &DescriptorProto) {
    let path = format!("{parent}.{}", message.name());
    for field in &message.field {
        config.field_attribute(
            format!("{path}.{}", field.name()),
            format!(
                "#[serde(rename = {:?}, skip_serializing_if = \"crate::flow::proto_json::is_default\", {})]",
                field.json_name(),
                json_form(field, message),
            ),
        );
    }
    for nested in message.nested_type.iter().filter(|nested| !is_map_entry(nested)) {
        map_to_json(config, &path, nested);
    }
}

/// The serde arguments that give a field its form in JSON. The helpers they name
/// are in `src/flow/proto_json.rs`.
fn json_form(field: &FieldDescriptorProto, message: &DescriptorProto) -> String {
    let helper = |name: &str| format!("with = \"crate::flow::proto_json::{name}\"");

    if field.name().ends_with("_json") {
        return helper("embedded");
    }
    if field.name().ends_with("_json_map") {
        return helper("embedded_map");
    }
    if field.name().ends_with("_json_vec") {
        return helper("embedded_vec");
    }
    match (field.label(), map_value_type(field, message), field.r#type()) {
        (_, Some(Type::Bytes), _) => helper("base64_map"),
        (Label::Repeated, _, _) => plain(),
        (_, _, Type::Bytes) => helper("base64"),
        (_, _, Type::Int64 | Type::Uint64 | Type::Fixed64) => helper("integer_64"),
        (_, _, Type::Enum) => {
            let name = rust_path(field.type_name());
            format!(
                "serialize_with = \"crate::flow::proto_json::write_enum::<{name}, _>\", \
                 deserialize_with = \"crate::flow::proto_json::read_enum::<{name}, _>\""
            )
        }
        _ => plain(),
    }
}

fn plain() -> String {
    "deserialize_with = \"crate::flow::proto_json::or_default\"".to_string()
}

fn is_map_entry(message: &DescriptorProto) -> bool {
    message.options.as_ref().is_some_and(|options| options.map_entry())
}

/// The type of a map's values, if the field is a map.
fn map_value_type(field: &FieldDescriptorProto, message: &DescriptorProto) -> Option<Type> {
    let name = field.type_name().rsplit('.').next()?;
    let entry =
        message.nested_type.iter().find(|nested| nested.name() == name && is_map_entry(nested))?;
    entry.field.iter().find(|field| field.name() == "value").map(|value| value.r#type())
}

/// `.flow.Inference.Exists` as `crate::flow::proto::flow::inference::Exists`.
fn rust_path(type_name: &str) -> String {
    let parts: Vec<&str> = type_name.split('.').filter(|part| !part.is_empty()).collect();
    let (name, modules) = parts.split_last().unwrap_or((&"", &[]));
    let modules: Vec<String> = modules.iter().map(|module| module.to_snake_case()).collect();
    format!("crate::flow::proto::{}::{}", modules.join("::"), name.to_upper_camel_case())
}
