//! Apply: what it does, once, and what it says of it.

use crate::support::connector::{Connector, Ended};
use crate::support::limited::{HOSTED, Limited};
use crate::support::local::{Local, options};
use crate::support::scripted::{Answer, Scripted};
use crate::support::session::transaction;
use crate::support::stored::count;
use crate::support::task::{binding, configured, open, store, task};
use materialize_rockset::flow::materialize::{request, response};
use materialize_rockset::flow::spec::materialization_spec::Binding;
use materialize_rockset::flow::spec::{ConnectorState, MaterializationSpec};
use materialize_rockset::flow::{Codec, Request, Response};
use materialize_rockset::local::Options;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Apply of a task, after another one, with the state that there is.
fn apply(task: &MaterializationSpec, last: Option<&MaterializationSpec>, state: &Value) -> Request {
    Request::Apply(Box::new(request::Apply {
        materialization: Some(task.clone()),
        version: "0011223344556677".to_string(),
        last_materialization: last.cloned(),
        state_json: state.to_string().into(),
        ..Default::default()
    }))
}

async fn applied(request: Request) -> response::Applied {
    let mut connector = Connector::start(Codec::Proto);
    let Response::Applied(applied) = connector.ask(request).await else { panic!() };
    assert_eq!(connector.end().await.code, Some(0));
    applied
}

async fn fails(request: Request) -> Ended {
    let mut connector = Connector::start(Codec::Json);
    connector.send(request).await;
    let ended = connector.end().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    ended
}

/// The state after a response, as the runtime keeps it.
fn updated(state: &Value, update: &Option<ConnectorState>) -> Value {
    let mut state = state.clone();
    if let Some(update) = update {
        assert!(update.merge_patch, "what others left there must stay");
        let patch: Value = serde_json::from_slice(&update.updated_json).unwrap();
        merge(&mut state, &patch);
    }
    state
}

/// RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, patch) in patch {
        match patch.is_null() {
            true => drop(target.as_object_mut().unwrap().remove(name)),
            false => merge(&mut target[name], patch),
        }
    }
}

fn plain(collection: &str) -> Binding {
    binding("commons", collection, &["id"], &["text"])
}

fn backfilled(binding: Binding, backfill: u32) -> Binding {
    Binding { backfill, ..binding }
}

fn settings(binding: Binding, settings: Value) -> Binding {
    configured(binding, json!({"advancedCollectionSettings": settings}))
}

async fn fill(task: &MaterializationSpec) {
    let mut connector = Connector::start(Codec::Proto);
    connector.ask(open(task)).await;
    let stores = (0..3).map(|id| store(0, &[json!(id)], &[json!("text")]));
    transaction(&mut connector, stores).await;
    assert_eq!(connector.end().await.code, Some(0));
}

/// The privileges that docs/access.md lists are enough for all that a task does, and each is needed.
#[tokio::test]
async fn a_key_needs_these_privileges_and_no_others() {
    let local = Local::with(Options { api_key: Some("right".parse().unwrap()), ..options() });
    let url = local.server.url();
    let roles = "/v1/orgs/self/roles";
    let role = json!({"role_name": "connector"});
    local.by("right", Method::POST, roles, role).await.data();
    let key = json!({"name": "connector", "role": "connector"});
    let made = local.by("right", Method::POST, "/v1/orgs/self/users/self/apikeys", key).await;
    let key = made.data()["key"].clone();
    let with_key = |bindings: Vec<Binding>| MaterializationSpec {
        config_json: json!({"api_key": key, "region_base_url": url}).to_string().into(),
        ..task(&url, bindings)
    };
    let bind = || binding("made", "c", &["id"], &["text"]);
    let first = with_key(vec![bind()]);
    let described = settings(backfilled(bind(), 1), json!({"description": "mine"}));
    let (again, described) = (with_key(vec![backfilled(bind(), 1)]), with_key(vec![described]));
    let needed = [
        "CREATE_WS_GLOBAL",
        "LIST_RESOURCES_WS",
        "CREATE_COLLECTION_WS",
        "UPDATE_COLLECTION_WS",
        "DELETE_COLLECTION_WS",
        "WRITE_DATA_WS",
    ];
    let grant = async |without: &str| {
        let actions = needed.iter().filter(|it| **it != without);
        let privileges: Value = actions.map(|it| json!({ "action": it })).collect();
        let path = format!("{roles}/connector");
        let role = json!({ "privileges": privileges });
        local.by("right", Method::POST, &path, role).await.data();
    };
    let lacks = async |without: &str, request: Request| {
        grant(without).await;
        let ended = fails(request).await;
        assert!(ended.error().contains(without), "{without}: {}", ended.error());
        grant("").await;
    };
    lacks("CREATE_WS_GLOBAL", apply(&first, None, &json!({}))).await;
    lacks("CREATE_COLLECTION_WS", apply(&first, None, &json!({}))).await;
    lacks("LIST_RESOURCES_WS", apply(&first, None, &json!({}))).await;
    applied(apply(&first, None, &json!({}))).await;
    fill(&first).await;
    lacks("DELETE_COLLECTION_WS", apply(&again, Some(&first), &json!({}))).await;
    let done = applied(apply(&again, Some(&first), &json!({}))).await;
    let state = updated(&json!({}), &done.state);
    lacks("UPDATE_COLLECTION_WS", apply(&described, Some(&again), &state)).await;
    applied(apply(&described, Some(&again), &state)).await;
    fill(&described).await;
    let docs = "/v1/orgs/self/ws/made/collections/c";
    let found = local.by("right", Method::GET, docs, json!({})).await;
    assert_eq!(found.data()["stats"]["doc_count"], 3);
}

#[tokio::test]
async fn many_bindings_at_once() {
    let local = Local::start();
    let bindings = (0..20).map(|i| binding(&format!("w{}", i % 4), &format!("c{i}"), &["id"], &[]));
    let task = task(&local.server.url(), bindings.collect());
    let first = applied(apply(&task, None, &json!({}))).await;
    let mut lines: Vec<String> = (0..4).map(|i| format!("Created workspace w{i}")).collect();
    lines.extend((0..20).map(|i| format!("Created collection w{}.c{i}", i % 4)));
    assert_eq!(first.action_description.lines().collect::<Vec<_>>(), lines);
    assert_eq!(first.state, None);
    assert_eq!(applied(apply(&task, None, &json!({}))).await, response::Applied::default());
}

/// No binding waits for another's collection: all are created before any answer comes.
#[tokio::test]
async fn no_binding_waits_for_another() {
    const BINDINGS: usize = 12;
    let waiting: &'static AtomicUsize = Box::leak(Box::new(AtomicUsize::new(0)));
    let server = Scripted::answering(|_, request| {
        let is_creation = request.head.starts_with("POST /v1/orgs/self/ws/commons/collections ");
        match request.head.split(" HTTP").next() {
            Some("GET /v1/orgs/self/ws/commons") => {
                return Answer::ok(json!({"data": {"name": "commons"}}));
            }
            Some(head) if head.starts_with("GET ") => return Answer::ok(json!({"data": []})),
            _ => {}
        }
        if is_creation && !waiting_reaches(waiting, BINDINGS) {
            return Answer::error(503, "INTERNALERROR");
        }
        let created: Value = serde_json::from_str(&request.body).unwrap();
        Answer::ok(json!({"data": {"name": created["name"]}}))
    })
    .await;
    let task = task(&server.url, (0..BINDINGS).map(|i| plain(&format!("c{i}"))).collect());
    let applied = applied(apply(&task, None, &json!({}))).await;
    assert_eq!(applied.action_description.lines().count(), BINDINGS);
}

/// Whether as many have asked, this one included.
fn waiting_reaches(waiting: &AtomicUsize, count: usize) -> bool {
    waiting.fetch_add(1, Ordering::SeqCst) + 1 >= count
}

#[tokio::test]
async fn a_backfill_creates_a_collection_anew_once() {
    let local = Local::start();
    let url = local.server.url();
    let first = task(&url, vec![plain("filled"), plain("kept")]);
    applied(apply(&first, None, &json!({}))).await;
    fill(&first).await;
    assert_eq!(count(&local, "commons", "filled").await, 3);

    // What another connector left in the state stays there.
    let state = json!({"fileCounts": {"a": 1}});
    let second = task(&url, vec![backfilled(plain("filled"), 1), plain("kept")]);
    let done = applied(apply(&second, Some(&first), &state)).await;
    assert_eq!(
        done.action_description,
        "Deleted collection commons.filled, to fill it anew\nCreated collection commons.filled"
    );
    let state = updated(&state, &done.state);
    assert_eq!(
        state,
        json!({
            "fileCounts": {"a": 1},
            "version": 1,
            "backfills": {"commons.filled": 1},
            "reported": {},
        })
    );
    let own = json!({"version": 1, "backfills": {"commons.filled": 1}, "reported": {}});
    fill(&second).await;

    // The same again, because the runtime didn't see the answer's end.
    let again = applied(apply(&second, Some(&first), &state)).await;
    assert_eq!(again, response::Applied::default());
    assert_eq!(count(&local, "commons", "filled").await, 3);

    // And the next one.
    let third = task(&url, vec![backfilled(plain("filled"), 3), plain("kept")]);
    let done = applied(apply(&third, Some(&second), &own)).await;
    assert_eq!(done.action_description.lines().count(), 2);
    assert_eq!(updated(&own, &done.state)["backfills"], json!({"commons.filled": 3}));
    assert_eq!(count(&local, "commons", "filled").await, 0);
    assert_eq!(count(&local, "commons", "kept").await, 0);
}

/// The runtime applies until nothing changes, three times at most, and from the start after a
/// failure: with the state that it had before, since a failure returns none.
#[tokio::test]
async fn what_has_been_created_anew_is_not_deleted_again_after_a_failure() {
    let local = Local::start();
    let names = ["a", "b", "c"];
    let is_broken: &'static AtomicBool = Box::leak(Box::new(true.into()));
    let proxy = Limited::refusing(&local.server.url(), HOSTED, |call| {
        let is_refused = call == "DELETE /v1/orgs/self/ws/commons/collections/b";
        (is_refused && is_broken.load(Ordering::SeqCst)).then_some((403, "FORBIDDEN"))
    })
    .await;
    let first = task(&proxy.url, names.map(plain).into());
    applied(apply(&first, None, &json!({}))).await;
    fill(&first).await;
    proxy.calls();

    let second = task(&proxy.url, names.map(|name| backfilled(plain(name), 1)).into());
    let request = || apply(&second, Some(&first), &json!({}));
    let ended = fails(request()).await;
    assert!(ended.error().starts_with("bindings[1]: deleting collection commons.b: "), "{ended:?}");
    // What was done is said all the same.
    assert!(ended.stderr.contains("Created collection commons.c"), "{ended:?}");
    is_broken.store(false, Ordering::SeqCst);
    assert_eq!(proxy.counts().1, 5, "three deletions, of which one is refused, and two creations");

    let round = applied(request()).await;
    assert_eq!(
        proxy.calls().iter().filter(|call| !call.starts_with("GET ")).collect::<Vec<_>>(),
        [
            "DELETE /v1/orgs/self/ws/commons/collections/b",
            "POST /v1/orgs/self/ws/commons/collections",
        ]
    );
    assert_eq!(
        round.action_description,
        "Deleted collection commons.b, to fill it anew\nCreated collection commons.b"
    );
    let state = updated(&json!({}), &round.state);
    assert_eq!(
        state["backfills"],
        json!({"commons.a": 1, "commons.b": 1, "commons.c": 1}),
        "those of the first round, too"
    );
    let round = applied(apply(&second, Some(&first), &state)).await;
    assert_eq!(round, response::Applied::default());
    for name in names {
        assert_eq!(count(&local, "commons", name).await, 0);
    }

    // The next backfill is another one.
    fill(&second).await;
    let third = task(&proxy.url, names.map(|name| backfilled(plain(name), 2)).into());
    let round = applied(apply(&third, Some(&second), &state)).await;
    assert_eq!(round.action_description.lines().count(), 6);
}

/// What was created anew, and is to be something else since, is created once more.
#[tokio::test]
async fn another_definition_after_a_failure_is_created_anew() {
    let local = Local::start();
    let url = local.server.url();
    let kept = |seconds: u32| settings(plain("c"), json!({"retention_secs": seconds}));
    let first = task(&url, vec![kept(3600)]);
    applied(apply(&first, None, &json!({}))).await;
    let done = async |seconds| {
        let next = task(&url, vec![backfilled(kept(seconds), 1)]);
        applied(apply(&next, Some(&first), &json!({}))).await.action_description
    };
    assert_eq!(done(7200).await.lines().count(), 2);
    assert_eq!(done(7200).await, "");
    assert_eq!(done(9000).await.lines().count(), 2);
}

/// What tells of a backfill leaves the rest of the description to its owner, and is gone when
/// it isn't true any more.
#[tokio::test]
async fn the_description_of_a_collection_that_was_created_anew() {
    let local = Local::start();
    let url = local.server.url();
    let described = |text: &str, backfill| {
        backfilled(settings(plain("c"), json!({"description": text})), backfill)
    };
    let description = async || {
        let found = local.get("/v1/orgs/self/ws/commons/collections/c").await;
        found.data()["description"].as_str().unwrap_or_default().to_string()
    };
    let first = task(&url, vec![described("one", 0)]);
    applied(apply(&first, None, &json!({}))).await;
    assert_eq!(description().await, "one");

    let second = task(&url, vec![described("two", 1)]);
    applied(apply(&second, Some(&first), &json!({}))).await;
    let begin = "two [created anew for backfill 1 of acmeCo/rockset, ";
    assert!(description().await.starts_with(begin), "{}", description().await);

    let third = task(&url, vec![described("three", 1)]);
    let done = applied(apply(&third, Some(&second), &json!({}))).await;
    assert_eq!(done.action_description, "Updated the description of collection commons.c");
    let begin = "three [created anew for backfill 1 of acmeCo/rockset, ";
    assert!(description().await.starts_with(begin), "{}", description().await);
    let again = applied(apply(&third, Some(&second), &json!({}))).await;
    assert_eq!(again, response::Applied::default());

    // A task of the same name begins to count anew, and backfills what it has written.
    let reborn = task(&url, vec![plain("c")]);
    let done = applied(apply(&reborn, None, &json!({}))).await;
    assert_eq!(done, response::Applied::default());
    assert_eq!(description().await, "three");
    fill(&reborn).await;
    let backfill = task(&url, vec![backfilled(plain("c"), 1)]);
    let done = applied(apply(&backfill, Some(&reborn), &json!({}))).await;
    assert_eq!(done.action_description.lines().count(), 2);
    assert_eq!(count(&local, "commons", "c").await, 0);
}

/// An alias or a view has the name, so that no collection of it can be created or seen.
#[tokio::test]
async fn a_name_that_something_else_has() {
    for (kind, what) in [
        (
            "aliases",
            "an alias has the name commons.c: delete it in Rockset, or name another collection in the binding's resource",
        ),
        (
            "views",
            "a view has the name commons.c: delete it in Rockset, or name another collection in the binding's resource",
        ),
        (
            "nothing",
            "Rockset says that commons.c exists, and when it is looked at it is not there: look in Rockset at what has that name, and whether somebody else creates and deletes it, or name another collection in the binding's resource",
        ),
    ] {
        let found = format!("GET /v1/orgs/self/ws/commons/{kind}/c ");
        let server = Scripted::answering(move |_, request| match request.head.as_str() {
            head if head.starts_with("POST ") => Answer::error(400, "ALREADYEXISTS"),
            head if head.starts_with(&found) => Answer::ok(json!({"data": {"name": "c"}})),
            head if head.starts_with("GET /v1/orgs/self/ws/commons ") => {
                Answer::ok(json!({"data": {"name": "commons"}}))
            }
            _ => Answer::error(404, "NOTFOUND"),
        })
        .await;
        let ended = fails(apply(&task(&server.url, vec![plain("c")]), None, &json!({}))).await;
        assert_eq!(
            ended.error(),
            format!(
                "bindings[0]: collection commons.c can't be created, because {what}: Rockset \
                 answered 400 ALREADYEXISTS: it is ALREADYEXISTS (trace t-1)"
            )
        );
        assert!(server.seen().len() < 12, "{:?}", server.seen());
    }
}

/// The name is that of a real alias, and the collection has one, too.
#[tokio::test]
async fn aliases_keep_collections_from_being_made() {
    let local = Local::start();
    let url = local.server.url();
    let first = task(&url, vec![plain("c")]);
    applied(apply(&first, None, &json!({}))).await;
    let aliases = "/v1/orgs/self/ws/commons/aliases";
    local.post(aliases, json!({"name": "a", "collections": ["commons.c"]})).await.data();
    let ended = fails(apply(&task(&url, vec![plain("a")]), None, &json!({}))).await;
    let told = "bindings[0]: collection commons.a can't be created, because an alias has the name \
                commons.a: delete it in Rockset, or name another collection in the binding's \
                resource: ";
    assert!(ended.error().starts_with(told), "{ended:?}");

    let backfill = task(&url, vec![backfilled(plain("c"), 1)]);
    let ended = fails(apply(&backfill, Some(&first), &json!({}))).await;
    let told = "bindings[0]: deleting collection commons.c, on which aliases or views depend: \
                delete those in Rockset, or let them refer to another collection: Rockset answered \
                409 DEPENDENTRESOURCES: Collection \"c\" can't be deleted: alias \"commons.a\" is \
                for it";
    assert!(ended.error().starts_with(told), "{ended:?}");
    local.delete(&format!("{aliases}/a")).await.data();
    let done = applied(apply(&backfill, Some(&first), &json!({}))).await;
    assert_eq!(done.action_description.lines().count(), 2);
}

/// Somebody creates the collection and deletes it, again and again.
#[tokio::test]
async fn a_collection_that_comes_and_goes_is_not_waited_for_without_end() {
    let looks: &'static AtomicUsize = Box::leak(Box::new(AtomicUsize::new(0)));
    let server = Scripted::answering(|_, request| match request.head.starts_with("POST ") {
        true => Answer::error(409, "ALREADYEXISTS"),
        false => match looks.fetch_add(1, Ordering::SeqCst) % 2 {
            0 => Answer::error(404, "NOTFOUND"),
            _ => Answer::ok(json!({"data": {"name": "c", "status": "DELETED"}})),
        },
    })
    .await;
    let mut connector = Connector::start_hurried(Codec::Json);
    connector.send(apply(&task(&server.url, vec![plain("c")]), None, &json!({}))).await;
    let ended = connector.end().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.error().contains("somebody else creates and deletes it"), "{ended:?}");
}

/// A list of a workspace that doesn't exist is empty.
#[tokio::test]
async fn a_workspace_that_is_missing_without_a_word() {
    let has_workspace: &'static AtomicBool = Box::leak(Box::default());
    let server = Scripted::answering(|_, request| {
        let asked: Value = serde_json::from_str(&request.body).unwrap_or(json!({"name": "w"}));
        let named = Answer::ok(json!({"data": {"name": asked["name"]}}));
        match request.head.split(" HTTP").next().unwrap() {
            "GET /v1/orgs/self/ws/w/collections" => Answer::ok(json!({"data": []})),
            "POST /v1/orgs/self/ws" => {
                has_workspace.store(true, Ordering::SeqCst);
                named
            }
            _ if has_workspace.load(Ordering::SeqCst) => named,
            _ => Answer::error(404, "NOTFOUND"),
        }
    })
    .await;
    let bindings = ["a", "b"].map(|name| binding("w", name, &["id"], &[])).into();
    let done = applied(apply(&task(&server.url, bindings), None, &json!({}))).await;
    let mut lines: Vec<&str> = done.action_description.lines().collect();
    lines.sort();
    lines.dedup();
    assert_eq!(
        lines,
        ["Created collection w.a", "Created collection w.b", "Created workspace w"],
        "{done:?}"
    );
}

/// What answers a creation with something else has created nothing.
#[tokio::test]
async fn an_answer_without_a_collection_is_no_creation() {
    let server =
        Scripted::answering(|_, request| match request.head.split(" HTTP").next().unwrap() {
            "POST /v1/orgs/self/ws" => Answer::ok(json!({"data": {"name": "commons"}})),
            "POST /v1/orgs/self/ws/commons/collections" => Answer::ok(json!({})),
            _ => Answer::error(404, "NOTFOUND"),
        })
        .await;
    let ended = fails(apply(&task(&server.url, vec![plain("c")]), None, &json!({}))).await;
    assert!(ended.error().contains("creating collection commons.c: "), "{ended:?}");
    assert!(!ended.stderr.contains("Created collection"), "{ended:?}");
}

#[tokio::test]
async fn a_binding_that_was_disabled_is_backfilled_when_it_comes_back() {
    let local = Local::start();
    let url = local.server.url();
    let first = task(&url, vec![plain("c")]);
    applied(apply(&first, None, &json!({}))).await;
    let disabled =
        MaterializationSpec { inactive_bindings: vec![plain("c")], ..task(&url, vec![]) };
    let gone = applied(apply(&disabled, Some(&first), &json!({}))).await;
    assert_eq!(gone, response::Applied::default(), "its collection is left alone");
    let back = task(&url, vec![backfilled(plain("c"), 1)]);
    let done = applied(apply(&back, Some(&disabled), &json!({}))).await;
    assert_eq!(done.action_description.lines().count(), 2, "{done:?}");
}

/// An Apply was cut off after it had deleted the collection.
#[tokio::test]
async fn a_backfill_that_was_cut_off_goes_on() {
    let collection = |status: &str| Answer::ok(json!({"data": {"name": "c", "status": status}}));
    let looks: &'static AtomicUsize = Box::leak(Box::new(AtomicUsize::new(0)));
    let server = Scripted::answering(move |_, request| {
        let is_look = request.head.starts_with("GET /v1/orgs/self/ws/commons/collections/c ");
        match is_look.then(|| looks.fetch_add(1, Ordering::SeqCst)) {
            Some(0..3) => collection("DELETED"),
            Some(_) => Answer::error(404, "NOTFOUND"),
            None => collection("CREATED"),
        }
    })
    .await;
    let last = task(&server.url, vec![plain("c")]);
    let now = task(&server.url, vec![backfilled(plain("c"), 1)]);
    let done = applied(apply(&now, Some(&last), &json!({}))).await;
    assert_eq!(done.action_description, "Created collection commons.c");
    assert_eq!(updated(&json!({}), &done.state)["backfills"], json!({"commons.c": 1}));
    assert!(server.seen().iter().all(|seen| !seen.head.starts_with("DELETE ")), "once is enough");
}

#[tokio::test]
async fn a_description_follows_in_place() {
    let local = Local::start();
    let url = local.server.url();
    let first = task(&url, vec![settings(plain("c"), json!({"description": "one"}))]);
    applied(apply(&first, None, &json!({}))).await;
    let second = task(&url, vec![settings(plain("c"), json!({"description": "two"}))]);
    let done = applied(apply(&second, Some(&first), &json!({}))).await;
    assert_eq!(done.action_description, "Updated the description of collection commons.c");
    let path = "/v1/orgs/self/ws/commons/collections/c";
    assert_eq!(local.get(path).await.data()["description"], "two");
    let again = applied(apply(&second, Some(&first), &json!({}))).await;
    assert_eq!(again, response::Applied::default());
    // What is configured no more stays.
    let third = task(&url, vec![plain("c")]);
    let done = applied(apply(&third, Some(&second), &json!({}))).await;
    assert_eq!(done, response::Applied::default());
    assert_eq!(local.get(path).await.data()["description"], "two");
}

#[tokio::test]
async fn a_transformation_follows_in_place_and_the_rest_is_said_again() {
    let sql = |sql: &str| json!({"field_mapping_query": {"sql": sql}});
    let server = Scripted::start(vec![Answer::ok(json!({"data": {
        "name": "c",
        "status": "READY",
        "description": "by hand",
        "field_mapping_query": {"sql": "SELECT *, 1 AS one FROM _input"},
    }}))])
    .await;
    let new = settings(plain("c"), sql("SELECT *, 2 AS two FROM _input"));
    let done = applied(apply(&task(&server.url, vec![new]), None, &json!({}))).await;
    assert_eq!(
        done.action_description,
        "Updated the ingest transformation of collection commons.c, for documents that come from \
         now on"
    );
    let seen = server.seen();
    let put = seen.iter().find(|seen| seen.head.starts_with("PUT ")).unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&put.body).unwrap(),
        json!({
            "description": "by hand",
            "field_mapping_query": {"sql": "SELECT *, 2 AS two FROM _input"},
        })
    );
}

#[tokio::test]
async fn what_a_collection_can_not_follow_is_said_once() {
    let local = Local::start();
    let url = local.server.url();
    let one = json!({
        "retention_secs": 3600,
        "event_time_info": {"field": "at"},
        "clustering_key": [{"field_name": "a"}],
    });
    let two = json!({"retention_secs": 7200, "event_time_info": {"field": "then"}});
    let first = task(&url, vec![settings(plain("c"), one)]);
    applied(apply(&first, None, &json!({}))).await;
    let changed = configured(settings(plain("c"), two), json!({"documentId": "key"}));
    let second = task(&url, vec![changed]);
    let done = applied(apply(&second, Some(&first), &json!({}))).await;
    crate::support::snapshot::assert_text("kept", &done.action_description);
    let state = updated(&json!({}), &done.state);

    let again = applied(apply(&second, Some(&first), &state)).await;
    assert_eq!(again, response::Applied::default());
    // Once the collection is as configured, there is nothing to remember.
    let third = backfilled(second.bindings[0].clone(), 1);
    let third = task(&url, vec![third]);
    let done = applied(apply(&third, Some(&second), &state)).await;
    assert_eq!(
        updated(&state, &done.state),
        json!({"version": 1, "backfills": {"commons.c": 1}, "reported": {}})
    );
}

#[tokio::test]
async fn a_collection_without_the_source_is_refused() {
    let local = Local::start();
    let url = local.server.url();
    applied(apply(&task(&url, vec![plain("c"), plain("d")]), None, &json!({}))).await;
    let source = json!({"initializeFromS3": {"integration": "i", "bucket": "b", "prefix": "p/"}});
    let bindings = vec![configured(plain("c"), source), plain("e")];
    let ended = fails(apply(&task(&url, bindings), None, &json!({}))).await;
    assert_eq!(
        ended.error(),
        "Apply: bindings[0]: collection commons.c exists and has no source that reads s3://b/p/ \
         through integration i; backfill the binding to create the collection anew, or leave \
         initializeFromS3 out"
    );
    // The other binding has not been cut off by it.
    assert_eq!(local.get("/v1/orgs/self/ws/commons/collections/e").await.status, 200);
}

#[tokio::test]
async fn a_state_of_a_newer_connector_is_refused() {
    let local = Local::start();
    let task = task(&local.server.url(), vec![plain("c")]);
    for (state, error) in [
        (
            json!({"version": 2, "more": {}}),
            "Apply: the state is of version 2, which a newer connector wrote; this one knows \
             version 1: use the newer image again",
        ),
        (
            json!({"version": 1, "backfills": "many"}),
            "Apply: the connector's state is damaged: invalid type: string \"many\", expected a map",
        ),
        (json!([1]), "Apply: the state is no object"),
    ] {
        assert_eq!(fails(apply(&task, None, &state)).await.error(), error);
    }
}
