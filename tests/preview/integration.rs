//! Catalogs as connectors have them for their integration tests: several kinds of collections
//! in a file of their own, and tasks for many connectors that import it.

use crate::support::preview::{Ended, Preview};
use serde_json::{Value, json};

const COLLECTIONS: &str = "\
collections:
  it/changes:
    key: [/id]
    schema:
      type: object
      required: [id, word, _meta]
      properties:
        id: { type: integer }
        word: { type: string }
        _meta: { type: object, required: [op], properties: { op: { type: string } } }
      if: { properties: { _meta: { properties: { op: { const: d } } } } }
      then: { reduce: { strategy: lastWriteWins, delete: true } }
  it/odd-names:
    # Any of these may be missing, or has a name that needs care.
    key: [/a~1b, '/ spaced; (out) ', /deep/down]
    schema:
      type: object
      required: [a/b]
      properties:
        a/b: { type: string, contentEncoding: base64 }
        ' spaced; (out) ': { type: string }
        deep: { type: object, properties: { down: { type: integer }, in/side: { type: number } } }
        _id: { type: string }
        12: { type: string }
        $price$: { type: string }
        dot.ted: { type: string }
        Dot.Ted: { type: string }
        q\"uo`t'ed: { type: string }
        wide: { type: integer, maximum: 18446744073709551615 }
  it/types:
    key: [/id]
    schema:
      type: object
      required: [id]
      properties:
        id: { type: integer }
        none: { type: 'null' }
        mixed: { type: [string, integer, object] }
        numeral: { type: [string, number], format: number }
        count: { type: string, format: integer }
        day: { type: string, format: date }
        moment: { type: string, format: date-time }
        clock: { type: string, format: time }
        span: { type: string, format: duration }
        card: { type: string, format: macaddr }
        host: { type: string, format: ipv6 }
        small: { type: string, format: uint32 }
        large: { type: string, format: uint64, maxLength: 20 }
        pattern: { type: string, format: regex }
        place: { type: string, format: relative-json-pointer }
        kind: { type: [string, 'null'], enum: [one, two] }
";

const FIXTURE: &str = r#"
{"commit": true}
["it/changes", {"id": 1, "word": "oak", "_meta": {"op": "c"}}]
["it/changes", {"id": 2, "word": "elm", "_meta": {"op": "c"}}]
["it/odd-names", {"a/b": "QQ==", " spaced; (out) ": "s", "deep": {"down": 7, "in/side": 1.0}, "12": "x", "wide": 18446744073709551615}]
["it/odd-names", {"a/b": "Qg==", "_id": "own", "$price$": "5", "dot.ted": "l", "Dot.Ted": "u"}]
["it/types", {"id": 1, "none": null, "mixed": {"a": 1}, "numeral": "1e400", "count": "1.0", "day": "2024-02-29", "moment": "2024-02-29T23:59:59.123456789Z", "clock": "03:55:23.5Z", "span": "P1M3DT30H4S", "card": "00:1b:63:84:45:e6", "host": "::1", "small": "4294967295", "large": "18446744073709551615", "pattern": "^a+$", "place": "1/x"}]
["it/unread", {"id": 1}]
{"commit": true}
{"commit": true}
["it/changes", {"id": 1, "word": "oak", "_meta": {"op": "d"}}]
["it/changes", {"id": 2, "word": "ash", "_meta": {"op": "u"}}]
["it/changes", {"id": 3, "word": "fir", "_meta": {"op": "c"}}]
["it/changes", {"id": 3, "word": "fir", "_meta": {"op": "d"}}]
["it/odd-names", {"a/b": "Qg==", "_id": "changed"}]
["it/types", {"id": 1, "mixed": 5, "numeral": 2.5, "count": "1e3", "kind": "two"}]
{"commit": true}
"#;

/// A task for a connector that is another program, whose resources have a `table`.
fn foreign() -> Preview {
    let catalog = "\
import: [shared/collections.flow.yaml]
materializations:
  it/reader: { endpoint: { dekaf: { variant: any, config: config.yaml } }, bindings: [] }
  it/foreign:
    endpoint: { local: { command: [no-such-program], protobuf: true, config: config.yaml } }
    bindings:
      - { source: it/changes, resource: { table: changes }, fields: { recommended: true, include: { flow_document: {} } } }
      - { source: it/odd-names, resource: { table: odd }, fields: { recommended: true, include: { deep/in~1side: {} } } }
      - { source: it/types, resource: { table: types }, fields: { recommended: true } }
";
    let preview = Preview::new(catalog).file("config.yaml", "host: localhost\n");
    std::fs::create_dir(preview.path("shared")).unwrap();
    preview.file("shared/collections.flow.yaml", COLLECTIONS).fixture(FIXTURE)
}

fn of_binding(ended: &Ended, kind: &str, binding: u64) -> Vec<Value> {
    let number =
        |message: &Value| message.get("binding").map_or(0, |index| index.as_u64().unwrap());
    ended.all(kind).into_iter().filter(|it| number(it) == binding).cloned().collect()
}

#[test]
fn another_connector_runs_on_a_catalog_as_it_is() {
    let preview = foreign().scenario(json!({ "deltaUpdates": false }));
    let ended = preview.arguments(&["--output-apply", "--output-state"]).run().ok();
    assert_eq!(ended.all("startCommit").len(), 4);
    assert!(ended.stderr.contains("ignored 1 document"), "{}", ended.stderr);
    assert_eq!(ended.lines("applied.actionDescription"), ["created the table"]);

    let changes = of_binding(&ended, "store", 0).into_iter().map(|store| {
        let flag = |name: &str| store.get(name).is_some_and(|flag| flag == true);
        (store["key"][0].clone(), store["doc"]["word"].clone(), flag("exists"), flag("delete"))
    });
    let expected = [
        (json!(1), json!("oak"), false, false),
        (json!(2), json!("elm"), false, false),
        (json!(1), json!("oak"), true, true),
        (json!(2), json!("ash"), true, false),
        (json!(3), json!("fir"), false, true),
    ];
    assert_eq!(changes.collect::<Vec<_>>(), expected);

    let fields = |binding: usize, what: &str| {
        ended.all("open")[0]["materialization"]["bindings"][binding]["fieldSelection"][what].clone()
    };
    assert_eq!(fields(1, "keys"), json!(["a~1b", " spaced; (out) ", "deep/down"]));
    let values = json!([
        "$price$",
        "12",
        "Dot.Ted",
        "_id",
        "deep/in~1side",
        "dot.ted",
        "flow_published_at",
        "q\"uo`t'ed",
        "wide"
    ]);
    assert_eq!(fields(1, "values"), values);
    let odd = of_binding(&ended, "store", 1);
    let keys: Vec<&Value> = odd.iter().map(|store| &store["key"]).collect();
    assert_eq!(
        keys,
        [&json!(["QQ==", "s", 7]), &json!(["Qg==", null, null]), &json!(["Qg==", null, null])]
    );
    assert_eq!(odd[0]["values"][8], json!(u64::MAX));

    let types = of_binding(&ended, "store", 2);
    let at = |store: &Value, field: &str| {
        let names = fields(2, "values");
        let index = names.as_array().unwrap().iter().position(|name| name == field).unwrap();
        store["values"][index].clone()
    };
    assert_eq!((at(&types[0], "numeral"), at(&types[1], "numeral")), (json!("1e400"), json!(2.5)));
    assert_eq!((at(&types[0], "mixed"), at(&types[1], "mixed")), (json!({ "a": 1 }), json!(5)));
    assert_eq!(
        (at(&types[0], "span"), at(&types[1], "kind")),
        (json!("P1M3DT30H4S"), json!("two"))
    );
}

#[test]
fn this_connector_runs_on_the_same_collections() {
    let catalog = "\
import: [shared/collections.flow.yaml]
materializations:
  it/rockset:
    endpoint: { connector: { image: any, config: { hardDelete: true } } }
    bindings:
      - { source: it/changes, resource: { workspace: it, collection: changes }, fields: { recommended: true } }
      - { source: it/odd-names, resource: { workspace: it, collection: odd-names }, fields: { recommended: true } }
      - { source: it/types, resource: { workspace: it, collection: types }, fields: { recommended: true } }
";
    let ended = foreign().file("flow.yaml", catalog).arguments(&["--local"]).run_own().ok();
    for words in
        ["it.changes: 1 document\n", "it.odd-names: 2 documents\n", "it.types: 1 document\n"]
    {
        assert!(ended.stderr.contains(words), "{words:?} is not in: {}", ended.stderr);
    }
    assert!(ended.stderr.contains("11 documents, 10 stores"), "{}", ended.stderr);
}

/// A task whose only collection has these types.
fn migrating(types: [&str; 4]) -> Preview {
    let [whole, text, list, fixed] = types;
    Preview::new(&format!(
        "collections:\n  k:\n    key: [/id]\n    schema:\n      type: object\n      required: [id]\n      \
         properties:\n        id: &int {{ type: integer }}\n        same: *int\n        whole: {whole}\n        \
         text: {text}\n        list: {list}\n        fixed: {fixed}\n\
         materializations:\n  m:\n    endpoint: {{ connector: {{ image: any, config: {{}} }} }}\n    \
         bindings: [{{ source: k, resource: {{ workspace: it, collection: k }} }}]\n"
    ))
}

#[test]
fn types_may_widen_between_two_publications() {
    let before = [
        "{ type: integer, minimum: -9223372036854775808, maximum: 9223372036854775807 }",
        "{ type: string, format: integer, maxLength: 18 }",
        "{ type: array }",
        "{ type: string, enum: [on, off] }",
    ];
    let after = [
        "{ type: integer, minimum: -115792089237316195423570985008687907853269984665640564039457584007913129639936.0 }",
        "{ type: [string, number], format: number }",
        "{ type: [array, boolean, object] }",
        "{ type: string }",
    ];
    let first = r#"["k", {"id": 1, "same": 1, "whole": 9223372036854775807, "text": "999999999999999999", "list": [1], "fixed": "on"}]"#;
    let second = r#"{"commit": true}
["k", {"id": 2, "same": 2, "whole": 115792089237316195423570985008687907853269984665640564039457584007913129639936, "text": 0.5, "list": true, "fixed": "else"}]
["k", {"id": 3}]"#;

    let output = ["--output-materialization"];
    let published = migrating(before).fixture(first).arguments(&output).run().ok();
    let last = published.lines("materialization")[0].to_string();
    let preview = migrating(after).fixture(second).file("last.json", &last);
    let path = preview.path("last.json").display().to_string();
    let ended = preview.arguments(&["--last-materialization", &path]).run().ok();
    let stores = ended.stores();
    assert_eq!((&stores[0]["text"], &stores[0]["list"]), (&json!(0.5), &json!(true)));
    assert_eq!(stores[0]["whole"].as_f64(), Some(2f64.powi(256)));
    assert_eq!(stores[1]["same"], json!(null));

    let of = |types, lines| migrating(types).fixture(lines).arguments(&["--local"]).run_own().ok();
    assert!(of(before, first).stderr.contains("it.k: 1 document\n"));
    assert!(of(after, second).stderr.contains("it.k: 2 documents\n"));
}
