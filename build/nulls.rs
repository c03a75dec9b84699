//! What `null` means in the API: the same as leaving the property out.
//!
//! The hosted Rockset wrote what its answers had no value for as `null`, lists
//! included, and its official clients rely on that. So every generated type takes a
//! `null` for an empty list, and the types that only answers are made of, which no
//! request holds, write their absent properties as `null` and their empty lists.

use serde_json::Value;
use std::collections::BTreeSet;
use syn::parse::Parser as _;
use syn::{Attribute, Field, File, Item};

/// Changes the serde attributes of the generated types accordingly.
pub fn settle(client: &mut File, api: &Value) -> syn::Result<()> {
    let answers = answer_schemas(api);
    let types = client.items.iter_mut().filter_map(|item| match item {
        Item::Mod(module) if module.ident == "types" => module.content.as_mut(),
        _ => None,
    });
    for item in types.flat_map(|(_, items)| items) {
        if let Item::Struct(schema) = item {
            let in_answers = answers.contains(&schema.ident.to_string());
            for field in &mut schema.fields {
                settle_field(field, in_answers)?;
            }
        }
    }
    Ok(())
}

fn settle_field(field: &mut Field, in_answers: bool) -> syn::Result<()> {
    for attribute in std::mem::take(&mut field.attrs) {
        if !attribute.path().is_ident("serde") {
            field.attrs.push(attribute);
            continue;
        }
        let settings = attribute.meta.require_list()?.tokens.to_string();
        let mut settings: Vec<&str> = settings.split(',').map(str::trim).collect();
        if settings.iter().any(|setting| setting.contains("is_empty")) {
            settings.push("deserialize_with = \"crate::rockset::nulls::or_default\"");
        }
        if in_answers {
            settings.retain(|setting| !setting.starts_with("skip_serializing_if"));
        }
        if !settings.is_empty() {
            let text = format!("#[serde({})]", settings.join(", "));
            field.attrs.extend(Attribute::parse_outer.parse_str(&text)?);
        }
    }
    Ok(())
}

/// The names of the schemas that answers refer to and requests don't.
fn answer_schemas(api: &Value) -> BTreeSet<String> {
    let (mut sent, mut answered) = (BTreeSet::new(), BTreeSet::new());
    let paths = api["paths"].as_object().into_iter().flatten();
    for (_, operation) in paths.filter_map(|(_, path)| path.as_object()).flatten() {
        follow(api, &operation["requestBody"], &mut sent);
        follow(api, &operation["responses"], &mut answered);
    }
    let name = |reference: &String| reference.rsplit('/').next().map(str::to_string);
    answered.difference(&sent).filter_map(name).collect()
}

/// Collects what a part of the document refers to, directly or not.
fn follow(api: &Value, part: &Value, seen: &mut BTreeSet<String>) {
    match part {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref")
                && seen.insert(reference.clone())
                && let Some(target) = api.pointer(reference.trim_start_matches('#'))
            {
                follow(api, target, seen);
            }
            map.values().for_each(|value| follow(api, value, seen));
        }
        Value::Array(items) => items.iter().for_each(|item| follow(api, item, seen)),
        _ => {}
    }
}
