//! What `docs/regenerating.md` promises of a changed API document.
//!
//! The cases run one after the other on a copy of the package. The first of all runs
//! builds the dependencies, which takes a minute or two; after that a case takes seconds.

use crate::support::api::{document, outline};
use crate::support::package::{Checked, Package};
use std::fs::{self, File};
use std::time::SystemTime;
use yaml_serde::{Mapping, Value};

#[test]
fn what_the_connector_uses_fails_where_it_is_used() {
    let package = Package::copy();
    package.change(|api| {
        // A property has another name.
        let settings = properties(api, "CreateCollectionRequest");
        let retention = settings.remove("retention_secs").unwrap();
        settings.insert("retention_seconds".into(), retention);

        // An operation is gone.
        path(api, "/v1/orgs/self/ws").remove("post").unwrap();

        // An operation has one more parameter.
        path(api, "/v1/orgs/self/ws/{workspace}")["get"]["parameters"] = one_parameter();

        // An enumeration has lost a value.
        let statuses = &mut api["components"]["schemas"]["CollectionStatus"]["enum"];
        statuses.as_sequence_mut().unwrap().retain(|status| status != "READY");

        // A request that is written whole has one more property: someone has to decide on it.
        for schema in WRITTEN_WHOLE {
            properties(api, schema).insert("brand_new".into(), a_property());
        }
    });
    let checked = package.check();
    checked.assert_error(&["no field named `retention_secs`", "--> src/config/"]);
    checked.assert_error(&["no method named `create_workspace`", "--> src/driver/"]);
    checked.assert_error(&["client.get_workspace(workspace)", "argument #2", "--> src/driver/"]);
    checked.assert_error(&["named `Ready` found", "--> src/driver/"]);
    for schema in WRITTEN_WHOLE {
        checked.assert_error(&["missing field `brand_new`", schema, "--> src/"]);
    }
}

#[test]
fn what_it_does_not_use_yet_builds_and_is_a_line_of_the_outline() {
    let package = Package::copy();
    let changed = package.change(|api| {
        // An operation that isn't called has one more parameter.
        path(api, "/v1/orgs/self/views")["get"]["parameters"] = one_parameter();

        // An operation is new.
        let mut operation = path(api, "/v1/orgs/self/ws/{workspace}")["get"].clone();
        operation["operationId"] = "warmWorkspace".into();
        path(api, "/v1/orgs/self/ws/{workspace}").insert("put".into(), operation);

        // A schema has one more property.
        for schema in USED_IN_PART {
            properties(api, schema).insert("brand_new".into(), a_property());
        }
    });
    succeeds(&package.check());

    let list_views = |parameters| {
        format!("get /v1/orgs/self/views listViews({parameters}) -> 200 ListViewsResponse")
    };
    let mut new = vec![
        "put /v1/orgs/self/ws/{workspace} warmWorkspace(path workspace: string) \
         -> 200 GetWorkspaceResponse"
            .to_string(),
        list_views("query brand_new?: boolean"),
    ];
    new.extend(USED_IN_PART.map(|schema| format!("{schema}.brand_new?: string")));
    assert_eq!(difference(&changed), (vec![list_views("")], new));
}

// What can't be read.

#[test]
fn a_document_that_is_missing_is_named() {
    let package = Package::copy();
    fs::remove_file(package.path("openapi/rockset.yaml")).unwrap();
    refuses(&package.check(), "openapi/rockset.yaml: No such file or directory");
}

#[test]
fn a_document_that_is_not_yaml_is_named_with_the_line() {
    let package = Package::copy();
    fs::write(package.path("openapi/rockset.yaml"), "openapi: 3.0.3\npaths: [\n").unwrap();
    refuses(&package.check(), "openapi/rockset.yaml: did not find expected node content");
}

#[test]
fn a_document_that_is_not_openapi_is_named() {
    let package = Package::copy();
    fs::write(package.path("openapi/rockset.yaml"), "just text\n").unwrap();
    refuses(&package.check(), "openapi/rockset.yaml: invalid type: string \"just text\"");
}

#[test]
fn a_reference_that_leads_nowhere_is_named() {
    let package = Package::copy();
    package.change(|api| {
        api["components"]["schemas"].as_mapping_mut().unwrap().remove("Alias").unwrap();
    });
    refuses(&package.check(), "openapi/rockset.yaml: \"#/components/schemas/Alias\" leads nowhere");
}

#[test]
fn what_the_generator_does_not_support_is_named() {
    let package = Package::copy();
    package.change(|api| {
        let unbounded = "{ description: Any number above, exclusiveMinimum: true }";
        let unbounded = yaml_serde::from_str(unbounded).unwrap();
        properties(api, "Alias").insert("unbounded".into(), unbounded);
    });
    refuses(&package.check(), "openapi/rockset.yaml: the generator does not support it: ");
}

#[test]
fn a_protobuf_that_does_not_parse_is_named_with_the_line() {
    let package = Package::copy();
    let proto = fs::read_to_string(package.path("proto/flow.proto")).unwrap();
    fs::write(package.path("proto/flow.proto"), format!("{proto}\nmessage {{\n")).unwrap();
    let line = proto.lines().count() + 2;
    refuses(&package.check(), &format!("proto/flow.proto:{line}:"));
}

// When it is generated.

#[test]
fn only_a_changed_contract_is_generated_again() {
    let package = Package::copy();
    let generated = || succeeds(&package.check());
    let touch = |file: &str| {
        let file = File::options().append(true).open(package.path(file)).unwrap();
        file.set_modified(SystemTime::now()).unwrap();
    };

    let first = generated();
    assert_eq!(generated(), first, "nothing changed");
    touch("src/lib.rs");
    assert_eq!(generated(), first, "the driver changed");

    let mut last = first;
    for file in ["openapi/rockset.yaml", "proto/flow.proto"] {
        touch(file);
        let now = generated();
        assert!(now > last, "{file} changed");
        last = now;
    }
}

/// What the connector writes property by property.
const WRITTEN_WHOLE: [&str; 3] = ["CreateWorkspaceRequest", "EventTimeInfo", "SourceS3"];

/// What it writes or reads some properties of, in the document's order.
const USED_IN_PART: [&str; 16] = [
    "AddDocumentsRequest",
    "AddDocumentsResponse",
    "Collection",
    "CreateCollectionRequest",
    "DocumentStatus",
    "ErrorModel",
    "FieldMappingQuery",
    "FieldMappingV2",
    "FieldOptions",
    "FieldPartition",
    "FieldSchema",
    "GetCollectionResponse",
    "InputField",
    "InvertedIndexGroupEncodingOptions",
    "OutputField",
    "SqlExpression",
];

fn path<'a>(api: &'a mut Value, path: &str) -> &'a mut Mapping {
    api["paths"][path].as_mapping_mut().unwrap()
}

fn properties<'a>(api: &'a mut Value, schema: &str) -> &'a mut Mapping {
    api["components"]["schemas"][schema]["properties"].as_mapping_mut().unwrap()
}

fn a_property() -> Value {
    yaml_serde::from_str("{ description: Something new., type: string }").unwrap()
}

fn one_parameter() -> Value {
    yaml_serde::from_str("[{ name: brand_new, in: query, schema: { type: boolean } }]").unwrap()
}

/// When the client was generated.
fn succeeds(checked: &Checked) -> SystemTime {
    assert!(checked.succeeded, "{}", checked.stderr);
    checked.generated.unwrap()
}

/// The build script says what is wrong, and doesn't panic.
fn refuses(checked: &Checked, sentence: &str) {
    checked.assert_error(&["error: materialize-rockset@", sentence]);
    assert!(!checked.stderr.contains("panicked"), "{}", checked.stderr);
}

/// Lines that the outline loses and gains by a change of the document.
fn difference(changed: &Value) -> (Vec<String>, Vec<String>) {
    let (before, after) = (outline(&document()), outline(changed));
    let lines_of_only = |one: &str, other: &str| -> Vec<String> {
        let others: Vec<&str> = other.lines().collect();
        one.lines().filter(|line| !others.contains(line)).map(str::to_string).collect()
    };
    (lines_of_only(&before, &after), lines_of_only(&after, &before))
}
