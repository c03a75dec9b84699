//! A preview from end to end: what it asks of a connector, and what it tells.

use crate::support::preview::Preview;
use serde_json::{Value, json};

const ID: &str = "{ type: object, required: [id], properties: { id: { type: integer } } }";

fn two_transactions() -> Preview {
    Preview::of_schema(ID).fixture(
        "[\"c\", {\"id\": 1}]\n[\"c\", {\"id\": 2}]\n{\"commit\": true}\n\n[\"c\", {\"id\": 3}]\n",
    )
}

#[test]
fn requests_come_in_the_order_of_the_protocol() {
    let of = |runtime: &str| {
        let ended = two_transactions().arguments(&["--runtime", runtime]).run().ok();
        ended.kinds().join(" ")
    };
    let stream = "open acknowledge flush store store startCommit acknowledge flush store \
                  startCommit acknowledge";
    assert_eq!(of("v1"), format!("spec validate apply {stream}"));
    // Every process begins with Spec.
    assert_eq!(of("v2"), format!("spec validate spec apply spec {stream}"));
}

#[test]
fn the_task_is_described_as_flow_would() {
    let ended = two_transactions().run().ok();
    for spec in ended.all("spec") {
        assert_eq!(spec, &json!({ "connectorType": "IMAGE", "config": {} }));
    }
    let validate = ended.all("validate")[0];
    assert_eq!(validate["name"], "m");
    assert_eq!(validate["connectorType"], "IMAGE");
    assert_eq!(validate["bindings"][0]["groupBy"], json!(["id"]));

    let apply = ended.all("apply")[0];
    assert_eq!(apply["materialization"], ended.all("open")[0]["materialization"]);
    let binding = &apply["materialization"]["bindings"][0];
    assert_eq!(binding["resourcePath"], json!(["t"]));
    assert_eq!(binding["stateKey"], "t");
    assert_eq!(binding["deltaUpdates"], true);
    assert_eq!(binding["collection"]["key"], json!(["/id"]));
    assert_eq!(binding["collection"]["uuidPtr"], "/_meta/uuid");
}

#[test]
fn people_read_stderr() {
    let ended = two_transactions().run().ok();
    assert_eq!(ended.stdout, "");
    for words in [
        "applied: created the table",
        "transaction 1: 2 documents, 2 stores, 32 B in ",
        "transaction 2: 1 document, 1 store, 16 B in ",
        "3 documents, 3 stores, 48 B in 2 transactions: ",
    ] {
        assert!(ended.stderr.contains(words), "{words:?} is not in: {}", ended.stderr);
    }
}

#[test]
fn what_takes_long_is_told_of() {
    let scenario = json!({ "delays": { "apply": 6 } });
    let bindings: String = (0..110)
        .map(|n| format!("{{ source: c{}, resource: {{ table: t{n} }} }}, ", n % 55))
        .collect();
    let collections: String =
        (0..55).map(|n| format!("  c{n}: {{ key: [/id], schema: {ID} }}\n")).collect();
    let catalog = format!(
        "collections:\n{collections}materializations:\n  m: {{ endpoint: {{ connector: {{ image: any, \
         config: {{}} }} }}, bindings: [{bindings}] }}\n"
    );
    let ended = Preview::new(&catalog).scenario(scenario).run().ok();
    let begin = [
        "m: 110 bindings of 55 collections",
        "checking 110 bindings",
        "applying 110 bindings",
        "still applying 110 bindings, for 5 s",
        "applied: created the table",
        "opening 110 bindings",
    ];
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert_eq!(lines[..6], begin, "{}", ended.stderr);
    assert_eq!(lines.len(), 8, "{}", ended.stderr);
}

#[test]
fn many_quick_transactions_are_not_told_of_one_by_one() {
    let lines: String =
        (0..3000).map(|id| format!("[\"c\", {{\"id\": {id}}}]\n{{\"commit\": true}}\n")).collect();
    let ended = Preview::of_schema(ID).fixture(&lines).run().ok();
    let told = |words: &str| ended.stderr.lines().filter(|line| line.starts_with(words)).count();
    assert!((20..200).contains(&told("transaction ")), "{}", ended.stderr);
    assert_eq!(told("transaction 20: "), 1);
    assert!(ended.stderr.contains("3,000 documents, 3,000 stores"), "{}", ended.stderr);
}

#[test]
fn programs_read_stdout() {
    let scenario = json!({
        "applied": [{ "actionDescription": "created the table", "state": { "updated": { "a": 1, "b": 1 } } }],
        "flushed": { "state": { "updated": { "a": 2 }, "mergePatch": true } },
        "commits": [{ "updated": { "b": null }, "mergePatch": true }],
    });
    let arguments = ["--output-state", "--output-apply"];
    let ended = two_transactions().scenario(scenario).arguments(&arguments).run().ok();
    assert_eq!(
        ended.stdout,
        "[\"applied.actionDescription\",\"created the table\"]\n\
         [\"applied.actionDescription\",\"\"]\n\
         [\"connectorState\",{\"updated\":{\"a\":1,\"b\":1}}]\n\
         [\"connectorState\",{\"mergePatch\":true,\"updated\":{\"a\":2,\"b\":null}}]\n\
         [\"connectorState\",{\"mergePatch\":true,\"updated\":{\"a\":2}}]\n"
    );
    assert_eq!(ended.all("open")[0]["state"], json!({ "a": 1, "b": 1 }));
}

#[test]
fn without_a_state_its_line_is_empty() {
    let ended = Preview::of_schema(ID).arguments(&["--output-state"]).run().ok();
    // An empty fixture is one empty transaction.
    assert_eq!(ended.stdout, "[\"connectorState\",{}]\n[\"connectorState\",{}]\n");
    assert_eq!(ended.all("startCommit").len(), 1);
}

#[test]
fn empty_transactions_are_kept() {
    let ended = Preview::of_schema(ID).fixture("{\"commit\":true}\n{\"commit\":true}\n").run().ok();
    assert_eq!(ended.all("startCommit").len(), 2);
    assert_eq!(ended.all("store").len(), 0);
}

#[test]
fn a_session_begins_with_the_state_of_the_one_before() {
    let scenario = json!({
        "commits": [{ "updated": { "cursor": 1 }, "mergePatch": true }],
    });
    let arguments = ["--sessions", "1,-1", "--initial-state", "{\"first\": true}"];
    let ended = two_transactions().scenario(scenario).arguments(&arguments).run().ok();

    let opens = ended.all("open");
    assert_eq!(opens[0]["state"], json!({ "first": true }));
    assert_eq!(opens[1]["state"], json!({ "first": true, "cursor": 1 }));
    let applies = ended.all("apply");
    assert_eq!(applies[0].get("lastMaterialization"), None);
    let mut published = applies[0]["materialization"].clone();
    published["config"] = json!({ "image": "any", "config": {} });
    assert_eq!(applies[1]["lastMaterialization"], published);
    let validates = ended.all("validate");
    assert_eq!(validates[0].get("lastMaterialization"), None);
    assert_eq!(validates[1]["lastMaterialization"], published);
    assert_eq!(ended.all("store").len(), 3);
}

#[test]
fn a_timeout_ends_the_preview_between_transactions() {
    let preview = Preview::of_schema(ID).fixture_path("-").arguments(&["--timeout", "1s"]);
    // Nothing is ever written to stdin, and it stays open.
    let mut child = preview.start_scripted();
    let stdin = child.stdin.take();
    let ended = preview.end(child).ok();
    drop(stdin);
    assert!(ended.stderr.contains("the time is over"), "{}", ended.stderr);
    assert_eq!(ended.kinds().last(), Some(&"acknowledge"));
}

#[test]
fn a_time_that_no_clock_counts_is_refused() {
    for time in ["1e19", "10000000000000000000s"] {
        let ended = two_transactions().arguments(&["--timeout", time]).run();
        assert_eq!(ended.code, Some(1));
        assert!(ended.stderr.contains("too long a time"), "{}", ended.stderr);
    }
}

#[test]
fn a_time_has_a_unit_or_is_in_seconds() {
    for time in ["30", "0.5", "1.5m", "500ms", "2h", "1h 30m"] {
        two_transactions().arguments(&["--timeout", time]).run().ok();
    }
    for (time, reason) in [("5 parsecs", "parsecs"), ("-1", "negative"), ("soon", "number")] {
        let argument = format!("--timeout={time}");
        let ended = two_transactions().arguments(&[&argument]).run();
        assert!(
            ended.stderr.contains("--timeout") && ended.stderr.contains(reason),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn documents_the_endpoint_holds_are_loaded_and_reduced_into() {
    let schema = "{ type: object, reduce: { strategy: merge }, required: [id], properties: { \
                  id: { type: integer }, n: { type: integer, reduce: { strategy: sum } } } }";
    let ended = Preview::of_collection("[/id]", schema, "{ require: { flow_document: {} } }")
        .scenario(json!({ "deltaUpdates": false }))
        .fixture(
            "[\"c\", {\"id\": 1, \"n\": 1}]\n[\"c\", {\"id\": 1, \"n\": 2}]\n{\"commit\": true}\n\
             [\"c\", {\"id\": 1, \"n\": 4}]\n[\"c\", {\"id\": 2, \"n\": 8}]\n",
        )
        .run()
        .ok();
    assert_eq!(ended.all("load").len(), 3);
    let stores: Vec<_> = ended
        .all("store")
        .iter()
        .map(|store| (store["doc"]["n"].clone(), store.get("exists").cloned()))
        .collect();
    assert_eq!(stores, [(json!(3), None), (json!(7), Some(json!(true))), (json!(8), None)]);
}

#[test]
fn a_connector_that_fails_is_told_of() {
    let of = |scenario| two_transactions().scenario(scenario).run();
    of(json!({ "failAt": "validate" })).fails(&["ended with exit status: 3"]);
    of(json!({ "failAtStore": 2 })).fails(&["ended with exit status: 3"]);
    of(json!({ "protocol": 7 })).fails(&["Spec cannot be used", "its protocol is 7"]);
}

#[test]
fn a_connector_that_is_no_connector_is_told_of() {
    let of = |command| {
        let preview = two_transactions().arguments(&["--command", command]);
        preview.run_own()
    };
    of("/no/such/program").fails(&["/no/such/program", "could not be started"]);
    of("true").fails(&["ended, but Spec was expected"]);
    of("echo hello").fails(&["a frame of"]);
    of("'unclosed").fails(&["--command"]);
    of("sh -c \"exit '7'\"").fails(&["ended with exit status: 7"]);
    of("'no such' # program").fails(&["no such", "could not be started"]);
}

#[test]
fn configurations_are_checked_against_the_connectors_schemas() {
    let schema = json!({
        "type": "object",
        "required": ["must"],
        "properties": { "table": { "type": "integer" } },
    });
    let ended = two_transactions().scenario(json!({ "resourceConfigSchema": schema })).run();
    ended.fails(&[
        "bindings/0/resource",
        "\"must\" is a required property",
        "/table: value is not",
    ]);
    assert_eq!(ended.kinds(), ["spec"]);
}

#[test]
fn the_own_connector_runs_in_this_process() {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/earthquakes/flow.yaml");
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/earthquakes/fixture.jsonl");
    let preview = Preview::new("{}")
        .fixture_path(fixture)
        .arguments(&["--local", "--output-state"])
        .file("flow.yaml", &std::fs::read_to_string(source).unwrap());
    let ended = preview.run_own().ok();
    for words in
        ["8 transactions", "geology.earthquakes: 1707 documents", "│ _id", "location/latitude"]
    {
        assert!(ended.stderr.contains(words), "{words:?} is not in: {}", ended.stderr);
    }
    assert_eq!(ended.stdout.lines().count(), 9, "{}", ended.stdout);
}

#[test]
fn shards_of_the_own_connector_write_to_the_same_collection() {
    let catalog = "\
collections:
  c: { key: [/id], schema: { type: object, required: [id], properties: { id: { type: integer } } } }
materializations:
  m:
    endpoint: { connector: { image: any, config: {} } }
    bindings: [{ source: c, resource: { workspace: w, collection: c } }]
";
    let documents: Vec<Value> = (0..100).map(|id| json!({ "id": id })).collect();
    let preview = Preview::new(catalog).documents(&documents);
    let ended = preview.arguments(&["--local", "--shards", "3"]).run_own().ok();
    assert!(ended.stderr.contains("w.c: 100 documents"), "{}", ended.stderr);
}

/// A preview of two documents, which asks this in the end.
fn queried(queries: &[&str]) -> Preview {
    let catalog = "collections:\n  c:\n    key: [/id]\n    \
        schema: { type: object, required: [id], properties: { id: { type: integer } } }\n\
        materializations:\n  m:\n    \
        endpoint: { connector: { image: any, config: {} } }\n    \
        bindings: [{ source: c, resource: { workspace: commons, collection: c } }]\n";
    let queries = queries.iter().flat_map(|query| ["--query", query]);
    let arguments: Vec<&str> = ["--local"].into_iter().chain(queries).collect();
    Preview::new(catalog)
        .fixture("[\"c\", {\"id\": 1}]\n[\"c\", {\"id\": 2}]\n")
        .arguments(&arguments)
}

#[cfg(feature = "engine")]
#[test]
fn queries_are_answered_in_the_end() {
    let ended = queried(&["SELECT SUM(id) AS total FROM c;", "SELECT 40 + 2 AS answer"]).run_own();
    let told = ended.ok().stderr;
    let report = told.find("in 1 transaction").unwrap();
    let tables = &told[report..];
    assert!(tables.contains("│ total │") && tables.contains("│     3 │"), "{told}");
    assert!(tables.contains("│     42 │"), "{told}");
    queried(&["SELECT id FROM c,"])
        .run_own()
        .fails(&["the local Rockset: ", "1 | SELECT id FROM c,"]);
}

#[cfg(not(feature = "engine"))]
#[test]
fn queries_take_the_engine() {
    queried(&["SELECT 1"]).run_own().fails(&["--query: ", "cargo build --features engine"]);
}
