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
    run("{ reduce: { strategy: sum } }", &[json!(1), json!(true)], true)
        .fails(&["line 2", "\"sum\" reduces numbers, but here are a number and a boolean"]);
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
fn a_deletion_is_one_where_something_was_before() {
    let lines = [
        json!(["c", { "id": 1, "n": 1 }]),
        json!({ "commit": true }),
        json!(["c", { "id": 1, "_meta": { "op": "d" } }]),
        json!(["c", { "id": 2, "_meta": { "op": "d" } }]),
        json!(["c", { "id": 3, "n": 3 }]),
        json!(["c", { "id": 3, "_meta": { "op": "d" } }]),
        json!(["c", { "id": 4, "_meta": { "op": "d" } }]),
        json!(["c", { "id": 4, "_meta": { "op": "d" } }]),
    ];
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    let ended = Preview::of_collection("[/id]", DELETABLE, "{ require: { flow_document: {} } }")
        .scenario(json!({ "deltaUpdates": false }))
        .fixture(&lines.join("\n"))
        .run()
        .ok();
    let flag = |store: &Value, name: &str| store.get(name).is_some_and(|flag| flag == true);
    let stores = ended.all("store").into_iter().skip(1);
    let stores = stores.map(|store| (flag(store, "exists"), flag(store, "delete")));
    let expected = [(true, true), (false, false), (false, true), (false, true)];
    assert_eq!(stores.collect::<Vec<_>>(), expected);
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

/// What the endpoint holds at `/v` after each transaction of values with the key 1.
fn held(annotations: &str, transactions: &[&[Value]]) -> Vec<Value> {
    let schema = format!(
        "{{ type: object, reduce: {{ strategy: merge }}, required: [id], \
         properties: {{ id: {{ type: integer }}, v: {annotations} }} }}"
    );
    let line = |value: &Value| format!("{}\n", json!(["c", { "id": 1, "v": value }]));
    let lines = transactions.iter().map(|values| {
        let lines: String = values.iter().map(line).collect();
        lines + "{\"commit\": true}\n"
    });
    let ended = Preview::of_collection("[/id]", &schema, "{ require: { flow_document: {} } }")
        .scenario(json!({ "deltaUpdates": false }))
        .fixture(&lines.collect::<String>())
        .run()
        .ok();
    ended.all("store").iter().map(|store| store["doc"]["v"].clone()).collect()
}

#[test]
fn members_of_sets_are_properties() {
    let set = "{ reduce: { strategy: set }, properties: { add: { additionalProperties: \
               { reduce: { strategy: sum } } }, intersect: { additionalProperties: \
               { reduce: { strategy: firstWriteWins } } } } }";
    let of = |values: &[Value]| reduced(set, values);
    let add = |members: Value| json!({ "add": members });

    assert_eq!(
        of(&[add(json!({ "b": 1 })), add(json!({ "a": 2 }))])["add"],
        json!({"a": 2, "b": 1})
    );
    assert_eq!(of(&[add(json!({ "b": 1 })), add(json!({ "b": 2 }))])["add"], json!({ "b": 3 }));
    // Before what nothing is known of, removals stay.
    let remove = json!({ "remove": { "b": null }, "add": { "c": 5 } });
    assert_eq!(
        of(&[add(json!({ "a": 1, "b": 1, "c": 1 })), remove.clone()]),
        json!({ "add": { "a": 1, "c": 6 }, "remove": { "b": null } })
    );
    assert_eq!(
        of(&[remove.clone(), json!({ "remove": { "c": null, "d": null } })]),
        json!({ "add": {}, "remove": { "b": null, "c": null, "d": null } })
    );
    let intersect = json!({ "intersect": { "a": 7, "c": 8 } });
    assert_eq!(
        of(&[remove.clone(), intersect.clone()]),
        json!({ "add": { "c": 5 }, "intersect": { "a": 7, "c": 8 } })
    );
    assert_eq!(
        of(&[json!({ "remove": { "a": 0 } }), intersect.clone()]),
        json!({ "intersect": { "c": 8 } })
    );
    assert_eq!(
        of(&[intersect.clone(), json!({ "remove": { "c": 0 }, "add": { "c": 1 } })]),
        json!({ "add": { "c": 1 }, "intersect": { "a": 7 } })
    );
    assert_eq!(
        of(&[intersect, json!({ "intersect": { "c": 9, "e": 9 } })]),
        json!({ "intersect": { "c": 8 } })
    );
}

#[test]
fn members_of_sets_are_items_by_key() {
    let set = "{ reduce: { strategy: set, key: [/0] }, additionalProperties: { items: \
               { reduce: { strategy: merge }, items: [{}, { reduce: { strategy: sum } }] } } }";
    let values = [
        json!({ "add": [["ant", 1], ["bee", 2], ["cow", 3]] }),
        json!({ "remove": [["bee"]], "add": [["ant", 10], ["dog", 4]] }),
    ];
    assert_eq!(
        reduced(set, &values),
        json!({ "add": [["ant", 11], ["cow", 3], ["dog", 4]], "remove": [["bee"]] })
    );
    let values = [values[0].clone(), json!({ "intersect": [["bee"], ["cow"], ["eel"]] })];
    assert_eq!(
        reduced(set, &values),
        json!({ "add": [["bee", 2], ["cow", 3]], "intersect": [["bee"], ["cow"], ["eel"]] })
    );
    let plain = "{ reduce: { strategy: set, key: [''] } }";
    let values = [json!({ "add": [2, 5] }), json!({ "add": [1, 5, 9] })];
    assert_eq!(reduced(plain, &values), json!({ "add": [1, 2, 5, 9] }));
}

#[test]
fn the_endpoint_holds_sets_without_removals() {
    let set = "{ reduce: { strategy: set }, additionalProperties: { additionalProperties: \
               { reduce: { strategy: sum } } } }";
    let add = |members: Value| json!({ "add": members });
    let first = [
        add(json!({ "x": 1, "y": 1, "z": 1 })),
        json!({ "remove": { "y": 0 } }),
        add(json!({ "w": 1, "x": 1 })),
    ];
    let second = [json!({ "intersect": { "w": 0, "x": 0 } }), add(json!({ "v": 1, "x": 1 }))];
    let third = [json!({ "remove": { "x": 0 } })];
    assert_eq!(
        held(set, &[&first, &second, &third]),
        [
            add(json!({ "w": 1, "x": 2, "z": 1 })),
            add(json!({ "v": 1, "w": 1, "x": 3 })),
            add(json!({ "v": 1, "w": 1 })),
        ]
    );
}

#[test]
fn what_is_no_set_is_told_of() {
    let set = "{ reduce: { strategy: set } }";
    let add = json!({ "add": { "a": 1 } });
    let fails = |left: &Value, right: Value, words: &str| {
        run(set, &[left.clone(), right], true).fails(&["line 2", "\"/v\"", words]);
    };
    fails(&add, json!(1), "\"set\" expects an object with \"add\"");
    fails(&add, json!({ "add": 1 }), "expects an object or array as \"add\"");
    fails(&add, json!({ "sub": {} }), "has no term \"sub\"");
    fails(&add, json!({ "remove": {}, "intersect": {} }), "both \"intersect\" and \"remove\"");
    fails(&add, json!({ "remove": [] }), "mixes objects and arrays");
    fails(&add, json!({ "add": {}, "remove": [] }), "mixes objects and arrays");
    // Alone, a value is what it is.
    assert_eq!(reduced(set, std::slice::from_ref(&add)), add);
}

#[test]
fn numbers_in_strings_sum_exactly() {
    let of = |values: &[&str]| {
        let values: Vec<Value> = values.iter().map(|text| json!(text)).collect();
        reduced("{ reduce: { strategy: sum } }", &values)
    };
    assert_eq!(of(&["1.5", "2.25"]), "3.75");
    assert_eq!(of(&["0.1", "0.2"]), "0.3");
    assert_eq!(of(&["1.50", "-0.5"]), "1");
    assert_eq!(of(&["-0.001", "0.0009"]), "-0.0001");
    assert_eq!(of(&["+12", "-12.0"]), "0");
    assert_eq!(of(&["1e3", "5E-2", "100"]), "1100.05");
    assert_eq!(of(&["99999999999999999999999999", "1"]), "100000000000000000000000000");
    let large = of(&["1e400", "1"]);
    let zeros = "0".repeat(399);
    assert_eq!(large, format!("1{zeros}1"));

    let sum = "{ reduce: { strategy: sum } }";
    assert_eq!(reduced(sum, &[json!(32), json!("5")]), "37");
    assert_eq!(
        reduced(sum, &[json!("18446744073709551615"), json!(32.5)]),
        "18446744073709551647.5"
    );
    for text in ["", "-", ".", "1.2.3", "0x1", "NaN", "1e", "1 ", "1_000"] {
        run(sum, &[json!("1"), json!(text)], true)
            .fails(&["line 2", "\"sum\" reduces numbers, but here are a string and a string"]);
    }
    for text in ["1e99999", "1e-99999", "1e2147483647"] {
        run(sum, &[json!("1"), json!(text)], true).fails(&["line 2", "is too large"]);
    }
}

#[test]
fn schemas_merge_to_what_either_takes() {
    const DRAFT: &str = "https://json-schema.org/draft/2019-09/schema";
    let merge = "{ reduce: { strategy: jsonSchemaMerge } }";
    let of = |left: Value, right: Value| {
        let mut merged = reduced(merge, &[left, right]);
        assert_eq!(merged.as_object_mut().unwrap().remove("$schema"), Some(json!(DRAFT)));
        merged
    };
    let text = |minimum: u32, maximum: u32| json!({ "type": "string", "minLength": minimum, "maxLength": maximum });
    assert_eq!(of(text(5, 5), text(8, 10)), text(5, 10));
    assert_eq!(
        of(json!({ "type": "integer", "minimum": 1 }), json!({ "type": "number", "minimum": 0.5 })),
        json!({ "type": "number", "minimum": 0.5 })
    );
    let object = |properties: Value, required: &[&str]| {
        json!({ "type": "object", "properties": properties, "required": required,
                "additionalProperties": false })
    };
    let (a, b) =
        (json!({ "type": "integer" }), json!({ "type": "array", "items": { "type": "null" } }));
    assert_eq!(
        of(
            object(json!({ "a": a, "b": b }), &["a", "b"]),
            object(json!({ "a": { "type": "string" } }), &["a"])
        ),
        object(json!({ "a": { "type": ["integer", "string"] }, "b": b }), &["a"])
    );
    // A later generation of the collection begins anew, and an earlier one is stale.
    let generation = |id: &str, length: u32| json!({ "type": "string", "maxLength": length, "x-collection-generation-id": id });
    assert_eq!(of(generation("01", 9), generation("02", 5)), generation("02", 5));
    assert_eq!(of(generation("02", 5), generation("01", 9)), generation("02", 5));
    assert_eq!(of(generation("02", 5), generation("02", 9)), generation("02", 9));
    assert_eq!(
        of(json!({ "type": "string", "maxLength": 7 }), generation("02", 5)),
        generation("02", 7)
    );

    let fails = |right: Value, words: &str| {
        run(merge, &[text(1, 2), right], true).fails(&["line 2", "reduces JSON schemas", words]);
    };
    fails(json!("oops"), "is no schema");
    fails(json!({ "type": "foo" }), "foo");
}

#[test]
fn a_schemas_own_annotation_is_stronger_than_one_that_it_refers_to() {
    let schema = "{ type: object, reduce: { strategy: merge }, required: [id], properties: { \
                  id: { type: integer }, low: { type: array, items: [{}, { reduce: { strategy: sum } }], \
                  reduce: { strategy: minimize, key: [/0] } }, \
                  high: { $ref: '#/properties/low', reduce: { strategy: maximize, key: [/0] } } } }";
    let values =
        [json!(["m", 1]), json!(["z", 2]), json!(["p", 4]), json!(["m", 8]), json!(["z", 16])];
    let documents: Vec<Value> =
        values.iter().map(|value| json!({ "id": 1, "low": value, "high": value })).collect();
    let fields = "{ recommended: false, require: { low: {}, high: {} } }";
    let stores =
        Preview::of_collection("[/id]", schema, fields).documents(&documents).run().ok().stores();
    assert_eq!(stores, [json!({ "id": 1, "low": ["m", 9], "high": ["z", 18] })]);
}

#[test]
fn documents_that_are_not_associative_wait_for_the_first_one() {
    let largest = "{ type: object, additionalProperties: { reduce: { strategy: sum } }, \
                   reduce: { strategy: maximize, key: [/n], associative: false } }";
    let value = |n: i32, of: &str| json!({ "n": n, of: 1 });
    // Without the first one, they are stored apart.
    let stores = run(largest, &[value(2, "a"), value(1, "b"), value(2, "c")], true).ok().stores();
    let stored: Vec<&Value> = stores.iter().map(|store| &store["v"]).collect();
    assert_eq!(stored, [&value(2, "a"), &value(1, "b"), &value(2, "c")]);
    // A negative number replaces what was before. By themselves, these would come to 6 first.
    let ordered = "{ if: { type: string }, then: { reduce: { strategy: append } }, else: \
                   { if: { minimum: 0 }, then: { reduce: { strategy: sum, associative: false } }, \
                   else: { reduce: { strategy: lastWriteWins, associative: false } } } }";
    assert_eq!(
        held(ordered, &[&[json!(10), json!(1)], &[json!(5), json!(-1), json!(7)]]),
        [json!(11), json!(6)]
    );
}

#[test]
fn deleted_properties_go_from_objects_that_are_new() {
    let patch = "{ $ref: '#/$defs/Patch' }";
    let schema = format!(
        "{{ $defs: {{ Patch: {{ oneOf: [ {{ type: object, reduce: {{ strategy: merge }}, \
         additionalProperties: {patch} }}, {{ type: 'null', reduce: {{ strategy: lastWriteWins, \
         delete: true }} }}, {{ type: [integer, string] }} ] }} }}, \
         type: object, reduce: {{ strategy: merge }}, required: [id], properties: {{ id: {{ type: integer }}, v: {patch} }} }}"
    );
    let documents =
        [json!({ "id": 1 }), json!({ "id": 1, "v": { "a": null, "b": { "c": 1, "d": null } } })];
    let ended = Preview::of_collection("[/id]", &schema, "{ require: { flow_document: {} } }")
        .scenario(json!({ "deltaUpdates": false }))
        .documents(&documents)
        .run()
        .ok();
    assert_eq!(ended.all("store")[0]["doc"]["v"], json!({ "b": { "c": 1 } }));
}
