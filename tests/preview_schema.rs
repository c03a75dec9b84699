//! Schemas: what a preview reads of the references, formats and keywords that Flow takes.

#![cfg(feature = "local")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::{Duration, Instant};
use support::preview::{Ended, Preview};

/// A catalog whose collection `c` has these YAML properties, and a task that reads it.
fn catalog(collection: &str) -> String {
    format!(
        "collections:\n  c:\n{collection}\nmaterializations:\n  m:\n    \
         endpoint: {{ connector: {{ image: any, config: {{}} }} }}\n    \
         bindings: [{{ source: c, resource: {{}} }}]\n"
    )
}

/// The types of fields, by field.
fn types(ended: &Ended, fields: &[&str]) -> Vec<Value> {
    let projections = &ended.all("validate")[0]["bindings"][0]["collection"]["projections"];
    let projections = projections.as_array().unwrap();
    let find = |field: &&str| projections.iter().find(|it| it["field"] == **field);
    let types =
        |field: &&str| find(field).map_or(json!(null), |it| it["inference"]["types"].clone());
    fields.iter().map(types).collect()
}

/// The format of a field that is a string.
fn format_of<'e>(ended: &'e Ended, field: &str) -> &'e str {
    let projections = &ended.all("validate")[0]["bindings"][0]["collection"]["projections"];
    let projections = projections.as_array().unwrap();
    let projection = projections.iter().find(|it| it["field"] == field).unwrap();
    projection["inference"]["string"]["format"].as_str().unwrap()
}

fn integer() -> Value {
    json!(["integer"])
}

/// Whether documents with this value at `v` are valid.
fn is_valid(schema: &str, value: &Value) -> bool {
    let preview = Preview::of_schema(schema).documents(&[json!({ "id": 1, "v": value })]);
    let ended = preview.run();
    if ended.code == Some(0) {
        return true;
    }
    ended.fails(&["line 1", "is not valid by the schema of c: /v"]);
    false
}

#[test]
fn anchors_name_schemas() {
    let row = "{ allOf: [{ $ref: '#Row' }], $defs: { Row: { $anchor: Row, type: object, \
               required: [id], properties: { id: { type: integer } } } } }";
    let ended = Preview::of_schema(row).documents(&[json!({ "id": 1 })]).run().ok();
    assert_eq!(types(&ended, &["id"]), [integer()]);
    assert_eq!(ended.stores()[0]["id"], 1);
    Preview::of_schema(row).documents(&[json!({ "id": "1" })]).run().fails(&["line 1", "/id: "]);

    let recursive = "{ $dynamicAnchor: Node, type: object, properties: { id: { type: integer }, \
                     v: { $dynamicRef: '#Node' } } }";
    assert!(is_valid(recursive, &json!({ "id": 2 })));
    assert!(!is_valid(recursive, &json!({ "id": "2" })));
}

#[test]
fn ids_are_what_references_are_relative_to() {
    let schema = "    key: [/id]
    schema:
      $id: https://example.com/schemas/root
      type: object
      required: [id]
      properties:
        id: { $ref: 'https://example.com/schemas/item' }
        relative: { $ref: item#/properties/nested }
        absolute: { $ref: /other/place#Anchor }
        own: { $ref: 'root#/properties/id' }
        within: { $ref: wrapper }
      $defs:
        Item:
          $id: item
          type: integer
          properties: { nested: { $ref: '#/$defs/Boolean' } }
          $defs: { Boolean: { type: boolean } }
        Place: { $id: ../other/place, $defs: { It: { $anchor: Anchor, type: string } } }
        Wrapper: { $id: wrapper, $ref: '#/$defs/Own', $defs: { Own: { type: array } } }
";
    let ended = Preview::new(&catalog(schema)).documents(&[json!({ "id": 1 })]).run().ok();
    let fields = ["id", "relative", "absolute", "own", "within"];
    let expected = [integer(), json!(["boolean"]), json!(["string"]), integer(), json!(["array"])];
    assert_eq!(types(&ended, &fields), expected);
    // The connector gets the schema as it is.
    let sent = &ended.all("validate")[0]["bindings"][0]["collection"]["writeSchema"];
    assert_eq!(sent["$id"], "https://example.com/schemas/root");
    assert_eq!(sent["$defs"]["Item"]["properties"]["nested"]["$ref"], "#/$defs/Boolean");
}

#[test]
fn pointers_in_references_are_percent_encoded() {
    let schema = "{ type: object, properties: { id: { $ref: '#/$defs/a%20%22b%22%7Bc%7D~1d' }, \
                  plain: { $ref: '#/$defs/a \"b\"{c}~1d' }, percent: { $ref: '#/$defs/100%25' }, \
                  umlaut: { $ref: '#/$defs/%C3%BC' }, elsewhere: { $ref: '#/components/x' } }, \
                  $defs: { 'a \"b\"{c}/d': { type: integer }, '100%': { type: boolean }, \
                  ü: { type: string } }, components: { x: { $ref: '#/$defs/ü' } } }";
    let ended = Preview::of_schema(schema).documents(&[json!({ "id": 1 })]).run().ok();
    let fields = ["id", "plain", "percent", "umlaut", "elsewhere"];
    let (boolean, string) = (json!(["boolean"]), json!(["string"]));
    assert_eq!(types(&ended, &fields), [integer(), integer(), boolean, string.clone(), string]);
}

#[test]
fn annotations_are_found_by_whatever_reference() {
    let schema = "{ $id: 'https://example.com/root', $ref: '#Row', $defs: { 'a row': { \
                  $anchor: Row, type: object, required: [id], reduce: { strategy: merge }, \
                  properties: { id: { type: integer }, n: { $ref: 'sums%20up' } } }, \
                  Sum: { $id: sums%20up, oneOf: [{ type: integer, reduce: { strategy: sum } }, \
                  { type: string, reduce: { strategy: firstWriteWins } }] } } }";
    let documents = [
        json!({ "id": 1, "n": 1 }),
        json!({ "id": 1, "n": 2 }),
        json!({ "id": 2, "n": "a" }),
        json!({ "id": 2, "n": "b" }),
    ];
    let stores = Preview::of_schema(schema).documents(&documents).run().ok().stores();
    assert_eq!((&stores[0]["n"], &stores[1]["n"]), (&json!(3), &json!("a")));
}

/// A read schema, as a catalog that was pulled from Flow has it.
const PULLED: &str = "    key: [/id]
    writeSchema:
      $defs:
        flow://connector-schema:
          $id: flow://connector-schema
          $defs: { Meta: { $anchor: Meta, type: object, properties: { op: { enum: [c, u, d] } } } }
          type: object
          required: [id]
          properties: { id: { type: integer }, _meta: { $ref: '#Meta' }, at: { type: string, format: date } }
          additionalProperties: false
      $ref: flow://connector-schema
    readSchema:
      allOf: [{ $ref: flow://relaxed-write-schema }, { $ref: flow://inferred-schema }]
      $defs:
        flow://inferred-schema:
          $id: flow://inferred-schema
          type: object
          required: [id]
          properties: { id: { type: integer }, at: { type: string, maxLength: 32 }, more: { $ref: '#/$defs/More' } }
          $defs: { More: { type: boolean } }
";

#[test]
fn what_flow_has_inlined_is_read() {
    // The write schema is relaxed, as the inferred one says more.
    let document = json!({ "id": 1, "at": "whenever", "more": true });
    let ended = Preview::new(&catalog(PULLED)).documents(&[document]).run().ok();
    let (string, boolean) = (json!(["string"]), json!(["boolean"]));
    assert_eq!(types(&ended, &["id", "at", "more"]), [integer(), string.clone(), boolean]);
    assert_eq!(ended.stores()[0]["at"], "whenever");
    let sent = &ended.all("validate")[0]["bindings"][0]["collection"]["readSchema"]["$defs"];
    let names: Vec<&String> = sent.as_object().unwrap().keys().collect();
    assert_eq!(names, ["flow://inferred-schema", "flow://relaxed-write-schema"]);

    // Without an inferred schema the write schema holds as it is.
    let inferred = PULLED.find("      $defs:\n        flow://inferred").unwrap();
    let without = &PULLED[..inferred];
    let ended = Preview::new(&catalog(without)).documents(&[json!({ "id": 1 })]).run().ok();
    assert_eq!(
        types(&ended, &["id", "at", "_meta/op", "more"])[..3],
        [integer(), string.clone(), string]
    );
    let document = json!({ "id": 1, "at": "whenever" });
    let preview = Preview::new(&catalog(without)).documents(&[document]);
    preview.run().fails(&["line 1", "/at: "]);

    let strict = PULLED.replace("relaxed-write-schema", "write-schema");
    let document = json!({ "id": 1, "at": "2024-01-01", "more": true });
    let preview = Preview::new(&catalog(&strict)).documents(&[document]);
    preview.run().fails(&["line 1", "'more'"]);
}

#[test]
fn a_write_schema_with_names_of_its_own_goes_into_a_read_schema() {
    for (write, reference) in [
        (
            "{ $ref: '#Row', $defs: { It: { $anchor: Row, type: object, required: [id], properties: { id: { type: integer } } } } }",
            "flow://write-schema",
        ),
        (
            "{ $id: 'https://example.com/row', $ref: '#/$defs/Row', $defs: { Row: { type: object, required: [id], properties: { id: { $ref: 'row#Id' } } }, Id: { $anchor: Id, type: integer } } }",
            "flow://write-schema",
        ),
        (
            "{ $id: row, $ref: 'row#/$defs/Row', $defs: { Row: { type: object, required: [id], properties: { id: { type: integer } } } } }",
            "flow://relaxed-write-schema",
        ),
        (
            "{ $id: flow://write-schema, type: object, required: [id], properties: { id: { type: integer } } }",
            "flow://write-schema",
        ),
        ("{ $ref: 'files/row.yaml#Row' }", "flow://write-schema"),
    ] {
        let collection = format!(
            "    key: [/id]\n    writeSchema: {write}\n    readSchema: {{ allOf: [{{ $ref: {reference} }}, \
             {{ $ref: flow://inferred-schema }}, {{ properties: {{ row: {{ $ref: '#Row' }} }} }}], \
             $defs: {{ Other: {{ $anchor: Row, type: boolean }} }} }}\n"
        );
        let preview = Preview::new(&catalog(&collection));
        std::fs::create_dir(preview.path("files")).unwrap();
        let row = "{ $defs: { It: { $anchor: Row, type: object, required: [id], properties: { id: { $ref: '#/$defs/Id' } } }, Id: { type: integer } } }";
        let preview = preview.file("files/row.yaml", row).documents(&[json!({ "id": 1 })]);
        let ended = preview.run().ok();
        assert_eq!(types(&ended, &["id", "row"]), [integer(), json!(["boolean"])], "{write}");
        let preview = preview.documents(&[json!({ "id": "1" })]);
        preview.run().fails(&["line 1", "/id: "]);
    }
}

#[test]
fn references_lead_to_files_beside_the_one_that_has_them() {
    let of = |schema: &str| {
        let catalog = catalog(&format!("    key: [/id]\n    schema: {schema}\n"));
        let root =
            format!("import: [catalogs/flow.yaml]\n{}", &catalog[catalog.find("mat").unwrap()..]);
        let collections = &catalog[..catalog.find("mat").unwrap()];
        let preview = Preview::new(&root);
        for directory in ["catalogs", "catalogs/schemas", "catalogs/schemas/more", "shared"] {
            std::fs::create_dir(preview.path(directory)).unwrap();
        }
        preview
            .file("catalogs/flow.yaml", collections)
            .file("catalogs/schemas/row.yaml", "$defs: { x: { type: object, required: [id], properties: { id: { $ref: 'more/id.json#/the%20id' }, own: { $ref: '#/$defs/own' }, shared: { $ref: ../../shared/shared.yaml } } }, own: { $ref: more/back.yaml }, boolean: { type: boolean } }")
            .file("catalogs/schemas/more/id.json", r##"{ "the id": { "$ref": "#Id" }, "$defs": { "it": { "$anchor": "Id", "type": "integer", "title": "Of a file" } } }"##)
            .file("catalogs/schemas/more/back.yaml", "{ $ref: '../row.yaml#/$defs/boolean' }")
            .file("shared/shared.yaml", "{ $id: 'https://example.com/shared', $ref: '#It', $defs: { it: { $anchor: It, type: array } } }")
            .documents(&[json!({ "id": 1, "own": true, "shared": [] })])
            .run()
    };
    for schema in [
        "schemas/row.yaml#/$defs/x",
        "./schemas/row.yaml#/%24defs/x",
        "{ $ref: 'schemas/row.yaml#/$defs/x' }",
        "{ allOf: [{ $ref: '#/$defs/local' }], $defs: { local: { $ref: 'schemas/row.yaml#/$defs/x' } } }",
    ] {
        let ended = of(schema).ok();
        let expected = [integer(), json!(["boolean"]), json!(["array"])];
        assert_eq!(types(&ended, &["id", "own", "shared"]), expected, "{schema}");
    }
    of("schemas/gone.yaml#/$defs/x").fails(&["cannot read", "gone.yaml"]);
    of("{ $ref: schemas/gone.yaml }").fails(&["cannot read", "gone.yaml"]);
    of("schemas/row.yaml#/$defs/gone").fails(&["collection c", "row.yaml#/$defs/gone"]);
    of("https://example.com/row.yaml").fails(&["flow.yaml", "only files"]);
}

/// Thirty definitions, each made from a reference to the next one.
fn diamonds(definition: impl Fn(&str) -> String, last: &str) -> String {
    diamonds_of(30, definition, last)
}

fn diamonds_of(count: u32, definition: impl Fn(&str) -> String, last: &str) -> String {
    let mut definitions = String::new();
    for index in 0..count {
        let next = format!("{{ $ref: '#/$defs/d{}' }}", index + 1);
        let _ = write!(definitions, "d{index}: {}, ", definition(&next));
    }
    format!(
        "{{ type: object, required: [id], properties: {{ id: {{ type: integer }}, \
         v: {{ $ref: '#/$defs/d0' }} }}, $defs: {{ {definitions} d{count}: {last} }} }}"
    )
}

#[test]
fn definitions_that_refer_twice_to_the_next_take_no_time() {
    let begin = Instant::now();
    let scalar = "{ type: integer, maximum: 9 }";
    let array = "{ type: array, items: { type: integer } }";
    let all = |next: &str| format!("{{ allOf: [{next}, {next}] }}");
    let titled = |next: &str| {
        let other = next.replace(" }", ", title: other }");
        format!("{{ $ref: '#/$defs/other', title: one, allOf: [{next}, {other}] }}")
    };
    let titled = diamonds(titled, scalar).replace("d30:", "other: { minimum: 0 }, d30:");
    for (schema, good, bad) in [
        (diamonds(all, scalar), json!(1), json!("1")),
        (diamonds(all, array), json!([1]), json!(["1"])),
        (titled, json!(1), json!(10)),
        (diamonds(|next| format!("{{ anyOf: [{next}, {next}] }}"), scalar), json!(1), json!(10)),
        (
            diamonds(
                |next| {
                    format!(
                        "{{ type: [object, array, integer], items: {next}, additionalProperties: {next} }}"
                    )
                },
                scalar,
            ),
            json!([{ "a": [1] }]),
            json!([{ "a": ["1"] }]),
        ),
    ] {
        assert!(is_valid(&schema, &good), "{schema}");
        assert!(!is_valid(&schema, &bad), "{schema}");
    }
    let named = |next: &str| format!("{{ type: object, properties: {{ a: {next}, b: {next} }} }}");
    Preview::of_schema(&diamonds(named, scalar))
        .run()
        .fails(&["collection c", "more than 100000 locations"]);
    let branches = |next: &str| format!("{{ oneOf: [{next}, {{ not: {next} }}] }}");
    assert!(is_valid(&diamonds_of(14, branches, scalar), &json!("1")));
    let one = |next: &str| format!("{{ anyOf: [{next}], allOf: [{{ maximum: 8 }}, {next}] }}");
    assert!(!is_valid(&diamonds(one, scalar), &json!(9)));
    Preview::of_schema(&diamonds(branches, scalar)).run().fails(&[
        "collection c",
        "\"/$defs/d0\"",
        "would judge one value",
    ]);
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
}

#[test]
fn keys_may_be_missing_or_null() {
    let schema = "{ type: object, properties: { id: { type: [integer, 'null'] }, \
                  n: { type: number }, b: { type: boolean }, d: { type: string, format: date }, \
                  default: { type: string, default: none } } }";
    let documents = [
        json!({}),
        json!({ "id": null, "n": 1.5, "b": true, "d": "2024-02-29", "default": "given" }),
        json!({ "id": 1, "n": -1 }),
        json!({ "n": null, "id": 2 }),
    ];
    let key = "[/id, /n, /b, /d, /default]";
    let preview = Preview::of_collection(key, schema, "{ recommended: false }");
    let preview = preview.documents(&documents[..3]).arguments(&["--runtime", "v1"]);
    let ended = preview.run().ok();
    let expected = [
        json!([null, null, null, null, "none"]),
        json!([null, 1.5, true, "2024-02-29", "given"]),
        json!([1, -1, null, null, "none"]),
    ];
    let keys: Vec<&Value> = ended.all("store").iter().map(|store| &store["key"]).collect();
    assert_eq!(keys, expected.iter().collect::<Vec<_>>());
    for (store, key) in ended.all("store").iter().zip(expected) {
        let packed = support::pack::pack(key.as_array().unwrap());
        use base64::Engine as _;
        let packed = base64::engine::general_purpose::STANDARD.encode(packed);
        assert_eq!(store["keyPacked"], packed);
    }
    let preview = preview.documents(&documents);
    preview.run().fails(&["line 4", "/n: "]);
}

/// Texts that have a format, and texts that don't.
const FORMATS: [(&str, &[&str], &[&str]); 27] = [
    ("date", &["2022-09-11", "2024-02-29"], &["2023-02-29", "2022-9-11", "2022-09-11T10:31:25Z"]),
    (
        "date-time",
        &[
            "2022-09-11T10:31:25.123Z",
            "2022-09-11t10:31:25z",
            "2016-12-31T23:59:60Z",
            "2022-09-11T10:31:25.375663+05:30",
        ],
        &[
            "10:31:25Z",
            "2022-09-11T10:31:25",
            "2022-09-12T23:59:60Z",
            "2022-09-11",
            "2022-09-11 10:31:25Z",
        ],
    ),
    ("datetime", &["2022-09-11T10:31:25Z"], &["2022-09-11"]),
    (
        "time",
        &["10:31:25.123z", "10:31:25Z", "10:31:25-10:00"],
        &["10:31:25", "23:59:60Z", "10:31Z"],
    ),
    (
        "duration",
        &["P1M3DT30H4S", "P2W", "PT0S", "P1Y1D", "PT1M60S", "PT1000000000000H"],
        &["P", "PT", "P1YT", "P1W3D", "P1D2Y", "P1M2H", "PT0.5S", "p1D", "-P1D", "1Y", "P1üM"],
    ),
    (
        "email",
        &["john@doe.com", "\"john doe\"@localhost", "a.b+c@[127.0.0.1]"],
        &["john at doe.com", "@doe.com", ".a@doe.com", "a..b@doe.com", "a@-doe.com"],
    ),
    (
        "hostname",
        &["hostname.com", "localhost", "a.b.c.", "xn--example"],
        &["hostname dot com", "a..b", "-a.com", "a_b.com", "127.0.0.1", ""],
    ),
    ("idn-email", &[], &["john@doe.com"]),
    ("idn-hostname", &[], &["hostname.com"]),
    ("ipv4", &["123.45.6.78"], &["0.1.2.3", "123.45.6.78.9", "256.1.1.1"]),
    ("ipv6", &["2001:db8::ff00:42:8329", "::1"], &["2001 db8  ff00:42:8329", "1.2.3.4"]),
    (
        "macaddr",
        &["001B638445E6", "00:1b-63:84-45:e6"],
        &["00!1b!63:84!45:e6", "00:1b:63:84:45", "00::1b:63:84:45:e6", "00:1b:63:84:45:eg"],
    ),
    ("macaddr8", &["00:1b:63:84:45:e6:aa:bb", "00-1b-638445e6aa:bb"], &["00:1b:63:84:45:e6"]),
    (
        "uuid",
        &["df518555-34f0-446a-8788-7b36f607bbea", "DF518555-34F0-446A-8788-7B36F607BBEA"],
        &["df51855534f0446a87887b36f607bbea", "not-a-UUID-7B36F607BBEA"],
    ),
    ("iri", &["http://ëxample.com/ü"], &["/ü"]),
    ("iri-reference", &["/ü"], &["http://[oops"]),
    (
        "uri",
        &["http://www.example.org/foo/bar"],
        &["../path/to/bar", "http://example.com/~{username}/"],
    ),
    ("uri-reference", &["../path/to/bar"], &["\\path"]),
    (
        "uri-template",
        &["http://example.com/~{username}/{+path:12}{?q*,lang}", "%20"],
        &["{", "}", "{}", "{Name}", "{a:0}", "%2G", "a b"],
    ),
    ("json-pointer", &["", "/valid/json pointer", "/~0~1"], &["/invalid/es~cape", "relative"]),
    ("relative-json-pointer", &["0/objects", "1#"], &["/0", "01"]),
    ("regex", &["^hello$", "\\p{L}+"], &["[hello", "(?=ahead)"]),
    (
        "integer",
        &[
            "1234",
            "1234.00",
            "1.0",
            "1e3",
            "-1234",
            "+5",
            "150e-1",
            "0.000",
            "1E400",
            "123456789012345678901234567890",
        ],
        &["1.234", "1_234", " 1234", "", "1e-1", "15e-2", "NaN", "0x1f", "1e"],
    ),
    ("uint32", &["1234"], &["12.5"]),
    ("uint64", &["1234"], &["12.5"]),
    (
        "number",
        &["1e400", "-1.234", "1.", ".5", "NaN", "Infinity", "-Infinity"],
        &["nan", "infinity", "1_234", " 1", ".", "1e", "--1", "xNaN"],
    ),
    (
        "sha256",
        &["sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
        &[
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "sha256:e3b0",
            "sha256:g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ],
    ),
];

#[test]
fn formats_are_checked_as_flow_defines_them() {
    let mut properties = json!({ "id": { "type": "integer" } });
    let mut document = json!({ "id": 1 });
    for (format, good, bad) in FORMATS {
        let has = json!({ "format": format });
        for text in good {
            properties[format!("{format} has {text}")] = has.clone();
            document[format!("{format} has {text}")] = json!(text);
        }
        for text in bad {
            properties[format!("{format} has not {text}")] = json!({ "not": has });
            document[format!("{format} has not {text}")] = json!(text);
        }
    }
    // What is no string has every format.
    properties["other"] = json!({ "format": "sha256" });
    document["other"] = json!(1);
    let schema = json!({ "type": "object", "required": ["id"], "properties": properties });
    let preview = Preview::of_collection("[/id]", "schema.yaml", "{ recommended: false }");
    preview.file("schema.yaml", &schema.to_string()).documents(&[document]).run().ok();

    let sum = "{ type: object, required: [id], properties: { id: { type: integer }, \
               v: { type: string, format: uint32 } } }";
    assert!(is_valid(sum, &json!("12.0")) && !is_valid(sum, &json!("12.5")));
}

#[test]
fn fields_have_flows_names_of_formats() {
    let schema = "{ type: object, required: [id], properties: { id: { type: integer }, \
                  a: { type: string, format: uint64 }, b: { type: string, format: datetime }, \
                  c: { anyOf: [{ type: string, format: uint32 }, { type: string, format: number }] }, \
                  d: { allOf: [{ type: string, format: number }, { format: uint32 }] } } }";
    let ended = Preview::of_schema(schema).run().ok();
    let formats = ["a", "b", "c", "d"].map(|field| format_of(&ended, field));
    assert_eq!(formats, ["integer", "date-time", "number", "integer"]);
}

#[test]
fn keywords_of_other_dialects_are_taken() {
    let schema = "{ $schema: 'http://json-schema.org/draft-07/schema#', type: object, \
                  properties: { id: { $ref: '#/properties/v/prefixItems/0' }, \
                  rest: { $ref: '#/properties/v/items' }, \
                  n: { type: string, nullable: true }, m: { type: [string, 'null'], nullable: true }, \
                  v: { type: array, prefixItems: [{ type: integer }], items: { type: boolean } }, \
                  definitions: { type: string }, const: { $ref: '#/definitions/c' } }, \
                  definitions: { c: { type: integer } } }";
    let ended = Preview::of_schema(schema).run().ok();
    let fields = ["id", "rest", "n", "m", "v/0", "const"];
    let text = json!(["null", "string"]);
    let expected = [integer(), json!(["boolean"]), text.clone(), text, integer(), integer()];
    assert_eq!(types(&ended, &fields), expected);
    assert!(is_valid(schema, &json!([1, true])) && !is_valid(schema, &json!([1, 1])));
    assert!(!is_valid(schema, &json!(["1"])));

    let nullable = "{ type: object, required: [id], properties: { id: { type: integer }, \
                    v: { type: integer, nullable: true } } }";
    assert!(is_valid(nullable, &json!(null)) && !is_valid(nullable, &json!("1")));
    let additional = "{ type: object, required: [id], properties: { id: { type: integer }, \
                      v: { type: array, additionalItems: { type: integer } } } }";
    assert!(is_valid(additional, &json!([1])) && !is_valid(additional, &json!(["1"])));
}
