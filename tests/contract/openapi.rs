//! The API document is whole, and says of everything what it is.

use crate::support::api::{self, elements, entries, everything, operations, resolve};
use crate::support::snapshot;
use openapiv3::OpenAPI;
use std::collections::{BTreeMap, BTreeSet};
use yaml_serde::Value;

/// A changed API is a changed line here.
#[test]
fn outline() {
    snapshot::assert_text("api", &api::outline(&api::document()));
}

/// Reading it as OpenAPI leaves nothing over: no keyword is misspelled or in the wrong place.
#[test]
fn it_is_openapi() {
    let written = serde_json::to_value(api::document()).unwrap();
    let read: OpenAPI = serde_json::from_value(written.clone()).unwrap();
    assert_eq!(read.openapi, "3.0.3");

    let known = serde_json::to_value(&read).unwrap();
    let known: BTreeSet<String> = pointers(&yaml_serde::to_value(known).unwrap());
    let left_over = pointers(&api::document()).into_iter().filter(|p| !known.contains(p));
    // What is false by default is left out when it's written again.
    nothing(left_over.filter(|pointer| !pointer.ends_with("/required")));
}

#[test]
fn operations_are_named_and_grouped() {
    let api = api::document();
    let declared: Vec<_> = elements(&api["tags"]).map(|tag| &tag["name"]).collect();
    let mut ids: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for operation in operations(&api) {
        let definition = operation.definition;
        if !is_text(&definition["summary"]) {
            wrong.push(format!("{} has no summary", operation.name()));
        }
        match definition["operationId"].as_str() {
            Some(id) => *ids.entry(id).or_default() += 1,
            None => wrong.push(format!("{} has no operationId", operation.name())),
        }
        let tags: Vec<_> = elements(&definition["tags"]).collect();
        if tags.len() != 1 || !declared.contains(&tags[0]) {
            wrong.push(format!("{} is not in one declared tag", operation.name()));
        }
    }
    wrong.extend(
        ids.iter().filter(|(_, n)| **n > 1).map(|(id, n)| format!("{id} occurs {n} times")),
    );
    nothing(wrong);
}

#[test]
fn parameters_match_their_paths() {
    let api = api::document();
    let mut wrong = Vec::new();
    for operation in operations(&api) {
        let in_braces = operation.path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
        let in_path = operation.parameters.iter().filter(|p| p["in"] == "path");
        let in_path = in_path.filter(|p| p["required"] == true);
        let declared: BTreeSet<_> = in_path.filter_map(|p| p["name"].as_str()).collect();
        if declared != in_braces.collect() {
            wrong.push(format!("{} declares {declared:?}", operation.name()));
        }
        for parameter in operation.parameters.iter().filter(|p| !is_text(&p["description"])) {
            wrong.push(format!("{}: {:?} is not described", operation.name(), parameter["name"]));
        }
    }
    nothing(wrong);
}

#[test]
fn answers_are_a_success_or_an_error_model() {
    let api = api::document();
    let mut wrong = Vec::new();
    for operation in operations(&api) {
        let answers = entries(&operation.definition["responses"]);
        let (good, bad): (Vec<_>, Vec<_>) =
            answers.partition(|(status, _)| status.starts_with('2'));
        if good.is_empty() {
            wrong.push(format!("{} never succeeds", operation.name()));
        }
        for (status, answer) in bad {
            let content = &resolve(&api, answer)["content"]["application/json"];
            if content["schema"]["$ref"] != "#/components/schemas/ErrorModel" {
                wrong.push(format!("{} answers {status} with something else", operation.name()));
            }
        }
    }
    nothing(wrong);
}

#[test]
fn schemas_and_their_properties_are_described() {
    let api = api::document();
    let schemas = everything(&api["components"]["schemas"]);
    let named = schemas.iter().filter(|(pointer, _)| {
        let mut keys = pointer.rsplit('/');
        pointer.matches('/').count() == 1 || keys.nth(1) == Some("properties")
    });
    nothing(named.filter(|(_, schema)| !is_text(&schema["description"])).map(|(at, _)| at));
}

/// The client keeps a value that isn't listed only of an enumeration with a name.
#[test]
fn enumerations_are_schemas_of_their_own() {
    let api = api::document();
    let schemas = everything(&api["components"]["schemas"]);
    let enums = schemas.iter().filter(|(_, schema)| schema["enum"].is_sequence());
    let nested = enums.map(|(pointer, _)| pointer).filter(|at| at.matches('/').count() > 1);
    nothing(nested.filter(|at| *at != "/CsvParams/properties/columnTypes/items"));
}

#[test]
fn references_lead_somewhere() {
    let api = api::document();
    let places: BTreeSet<String> = pointers(&api);
    let exists = |reference: &str| reference.strip_prefix('#').is_some_and(|p| places.contains(p));
    nothing(references(&api).filter(|reference| !exists(reference)));
}

/// Every component is part of an operation, if only as part of another component.
#[test]
fn nothing_is_unused() {
    let api = api::document();
    let mut used: BTreeSet<&str> = BTreeSet::new();
    let mut new: Vec<&str> = references(&api["paths"]).collect();
    while let Some(reference) = new.pop() {
        if used.insert(reference) {
            let component = reference.split('/').skip(1).fold(&api, |value, key| &value[key]);
            new.extend(references(component));
        }
    }
    let kinds = entries(&api["components"]).filter(|(kind, _)| *kind != "securitySchemes");
    let components = kinds.flat_map(|(kind, components)| {
        entries(components).map(move |(name, _)| format!("#/components/{kind}/{name}"))
    });
    nothing(components.filter(|component| !used.contains(component.as_str())));
}

fn references(value: &Value) -> impl Iterator<Item = &str> {
    everything(value).into_iter().filter_map(|(_, value)| value["$ref"].as_str())
}

fn pointers(value: &Value) -> BTreeSet<String> {
    everything(value).into_iter().map(|(pointer, _)| pointer).collect()
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

/// Fails with all that is wrong, rather than with the first of it.
fn nothing(wrong: impl IntoIterator<Item = impl ToString>) {
    let wrong: Vec<String> = wrong.into_iter().map(|wrong| wrong.to_string()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
