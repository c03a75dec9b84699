//! The two runtimes: which process is asked what, how state travels, and which form
//! messages have.

use crate::support::preview::{Ended, Preview};
use materialize_rockset::flow::materialize;
use prost::Message as _;
use serde_json::{Value, json};

const ID: &str = "{ type: object, required: [id], properties: { id: { type: integer } } }";
const DOCUMENT: &str = "{ require: { flow_document: {} } }";

fn fixture(transactions: usize) -> String {
    let line = |id| format!("[\"c\", {{\"id\": {id}}}]\n{{\"commit\": true}}\n");
    (0..transactions).map(line).collect()
}

fn preview(transactions: usize) -> Preview {
    Preview::of_schema(ID).fixture(&fixture(transactions))
}

/// The kinds of requests from the first Open on.
fn stream(ended: &Ended) -> String {
    let kinds = ended.kinds();
    let begin = kinds.iter().position(|kind| *kind == "open").unwrap();
    kinds[begin..].join(" ")
}

#[test]
fn json_comes_alone_or_beside_packed_tuples() {
    let of = |runtime| {
        let preview = Preview::of_collection("[/id]", ID, DOCUMENT).fixture(&fixture(1));
        let preview = preview.scenario(json!({ "deltaUpdates": false }));
        let ended = preview.arguments(&["--runtime", runtime]).run().ok();
        let keys = |kind: &str| {
            let request = ended.all(kind)[0].as_object().unwrap();
            request.keys().cloned().collect::<Vec<_>>()
        };
        (keys("load"), keys("store"))
    };
    let (load, store) = of("v2");
    assert_eq!(load, ["key"]);
    assert_eq!(store, ["doc", "key", "values"]);
    let (load, store) = of("v1");
    assert_eq!(load, ["key", "keyPacked"]);
    assert_eq!(store, ["doc", "key", "keyPacked", "values", "valuesPacked"]);
}

#[test]
fn protobuf_has_packed_tuples_alone() {
    let catalog = format!(
        "collections:\n  c: {{ key: [/id], schema: {ID} }}\nmaterializations:\n  m:\n    \
         endpoint: {{ connector: {{ image: any, config: {{}} }} }}\n    \
         bindings: [{{ source: c, resource: {{ workspace: w, collection: c }} }}]\n"
    );
    for runtime in ["v1", "v2"] {
        let preview = Preview::new(&catalog).fixture(&fixture(1));
        let requests = preview.path("requests");
        let own = env!("CARGO_BIN_EXE_materialize-rockset");
        let command = format!("sh -c 'tee -a {requests:?} | {own:?}'");
        let arguments =
            ["--local", "--codec", "proto", "--runtime", runtime, "--command", &command];
        let preview = preview.arguments(&arguments);
        preview.run_own().ok();
        let requests = std::fs::read(requests).unwrap();
        let requests = crate::support::raw::messages(&requests).into_iter();
        let requests = requests.map(|frame| materialize::Request::decode(frame).unwrap());
        let stores: Vec<_> = requests.filter_map(|request| request.store).collect();
        assert_eq!(stores.len(), 1);
        assert!(stores[0].key_json.is_empty() && stores[0].values_json.is_empty());
        assert_eq!(stores[0].key_packed, [0x14].as_slice());
        assert!(!stores[0].values_packed.is_empty());
    }
}

#[test]
fn documents_are_loaded_before_the_commit_before_is_acknowledged() {
    let of = |runtime, sessions| {
        let preview = Preview::of_collection("[/id]", ID, DOCUMENT).fixture(&fixture(2));
        let preview = preview.scenario(json!({ "deltaUpdates": false }));
        let arguments = ["--runtime", runtime, "--sessions", sessions];
        stream(&preview.arguments(&arguments).run().ok())
    };
    let transaction = "load flush store startCommit acknowledge";
    let both = format!("open acknowledge {transaction} {transaction}");
    assert_eq!(of("v2", "-1"), both);
    assert_eq!(of("v1", "2"), both);
    // With its last transaction, a session of v2 ends: the next one acknowledges.
    let both = both.strip_suffix(" acknowledge").unwrap();
    assert_eq!(of("v2", "2"), both);
    let one = "open acknowledge load flush store startCommit";
    assert_eq!(of("v2", "1,1"), format!("{one} spec validate spec apply spec {one}"));
}

#[test]
fn apply_goes_on_until_no_state_comes() {
    let patch = |patch: Value| json!({ "state": { "updated": patch, "mergePatch": true } });
    let rounds = [
        json!({ "actionDescription": "first", "state": { "updated": { "a": 1, "b": 1 } } }),
        patch(json!({ "b": null, "c": 3 })),
        json!({ "actionDescription": "last" }),
        patch(json!({ "d": 4 })),
    ];
    let run = |rounds: &[Value], runtime| {
        let scenario = json!({ "applied": rounds });
        preview(1).scenario(scenario).arguments(&["--runtime", runtime, "--output-state"]).run()
    };
    let ended = run(&rounds, "v2").ok();
    let states = ended.all("apply").iter().map(|apply| apply["state"].clone()).collect::<Vec<_>>();
    assert_eq!(states, [json!({}), json!({ "a": 1, "b": 1 }), json!({ "a": 1, "c": 3 })]);
    assert_eq!(ended.all("open")[0]["state"], json!({ "a": 1, "c": 3 }));
    assert!(ended.stderr.contains("applied: first\napplied: last\n"), "{}", ended.stderr);
    assert_eq!(ended.lines("connectorState").len(), 2);

    let ended = run(&rounds, "v1").ok();
    assert_eq!(ended.all("apply").len(), 1);

    let endless = [&rounds[..2], &rounds[1..2], &rounds[1..2]].concat();
    let ended = run(&endless, "v2");
    ended.fails(&["Applied cannot be used", "still has a state after 3 rounds"]);
    assert_eq!((ended.all("apply").len(), ended.all("open").len()), (3, 0));
}

#[test]
fn shards_share_one_state() {
    let patch = |patch: Value| json!({ "updated": patch, "mergePatch": true });
    let scenario = json!({
        "flushed": { "state": patch(json!({ "flushed": 1 })) },
        "commits": [{ "updated": { "first": 1 } }, patch(json!({ "first": null, "second": 2 }))],
        "acknowledged": { "state": patch(json!({ "acknowledged": 1 })) },
    });
    let arguments = ["--shards", "2", "--sessions", "2,-1", "--output-state"];
    let preview = preview(3).scenario(scenario).arguments(&arguments);
    let ended = preview.run().ok();

    let patches = |kind: &str, request: usize| {
        let of_both = &ended.all(kind)[request * 2..request * 2 + 2];
        assert_eq!(of_both[0].get("statePatches"), of_both[1].get("statePatches"));
        of_both[0].get("statePatches").cloned()
    };
    let twice = |patch: Value| Some(json!([patch, patch]));
    assert_eq!(patches("acknowledge", 0), None);
    assert_eq!(patches("flush", 0), twice(json!({ "acknowledged": 1 })));
    assert_eq!(patches("startCommit", 0), twice(json!({ "flushed": 1 })));
    // A state that is no patch takes away what the shards before it wrote.
    let reset = json!([null, { "first": 1 }, null, { "first": 1 }]);
    assert_eq!(patches("acknowledge", 1), Some(reset));
    assert_eq!(patches("flush", 1), twice(json!({ "acknowledged": 1 })));

    // After a reset and a patch, in both shards of the session that is to come.
    let expected = json!({ "acknowledged": 1, "flushed": 1, "second": 2 });
    for open in &ended.all("open")[2..] {
        assert_eq!(open["state"], expected);
    }
    // After Apply, and after each commit.
    assert_eq!(ended.lines("connectorState").len(), 5);
}

#[test]
fn in_the_older_runtime_each_shard_has_its_own_state() {
    let scenario = json!({ "commits": [{ "updated": { "n": 1 }, "mergePatch": true }] });
    let arguments = ["--shards", "2", "--runtime", "v1", "--sessions", "1,-1", "--output-state"];
    let ended = preview(2).scenario(scenario).arguments(&arguments).run().ok();
    assert!(ended.all("startCommit").iter().all(|commit| commit.get("statePatches").is_none()));
    assert_eq!(ended.all("open")[2]["state"], json!({ "n": 1 }));
    assert_eq!(ended.all("open")[3]["state"], json!({ "n": 1 }));
    // Apply has the state of the first shard.
    assert_eq!(ended.lines("connectorState").len(), 2 * 3);
}

const TWO_KEYS: &str = "\
collections:
  z: { key: [/id], schema: { type: object, required: [id], properties: { id: { type: integer } } } }
  a: { key: [/id], schema: { type: object, required: [id], properties: { id: { type: integer }, n: { type: string } } } }
materializations:
  m:
    endpoint: { connector: { image: any, config: {} } }
    bindings:
      - { source: z, resource: { table: z } }
      - { source: a, resource: { table: by-n }, fields: { groupBy: [n] } }
      - { source: a, resource: { table: by-id } }
      - { source: z, resource: { table: z-again } }
";

#[test]
fn collections_are_inline_or_linked() {
    let of = |form| {
        let preview = Preview::new(TWO_KEYS).fixture("[\"a\", {\"id\": 1, \"n\": \"x\"}]\n");
        let arguments = ["--collections", form, "--sessions", "1,-1"];
        preview.arguments(&arguments).run().ok()
    };
    let (inline, indirect) = (of("inline"), of("indirect"));
    let resolved = |message: &Value, linked: &Value| {
        let linked = linked["linkedCollections"].as_array().unwrap();
        let bindings = message["bindings"].as_array().unwrap().iter().map(|binding| {
            assert_eq!(binding.get("collection"), None);
            let index = binding.get("collectionIndex").map_or(0, |index| index.as_u64().unwrap());
            linked[index as usize].clone()
        });
        bindings.collect::<Vec<_>>()
    };
    let collections = |message: &Value| {
        assert_eq!(message.get("linkedCollections"), None);
        let bindings = message["bindings"].as_array().unwrap().iter();
        bindings.map(|binding| binding["collection"].clone()).collect::<Vec<_>>()
    };
    let messages = |ended: &Ended| {
        let last = |kind: &str| ended.all(kind)[1]["lastMaterialization"].clone();
        let spec = |kind: &str| ended.all(kind)[0]["materialization"].clone();
        [
            ended.all("validate")[0].clone(),
            spec("apply"),
            spec("open"),
            last("validate"),
            last("apply"),
        ]
    };
    for (inline, indirect) in messages(&inline).iter().zip(&messages(&indirect)) {
        assert_eq!(collections(inline), resolved(indirect, indirect));
        let entries = indirect["linkedCollections"].as_array().unwrap().iter();
        let entries = entries.map(|entry| json!([entry["name"], entry["key"]]));
        // By name; what is grouped otherwise is another collection.
        let expected = json!([["a", ["/n"]], ["a", ["/id"]], ["z", ["/id"]]]);
        assert_eq!(Value::from_iter(entries), expected);
    }
    for ended in [inline, indirect] {
        let keys: Vec<&Value> = ended.all("store").iter().map(|store| &store["key"]).collect();
        assert_eq!(keys, [&json!(["x"]), &json!([1])]);
    }
}

#[test]
fn constraints_of_projections_are_read_before_the_map() {
    let schema = ID.replace("} }", "}, a: { type: string }, b: { type: string } }");
    let run = |listed: &[(&str, &str)]| {
        let listed = listed.iter().map(|(field, kind)| {
            json!({ "field": field, "constraint": { "type": kind, "reason": "so it is" } })
        });
        // The map allows every field.
        let scenario = json!({ "projectionConstraints": Value::from_iter(listed) });
        Preview::of_schema(&schema).scenario(scenario).run()
    };
    let id = ("id", "FIELD_OPTIONAL");
    let values = |listed: &[(&str, &str)]| run(listed).ok().selection()["values"].clone();
    assert_eq!(values(&[id, ("b", "FIELD_OPTIONAL")]), json!(["b"]));
    // All constraints of a field hold.
    let (optional, forbidden) = (("a", "FIELD_OPTIONAL"), ("a", "FIELD_FORBIDDEN"));
    assert_eq!(values(&[id, optional]), json!(["a"]));
    assert_eq!(values(&[id, optional, forbidden]), json!(null));
    assert_eq!(values(&[forbidden, id, optional]), json!(null));
    run(&[id, ("a", "FIELD_REQUIRED"), forbidden])
        .fails(&["field \"a\" is required by the connector but is forbidden", "so it is"]);
    // A key is always selected, so it has to have one.
    run(&[optional]).fails(&["field \"id\" is part of the key but has no constraint"]);
    run(&[id, ("a", "INVALID")]).fails(&["field \"a\" has no constraint of type 0"]);
}

#[test]
fn fields_are_incompatible_with_what_was_published_last() {
    let catalog = |backfill: u32| {
        Preview::new(&format!(
            "collections:\n  c: {{ key: [/id], schema: {{ type: object, required: [id], properties: \
             {{ id: {{ type: integer }}, a: {{ type: string }} }} }} }}\nmaterializations:\n  m:\n    \
             endpoint: {{ connector: {{ image: any, config: {{}} }} }}\n    bindings:\n    \
             - {{ source: c, resource: {{ table: t }}, backfill: {backfill} }}\n"
        ))
    };
    let first = catalog(1).arguments(&["--output-materialization"]).run().ok();
    let published = first.lines("materialization")[0].clone();
    assert_eq!(published["config"], json!({ "image": "any", "config": {} }));

    let again = |backfill: u32, reason: Value| {
        let preview = catalog(backfill).file("last.json", &published.to_string());
        let last = preview.path("last.json").display().to_string();
        preview.scenario(reason).arguments(&["--last-materialization", &last]).run()
    };
    let ended = again(1, json!({})).ok();
    assert_eq!(ended.all("validate")[0]["lastMaterialization"], published);
    assert_eq!(ended.all("apply")[0]["lastMaterialization"], published);

    let incompatible =
        json!({ "constraints": { "a": { "type": "INCOMPATIBLE", "reason": "it was a number" } } });
    again(1, incompatible.clone()).fails(&[
        "field \"a\" was taken by the last publication but cannot be taken without filling",
        "it was a number; raise \"backfill\"",
    ]);
    again(2, incompatible).ok();
    again(0, json!({})).fails(&["bindings/0", "backfill counter was 1", "down to 0"]);
}

#[test]
fn a_binding_that_is_gone_is_inactive() {
    let with = |table: &str| {
        Preview::of_collection("[/id]", ID, "{}").file(
            "flow.yaml",
            &format!(
                "collections:\n  c: {{ key: [/id], schema: {ID} }}\nmaterializations:\n  m:\n    \
                 endpoint: {{ connector: {{ image: any, config: {{}} }} }}\n    \
                 bindings: [{{ source: c, resource: {{ table: {table} }} }}]\n"
            ),
        )
    };
    for form in ["inline", "indirect"] {
        let arguments = ["--output-materialization", "--collections", form];
        let mut last =
            with("one").arguments(&arguments).run().ok().lines("materialization")[0].clone();
        let mut paths = vec![];
        for table in ["two", "one"] {
            let preview = with(table).file("last.json", &last.to_string());
            let file = preview.path("last.json").display().to_string();
            let preview =
                preview.arguments(&arguments).arguments(&["--last-materialization", &file]);
            last = preview.run().ok().lines("materialization")[0].clone();
            assert_eq!(last["bindings"][0]["resourcePath"], json!([table]));
            let inactive = &last["inactiveBindings"];
            assert_eq!(inactive.as_array().unwrap().len(), 1);
            assert_eq!(inactive[0].get("collection").is_some(), form == "inline");
            paths.push(inactive[0]["resourcePath"].clone());
        }
        assert_eq!(paths, [json!(["one"]), json!(["two"])]);
    }
}

#[test]
fn a_last_materialization_has_to_be_one() {
    let of = |text: &str| {
        let preview = preview(1).file("last.json", text);
        let file = preview.path("last.json").display().to_string();
        preview.arguments(&["--last-materialization", &file]).run()
    };
    for text in ["{", "[]", ""] {
        of(text).fails(&["--last-materialization", "last.json is no built specification"]);
    }
    of(r#"{"bindings": [{}]}"#).fails(&["--last-materialization", "bindings[0] has no collection"]);
    let linked =
        r#"{"linkedCollections": [{"name": "c"}], "inactiveBindings": [{"collectionIndex": 1}]}"#;
    of(linked).fails(&["inactiveBindings[0].collectionIndex 1 is beyond linkedCollections"]);
    let mixed =
        r#"{"linkedCollections": [{"name": "c"}], "bindings": [{"collection": {"name": "c"}}]}"#;
    of(mixed).fails(&["bindings[0] has a collection beside linkedCollections"]);
    let gone = ["--last-materialization", "/no/such/file"];
    preview(1).arguments(&gone).run().fails(&["cannot read /no/such/file"]);
}
