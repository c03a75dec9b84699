//! Virtual instances don't take each other's turns, nor each other's memory.

use crate::queries::{ENDLESS, OF_TEXTS, numbers, texts};
use crate::support::local::{Local, answer};
use reqwest::Method;
use serde_json::json;
use std::time::{Duration, Instant};

const INSTANCES: &str = "/v1/orgs/self/virtualinstances";

async fn create(local: &Local) -> String {
    let created = local.post(INSTANCES, json!({"name": "v"})).await;
    format!("{INSTANCES}/{}", created.data()["id"].as_str().unwrap())
}

#[tokio::test]
async fn an_instance_whose_turns_are_taken_keeps_no_other_one_waiting() {
    let local = numbers(100).await;
    let v = create(&local).await;
    let endless = json!({"sql": {"query": ENDLESS}, "async": true});
    for _ in 0..20 {
        let begun = local.post(&format!("{v}/queries"), endless.clone()).await;
        assert_eq!(begun.status, 200, "{begun:?}");
    }
    let stages = || async {
        let listed = local.get(&format!("{v}/queries")).await.data().clone();
        let of = |stage: &str| {
            listed.as_array().unwrap().iter().filter(|it| it["status"] == stage).count()
        };
        (of("RUNNING"), of("QUEUED"))
    };
    while stages().await != (16, 4) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The main instance has turns of its own.
    let begun = Instant::now();
    let one = local.post("/v1/orgs/self/queries", json!({"sql": {"query": "SELECT 1 AS n"}})).await;
    assert_eq!(one.body["results"], json!([{"n": 1}]), "{one:?}");
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert_eq!(stages().await, (16, 4));
    let listed = local.get(&format!("{v}/queries")).await.data().clone();
    for query in listed.as_array().unwrap() {
        let id = query["query_id"].as_str().unwrap();
        local.delete(&format!("/v1/orgs/self/queries/{id}")).await.data();
    }
}

#[tokio::test]
async fn instances_that_run_share_the_memory_in_equal_parts() {
    let local = texts(9 << 20).await;
    let ask = |path: String| {
        let local = &local;
        async move { local.post(&path, json!({"sql": {"query": OF_TEXTS}})).await }
    };
    let main = || ask("/v1/orgs/self/queries".to_string());
    assert_eq!(main().await.body["results"], json!([{"n": 10_000}]));
    let v = create(&local).await;
    main().await.refused(429, "RESOURCEEXCEEDED");
    ask(format!("{v}/queries")).await.refused(429, "RESOURCEEXCEEDED");
    answer(local.request(Method::POST, &format!("{v}/suspend"))).await.data();
    assert_eq!(main().await.body["results"], json!([{"n": 10_000}]));
}
