//! Aliases over HTTP: other names for collections, in one name space with them and with views.

use crate::support::local::{Answer, C, Local};
use serde_json::json;

pub const ALIASES: &str = "/v1/orgs/self/ws/commons/aliases";
pub const COLLECTIONS: &str = "/v1/orgs/self/ws/commons/collections";

pub async fn create(local: &Local, name: &str, collection: &str) -> Answer {
    local.post(ALIASES, json!({"name": name, "collections": [collection]})).await
}

pub async fn point(local: &Local, name: &str, collection: &str) -> Answer {
    local.post(&format!("{ALIASES}/{name}"), json!({"collections": [collection]})).await
}

#[tokio::test]
async fn an_alias_is_for_one_collection_at_a_time() {
    let local = Local::with_collection(json!({})).await;
    local.post(COLLECTIONS, json!({"name": "d"})).await.data();
    let body = json!({"name": "a", "collections": ["commons.c"], "description": "mine"});
    let created = local.post(ALIASES, body).await;
    let data = created.data();
    assert_eq!((&data["collections"], &data["state"]), (&json!(["commons.c"]), &json!("CREATED")));
    let of = |collection: Answer| collection.data()["aliases"].clone();
    assert_eq!(of(local.get(C).await)[0]["name"], "a");

    let moved = point(&local, "a", "commons.d").await;
    let data = moved.data();
    assert_eq!(
        (&data["collections"], &data["description"]),
        (&json!(["commons.d"]), &json!("mine"))
    );
    assert_eq!(of(local.get(C).await), json!([]));
    let listed = local.get(COLLECTIONS).await;
    assert_eq!(listed.data()[2]["aliases"][0]["collections"], json!(["commons.d"]));
    for list in [ALIASES, "/v1/orgs/self/aliases"] {
        assert_eq!(*local.get(list).await.data(), json!([data]));
    }
    assert_eq!(local.get(&format!("{ALIASES}/a")).await.data(), data);

    let deleted = local.delete(&format!("{ALIASES}/a")).await;
    assert_eq!(deleted.data()["state"], "DELETED");
    local.get(&format!("{ALIASES}/a")).await.refused(404, "NOTFOUND");
    local.delete(&format!("{ALIASES}/a")).await.refused(404, "NOTFOUND");
    point(&local, "a", "commons.d").await.refused(404, "NOTFOUND");
}

#[tokio::test]
async fn an_alias_needs_a_collection_and_a_free_name() {
    let local = Local::with_collection(json!({})).await;
    create(&local, "a", "commons.c").await.data();
    for (collection, key) in
        [("commons.none", "COLLECTION_DOES_NOT_EXIST"), ("none.c", "WORKSPACE_NOT_FOUND")]
    {
        let refused = create(&local, "b", collection).await;
        refused.refused(404, "NOTFOUND");
        assert_eq!(refused.body["message_key"], key);
    }
    // An alias is for a collection, not for another alias.
    create(&local, "b", "commons.a").await.refused(404, "NOTFOUND");
    create(&local, "b", "c").await.refused(400, "INVALIDINPUT");
    create(&local, "two words", "commons.c").await.refused(400, "INVALIDINPUT");
    for collections in [json!([]), json!(["commons.c", "commons.c"])] {
        let body = json!({"name": "b", "collections": collections});
        local.post(ALIASES, body).await.refused(400, "INVALIDINPUT");
    }
    for name in ["a", "c"] {
        create(&local, name, "commons.c").await.refused(409, "ALREADYEXISTS");
    }
    let taken = local.post(COLLECTIONS, json!({"name": "a"})).await;
    assert!(taken.refused(409, "ALREADYEXISTS").contains("Alias"));
    // The log of what happens is a collection.
    create(&local, "events", "commons._events").await.data();
}

#[tokio::test]
async fn a_collection_with_an_alias_and_a_workspace_with_one_stay() {
    let local = Local::with_collection(json!({})).await;
    local.add(json!([{"_id": "1"}])).await.data();
    local.post("/v1/orgs/self/ws", json!({"name": "w"})).await.data();
    let body = json!({"name": "a", "collections": ["commons.c"]});
    local.post("/v1/orgs/self/ws/w/aliases", body).await.data();
    let kept = local.delete(C).await;
    assert!(kept.refused(409, "DEPENDENTRESOURCES").contains("alias \"w.a\""));
    assert_eq!(local.get(C).await.data()["stats"]["doc_count"], 1);
    let kept = local.delete("/v1/orgs/self/ws/w").await;
    assert!(kept.refused(409, "DEPENDENTRESOURCES").contains("alias \"a\""));

    local.delete("/v1/orgs/self/ws/w/aliases/a").await.data();
    local.delete("/v1/orgs/self/ws/w").await.data();
    local.delete(C).await.data();
}

/// Queries, which need the feature `engine`.
#[cfg(feature = "engine")]
mod queries {
    use super::*;
    use crate::queries::{QUERIES, ask, rows};
    use serde_json::Value;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[tokio::test]
    async fn a_query_by_an_alias_is_one_of_its_collection() {
        let local = Local::with_collection(json!({})).await;
        local.add(json!([{"_id": "1", "n": 1}, {"_id": "2", "n": 2}])).await.data();
        create(&local, "a", "commons.c").await.data();
        let answer = ask(&local, "SELECT a.n FROM a WHERE a._id = '2'").await;
        assert_eq!(answer.body["results"], json!([{"n": 2}]));
        assert_eq!(answer.body["collections"], json!(["commons.c"]));
        assert_eq!(answer.body["aliases"], json!(["commons.a"]));
        let both = "SELECT COUNT(*) AS n FROM a JOIN c ON a._id = c._id";
        assert_eq!(rows(&local, both).await, json!([{"n": 2}]));

        let body = json!({"sql": {"query": "SELECT n FROM commons.a"}});
        let validated = local.post(&format!("{QUERIES}/validations"), body).await.body;
        let expected = json!({"aliases": ["commons.a"], "views": [], "name": [],
                              "collections": ["commons.c"], "parameters": []});
        assert_eq!(validated, expected);
        let described = ask(&local, "DESCRIBE a").await;
        assert_eq!(described.body["aliases"], json!(["commons.a"]));
        assert_eq!(described.body["results"], ask(&local, "DESCRIBE c").await.body["results"]);
        let inserted = rows(&local, "INSERT INTO a SELECT 3 AS n").await;
        assert_eq!(inserted, json!([{"num_docs_inserted": 1}]));
        assert_eq!(rows(&local, "SELECT COUNT(*) AS n FROM c").await, json!([{"n": 3}]));

        // Only queries know aliases.
        local.get(&format!("{COLLECTIONS}/a")).await.refused(404, "NOTFOUND");
        create(&local, "events", "commons._events").await.data();
        let created = "SELECT details.name FROM events WHERE label = 'ALIAS_CREATED' ORDER BY time";
        assert_eq!(rows(&local, created).await[1], json!({"name": "events"}));
    }

    /// Deletes a collection and makes it anew, with as many documents of another generation.
    async fn make_anew(local: &Local, name: &str, generation: usize) {
        let path = format!("{COLLECTIONS}/{name}");
        local.delete(&path).await.data();
        local.post(COLLECTIONS, json!({"name": name})).await.data();
        let documents: Vec<Value> = (0..50).map(|n| json!({"n": n, "g": generation})).collect();
        for some in documents.chunks(10) {
            let body = json!({"data": some});
            local.post(&format!("{path}/docs"), body).await.data();
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_collection_recreated_behind_an_alias_is_seen_whole_or_not_at_all() {
        let local = Arc::new(Local::start());
        for name in ["blue", "green"] {
            local.post(COLLECTIONS, json!({"name": name})).await.data();
            make_anew(&local, name, 0).await;
        }
        create(&local, "a", "commons.blue").await.data();
        let view = json!({"name": "v", "query": "SELECT n, g FROM a WHERE n >= 0"});
        local.post("/v1/orgs/self/ws/commons/views", view).await.data();

        let is_over = Arc::new(AtomicBool::new(false));
        let sql = "SELECT COUNT(*) AS n, MIN(a.g) AS oldest, MAX(v.g) AS newest \
                   FROM a JOIN v ON a.n = v.n";
        let asking: Vec<_> = (0..3)
            .map(|_| {
                let (local, is_over) = (local.clone(), is_over.clone());
                tokio::spawn(async move {
                    let mut generations = Vec::new();
                    while !is_over.load(Ordering::Relaxed) {
                        let rows = rows(&local, sql).await;
                        assert_eq!(rows[0]["n"], 50, "{rows}");
                        assert_eq!(rows[0]["oldest"], rows[0]["newest"], "{rows}");
                        generations.push(rows[0]["oldest"].as_u64().unwrap());
                    }
                    generations
                })
            })
            .collect();
        for generation in 1..=20 {
            let name = if generation % 2 == 1 { "green" } else { "blue" };
            make_anew(&local, name, generation).await;
            point(&local, "a", &format!("commons.{name}")).await.data();
        }
        is_over.store(true, Ordering::Relaxed);
        for asked in asking {
            let generations = asked.await.unwrap();
            assert!(generations.is_sorted(), "{generations:?}");
        }
    }
}
