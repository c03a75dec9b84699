//! A task of a thousand bindings on a Rockset that limits calls of metadata.

use crate::support::connector::{Connector, Ended};
use crate::support::limited::{HOSTED, Limited, Limits};
use crate::support::local::Local;
use crate::support::task::{apply, binding, configured, open, task};
use materialize_rockset::flow::materialize::request::validate;
use materialize_rockset::flow::materialize::{request, response};
use materialize_rockset::flow::spec::materialization_spec::Binding;
use materialize_rockset::flow::spec::{ConnectorState, MaterializationSpec};
use materialize_rockset::flow::{Codec, Request, Response};
use serde_json::{Value, json};
use std::time::Duration;

const WORKSPACES: usize = 10;
const BINDINGS: usize = 1_000;

/// What the whole task may ask for with one request.
const READS: usize = 20;

fn bindings(count: usize, workspaces: usize) -> Vec<Binding> {
    let name = |index: usize| (format!("w{}", index % workspaces), format!("c{index}"));
    let names = (0..count).map(name);
    names.map(|(workspace, name)| binding(&workspace, &name, &["id"], &[])).collect()
}

/// A Rockset that has all of a task's collections, behind the hosted one's limits.
async fn with_all(bindings: &[Binding]) -> (Local, Limited, MaterializationSpec) {
    let local = Local::start();
    for index in 0..WORKSPACES {
        local.post("/v1/orgs/self/ws", json!({"name": format!("w{index}")})).await.data();
    }
    for binding in bindings {
        let [workspace, name] = binding.resource_path.as_slice() else { panic!() };
        let path = format!("/v1/orgs/self/ws/{workspace}/collections");
        local.post(&path, json!({"name": name})).await.data();
    }
    let proxy = Limited::start(&local.server.url(), HOSTED).await;
    let task = task(&proxy.url, bindings.to_vec());
    (local, proxy, task)
}

/// Asks a connector of its own.
async fn asked(request: Request) -> (Response, Ended) {
    let mut connector = Connector::start_hurried(Codec::Proto);
    let response = connector.ask(request).await;
    let ended = connector.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.throttled(), 0, "{ended:?}");
    (response, ended)
}

#[tokio::test]
async fn what_exists_is_asked_for_by_workspace() {
    let (_local, proxy, task) = with_all(&bindings(BINDINGS, WORKSPACES)).await;

    let (answer, _) = asked(validate_request(&task, json!({}))).await;
    let Response::Validated(validated) = answer else { panic!() };
    assert_eq!(validated.bindings.len(), BINDINGS);
    let (reads, updates) = proxy.counts();
    assert!(reads <= READS && updates == 0, "{reads} reads, {updates} updates");

    let (answer, _) = asked(apply(&task)).await;
    let Response::Applied(applied) = answer else { panic!() };
    assert_eq!(applied, response::Applied::default());
    let (reads, updates) = proxy.counts();
    assert!(reads <= READS && updates == 0, "{reads} reads, {updates} updates");

    // A restart.
    let (answer, ended) = asked(open(&task)).await;
    assert_eq!(answer.name(), "Opened");
    assert_eq!(ended.statuses(), ["Running"], "there was nothing to wait for");
    let (reads, updates) = proxy.counts();
    assert!(reads <= READS && updates == 0, "{reads} reads, {updates} updates");
}

fn validate_request(task: &MaterializationSpec, settings: Value) -> Request {
    let bindings = task.bindings.iter().map(|binding| validate::Binding {
        resource_config_json: configured(binding.clone(), settings.clone()).resource_config_json,
        collection: binding.collection.clone(),
        ..Default::default()
    });
    let endpoint: Value = serde_json::from_slice(&task.config_json).unwrap();
    Request::Validate(Box::new(request::Validate {
        config_json: endpoint.to_string().into(),
        bindings: bindings.collect(),
        ..Default::default()
    }))
}

/// However many integrations there are, one read tells of them.
#[tokio::test]
async fn integrations_are_asked_for_together() {
    let local = Local::start();
    for name in ["one", "two"] {
        let keys = json!({"aws_access_key_id": "a", "aws_secret_access_key": "b"});
        let integration = json!({"name": name, "s3": {"aws_access_key": keys}});
        local.post("/v1/orgs/self/integrations", integration).await.data();
    }
    let proxy = Limited::start(&local.server.url(), HOSTED).await;
    let binding = |index: usize, integration: &str| {
        let source = json!({"integration": integration, "bucket": "b"});
        let bound = binding("commons", &format!("c{index}"), &["id"], &[]);
        configured(bound, json!({"documentId": "key", "initializeFromS3": source}))
    };
    let names = ["one", "two", "three", "two"];
    let bindings = names.iter().enumerate().map(|(index, name)| binding(index, name));
    let task = task(&proxy.url, bindings.collect());
    let mut connector = Connector::start(Codec::Proto);
    connector.send(validate_request(&task, json!({}))).await;
    let ended = connector.end().await;
    assert_eq!(
        ended.error(),
        "bindings[2].resource.initializeFromS3.integration (acmeCo/events): there is no \
         integration three; make it in Rockset, for Amazon S3, first"
    );
    let mut calls = proxy.calls();
    calls.sort();
    assert_eq!(
        calls,
        [
            "GET /v1/orgs/self/integrations",
            "GET /v1/orgs/self/ws/commons/aliases",
            "GET /v1/orgs/self/ws/commons/collections",
            "GET /v1/orgs/self/ws/commons/views",
        ]
    );
}

/// One that is refused is said once, and not for each binding.
#[tokio::test]
async fn a_workspace_that_can_not_be_read_is_said_once() {
    let local = Local::start();
    let proxy = Limited::refusing(&local.server.url(), HOSTED, |call| {
        call.starts_with("GET /v1/orgs/self/ws/w1/").then_some((400, "INVALIDINPUT"))
    })
    .await;
    let task = task(&proxy.url, bindings(6, 2));
    let mut connector = Connector::start(Codec::Proto);
    connector.send(validate_request(&task, json!({}))).await;
    let ended = connector.end().await;
    assert_eq!(
        ended.error(),
        "bindings[1].resource.collection (acmeCo/events): could not be looked up: Rockset \
         answered 400 INVALIDINPUT: it is INVALIDINPUT (trace t-1)"
    );

    let mut connector = Connector::start(Codec::Proto);
    connector.send(apply(&task)).await;
    let ended = connector.end().await;
    assert_eq!(
        ended.error(),
        "looking for workspace w1: Rockset answered 400 INVALIDINPUT: it is INVALIDINPUT (trace t-1)"
    );
    assert_eq!(ended.stderr.matches("INVALIDINPUT: ").count(), 1, "{ended:?}");
    // What doesn't depend on it has been done.
    assert_eq!(
        local.get("/v1/orgs/self/ws/w0/collections").await.data().as_array().unwrap().len(),
        3
    );
}

/// Beyond the limit it goes on, and says how far it is.
#[tokio::test]
async fn creating_says_how_far_it_is() {
    const COUNT: usize = 24;
    let local = Local::start();
    let limits = Limits { reads: 500, updates: 10, minute: Duration::from_millis(1_500) };
    let proxy = Limited::start(&local.server.url(), limits).await;
    let task = task(&proxy.url, bindings(COUNT, 2));
    let mut connector = Connector::start_hurried(Codec::Proto);
    let Response::Applied(applied) = connector.ask(apply(&task)).await else { panic!() };
    assert_eq!(applied.action_description.lines().count(), COUNT + 2);
    assert_eq!(applied.state, None::<ConnectorState>);
    let ended = connector.end().await;

    let records = ended.records();
    let messages: Vec<&str> =
        records.iter().map(|record| record["message"].as_str().unwrap()).collect();
    let begin = messages.iter().position(|message| *message == "creating 24 collections");
    let first = messages.iter().position(|message| message.starts_with("Created collection"));
    assert!(begin.unwrap() < first.unwrap(), "{messages:?}");
    let told: Vec<&&str> =
        messages.iter().filter(|message| message.starts_with("creating collections: ")).collect();
    assert!(told.iter().any(|told| told.contains(" of 24; ")), "{messages:?}");
    assert!(told.iter().any(|told| told.contains(" left, which takes about ")), "{messages:?}");

    let statuses = ended.statuses();
    assert_eq!(statuses[0], "creating collections: 0 of 24");
    assert!(statuses.len() > 2, "{statuses:?}");
    assert!(statuses.iter().all(|status| status.ends_with(" of 24")), "{statuses:?}");

    // What was cut off goes on where it was: nothing that exists is created again.
    proxy.calls();
    let more = crate::support::task::task(&proxy.url, bindings(COUNT + 2, 2));
    let mut connector = Connector::start_hurried(Codec::Proto);
    let Response::Applied(applied) = connector.ask(apply(&more)).await else { panic!() };
    assert_eq!(applied.action_description, "Created collection w0.c24\nCreated collection w1.c25");
    let reads = proxy.calls().iter().filter(|call| call.starts_with("GET ")).count();
    assert_eq!(reads, 2);
}
