//! Fields: what a preview infers from a schema, and which fields a binding takes.

use crate::support::preview::Preview;
use crate::support::snapshot;
use serde_json::{Value, json};

const RICH: &str = "\
collections:
  c:
    key: [/id, /nested/key]
    projections:
      Renamed: /scalars/number
      Part: { location: /part, partition: true }
    schema:
      $defs:
        Positive: { type: integer, minimum: 1, title: Positive, description: A positive number. }
        Tree: { type: object, properties: { leaf: { type: string }, child: { $ref: '#/$defs/Tree' } } }
      type: object
      required: [id, nested, scalars, part]
      properties:
        id: { $ref: '#/$defs/Positive', maximum: 100 }
        part: { type: string, maxLength: 12 }
        nested:
          type: object
          required: [key]
          properties:
            key: { type: string, default: none }
            'slash/and~tilde': { type: 'null' }
            '': { type: string }
        scalars:
          type: object
          properties:
            number: { type: number, minimum: -1.5 }
            text: { type: [string, 'null'], format: date-time, contentMediaType: text/plain }
            base64: { type: string, contentEncoding: base64, secret: true }
            choice: { enum: [b, 1, a] }
            fixed: { const: 7 }
            anything: {}
            either: { oneOf: [{ type: integer, maximum: 5 }, { type: integer, maximum: 9 }, { type: boolean }] }
            both: { allOf: [{ type: [string, integer] }, { type: [integer, boolean], minimum: 3 }] }
            any: { anyOf: [{ type: string, format: integer }, { type: string, format: number }] }
            impossible: { allOf: [{ type: string }, { type: integer }] }
            branch: { if: { const: 1 }, then: { type: integer }, else: { type: [integer, string] } }
        list: { type: array, items: { type: [string, integer] }, minItems: 1, maxItems: 3 }
        tuple: { type: array, items: [{ type: integer }, { type: string }], minItems: 1 }
        tree: { $ref: '#/$defs/Tree' }
        flow_document: { type: string }
      patternProperties: { '^x_': { type: integer } }
materializations:
  m:
    endpoint: { connector: { image: any, config: {} } }
    bindings: [{ source: c, resource: {}, fields: { recommended: true } }]
";

#[test]
fn projections_say_what_the_schema_says() {
    let ended = Preview::new(RICH).run().ok();
    let collection = &ended.all("validate")[0]["bindings"][0]["collection"];
    snapshot::assert_json("preview_projections", &collection["projections"]);
    assert_eq!(collection["partitionFields"], json!(["Part"]));
}

#[test]
fn projections_of_ones_own_are_checked() {
    let of = |projections: &str| {
        let text = RICH.replace("      Renamed: /scalars/number\n", projections);
        Preview::new(&text).run()
    };
    of("      Gone: /scalars/gone\n").fails(&["projections/Gone", "does not describe"]);
    of("      Bad: scalars\n").fails(&["projections/Bad", "no JSON pointer", "\"/scalars\""]);
    of("      id: /part\n").fails(&["projections/id", "\"/part\" takes the name of \"/id\""]);
    // The time of publication can be renamed, and so can the root document.
    let ended = of("      at: /_meta/uuid/date-time\n      doc: ''\n").ok();
    assert!(ended.selection()["values"].as_array().unwrap().contains(&json!("at")));
    assert_eq!(ended.selection()["document"], "doc");
}

#[test]
fn projections_say_how_documents_are_reduced() {
    let schema = "{ type: object, reduce: { strategy: merge }, required: [id], properties: { \
        id: { type: integer }, \
        sum: { type: integer, reduce: { strategy: sum } }, \
        max: { allOf: [{ type: integer }, { reduce: { strategy: maximize, key: [''] } }] }, \
        own: { type: array, reduce: { strategy: append }, allOf: [{ reduce: { strategy: set } }] }, \
        either: { oneOf: [{ type: integer, reduce: { strategy: sum } }, \
                          { type: string, reduce: { strategy: lastWriteWins } }] }, \
        same: { anyOf: [{ type: integer, reduce: { strategy: minimize } }, \
                        { type: string, reduce: { strategy: minimize } }] }, \
        one: { if: { type: integer }, then: { reduce: { strategy: sum } }, else: {} }, \
        first: { type: string, reduce: { strategy: firstWriteWins } }, \
        schema: { type: object, reduce: { strategy: jsonSchemaMerge } } } }";
    let ended = Preview::of_schema(schema).run().ok();
    let projections = &ended.all("validate")[0]["bindings"][0]["collection"]["projections"];
    let reduce = projections.as_array().unwrap().iter().map(|projection| {
        let field = projection["field"].as_str().unwrap().to_string();
        (field, projection["inference"].get("reduce").cloned().unwrap_or_default())
    });
    let mut reduce: serde_json::Map<String, Value> = reduce.collect();
    reduce.retain(|field, _| !field.contains("flow_") || field == "flow_document");
    let expected = json!({
        "either": "REDUCE_MULTIPLE", "first": "REDUCE_FIRST_WRITE_WINS",
        "flow_document": "REDUCE_MERGE", "id": null, "max": "REDUCE_MAXIMIZE", "one": null,
        "own": "REDUCE_APPEND", "same": "REDUCE_MINIMIZE", "schema": "REDUCE_JSON_SCHEMA_MERGE",
        "sum": "REDUCE_SUM",
    });
    assert_eq!(Value::Object(reduce), expected);
}

const DEEP: &str = "{ type: object, required: [id], properties: { id: { type: integer }, \
    a: { type: string }, o: { type: object, properties: { x: { type: integer }, \
    p: { type: object, properties: { y: { type: integer } } } } }, \
    free: { type: object }, l: { type: array } } }";

fn selected(fields: &str, scenario: Value) -> Value {
    let preview = Preview::of_collection("[/id]", DEEP, fields).scenario(scenario);
    preview.run().ok().selection().clone()
}

#[test]
fn recommended_fields_reach_a_depth() {
    let of = |fields| selected(fields, json!({}))["values"].clone();
    assert_eq!(of("{ recommended: false }"), json!(null));
    assert_eq!(of("{ recommended: 1 }"), json!(["a", "flow_published_at", "free", "l", "o"]));
    assert_eq!(
        of("{ recommended: 2 }"),
        json!(["a", "flow_published_at", "free", "l", "o/p", "o/x"])
    );
    let leaves = json!(["a", "flow_published_at", "l", "o/p/y", "o/x"]);
    assert_eq!(of("{ recommended: true }"), leaves);
    assert_eq!(of("{}"), leaves);
}

#[test]
fn users_require_and_exclude() {
    let selection = selected(
        "{ recommended: 2, require: { o: { style: x }, flow_document: {} }, exclude: [l] }",
        json!({}),
    );
    // What is within a selected field is not recommended as well.
    assert_eq!(selection["values"], json!(["a", "flow_published_at", "free", "o"]));
    assert_eq!(selection["document"], "flow_document");
    assert_eq!(selection["fieldConfig"], json!({ "flow_document": {}, "o": { "style": "x" } }));

    let selection = selected("{ recommended: 2, exclude: [o] }", json!({}));
    assert_eq!(selection["values"], json!(["a", "flow_published_at", "free", "l"]));
    let selection = selected("{ recommended: false, include: { a: {} } }", json!({}));
    assert_eq!(selection["values"], json!(["a"]));
}

#[test]
fn fields_to_group_by_replace_the_key() {
    let selection = selected("{ recommended: false, groupBy: [a, o/x] }", json!({}));
    assert_eq!(selection["keys"], json!(["a", "o/x"]));
    assert_eq!(selection.get("values"), None);
}

#[test]
fn fields_to_group_by_are_checked() {
    let of = |fields: &str| Preview::of_collection("[/id]", DEEP, fields).run();
    of("{ groupBy: [a, gone] }")
        .fails(&["bindings/0/fields/groupBy/1", "\"gone\" is no field of the collection"]);
    of("{ groupBy: [o] }")
        .fails(&["bindings/0/fields/groupBy/0", "\"o\" may be an object or an array"]);
    of("{ groupBy: [flow_document] }").fails(&["\"flow_document\" may be an object"]);
    of("{ groupBy: [a, a] }").fails(&["bindings/0/fields/groupBy/1", "\"a\" is named twice"]);

    let ended = Preview::of_collection("[/id]", DEEP, "{ groupBy: [a] }")
        .documents(&[
            json!({ "id": 1, "a": "x" }),
            json!({ "id": 2, "a": "x" }),
            json!({ "id": 3 }),
        ])
        .run()
        .ok();
    let keys: Vec<&Value> = ended.all("store").iter().map(|store| &store["key"]).collect();
    assert_eq!(keys, [&json!([null]), &json!(["x"])]);
    let validate = &ended.all("validate")[0]["bindings"][0];
    assert_eq!(
        (&validate["groupBy"], &validate["collection"]["key"]),
        (&json!(["a"]), &json!(["/a"]))
    );
}

#[test]
fn connectors_require_and_forbid() {
    let constraint = |kind: &str| json!({ "type": kind, "reason": "because" });
    let constraints = json!({
        "a": constraint("FIELD_FORBIDDEN"),
        "l": constraint("FIELD_REQUIRED"),
        "flow_document": constraint("LOCATION_REQUIRED"),
        "o/x": constraint("INCOMPATIBLE"),
    });
    let selection = selected("{ recommended: 1 }", json!({ "constraints": constraints }));
    assert_eq!(selection["document"], "flow_document");
    assert_eq!(selection["values"], json!(["flow_published_at", "free", "l", "o"]));
    let selection = selected("{ recommended: false }", json!({ "constraints": constraints }));
    assert_eq!(selection["values"], json!(["l"]));
}

#[test]
fn fields_that_fold_into_one_name_are_taken_once() {
    let constraint = json!({ "type": "FIELD_OPTIONAL", "foldedField": "A" });
    let scenario = json!({ "constraints": { "free": constraint }, "caseInsensitiveFields": true });
    let selection = selected("{ recommended: 1 }", scenario);
    assert_eq!(selection["values"], json!(["a", "flow_published_at", "l", "o"]));
}

#[test]
fn contradictions_are_explained() {
    let of = |fields: &str, field: &str, kind: &str| {
        let constraints = json!({ field: { "type": kind, "reason": "too wide" } });
        let preview = Preview::of_collection("[/id]", DEEP, fields);
        preview.scenario(json!({ "constraints": constraints })).run()
    };
    of("{ require: { a: {} } }", "a", "FIELD_FORBIDDEN").fails(&[
        "bindings/0 (c)",
        "field \"a\" is required by \"fields\" but is forbidden by the connector: too wide",
    ]);
    of("{ exclude: [a] }", "a", "FIELD_REQUIRED")
        .fails(&["field \"a\" is required by the connector but is excluded by \"fields\""]);
    of("{ exclude: [id] }", "a", "FIELD_OPTIONAL").fails(&["field \"id\" is part of the key"]);
    of("{ require: { gone: {} } }", "a", "FIELD_OPTIONAL")
        .fails(&["field \"gone\" is required by \"fields\" but is no field of the collection"]);
    of("{}", "gone", "FIELD_REQUIRED")
        .fails(&["field \"gone\" is required by the connector but is no field of the collection"]);
}
