//! The form of answers: the order of properties, and what stands for a property without a value.
//!
//! In the API, `null` means the same as leaving a property out, so every generated type
//! reads `null` as an empty list. In its answers, the hosted Rockset wrote some properties
//! without a value as `null` and left others out, and its official clients rely on that. The
//! API document says which: a property that is `nullable` is written as `null`, any other is
//! left out. An empty list is written as such, unless the document requires an item in it.

use serde_json::Value;
use std::collections::HashMap;
use std::fmt::Write as _;
use syn::parse::Parser as _;
use syn::{Attribute, Field, File, Item, ItemStruct, LitStr};

/// Makes the generated types read and write this form.
pub fn settle(client: &mut File, written: &yaml_serde::Value) -> syn::Result<()> {
    let types = client.items.iter_mut().filter_map(|item| match item {
        Item::Mod(module) if module.ident == "types" => module.content.as_mut(),
        _ => None,
    });
    for item in types.flat_map(|(_, items)| items) {
        if let Item::Struct(schema) = item {
            schema.fields.iter_mut().try_for_each(settle_field)?;
            let name = schema.ident.to_string();
            order(schema, &written["components"]["schemas"][name.as_str()]["properties"])?;
        }
    }
    Ok(())
}

fn settle_field(field: &mut Field) -> syn::Result<()> {
    for attribute in &mut field.attrs {
        if !attribute.path().is_ident("serde") {
            continue;
        }
        let settings = attribute.meta.require_list()?.tokens.to_string();
        if settings.contains("is_empty") {
            let reader = "deserialize_with = \"crate::rockset::nulls::or_default\"";
            let text = format!("#[serde({settings}, {reader})]");
            if let Some(new) = Attribute::parse_outer.parse_str(&text)?.into_iter().next() {
                *attribute = new;
            }
        }
    }
    Ok(())
}

/// Puts the fields into the order of the document's properties.
fn order(schema: &mut ItemStruct, properties: &yaml_serde::Value) -> syn::Result<()> {
    let keys = properties.as_mapping().into_iter().flatten().filter_map(|(key, _)| key.as_str());
    let places: HashMap<&str, usize> = keys.zip(0..).collect();
    let syn::Fields::Named(fields) = &mut schema.fields else {
        return Ok(());
    };
    let mut named = Vec::new();
    for field in std::mem::take(&mut fields.named) {
        let place = places.get(json_name(&field)?.as_str()).copied();
        named.push((place.unwrap_or(usize::MAX), field));
    }
    named.sort_by_key(|(place, _)| *place);
    fields.named = named.into_iter().map(|(_, field)| field).collect();
    Ok(())
}

/// The name of a field on the wire.
fn json_name(field: &Field) -> syn::Result<String> {
    let mut name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        attribute.parse_nested_meta(|setting| {
            if setting.input.peek(syn::Token![=]) {
                let value: LitStr = setting.value()?.parse()?;
                if setting.path.is_ident("rename") {
                    name = value.value();
                }
            }
            Ok(())
        })?;
    }
    Ok(name)
}

/// The table in `src/rockset/answers.rs`.
pub fn table(api: &Value) -> String {
    let mut out = String::from(
        "/// By schema, what stands for a property without a value, unless it is left out.\n\
         const ABSENT: &[(&str, &[(&str, Absent)])] = &[\n",
    );
    for (schema, definition) in api["components"]["schemas"].as_object().into_iter().flatten() {
        let _ = write!(out, "    ({schema:?}, &[");
        for (name, property) in definition["properties"].as_object().into_iter().flatten() {
            let absent = match property {
                _ if property["nullable"] == true => "Null",
                _ if property["type"] == "array" && property["minItems"].is_null() => "Empty",
                _ => continue,
            };
            let _ = write!(out, "({name:?}, Absent::{absent}), ");
        }
        out.push_str("]),\n");
    }
    out.push_str("];\n");
    out
}
