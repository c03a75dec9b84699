//! Catalogs: what a preview reads, and how it tells what is wrong with one.

use crate::support::preview::Preview;
use serde_json::{Value, json};

const COLLECTION: &str = "collections:\n  c: { key: [/id], schema: schema.yaml }\n";
const SCHEMA: &str = "{ type: object, required: [id], properties: { id: { type: string } } }";

fn catalog(materializations: &str) -> String {
    format!("{COLLECTION}materializations:\n{materializations}")
}

fn task(name: &str, bindings: &str) -> String {
    format!(
        "  {name}: {{ endpoint: {{ connector: {{ image: any, config: {{}} }} }}, bindings: [{bindings}] }}\n"
    )
}

fn preview(catalog: &str) -> Preview {
    Preview::new(catalog).file("schema.yaml", SCHEMA)
}

#[test]
fn parts_may_be_in_files_of_their_own() {
    let root = "import: [collections/c.flow.json]\nmaterializations:\n  m:\n    \
                endpoint: { connector: { image: any, config: config.yaml } }\n    \
                bindings: [{ source: { name: c }, resource: resource.yaml }]\n";
    let preview = Preview::new(root)
        .file("config.yaml", "key: value\n")
        .file("resource.yaml", "{ table: from-a-file }");
    std::fs::create_dir(preview.path("collections")).unwrap();
    let ended = preview
        .file(
            "collections/c.flow.json",
            r#"{ "import": ["../flow.yaml"], "collections": { "c": { "key": ["/id"], "schema": "../schema.yaml" } } }"#,
        )
        .file("schema.yaml", SCHEMA)
        .run()
        .ok();
    let validate = ended.all("validate")[0];
    assert_eq!(validate["config"], json!({ "key": "value" }));
    assert_eq!(validate["bindings"][0]["resourceConfig"], json!({ "table": "from-a-file" }));
}

#[test]
fn disabled_bindings_are_left_out() {
    let bindings = "{ source: gone, resource: {}, disable: true }, \
                    { source: c, resource: { table: t }, backfill: 2 }";
    let ended = preview(&catalog(&task("m", bindings))).run().ok();
    let bindings = &ended.all("open")[0]["materialization"]["bindings"];
    assert_eq!(bindings.as_array().unwrap().len(), 1);
    assert_eq!(bindings[0]["backfill"], 2);
    assert_eq!(bindings[0]["stateKey"], "t.v2");
}

#[test]
fn a_local_endpoint_names_its_connector() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/connector.py");
    let directory = preview("{}");
    let record = directory.path("record.jsonl");
    let text = catalog(&format!(
        "  m:\n    endpoint: {{ local: {{ command: [python3, {script:?}, {record:?}], config: {{}} }} }}\n    \
         bindings: [{{ source: c, resource: {{}} }}]\n"
    ));
    let ended = directory.file("flow.yaml", &text).run_own().ok();
    assert_eq!(ended.kinds()[0], "spec");
}

#[test]
fn the_read_schema_may_refer_to_the_write_schema() {
    let text = "\
collections:
  c:
    key: [/id]
    writeSchema:
      $defs: { id: { type: string, title: The identifier } }
      type: object
      required: [id]
      properties: { id: { $ref: '#/$defs/id' } }
    readSchema:
      allOf: [{ $ref: flow://write-schema }, { properties: { more: { type: integer } } }]
materializations:
";
    let text = format!("{text}{}", task("m", "{ source: c, resource: {} }"));
    let ended = Preview::new(&text).documents(&[json!({ "id": "a", "more": 1 })]).run().ok();
    assert_eq!(ended.stores()[0]["more"], 1);
    let collection = &ended.all("validate")[0]["bindings"][0]["collection"];
    let id = collection["projections"].as_array().unwrap().iter().find(|p| p["field"] == "id");
    assert_eq!(id.unwrap()["inference"]["title"], "The identifier");
    assert!(collection["readSchema"].is_object() && collection["writeSchema"].is_object());
}

#[test]
fn keys_have_one_type_whether_written_or_read() {
    let of = |write: &str, read: &str| {
        let collection = format!(
            "collections:\n  c:\n    key: [/id]\n    \
             writeSchema: {{ type: object, properties: {{ id: {write} }} }}\n    \
             readSchema: {{ type: object, properties: {{ id: {read} }} }}\n"
        );
        let task = task("m", "{ source: c, resource: {} }");
        Preview::new(&format!("{collection}materializations:\n{task}")).run()
    };
    of("{ type: string }", "{ type: [string, 'null'] }").ok();
    of("{ type: integer }", "{ type: number }").fails(&[
        "collection c: key/0 (/id)",
        "number by \"readSchema\" and integer by \"writeSchema\"",
    ]);
    of("{ type: object }", "{ type: string }").fails(&["key/0 (/id): writeSchema", "object"]);
    of("{ $ref: '#/gone' }", "{ type: string }").fails(&["writeSchema", "\"#/gone\""]);
}

#[test]
fn a_task_has_to_be_chosen() {
    let binding = "{ source: c, resource: {} }";
    let two = catalog(&(task("one", binding) + &task("two", binding)));
    preview(&two).run().fails(&["several materializations", "--name", "one, two"]);
    preview(&two).arguments(&["--name", "three"]).run().fails(&["\"three\"", "one, two"]);
    preview(&two).arguments(&["--name", "two"]).run().ok();
    preview(COLLECTION).run().fails(&["has no materializations"]);
}

#[test]
fn endpoints_of_other_kinds_may_be_beside_the_task() {
    let others = "  reader: { endpoint: { dekaf: { variant: v, config: {} } }, bindings: [{ source: gone, resource: {} }] }\n  \
                  new: { endpoint: { teleport: 7 }, bindings: [] }\n";
    let three = catalog(&(task("m", "{ source: c, resource: {} }") + others));
    let ended = preview(&three).run().ok();
    assert_eq!(ended.all("validate")[0]["name"], "m");
    preview(&three).arguments(&["--name", "reader"]).run().fails(&[
        "materialization \"reader\"",
        "\"dekaf\"",
        "\"connector\" and \"local\"",
    ]);
    preview(&catalog(others)).run().fails(&["several materializations", "new, reader"]);
    let both =
        "  m: { endpoint: { dekaf: {}, connector: { image: any, config: {} } }, bindings: [] }";
    preview(&catalog(both)).run().fails(&["materializations.m.endpoint"]);
}

const PARTITIONED: &str = "\
collections:
  c:
    key: [/id]
    schema:
      type: object
      required: [id]
      properties:
        id: { type: integer }
        where: { type: string, default: nowhere }
        lot: { type: integer }
    projections:
      region: { location: /where, partition: true }
      lot: { location: /lot, partition: true }
materializations:
";

/// The numbers of the documents that a source takes.
fn taken(source: &str, documents: &[Value]) -> (Vec<Value>, String) {
    let binding = format!("{{ source: {source}, resource: {{ table: t }} }}");
    let text = format!("{PARTITIONED}{}", task("m", &binding));
    let ended = Preview::new(&text).documents(documents).run().ok();
    (ended.stores().iter().map(|store| store["id"].clone()).collect(), ended.stderr)
}

#[test]
fn sources_select_partitions() {
    let documents = [
        json!({ "id": 1, "where": "eu", "lot": 1 }),
        json!({ "id": 2, "where": "us", "lot": 2 }),
        json!({ "id": 3, "lot": 1.0 }),
        json!({ "id": 4, "where": "eu" }),
    ];
    let of = |partitions: &str| {
        taken(&format!("{{ name: c, partitions: {{ {partitions} }} }}"), &documents).0
    };
    assert_eq!(of(""), [1, 2, 3, 4]);
    assert_eq!(of("include: { region: [eu] }"), [1, 4]);
    assert_eq!(of("include: { region: [eu, nowhere], lot: [1] }"), [1, 3]);
    assert_eq!(of("exclude: { region: [eu] }"), [2, 3]);
    assert_eq!(of("include: { lot: [null, 2] }, exclude: { region: [us] }"), [4]);
    assert_eq!(of("include: { region: [] }"), [1, 2, 3, 4]);
    let (_, stderr) = taken("{ name: c, partitions: { include: { region: [us] } } }", &documents);
    assert!(stderr.contains("left out 3 documents: no source takes them"), "{stderr}");

    let fails = |partitions: &str, words: &[&str]| {
        let source =
            format!("{{ source: {{ name: c, partitions: {partitions} }}, resource: {{}} }}");
        Preview::new(&format!("{PARTITIONED}{}", task("m", &source))).run().fails(words);
    };
    fails(
        "{ include: { id: [1] } }",
        &["bindings/0/source/partitions/include", "\"id\" is no partition"],
    );
    fails(
        "{ exclude: { gone: [1] } }",
        &["bindings/0/source/partitions/exclude", "\"gone\" is no partition"],
    );
    fails(
        "{ only: { region: [eu] } }",
        &["materializations.m.bindings[0].source", "\"partitions\""],
    );
}

#[test]
fn sources_have_times() {
    // Identifiers of version 1, of 2025-01-01T00:00:00Z and each hour after it.
    let ids = [
        "57fd0000-c7d3-11ef-8000-037072657677",
        "b9c16800-c7db-11ef-8000-037072657677",
        "1b85d000-c7e4-11ef-8000-037072657677",
    ];
    let mut documents: Vec<Value> =
        (1..).zip(ids).map(|(id, uuid)| json!({ "id": id, "_meta": { "uuid": uuid } })).collect();
    documents.push(json!({ "id": 4, "_meta": { "uuid": "9bb5ba8d-7bd9-4dc3-9d1f-2e3b8a1c2f00" } }));
    documents.push(json!({ "id": 5 }));
    let of = |times: &str| taken(&format!("{{ name: c, {times} }}"), &documents).0;
    // One whose identifier has no time is always taken, and one without any is of now.
    assert_eq!(of("notBefore: 2025-01-01T01:00:00Z"), [2, 3, 4, 5]);
    assert_eq!(of("notAfter: 2025-01-01T02:00:00+01:00"), [1, 2, 4]);
    assert_eq!(of("notBefore: 2025-01-01T00:00:00.001Z, notAfter: 2025-01-01T01:59:59Z"), [2, 4]);

    let source = "{ source: { name: c, notBefore: 2025-01-01T01:00:00Z }, resource: {} }";
    let ended = Preview::new(&format!("{PARTITIONED}{}", task("m", source))).run().ok();
    let binding = &ended.all("open")[0]["materialization"]["bindings"][0];
    assert_eq!(
        (&binding["notBefore"], binding.get("notAfter")),
        (&json!("2025-01-01T01:00:00Z"), None)
    );
    let source = "{ source: { name: c, notBefore: yesterday }, resource: {} }";
    Preview::new(&format!("{PARTITIONED}{}", task("m", source))).run().fails(&[
        "materializations.m.bindings[0].source",
        "\"notBefore\"",
        "2026-01-31T23:59:00Z",
    ]);
}

#[test]
fn what_two_bindings_read_is_decided_for_each() {
    let bindings = "{ source: { name: c, partitions: { include: { region: [eu] } } }, resource: { table: a } }, \
                    { source: { name: c, partitions: { exclude: { lot: [1] } } }, resource: { table: b } }";
    let documents = [
        json!({ "id": 1, "where": "eu", "lot": 1 }),
        json!({ "id": 2, "where": "eu", "lot": 2 }),
        json!({ "id": 3, "where": "us", "lot": 1 }),
        json!({ "id": 4, "where": "us", "lot": 2 }),
    ];
    let preview = Preview::new(&format!("{PARTITIONED}{}", task("m", bindings)));
    let ended = preview.documents(&documents).run().ok();
    let stored = ended
        .all("store")
        .into_iter()
        .map(|store| (store.get("binding").cloned().unwrap_or(json!(0)), store["key"][0].clone()));
    let expected =
        [(0, 1), (0, 2), (1, 2), (1, 4)].map(|(binding, id)| (json!(binding), json!(id)));
    assert_eq!(stored.collect::<Vec<_>>(), expected);
    assert!(ended.stderr.contains("left out 1 document:"), "{}", ended.stderr);
}

#[test]
fn files_that_cannot_be_read_are_named() {
    Preview::new("import: [gone.yaml]").run().fails(&["cannot read", "gone.yaml", "No such file"]);
    Preview::new("collections: [").run().fails(&["flow.yaml"]);
    Preview::new("import: [http://example.com/flow.yaml]").run().fails(&["only files"]);
    preview(&catalog("  m: { endpoint: { connector: { config: {} } }, bindings: [] }"))
        .run()
        .fails(&["flow.yaml: materializations.m.endpoint", "missing field `image`"]);
    preview(&catalog(&task("m", "{ source: c, resource: {}, fields: { recomended: true } }")))
        .run()
        .fails(&["materializations.m.bindings[0].fields", "recomended"]);
    let arguments = ["--initial-state", "{"];
    preview(&catalog(&task("m", ""))).arguments(&arguments).run().fails(&["--initial-state"]);
}

#[test]
fn a_missing_collection_is_named() {
    preview(&catalog(&task("m", "{ source: d, resource: {} }"))).run().fails(&[
        "materialization \"m\", bindings/0",
        "no collection \"d\"",
        "the catalog has: c",
    ]);
    Preview::new(&format!("import: [other.yaml]\n{COLLECTION}"))
        .file("other.yaml", COLLECTION)
        .run()
        .fails(&["other.yaml", "collection \"c\" is also in", "flow.yaml"]);
}

#[test]
fn collections_that_cannot_be_are_explained() {
    let of = |key: &str, schema: &str| Preview::of_collection(key, schema, "{}").run();
    of("[]", SCHEMA).fails(&["collection c", "\"key\" must name"]);
    of("[id]", SCHEMA).fails(&["key/0", "no JSON pointer"]);
    of("[/gone]", SCHEMA).fails(&["key/0 (/gone)", "does not describe"]);
    of("[/id]", "{ type: object, properties: { id: false } }")
        .fails(&["key/0 (/id)", "does not allow"]);
    let typed =
        |kind: &str| of("[/id]", &format!("{{ type: object, properties: {{ id: {kind} }} }}"));
    typed("{ type: [string, integer] }").fails(&["key/0 (/id)", "here may be: integer, string"]);
    typed("{ type: array }").fails(&["key/0 (/id)", "here may be: array"]);
    typed("{ type: 'null' }").fails(&["key/0 (/id)", "here may be: null"]);
    typed("{ type: integer, reduce: { strategy: sum } }").fails(&["key/0 (/id)", "\"reduce\""]);
    of("[/id]", "{ properties: { id: { type: string } } }").fails(&["must allow objects only"]);
    of("[/id]", "{ type: objekt }").fails(&["collection c", "objekt"]);
    of("[/id]", "{ type: object, properties: { id: { $ref: 'https://example.com/id.json' } } }")
        .fails(&["\"/properties/id\"", "leads out of this schema", "$defs"]);
    of("[/id]", "{ $ref: '#/$defs/gone' }").fails(&["\"#/$defs/gone\" leads to nothing"]);
    of("[/id]", "{ $ref: '#gone' }").fails(&["\"#gone\" leads to nothing"]);
    of("[/id]", "{ allOf: [{ $ref: flow://inferred-schema }] }").fails(&["known only to Flow"]);
    let reduce = "{ type: object, reduce: { strategy: mrege }, required: [id], \
                  properties: { id: { type: string } } }";
    of("[/id]", reduce).fails(&["there is no strategy \"mrege\""]);
}
