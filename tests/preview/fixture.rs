//! Fixtures: which lines a preview takes, from where, and what becomes of documents.

use crate::support::preview::Preview;
use base64::Engine as _;
use serde_json::{Value, json};
use std::io::Write as _;

const ID: &str = "{ type: object, required: [id], properties: { id: { type: integer } } }";

#[test]
fn bad_lines_are_named_by_their_number() {
    let of = |line: &str| {
        let preview =
            Preview::of_schema(ID).fixture(&format!("\n[\"c\", {{\"id\": 1}}]\n{line}\n"));
        preview.run()
    };
    let expected = "expected [\\\"collection/name\\\", {document}] or {\\\"commit\\\": true}";
    for line in [
        "nonsense",
        "[\"c\"]",
        "[\"c\", {\"id\": 1}, 3]",
        "[1, {}]",
        "[\"c\", 1]",
        "{}",
        "7",
        "{\"commit\": false}",
        "{\"commit\": true} {}",
        "[\"c\", {\"id\": 1}",
    ] {
        let ended = of(line);
        ended.fails(&["fixture.jsonl, line 3: "]);
        assert!(
            ended.stderr.replace("\\\"", "\"").contains(&expected.replace("\\\"", "\"")),
            "{}",
            ended.stderr
        );
    }
    of("[\"c\", {\"id\": \"x\"}]").fails(&[
        "line 3",
        "not valid by the schema of c",
        "/id: \"x\" is not",
    ]);
    of("[\"c\", {}]").fails(&["line 3", "\"id\" is a required property"]);
    of("[\"c\", {\"id\": 1, \"_meta\": 7}]").fails(&["line 3", "\"_meta\" must be an object"]);
}

#[test]
fn what_was_committed_before_a_bad_line_stays() {
    let fixture = "[\"c\", {\"id\": 1}]\n{\"commit\": true}\n[\"c\", {\"id\": 2}]\nnonsense\n";
    let ended = Preview::of_schema(ID).fixture(fixture).run();
    ended.fails(&["line 4", "1 document, 1 store"]);
    assert_eq!(ended.all("startCommit").len(), 1);
}

#[test]
fn a_fixture_may_begin_with_a_byte_order_mark() {
    let run = |lines: &str| Preview::of_schema(ID).fixture(lines).run();
    let document = "[\"c\", {\"id\": 1}]\n";
    assert_eq!(run(&format!("\u{feff}{document}")).ok().all("store").len(), 1);
    assert_eq!(run(&format!("\u{feff}\n{document}")).ok().all("store").len(), 1);
    assert_eq!(run("\u{feff}").ok().all("store").len(), 0);
    // Elsewhere it is none.
    run(&format!("{document}\u{feff}{document}")).fails(&["fixture.jsonl, line 2: "]);
}

#[test]
fn a_missing_fixture_is_named() {
    Preview::of_schema(ID)
        .fixture_path("/no/such/file")
        .run()
        .fails(&["cannot read /no/such/file"]);
}

#[test]
fn documents_of_other_collections_are_ignored_and_counted() {
    let fixture = "[\"other\", {}]\n[\"c\", {\"id\": 1}]\n[\"other\", {\"id\": 1}]\n";
    let ended = Preview::of_schema(ID).fixture(fixture).run().ok();
    assert_eq!(ended.all("store").len(), 1);
    let words = "ignored 2 documents of collections that the task does not read";
    assert!(ended.stderr.contains(words), "{}", ended.stderr);
}

#[test]
fn a_collection_may_have_several_bindings() {
    let catalog = format!(
        "collections:\n  c: {{ key: [/id], schema: {ID} }}\nmaterializations:\n  m:\n    \
         endpoint: {{ connector: {{ image: any, config: {{}} }} }}\n    bindings:\n    \
         - {{ source: c, resource: {{ table: one }} }}\n    - {{ source: c, resource: {{ table: two }} }}\n"
    );
    let documents = [json!({ "id": 2 }), json!({ "id": 1 })];
    let ended = Preview::new(&catalog).documents(&documents).run().ok();
    let stores: Vec<_> = ended
        .all("store")
        .iter()
        .map(|store| (store.get("binding").cloned(), store["key"][0].clone()))
        .collect();
    // In the order of the bindings, and of the keys within each.
    let (one, two) = (None, Some(json!(1)));
    assert_eq!(
        stores,
        [(one.clone(), json!(1)), (one, json!(2)), (two.clone(), json!(1)), (two, json!(2))]
    );
}

#[test]
fn documents_without_an_identifier_are_given_one() {
    let schema = ID.replace("} }", "}, _meta: { type: object, properties: { uuid: {} } } }");
    let fields = "{ recommended: false, require: { flow_published_at: {}, flow_document: {} } }";
    let documents = [
        json!({ "id": 1, "_meta": { "uuid": "85bad119-15f2-11ee-8401-43f05f562888" } }),
        json!({ "id": 2, "_meta": { "uuid": "13814000-1dd2-11b2-8000-000000000000" } }),
        json!({ "id": 3, "_meta": { "op": "c" } }),
        json!({ "id": 4, "_meta": { "uuid": "no identifier" } }),
    ];
    let ended = Preview::of_collection("[/id]", &schema, fields).documents(&documents).run().ok();
    let stores = ended.stores();
    assert_eq!(stores[0]["flow_published_at"], "2023-06-28T20:29:46.494594504Z");
    assert_eq!(stores[1]["flow_published_at"], "1970-01-01T00:00:00.000000000Z");
    assert_eq!(stores[3]["flow_published_at"], "no identifier");

    let now = stores[2]["flow_published_at"].as_str().unwrap();
    let published = chrono::DateTime::parse_from_rfc3339(now).unwrap();
    let age = chrono::Utc::now().signed_duration_since(published);
    assert!(now.ends_with('Z') && age.num_seconds().abs() < 60, "{now}");
    let meta = &ended.all("store")[2]["doc"]["_meta"];
    assert_eq!(meta["op"], "c");
    assert_eq!(meta["uuid"].as_str().unwrap().as_bytes()[14], b'1', "{meta}");
}

/// Packs a document's fields `a`, `b`, … as they are sorted.
fn packed(types: &[&str], values: &[Value]) -> Vec<u8> {
    let names: Vec<String> = ('a'..).take(values.len()).map(String::from).collect();
    let properties = names.iter().zip(types).map(|(name, kind)| format!(", {name}: {kind}"));
    let schema = ID.replace("} }", &format!("}}{} }}", properties.collect::<String>()));
    let mut document = json!({ "id": 1 });
    for (name, value) in names.iter().zip(values) {
        document[name] = value.clone();
    }
    let require: Vec<String> = names.iter().map(|name| format!("{name}: {{}}")).collect();
    let fields = format!("{{ recommended: false, require: {{ {} }} }}", require.join(", "));
    // The older runtime sends packed tuples beside JSON.
    let preview = Preview::of_collection("[/id]", &schema, &fields).documents(&[document]);
    let ended = preview.arguments(&["--runtime", "v1"]).run().ok();
    let text = ended.all("store")[0]["valuesPacked"].as_str().unwrap().to_string();
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

#[test]
fn values_are_packed_as_tuples() {
    let expected = [0x15, 0x2a, 0x02, 0x68, 0x69, 0x00];
    assert_eq!(
        packed(&["{ type: integer }", "{ type: string }"], &[json!(42), json!("hi")]),
        expected
    );

    let values = [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(255),
        json!(256),
        json!(-30),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1.5),
        json!(-1.5),
        json!("a\0b"),
        json!("ü"),
    ];
    let kind = |value: &Value| match value {
        Value::Null => "{ type: 'null' }",
        Value::Bool(_) => "{ type: boolean }",
        Value::String(_) => "{ type: string }",
        _ => "{ type: number }",
    };
    let types: Vec<&str> = values.iter().map(kind).collect();
    assert_eq!(packed(&types, &values), crate::support::pack::pack(&values));
}

#[test]
fn structures_are_packed_as_json_text_and_scalars_as_what_they_are() {
    let types = [
        "{ type: object }",
        "{ type: array }",
        "{ type: [string, integer] }",
        "{ type: [string, integer, 'null'] }",
        "{ type: [string, 'null'] }",
        "{}",
        "{}",
    ];
    let values = [
        json!({ "k": [1, "x"] }),
        json!([1.5]),
        json!("text"),
        json!(null),
        json!("plain"),
        json!(-1.0),
        json!(["\u{0}"]),
    ];
    assert_eq!(packed(&types, &values), crate::support::pack::pack(&values));
}

#[test]
fn missing_fields_take_their_default() {
    let schema = ID.replace("} }", "}, a: { type: string, default: none }, b: { type: string } }");
    let stores = Preview::of_schema(&schema).documents(&[json!({ "id": 1 })]).run().ok().stores();
    assert_eq!((&stores[0]["a"], &stores[0]["b"]), (&json!("none"), &json!(null)));
}

#[test]
fn stdin_is_read_as_a_stream() {
    let preview = Preview::of_schema(ID).fixture_path("-").arguments(&["--output-state"]);
    let mut child = preview.start_scripted();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"[\"c\", {\"id\": 1}]\n{\"commit\": true}\n").unwrap();
    wait_for(&preview, "startCommit");
    stdin.write_all(b"[\"c\", {\"id\": 2}]\n").unwrap();
    drop(stdin);
    let ended = preview.end(child).ok();
    assert_eq!(ended.all("startCommit").len(), 2);
    assert_eq!(ended.stdout.lines().count(), 3);
}

#[cfg(unix)]
#[test]
fn a_named_pipe_is_read_as_a_stream() {
    let preview = Preview::of_schema(ID);
    let path = preview.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let preview = preview.fixture_path(path.display().to_string());
    let child = preview.start_scripted();
    let mut pipe = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    for id in 0..3 {
        writeln!(pipe, "[\"c\", {{\"id\": {id}}}]\n{{\"commit\": true}}").unwrap();
        // A transaction is committed while the pipe is still open.
        let recorded = || std::fs::read_to_string(preview.path("record.jsonl")).unwrap_or_default();
        let begin = std::time::Instant::now();
        while recorded().matches("startCommit").count() <= id {
            assert!(begin.elapsed().as_secs() < 30, "{}", recorded());
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
    drop(pipe);
    let ended = preview.end(child).ok();
    assert_eq!(ended.all("store").len(), 3);
}

fn wait_for(preview: &Preview, kind: &str) {
    let begin = std::time::Instant::now();
    loop {
        let record = std::fs::read_to_string(preview.path("record.jsonl")).unwrap_or_default();
        if record.contains(kind) {
            return;
        }
        assert!(begin.elapsed().as_secs() < 30, "{record}");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}
