//! Reduction: what becomes of documents that share a key within a transaction.

use crate::support::preview::{Ended, Preview};
use serde_json::{Value, json};

/// Reduces documents with the key 1 that have these values at `/v`.
fn run(annotations: &str, values: &[Value], delta_updates: bool) -> Ended {
    let schema = format!(
        "{{ type: object, reduce: {{ strategy: merge }}, required: [id], \
         properties: {{ id: {{ type: integer }}, v: {annotations} }} }}"
    );
    let documents: Vec<Value> = values.iter().map(|value| json!({ "id": 1, "v": value })).collect();
    Preview::of_collection("[/id]", &schema, "{ recommended: false, require: { v: {} } }")
        .scenario(json!({ "deltaUpdates": delta_updates }))
        .documents(&documents)
        .run()
}

fn reduced(annotations: &str, values: &[Value]) -> Value {
    let stores = run(annotations, values, true).ok().stores();
    assert_eq!(stores.len(), 1);
    stores[0]["v"].clone()
}

#[test]
fn the_last_value_wins_by_default() {
    assert_eq!(reduced("{}", &[json!({ "a": 1 }), json!({ "b": 2 })]), json!({ "b": 2 }));
    let last = "{ reduce: { strategy: lastWriteWins } }";
    assert_eq!(reduced(last, &[json!(1), json!(2), json!(3)]), json!(3));
    let first = "{ reduce: { strategy: firstWriteWins } }";
    assert_eq!(reduced(first, &[json!(1), json!(2), json!(3)]), json!(1));
}

#[test]
fn without_annotations_whole_documents_replace_each_other() {
    let schema = "{ type: object, required: [id], properties: { id: { type: integer }, \
                  a: { type: integer }, b: { type: integer } } }";
    let documents = [json!({ "id": 1, "a": 1 }), json!({ "id": 1, "b": 2 })];
    let stores = Preview::of_schema(schema).documents(&documents).run().ok().stores();
    assert_eq!((&stores[0]["a"], &stores[0]["b"]), (&json!(null), &json!(2)));
}

#[test]
fn numbers_sum() {
    let sum = "{ type: number, reduce: { strategy: sum } }";
    assert_eq!(reduced(sum, &[json!(1), json!(2), json!(-5)]), json!(-2));
    assert_eq!(reduced(sum, &[json!(1), json!(0.5)]), json!(1.5));
    let large = json!(u64::MAX - 1);
    assert_eq!(reduced(sum, &[large.clone(), json!(1)]), json!(u64::MAX));
    run(sum, &[large, json!(2)], true).fails(&["line 2", "\"/v\"", "too large"]);
    run("{ reduce: { strategy: sum } }", &[json!(1), json!("2")], true)
        .fails(&["line 2", "\"sum\" reduces numbers, but here are a number and a string"]);
}

#[test]
fn extremes_stay() {
    let minimize = "{ reduce: { strategy: minimize } }";
    assert_eq!(reduced(minimize, &[json!(2), json!(-1), json!(1.5)]), json!(-1));
    assert_eq!(reduced(minimize, &[json!("b"), json!("a")]), json!("a"));
    let maximize = "{ reduce: { strategy: maximize } }";
    assert_eq!(reduced(maximize, &[json!(2), json!(10), json!(9)]), json!(10));

    let keyed = "{ type: object, reduce: { strategy: maximize, key: [/at] }, \
                 properties: { n: { reduce: { strategy: sum } } } }";
    let values = [
        json!({ "at": 2, "n": 1 }),
        json!({ "at": 1, "n": 10 }),
        // Of equal ones, both count.
        json!({ "at": 2, "n": 100, "more": true }),
    ];
    assert_eq!(reduced(keyed, &values), json!({ "at": 2, "n": 101, "more": true }));
}

#[test]
fn arrays_append_and_merge() {
    let append = "{ reduce: { strategy: append } }";
    assert_eq!(reduced(append, &[json!([1]), json!([]), json!([2, 3])]), json!([1, 2, 3]));
    assert_eq!(reduced(append, &[json!(null), json!([1])]), json!(null));
    run(append, &[json!([1]), json!(2)], true).fails(&["\"append\" reduces arrays"]);

    let by_index = "{ reduce: { strategy: merge }, items: { reduce: { strategy: sum } } }";
    assert_eq!(reduced(by_index, &[json!([1, 2]), json!([10, 20, 30])]), json!([11, 22, 30]));

    let by_key = "{ reduce: { strategy: merge, key: [/k] }, items: { reduce: { strategy: merge }, \
                  properties: { n: { reduce: { strategy: sum } } } } }";
    let values = [
        json!([{ "k": "a", "n": 1 }, { "k": "c", "n": 3 }]),
        json!([{ "k": "b", "n": 2 }, { "k": "c", "n": 4 }]),
    ];
    let merged = json!([{ "k": "a", "n": 1 }, { "k": "b", "n": 2 }, { "k": "c", "n": 7 }]);
    assert_eq!(reduced(by_key, &values), merged);
}

#[test]
fn objects_merge() {
    let merge = "{ reduce: { strategy: merge }, properties: { n: { reduce: { strategy: sum } } }, \
                 patternProperties: { '^max': { reduce: { strategy: maximize } } }, \
                 additionalProperties: { reduce: { strategy: append } } }";
    let values = [
        json!({ "n": 1, "max1": 5, "list": [1], "left": [0] }),
        json!({ "n": 2, "max1": 3, "list": [2], "right": [0] }),
    ];
    let merged = json!({ "n": 3, "max1": 5, "list": [1, 2], "left": [0], "right": [0] });
    assert_eq!(reduced(merge, &values), merged);
    run(merge, &[json!({}), json!(1)], true).fails(&["\"merge\" reduces objects or arrays"]);
}

#[test]
fn annotations_follow_references_and_conditions() {
    let conditional = "{ if: { type: integer }, then: { reduce: { strategy: sum } }, \
                       else: { reduce: { strategy: append } } }";
    assert_eq!(reduced(conditional, &[json!(1), json!(2)]), json!(3));
    assert_eq!(reduced(conditional, &[json!([1]), json!([2])]), json!([1, 2]));

    let branches = "{ oneOf: [ { type: object, properties: { op: { const: set } }, \
                    reduce: { strategy: lastWriteWins } }, { type: object, properties: { \
                    op: { const: add }, n: { reduce: { strategy: sum } } }, \
                    reduce: { strategy: merge } } ] }";
    let add = |n: i32| json!({ "op": "add", "n": n });
    let set = |n: i32| json!({ "op": "set", "n": n });
    assert_eq!(reduced(branches, &[set(10), add(1), add(2)]), json!({ "op": "add", "n": 13 }));
    assert_eq!(reduced(branches, &[add(1), set(10)]), json!({ "op": "set", "n": 10 }));

    let schema = "{ $defs: { Node: { type: object, reduce: { strategy: merge }, properties: { \
                  n: { type: integer, reduce: { strategy: sum } }, child: { $ref: '#/$defs/Node' } } } }, \
                  allOf: [{ $ref: '#/$defs/Node' }], required: [id], properties: { id: { type: integer } } }";
    let document = json!({ "id": 1, "n": 1, "child": { "n": 10, "child": { "n": 100 } } });
    let stores = Preview::of_collection(
        "[/id]",
        schema,
        "{ recommended: false, require: { n: {}, child: {} } }",
    )
    .documents(&[document.clone(), document])
    .run()
    .ok()
    .stores();
    let doubled = json!({ "id": 1, "n": 2, "child": { "n": 20, "child": { "n": 200 } } });
    assert_eq!(stores, [doubled]);
}

const DELETABLE: &str = "{ type: object, required: [id], properties: { id: { type: integer }, \
    n: { type: integer, reduce: { strategy: sum } } }, \
    if: { properties: { _meta: { required: [op], properties: { op: { const: d } } } }, required: [_meta] }, \
    then: { reduce: { strategy: merge, delete: true } }, else: { reduce: { strategy: merge } } }";

#[test]
fn deletions_are_stored_as_such() {
    let delete = |id: i32| json!({ "id": id, "_meta": { "op": "d" } });
    let documents = [
        json!({ "id": 1, "n": 1 }),
        json!({ "id": 2, "n": 2 }),
        delete(2),
        delete(3),
        json!({ "id": 4, "n": 4, "_meta": { "op": "c" } }),
        delete(4),
        // What comes after a deletion begins anew.
        json!({ "id": 4, "n": 5 }),
    ];
    let ended = Preview::of_schema(DELETABLE).documents(&documents).run().ok();
    let stores: Vec<_> = ended
        .all("store")
        .iter()
        .zip(ended.stores())
        .map(|(store, fields)| {
            (fields["id"].clone(), fields["n"].clone(), store.get("delete").is_some())
        })
        .collect();
    assert_eq!(
        stores,
        [
            (json!(1), json!(1), false),
            (json!(2), json!(2), true),
            (json!(3), json!(null), true),
            (json!(4), json!(5), false),
        ]
    );
}

#[test]
fn deleted_properties_go_once_the_endpoints_document_is_known() {
    let schema = "{ type: object, reduce: { strategy: merge }, required: [id], properties: { \
                  id: { type: integer } }, additionalProperties: { if: { type: 'null' }, \
                  then: { reduce: { strategy: lastWriteWins, delete: true } } } }";
    let ended = Preview::of_collection("[/id]", schema, "{ require: { flow_document: {} } }")
        .scenario(json!({ "deltaUpdates": false }))
        .fixture(
            "[\"c\", {\"id\": 1, \"a\": 1, \"b\": 2}]\n{\"commit\": true}\n\
             [\"c\", {\"id\": 1, \"a\": null, \"c\": null}]\n",
        )
        .run()
        .ok();
    let mut document = ended.all("store")[1]["doc"].clone();
    document.as_object_mut().unwrap().remove("_meta");
    assert_eq!(document, json!({ "id": 1, "b": 2 }));
}

#[test]
fn strategies_that_a_preview_lacks_are_told_of_when_needed() {
    let set = "{ reduce: { strategy: set } }";
    let value = json!({ "add": { "a": 1 } });
    assert_eq!(reduced(set, std::slice::from_ref(&value)), value);
    run(set, &[value.clone(), value], true).fails(&["a preview has no strategy \"set\""]);
}
