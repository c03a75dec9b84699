//! Collections that are mounted on virtual instances, and which of those runs a query, over HTTP.

use crate::support::local::{C, Local, answer, options};
use materialize_rockset::local::Options;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const INSTANCES: &str = "/v1/orgs/self/virtualinstances";
const SETTINGS: &str = "/v1/orgs/self/deploymentsettings";

/// Creates an instance, and returns its path.
async fn create(local: &Local, settings: Value) -> String {
    let mut settings = settings;
    settings["name"] = json!("v");
    let created = local.post(INSTANCES, settings).await;
    format!("{INSTANCES}/{}", created.data()["id"].as_str().unwrap())
}

async fn mount(local: &Local, instance: &str, paths: &[&str]) -> Value {
    let body = json!({"collection_paths": paths});
    local.post(&format!("{instance}/mounts"), body).await.data().clone()
}

/// The paths of what is mounted.
async fn mounted(local: &Local, instance: &str) -> Vec<String> {
    let listed = local.get(&format!("{instance}/mounts")).await;
    let listed = listed.data().as_array().unwrap().iter();
    listed.map(|it| it["collection_path"].as_str().unwrap().to_string()).collect()
}

async fn post(local: &Local, path: &str) -> Value {
    answer(local.request(Method::POST, path)).await.data().clone()
}

#[tokio::test]
async fn mounts_come_and_go() {
    let local = Local::with_collection(json!({})).await;
    local.post("/v1/orgs/self/ws/commons/collections", json!({"name": "d"})).await.data();
    let main = format!("{INSTANCES}/main");
    assert_eq!(mounted(&local, &main).await, ["commons._events", "commons.c", "commons.d"]);
    let of_c = local.get(&format!("{main}/mounts/commons.c")).await;
    assert_eq!((&of_c.data()["type"], &of_c.data()["state"]), (&json!("LIVE"), &json!("ACTIVE")));
    let refused = local.delete(&format!("{main}/mounts/commons.c")).await;
    refused.refused(403, "FORBIDDEN");

    let v = create(&local, json!({})).await;
    assert!(mounted(&local, &v).await.is_empty());
    let made = mount(&local, &v, &["commons.c", "commons.d"]).await;
    assert_eq!(made[0]["state"], "CREATING");
    let id = made[0]["id"].as_str().unwrap();
    assert_eq!(made[0]["rrn"], format!("rrn:mnt:local:{id}"));
    assert_eq!(mounted(&local, &v).await, ["commons.c", "commons.d"]);
    let one = format!("{v}/mounts/commons.c");
    let shown = local.get(&one).await.data().clone();
    assert_eq!((&shown["state"], &shown["id"]), (&json!("ACTIVE"), &json!(id)));
    assert!(shown["ready_at_timestamp_millis"].is_i64());
    // What is mounted stays as it is.
    assert_eq!(mount(&local, &v, &["commons.c"]).await[0], shown);

    assert_eq!(local.delete(&one).await.data()["state"], "DELETING");
    local.get(&one).await.refused(404, "NOTFOUND");
    local.delete(&one).await.refused(404, "NOTFOUND");
    // A collection that is created again is another one.
    local.delete("/v1/orgs/self/ws/commons/collections/d").await.data();
    assert!(mounted(&local, &v).await.is_empty());
    local.post("/v1/orgs/self/ws/commons/collections", json!({"name": "d"})).await.data();
    assert!(mounted(&local, &v).await.is_empty());

    for (paths, status, kind) in [
        (json!([]), 400, "INVALIDINPUT"),
        (json!(["c"]), 400, "INVALIDINPUT"),
        (json!(["commons.none"]), 404, "NOTFOUND"),
        (json!(["none.c"]), 404, "NOTFOUND"),
        (json!(["commons.c", "commons.none"]), 404, "NOTFOUND"),
    ] {
        let body = json!({"collection_paths": paths});
        local.post(&format!("{v}/mounts"), body).await.refused(status, kind);
    }
    assert!(mounted(&local, &v).await.is_empty());
    local.get(&format!("{INSTANCES}/none/mounts")).await.refused(404, "NOTFOUND");
}

#[tokio::test]
async fn a_suspended_instance_keeps_its_mounts_if_it_is_to_remount_them() {
    for (remounts, left) in [(json!(true), 1), (Value::Null, 0)] {
        let local = Local::with_collection(json!({})).await;
        let v = create(&local, json!({"enable_remount_on_resume": remounts})).await;
        mount(&local, &v, &["commons.c"]).await;
        post(&local, &format!("{v}/suspend")).await;
        let suspended = local.get(&format!("{v}/mounts/commons.c")).await;
        assert_eq!(suspended.data()["state"], "SUSPENDED");
        let body = json!({"collection_paths": ["commons.c"]});
        local.post(&format!("{v}/mounts"), body).await.refused(400, "NOT_READY");
        post(&local, &format!("{v}/resume")).await;
        assert_eq!(mounted(&local, &v).await.len(), left);
    }
}

#[tokio::test]
async fn offsets_are_asked_through_a_mount() {
    let local = Local::with_collection(json!({})).await;
    let v = create(&local, json!({})).await;
    mount(&local, &v, &["commons.c"]).await;
    let offset = local.add(json!([{"_id": "1"}])).await.body["last_offset"].clone();
    let commit = format!("{v}/mounts/commons.c/offsets/commit");
    let passed = local.post(&commit, json!({"name": [offset]})).await;
    assert_eq!(passed.data(), &json!({"fence": offset, "passed": true}));
    let same = local.post(&format!("{C}/offsets/commit"), json!({"name": [offset]})).await;
    assert_eq!(passed.body, same.body);
    local.post(&commit, json!({"name": ["f1:0"]})).await.refused(400, "INVALIDINPUT");
    let none = format!("{v}/mounts/commons.none/offsets/commit");
    local.post(&none, json!({"name": [offset]})).await.refused(404, "NOTFOUND");
}

#[tokio::test]
async fn a_mount_becomes_active_in_its_time() {
    let local = Local::with(Options { ready_after: Duration::from_secs(3600), ..options() });
    local.post("/v1/orgs/self/ws/commons/collections", json!({"name": "c"})).await.data();
    let v = create(&local, json!({})).await;
    mount(&local, &v, &["commons.c"]).await;
    let shown = local.get(&format!("{v}/mounts/commons.c")).await;
    assert_eq!(shown.data()["state"], "CREATING");
    assert_eq!(shown.data()["ready_at_timestamp_millis"], Value::Null);
}

#[cfg(feature = "engine")]
async fn count(local: &Local, instance: &str) -> i64 {
    let query = json!({"sql": {"query": "SELECT COUNT(*) AS n FROM c"}});
    let answer = local.post(&format!("{instance}/queries"), query).await;
    answer.body["results"][0]["n"].as_i64().unwrap_or_else(|| panic!("{answer:?}"))
}

#[cfg(feature = "engine")]
#[tokio::test]
async fn a_live_mount_follows_writes_and_a_static_one_does_not() {
    let local = Local::with_collection(json!({})).await;
    let v = create(&local, json!({"mount_type": "STATIC"})).await;
    // Without a mount, an instance reads what there is.
    local.add(json!([{"_id": "1"}])).await.data();
    assert_eq!(count(&local, &v).await, 1);
    let made = mount(&local, &v, &["commons.c"]).await;
    assert_eq!(made[0]["type"], "STATIC");
    let offset = local.add(json!([{"_id": "2"}])).await.body["last_offset"].clone();
    assert_eq!(
        (count(&local, &v).await, count(&local, &format!("{INSTANCES}/main")).await),
        (1, 2)
    );
    let commit = format!("{v}/mounts/commons.c/offsets/commit");
    let passed = local.post(&commit, json!({"name": [offset]})).await;
    assert_eq!(passed.data()["passed"], false);
    let shown = local.get(&format!("{v}/mounts/commons.c")).await.data().clone();
    assert!(shown["stats"]["last_queried_ms"].as_i64().unwrap() > 0);
    assert!(shown["last_refresh_time_millis"].is_i64());
    assert_eq!(shown["next_refresh_time_ms"], Value::Null);

    // Each second, it takes over what is new.
    local.post(&v, json!({"mount_refresh_interval_seconds": 1})).await.data();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(count(&local, &v).await, 2);
    let shown = local.get(&format!("{v}/mounts/commons.c")).await.data().clone();
    let (last, next) = (&shown["last_refresh_time_millis"], &shown["next_refresh_time_ms"]);
    assert_eq!(last.as_i64().unwrap() + 1000, next.as_i64().unwrap());

    local.post(&v, json!({"mount_type": "LIVE"})).await.data();
    local.add(json!([{"_id": "3"}])).await.data();
    assert_eq!(count(&local, &v).await, 3);
    // The documents of the moment in which it ceases to follow.
    local
        .post(&v, json!({"mount_type": "STATIC", "mount_refresh_interval_seconds": 0}))
        .await
        .data();
    local.add(json!([{"_id": "4"}])).await.data();
    assert_eq!(count(&local, &v).await, 3);
}

#[tokio::test]
async fn the_deployment_has_an_instance_for_queries_that_name_none() {
    let local = Local::with_collection(json!({})).await;
    let main = local.get(&format!("{INSTANCES}/main")).await.data()["rrn"].clone();
    assert_eq!(local.get(SETTINGS).await.data(), &json!({"default_query_vi": main}));
    let v = create(&local, json!({})).await;
    let rrn = local.get(&v).await.data()["rrn"].clone();
    let set = |value: Value| {
        let local = &local;
        async move { local.send(Method::PUT, SETTINGS, json!({"default_query_vi": value})).await }
    };
    set(json!("none")).await.refused(404, "NOTFOUND");
    let id = v.rsplit('/').next().unwrap();
    assert_eq!(set(json!(id)).await.body["data"], json!({"default_query_vi": rrn}));
    assert_eq!(set(Value::Null).await.body["data"], json!({"default_query_vi": rrn}));
    assert_eq!(local.get(SETTINGS).await.data(), &json!({"default_query_vi": rrn}));
    local.delete(&v).await.refused(409, "DEPENDENTRESOURCES");

    if cfg!(feature = "engine") {
        let query = json!({"sql": {"query": "SELECT 1 AS n"}});
        local.post("/v1/orgs/self/queries", query.clone()).await;
        let listed = local.get(&format!("{v}/queries")).await;
        assert_eq!(listed.data().as_array().unwrap().len(), 1);
        // An empty identifier is none.
        let lambda = json!({"name": "l", "sql": {"query": "SELECT 2 AS n"}});
        local.post("/v1/orgs/self/ws/commons/lambdas", lambda).await.data();
        let tag = "/v1/orgs/self/ws/commons/lambdas/l/tags/latest";
        let done = local.post(tag, json!({"virtual_instance_id": ""})).await;
        assert_eq!(done.body["results"], json!([{"n": 2}]));
        let listed = local.get(&format!("{v}/queries")).await;
        assert_eq!(listed.data().as_array().unwrap().len(), 2);
        post(&local, &format!("{v}/suspend")).await;
        local.post("/v1/orgs/self/queries", query).await.refused(400, "NOT_READY");
    }
    assert_eq!(set(main.clone()).await.body["data"], json!({"default_query_vi": main}));
    assert_eq!(set(json!(rrn)).await.body["data"], json!({"default_query_vi": rrn}));
    assert_eq!(set(json!("")).await.body["data"], json!({"default_query_vi": main}));
    local.delete(&v).await.data();
}
