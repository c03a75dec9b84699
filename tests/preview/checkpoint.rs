//! Where a task reads on: read suffixes, the runtime's checkpoint, and who decides.

use crate::support::preview::{Ended, Preview};
use serde_json::{Value, json};

/// Two bindings of one collection, the second one filled anew three times.
const CATALOG: &str = "\
collections:
  acmeCo/c: { key: [/id], schema: { type: object, required: [id], properties: { id: { type: integer } } } }
materializations:
  acmeCo/m:
    endpoint: { connector: { image: any, config: {} } }
    bindings:
      - { source: acmeCo/c, resource: { table: one } }
      - { source: acmeCo/c, resource: { table: 'a/b c' }, backfill: 3 }
";
const ONE: &str = "acmeCo/c/pivot=00;materialize/acmeCo/m/one";
const OTHER: &str = "acmeCo/c/pivot=00;materialize/acmeCo/m/a%2Fb%20c.v3";

/// A document a line, in transactions of these sizes.
fn fixture(transactions: &[usize]) -> String {
    let mut lines = String::new();
    let mut id = 0;
    for size in transactions {
        for _ in 0..*size {
            id += 1;
            lines += &format!("[\"acmeCo/c\", {{\"id\": {id}}}]\n");
        }
        lines += "{\"commit\": true}\n";
    }
    lines
}

fn preview(transactions: &[usize]) -> Preview {
    Preview::new(CATALOG).fixture(&fixture(transactions))
}

fn checkpoint(sources: Value) -> String {
    json!({ "sources": sources }).to_string()
}

/// What was stored: the index of the binding, and the document.
fn stored(ended: &Ended) -> Vec<(u64, u64)> {
    let stores = ended.all("store").into_iter().map(|store| {
        let binding = store.get("binding").map_or(0, |index| index.as_u64().unwrap());
        (binding, store["key"][0].as_u64().unwrap())
    });
    stores.collect()
}

#[test]
fn checkpoints_have_a_source_for_each_journal_and_read_suffix() {
    let ended = preview(&[2, 1]).run().ok();
    let bindings = &ended.all("open")[0]["materialization"]["bindings"];
    assert_eq!(bindings[0]["stateKey"], "one");
    assert_eq!(bindings[0]["journalReadSuffix"], "materialize/acmeCo/m/one");
    assert_eq!(bindings[1]["stateKey"], "a%2Fb%20c.v3");
    assert_eq!(bindings[1]["journalReadSuffix"], "materialize/acmeCo/m/a%2Fb%20c.v3");

    for (commit, read_through) in ended.all("startCommit").into_iter().zip(["2", "3"]) {
        let sources = commit["runtimeCheckpoint"]["sources"].as_object().unwrap();
        assert_eq!(sources.keys().collect::<Vec<_>>(), [OTHER, ONE]);
        for source in sources.values() {
            assert_eq!(source["readThrough"], read_through);
            let producers = source["producers"].as_array().unwrap();
            assert_eq!((&producers[0]["id"], producers.len()), (&json!("A3ByZXZ3"), 1));
            assert_eq!(producers[0]["state"]["begin"], "-1");
            assert!(producers[0]["state"]["lastAck"].as_str().unwrap().parse::<u64>().unwrap() > 0);
        }
    }
}

#[test]
fn what_has_been_read_is_not_read_again() {
    let given = checkpoint(json!({ ONE: { "readThrough": "2" } }));
    let preview = preview(&[1, 3]).arguments(&["--initial-checkpoint", &given]);
    let ended = preview.run().ok();
    assert_eq!(stored(&ended), [(1, 1), (0, 3), (0, 4), (1, 2), (1, 3), (1, 4)]);
    for words in [
        "binding 0 (acmeCo/c) reads on after 2 documents",
        &format!(
            "binding 1 (acmeCo/c) reads from the start: the checkpoint has no source {OTHER:?}"
        ),
        "skipped 2 documents: the checkpoint is beyond them",
    ] {
        assert!(ended.stderr.contains(words), "{words:?} is not in: {}", ended.stderr);
    }
    let last = &ended.all("startCommit")[1]["runtimeCheckpoint"]["sources"];
    assert_eq!(
        (&last[ONE]["readThrough"], &last[OTHER]["readThrough"]),
        (&json!("4"), &json!("4"))
    );
}

#[test]
fn other_suffixes_say_nothing_of_a_binding() {
    let others = checkpoint(json!({
        "acmeCo/c/pivot=00;materialize/acmeCo/m/one.v1": { "readThrough": "2" },
        "acmeCo/c/pivot=00;materialize/acmeCo/other/one": { "readThrough": "2" },
        "acmeCo/d/pivot=00;materialize/acmeCo/m/one": { "readThrough": "2" },
    }));
    let ended = preview(&[2]).arguments(&["--initial-checkpoint", &others]).run().ok();
    assert_eq!(ended.all("store").len(), 4);
    assert!(!ended.stderr.contains("skipped"), "{}", ended.stderr);
    // They stay, as they may be somebody else's.
    let sources = ended.all("startCommit")[0]["runtimeCheckpoint"]["sources"].clone();
    assert_eq!(sources.as_object().unwrap().len(), 5);
}

#[test]
fn what_was_read_and_not_committed_is_read_again() {
    let state = |begin: &str| json!({ "id": "AQIDBAUG", "state": { "begin": begin } });
    let producers = json!([state("-1"), state("1")]);
    let given = json!({ "readThrough": "3", "producers": producers });
    let given = checkpoint(json!({ ONE: given, OTHER: { "readThrough": "4" } }));
    let ended = preview(&[4]).arguments(&["--initial-checkpoint", &given]).run().ok();
    assert_eq!(stored(&ended), [(0, 2), (0, 3), (0, 4)]);
    // From here on it's committed.
    let sources = &ended.all("startCommit")[0]["runtimeCheckpoint"]["sources"];
    for producer in sources[ONE]["producers"].as_array().unwrap() {
        assert_eq!(producer["state"]["begin"], "-1");
    }
}

#[test]
fn the_end_of_a_run_may_be_the_begin_of_another() {
    let first = preview(&[2, 1]).arguments(&["--output-checkpoint"]).run().ok();
    let lines = first.lines("runtimeCheckpoint");
    // After Open, and after every commit.
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0], json!({}));
    assert_eq!(&lines[2], &first.all("startCommit")[1]["runtimeCheckpoint"]);

    let end = lines[2].to_string();
    let second = preview(&[2, 2, 1]).arguments(&["--initial-checkpoint", &end]).run().ok();
    assert_eq!(stored(&second), [(0, 4), (1, 4), (0, 5), (1, 5)]);
    // The first transaction has been run, and isn't run as an empty one.
    assert_eq!(second.all("startCommit").len(), 2);
    assert!(second.stderr.contains("skipped 6 documents"), "{}", second.stderr);

    let third = preview(&[2, 1]).arguments(&["--initial-checkpoint", &end]).run().ok();
    assert_eq!((third.all("open").len(), third.all("startCommit").len()), (1, 0));
    assert!(third.stderr.contains("0 documents, 0 stores"), "{}", third.stderr);
    assert!(third.stderr.contains("skipped 6 documents"), "{}", third.stderr);
}

#[test]
fn sessions_go_on_where_the_one_before_ended() {
    let arguments = ["--sessions", "1,1,-1", "--output-checkpoint"];
    let ended = preview(&[1, 2, 1, 1]).arguments(&arguments).run().ok();
    let ids = stored(&ended).into_iter().filter(|(binding, _)| *binding == 0);
    assert_eq!(ids.map(|(_, id)| id).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    let read_through = |line: &Value| line["sources"][ONE]["readThrough"].clone();
    let lines = ended.lines("runtimeCheckpoint");
    let opens_and_commits = json!([null, "1", "1", "3", "3", "4", "5"]);
    assert_eq!(json!(lines.iter().map(read_through).collect::<Vec<_>>()), opens_and_commits);
}

#[test]
fn a_connector_may_say_where_to_read_on() {
    let at = |one: &str| {
        json!({ "runtimeCheckpoint": { "sources": {
            ONE: { "readThrough": one }, OTHER: { "readThrough": "9" },
        } } })
    };
    // Its checkpoint counts, and not the one of the recovery log.
    let given = checkpoint(json!({ ONE: { "readThrough": "4" }, OTHER: { "readThrough": "4" } }));
    let arguments = ["--initial-checkpoint", &given];
    let opened = json!({ "opened": [at("3")] });
    let ended = preview(&[2, 2]).scenario(opened).arguments(&arguments).run().ok();
    assert_eq!(stored(&ended), [(0, 4)]);

    // One without sources says nothing.
    let opened = json!({ "opened": [{ "runtimeCheckpoint": {} }] });
    let ended = preview(&[2, 2]).scenario(opened).arguments(&arguments).run().ok();
    assert_eq!(stored(&ended), []);

    // A later session may go back, as far as the fixture can be read again.
    let scenario = json!({ "opened": [at("0"), at("1")] });
    let back =
        |preview: Preview| preview.scenario(scenario.clone()).arguments(&["--sessions", "1,-1"]);
    let ended = back(preview(&[2, 1])).run().ok();
    assert_eq!(stored(&ended), [(0, 1), (0, 2), (0, 2), (0, 3)]);

    let streamed = back(Preview::new(CATALOG).fixture_path("-"));
    let mut child = streamed.start_scripted();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), fixture(&[2, 1]).as_bytes())
        .unwrap();
    streamed.end(child).fails(&["--fixture", "can be read only once"]);
}

#[test]
fn checkpoints_that_the_runtime_refuses_are_told_of() {
    let opened = |sources: Value| {
        let opened = json!({ "opened": [{ "runtimeCheckpoint": { "sources": sources } }] });
        preview(&[1]).scenario(opened).run()
    };
    opened(json!({ "acmeCo/c/pivot=00": { "readThrough": "1" } }))
        .fails(&["Opened cannot be used", "\"acmeCo/c/pivot=00\" has no read suffix"]);
    opened(json!({ ONE: { "producers": [{ "id": "AQID" }] } })).fails(&["a producer of 3 bytes"]);
    let state = json!({ "id": "AQIDBAUG", "state": { "begin": "-2" } });
    opened(json!({ ONE: { "producers": [state] } })).fails(&["a producer that begins at -2"]);
    // Flow's own mark among the sources is none.
    opened(json!({ "committed-close": {}, ONE: { "readThrough": "1" } })).ok();

    for runtime in ["v1", "v2"] {
        let others = json!({ "openedByOthers": { "runtimeCheckpoint": {} } });
        let arguments = ["--shards", "3", "--runtime", runtime];
        preview(&[1])
            .scenario(others)
            .arguments(&arguments)
            .run()
            .fails(&["shard 1 answers a runtime checkpoint", "keyBegin 0"]);
    }
    for (given, words) in
        [("{", "EOF"), ("[]", "no checkpoint"), ("{\"sources\":{\"a\":{}}}", "\"a\"")]
    {
        let ended = preview(&[1]).arguments(&["--initial-checkpoint", given]).run();
        ended.fails(&["--initial-checkpoint", words]);
    }
}
