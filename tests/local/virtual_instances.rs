//! Virtual instances over HTTP: names by which queries are sent and listed.

use crate::support::local::{Answer, Local, answer, options};
use materialize_rockset::local::Options;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const INSTANCES: &str = "/v1/orgs/self/virtualinstances";

fn at(id: &Value, path: &str) -> String {
    format!("{INSTANCES}/{}{path}", id.as_str().unwrap())
}

async fn create(local: &Local, name: &str) -> Answer {
    local.post(INSTANCES, json!({"name": name, "type": "LARGE"})).await
}

/// Sends a POST without a body.
async fn post(local: &Local, path: &str) -> Answer {
    answer(local.request(Method::POST, path)).await
}

#[tokio::test]
async fn instances_come_and_go_beside_the_main_one() {
    let local = Local::start();
    let main = local.get(&format!("{INSTANCES}/main")).await;
    assert_eq!(
        (&main.data()["default_vi"], &main.data()["state"]),
        (&json!(true), &json!("ACTIVE"))
    );
    let created = create(&local, "v").await;
    let data = created.data();
    assert_eq!((&data["state"], &data["current_size"]), (&json!("INITIALIZING"), &json!("LARGE")));
    create(&local, "v").await.refused(409, "ALREADYEXISTS");
    create(&local, "main").await.refused(409, "ALREADYEXISTS");
    create(&local, "two words").await.refused(400, "INVALIDINPUT");
    let listed = local.get(INSTANCES).await;
    let names: Vec<&Value> =
        listed.data().as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["main", "v"]);

    let (id, rrn) = (&data["id"], &data["rrn"]);
    let body = json!({"new_size": "XLARGE", "description": "mine", "auto_suspend_seconds": 60});
    let changed = local.post(&at(rrn, ""), body).await;
    assert_eq!(changed.data()["desired_size"], "XLARGE");
    let body = json!({"name": "w", "auto_suspend_enabled": false});
    let changed = local.post(&at(id, ""), body).await;
    let data = changed.data();
    assert_eq!((&data["name"], &data["description"]), (&json!("w"), &json!("mine")));
    assert_eq!(
        (&data["current_size"], &data["auto_suspend_seconds"]),
        (&json!("XLARGE"), &Value::Null)
    );
    local.post(&at(id, ""), json!({"name": "main"})).await.refused(409, "ALREADYEXISTS");
    assert_eq!(local.delete(&at(id, "")).await.data()["state"], "DELETED");
    local.get(&at(id, "")).await.refused(404, "NOTFOUND");
    local.delete(&at(id, "")).await.refused(404, "NOTFOUND");

    let main = json!("main");
    local.delete(&at(&main, "")).await.refused(403, "FORBIDDEN");
    post(&local, &at(&main, "/suspend")).await.refused(403, "FORBIDDEN");
    local.post(&at(&main, ""), json!({"name": "other"})).await.refused(403, "FORBIDDEN");
}

#[tokio::test]
async fn the_main_instance_can_have_the_identifier_that_clients_know() {
    let known = "b9f4f0f2-93c5-4f0e-9d3a-1b5e0d3c7a55";
    let options = Options { main_instance_id: Some(known.parse().unwrap()), ..options() };
    let local = Local::with(options);
    local.post("/v1/orgs/self/ws/commons/collections", json!({"name": "c"})).await.data();
    let other = create(&local, "v").await.data()["id"].clone();

    let listed = local.get(INSTANCES).await;
    let ids: Vec<&Value> = listed.data().as_array().unwrap().iter().map(|it| &it["id"]).collect();
    assert_eq!(ids, [&json!(known), &other]);
    // By its identifier, its name, and its Rockset Resource Name in whatever cluster.
    let elsewhere = format!("rrn:vi:usw2a1:{known}");
    for name in [known, "main", &format!("rrn:vi:local:{known}"), &elsewhere] {
        let main = local.get(&format!("{INSTANCES}/{name}")).await;
        assert_eq!((&main.data()["name"], &main.data()["id"]), (&json!("main"), &json!(known)));
        let mount = local.get(&format!("{INSTANCES}/{name}/mounts/commons.c")).await;
        assert_eq!(mount.data()["virtual_instance_id"], known);
    }
    local
        .get(&format!("{INSTANCES}/00000000-0000-4000-8000-000000000000"))
        .await
        .refused(404, "NOTFOUND");
    local.delete(&format!("{INSTANCES}/{known}")).await.refused(403, "FORBIDDEN");
    let settings = local.get("/v1/orgs/self/deploymentsettings").await;
    assert_eq!(settings.data()["default_query_vi"], format!("rrn:vi:local:{known}"));
}

#[tokio::test]
async fn states_pass_in_their_time() {
    let local = Local::with(Options { ready_after: Duration::from_secs(3600), ..options() });
    let created = create(&local, "v").await;
    let id = &created.data()["id"];
    let state = || async { local.get(&at(id, "")).await.data()["state"].clone() };
    assert_eq!(state().await, "INITIALIZING");
    assert_eq!(post(&local, &at(id, "/suspend")).await.data()["state"], "SUSPENDING");
    assert_eq!(state().await, "SUSPENDING");
    assert_eq!(post(&local, &at(id, "/resume")).await.data()["state"], "RESUMING");
    assert_eq!(state().await, "RESUMING");
}

#[cfg(feature = "engine")]
#[tokio::test]
async fn an_instance_takes_queries_while_it_is_active() {
    let local = Local::start();
    let created = create(&local, "v").await;
    let id = &created.data()["id"];
    let query = json!({"sql": {"query": "SELECT 1 AS n"}});
    let run = |body: Value| {
        let local = &local;
        async move { local.post(&at(id, "/queries"), body).await }
    };
    assert_eq!(run(query.clone()).await.body["results"], json!([{"n": 1}]));
    let listed = |id: Value| {
        let local = &local;
        async move { local.get(&at(&id, "/queries")).await.data().as_array().unwrap().len() }
    };
    assert_eq!((listed(id.clone()).await, listed(json!("main")).await), (1, 0));
    let queried = local.get(&at(id, "")).await;
    assert!(queried.data()["stats"]["last_queried_ms"].as_i64().unwrap() > 0);

    post(&local, &at(id, "/suspend")).await.data();
    let refused = run(query.clone()).await;
    assert!(refused.refused(400, "NOT_READY").contains("SUSPENDED"), "{refused:?}");
    let lambda = json!({"name": "l", "sql": {"query": "SELECT 2 AS n"}});
    local.post("/v1/orgs/self/ws/commons/lambdas", lambda).await.data();
    let tag = "/v1/orgs/self/ws/commons/lambdas/l/tags/latest";
    let on = json!({"virtual_instance_id": id});
    local.post(tag, on.clone()).await.refused(400, "NOT_READY");
    post(&local, &at(id, "/resume")).await.data();
    assert_eq!(run(query).await.body["results"], json!([{"n": 1}]));
    assert_eq!(local.post(tag, on).await.body["results"], json!([{"n": 2}]));
    assert_eq!(listed(id.clone()).await, 3);
}
