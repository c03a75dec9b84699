//! Shards: every document goes to exactly one, and all go in step.

use crate::support::preview::{Ended, Preview};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ID: &str = "{ type: object, required: [id], properties: { id: { type: integer } } }";

fn run(shards: u32, documents: &[Value]) -> Ended {
    let preview = Preview::of_schema(ID).documents(documents);
    preview.arguments(&["--shards", &shards.to_string()]).run().ok()
}

#[test]
fn ranges_cover_all_keys_without_overlap() {
    for shards in [1, 2, 3, 7] {
        let ended = run(shards, &[]);
        let bound = |open: &Value, name: &str| {
            open["range"].get(name).map_or(0, |bound| bound.as_u64().unwrap())
        };
        let mut ranges: Vec<_> = ended
            .all("open")
            .iter()
            .map(|open| (bound(open, "keyBegin"), bound(open, "keyEnd")))
            .collect();
        ranges.sort();
        assert_eq!(ranges.len(), shards as usize);
        assert_eq!((ranges[0].0, ranges[shards as usize - 1].1), (0, u64::from(u32::MAX)));
        assert!(ranges.windows(2).all(|pair| pair[0].1 + 1 == pair[1].0), "{ranges:?}");
        // Only one shard creates what the task needs.
        assert_eq!(ended.all("apply").len(), 1);
        assert_eq!(ended.all("validate").len(), 1);
        assert_eq!(ended.all("startCommit").len(), shards as usize);
    }
}

#[test]
fn every_document_goes_to_one_shard() {
    let documents: Vec<Value> = (0..1000).map(|id| json!({ "id": id })).collect();
    let mut seen = BTreeMap::new();
    let ended = run(4, &documents);
    for store in ended.stores() {
        *seen.entry(store["id"].as_i64().unwrap()).or_insert(0) += 1;
    }
    assert_eq!(seen.len(), 1000);
    assert!(seen.values().all(|count| *count == 1));
    assert!(ended.stderr.contains("1,000 documents, 1,000 stores"), "{}", ended.stderr);
}

#[test]
fn a_key_has_its_shard_whatever_the_transaction() {
    let lines: String = (0..60)
        .map(|n| {
            format!(
                "[\"c\", {{\"id\": {}}}]\n{}",
                n % 20,
                if n % 20 == 19 { "{\"commit\": true}\n" } else { "" }
            )
        })
        .collect();
    // The scripted connector loads a document only from the shard that stored it.
    let ended = Preview::of_collection("[/id]", ID, "{ require: { flow_document: {} } }")
        .scenario(json!({ "deltaUpdates": false }))
        .fixture(&lines)
        .arguments(&["--shards", "3"])
        .run()
        .ok();
    let exists = ended.all("store").iter().filter(|store| store.get("exists").is_some()).count();
    assert_eq!((ended.all("store").len(), exists), (60, 40));
}
