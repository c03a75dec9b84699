//! Privileges over HTTP: each operation needs its own, on the resource that it names.

use crate::api_keys::{closed, with_privileges};
#[cfg(feature = "engine")]
use crate::support::local::Answer;
use crate::support::local::Local;
use materialize_rockset::rockset::enums::PrivilegeAction;
use materialize_rockset::rockset::operations::OPERATIONS;
use reqwest::Method;
use serde_json::{Value, json};

const WS: &str = "/v1/orgs/self/ws";

/// All actions but one, and but those that stand for it.
fn all_but(action: &str) -> Value {
    let group = match action {
        _ if action.ends_with("_WS") => "ALL_WORKSPACE_ACTIONS",
        _ if action.ends_with("_VI") => "ALL_VI_ACTIONS",
        _ => "ALL_GLOBAL_ACTIONS",
    };
    let on_all = |it: &str| it == "UPDATE_VI_GLOBAL" || it == "ALL_GLOBAL_ACTIONS";
    let stands = |it: &str| it == action || it == group || (action == "UPDATE_VI" && on_all(it));
    let others = PrivilegeAction::KNOWN.iter().filter(|it| !stands(it));
    others.map(|it| json!({ "action": it })).collect()
}

#[tokio::test]
async fn each_operation_needs_its_privilege_and_no_other() {
    let local = closed();
    local.post(WS, json!({"name": "workspace"})).await.data();
    let key = with_privileges(&local, "r", json!([])).await;
    let grant = async |privileges: Value| {
        let role = json!({ "privileges": privileges });
        local.post("/v1/orgs/self/roles/r", role).await.data();
    };
    let mut checked = 0;
    for operation in OPERATIONS {
        let [action] = operation.privileges else {
            let open = ["executePublicQueryLambdaWithParams", "receiveKafkaMessages"];
            assert!(open.contains(&operation.operation_id), "{operation:?}");
            continue;
        };
        // The keys of other users need one privilege more.
        let user = if operation.tag == "API Keys" { "self" } else { "user" };
        let path = operation.path.replace("{user}", user).replace(['{', '}'], "");
        let send = async || {
            let method: Method = operation.method.parse().unwrap();
            local.by(&key, method, &path, json!({})).await
        };
        grant(all_but(action.as_str())).await;
        let refused = send().await;
        let told = refused.refused(403, "FORBIDDEN").to_string();
        assert!(told.contains(action.as_str()), "{}: {told}", operation.operation_id);
        grant(json!([{ "action": action.as_str() }])).await;
        let answer = send().await;
        assert_ne!(answer.status, 403, "{}: {answer:?}", operation.operation_id);
        assert_ne!(answer.status, 401, "{}: {answer:?}", operation.operation_id);
        checked += 1;
    }
    assert_eq!(checked, OPERATIONS.len() - 2);
}

/// Two workspaces with a collection `c` each.
async fn two_workspaces() -> Local {
    let local = closed();
    for name in ["ours", "theirs"] {
        local.post(WS, json!({ "name": name })).await.data();
        let path = format!("{WS}/{name}/collections");
        local.post(&path, json!({"name": "c"})).await.data();
        let data = json!({"data": [{"_id": name}]});
        local.post(&format!("{path}/c/docs"), data).await.data();
    }
    local
}

/// Privileges on the workspace `ours`.
fn on_ours(actions: &[&str]) -> Value {
    actions.iter().map(|it| json!({"action": it, "resource_name": "ours"})).collect()
}

#[tokio::test]
async fn a_privilege_is_one_on_the_workspace_that_it_names() {
    let local = two_workspaces().await;
    let key = with_privileges(&local, "r", on_ours(&["ALL_WORKSPACE_ACTIONS"])).await;
    let send = async |method: Method, path: &str, body: Value| {
        local.by(&key, method, &format!("{WS}/{path}"), body).await
    };
    let docs = json!({"data": [{"_id": "1"}]});
    let requests = |workspace: &str| {
        [
            (Method::GET, workspace.to_string(), json!({})),
            (Method::GET, format!("{workspace}/collections"), json!({})),
            (Method::POST, format!("{workspace}/collections/c/docs"), docs.clone()),
            (Method::PUT, format!("{workspace}/collections/c"), json!({"description": "x"})),
            (Method::DELETE, format!("{workspace}/collections/c"), json!({})),
        ]
    };
    for (method, path, body) in requests("ours") {
        send(method, &path, body).await.data();
    }
    for (method, path, body) in requests("theirs") {
        let refused = send(method, &path, body).await;
        let told = refused.refused(403, "FORBIDDEN");
        assert!(told.ends_with("on workspace \"theirs\""), "{told}");
    }
    let made = local.by(&key, Method::POST, WS, json!({"name": "new"})).await;
    assert!(made.refused(403, "FORBIDDEN").contains("CREATE_WS_GLOBAL"));

    let elsewhere = json!([{"action": "ALL_WORKSPACE_ACTIONS", "cluster": "usw2a1"}]);
    let key = with_privileges(&local, "elsewhere", elsewhere).await;
    let looked = local.by(&key, Method::GET, &format!("{WS}/ours"), json!({})).await;
    looked.refused(403, "FORBIDDEN");
    let here = json!([{"action": "LIST_RESOURCES_WS", "cluster": "local"}]);
    let key = with_privileges(&local, "here", here).await;
    local.by(&key, Method::GET, &format!("{WS}/theirs"), json!({})).await.data();
}

#[tokio::test]
async fn lists_have_what_the_key_may_see() {
    let local = two_workspaces().await;
    for name in ["ours", "theirs"] {
        let alias = json!({"name": "a", "collections": [format!("{name}.c")]});
        local.post(&format!("{WS}/{name}/aliases"), alias).await.data();
    }
    let key = with_privileges(&local, "r", on_ours(&["LIST_RESOURCES_WS"])).await;
    let get = async |path: &str| local.by(&key, Method::GET, path, json!({})).await;
    for list in ["collections", "aliases"] {
        let found = get(&format!("/v1/orgs/self/{list}")).await;
        let found: Vec<_> = found.data().as_array().unwrap().iter().collect();
        assert_eq!(found.iter().map(|it| &it["workspace"]).collect::<Vec<_>>(), ["ours"], "{list}");
    }
    let overview = get("/local").await.body;
    assert_eq!(overview["workspaces"].as_array().unwrap().len(), 1, "{overview}");
    assert_eq!(overview["workspaces"][0]["name"], "ours");
    get("/local/ws/ours/collections/c/docs").await.refused(403, "FORBIDDEN");
    assert_ne!(get("/local/functions").await.status, 403);
}

#[tokio::test]
async fn what_a_key_may_do_is_told_before_it_is_tried() {
    let local = two_workspaces().await;
    let privileges = json!([
        {"action": "ALL_WORKSPACE_ACTIONS", "resource_name": "ours"},
        {"action": "LIST_RESOURCES_WS"},
        {"action": "UPDATE_VI", "resource_name": "rrn:vi:local:one"},
        {"action": "CREATE_ALIAS_WS", "resource_name": "theirs", "cluster": "usw2a1"},
    ]);
    let key = with_privileges(&local, "r", privileges).await;
    let told = async |key: &str| {
        let answer = local.by(key, Method::GET, "/local/permissions", json!({})).await;
        answer.data().as_array().unwrap().clone()
    };
    let permissions = told(&key).await;
    assert_eq!(permissions.len(), OPERATIONS.len() - 2);
    let of = |operation: &str| {
        permissions.iter().find(|it| it["operation"] == operation).unwrap().clone()
    };
    let on_ours = json!({
        "operation": "createAlias",
        "kind": "write",
        "permitted_on": ["ours"],
        "refusal": "The role of this API key lacks the privilege CREATE_ALIAS_WS",
    });
    assert_eq!(of("createAlias"), on_ours);
    let on_all = json!({"operation": "listAliases", "kind": "read", "permitted_on": ["*ALL*"]});
    assert_eq!(of("listAliases"), on_all);
    assert_eq!(of("mountCollection")["permitted_on"], json!(["one"]));
    assert_eq!(of("createWorkspace")["permitted_on"], json!([]));

    assert!(told("any").await.iter().all(|it| it["permitted_on"] == json!(["*ALL*"])));
}

#[tokio::test]
async fn a_source_needs_a_privilege_on_its_integration() {
    let local = closed();
    for name in ["ours", "theirs"] {
        let body = json!({"name": name, "kafka": {"kafka_topic_names": ["t"]}});
        local.post("/v1/orgs/self/integrations", body).await.data();
    }
    let privileges = json!([
        {"action": "CREATE_COLLECTION_INTEGRATION", "resource_name": "ours"},
        {"action": "CREATE_COLLECTION_WS"},
        {"action": "UPDATE_COLLECTION_WS"},
    ]);
    let key = with_privileges(&local, "r", privileges).await;
    let source = |name: &str| json!({"integration_name": name, "kafka": {"kafka_topic_name": "t"}});
    let collections = format!("{WS}/commons/collections");
    let create = async |path: &str, body: Value| local.by(&key, Method::POST, path, body).await;
    let refused = create(&collections, json!({"name": "c", "sources": [source("theirs")]})).await;
    let told = refused.refused(403, "FORBIDDEN");
    assert!(told.ends_with("CREATE_COLLECTION_INTEGRATION on integration \"theirs\""), "{told}");
    create(&collections, json!({"name": "c", "sources": [source("ours")]})).await.data();
    let sources = format!("{collections}/c/sources");
    create(&sources, source("theirs")).await.refused(403, "FORBIDDEN");
}

#[tokio::test]
async fn a_virtual_instance_is_named_by_any_of_its_names() {
    let local = closed();
    let body = json!({"name": "second", "type": "SMALL"});
    let made = local.post("/v1/orgs/self/virtualinstances", body).await.data().clone();
    let (id, rrn) = (made["id"].as_str().unwrap(), made["rrn"].as_str().unwrap());
    for (i, name) in [id, rrn].into_iter().enumerate() {
        let privilege = json!([{"action": "UPDATE_VI", "resource_name": name}]);
        let key = with_privileges(&local, &format!("r{i}"), privilege).await;
        for path in [id, rrn] {
            let path = format!("/v1/orgs/self/virtualinstances/{path}");
            local.by(&key, Method::POST, &path, json!({"description": "x"})).await.data();
        }
        let main = "/v1/orgs/self/virtualinstances/main";
        local.by(&key, Method::POST, main, json!({})).await.refused(403, "FORBIDDEN");
    }
    let key = with_privileges(&local, "all", json!([{"action": "UPDATE_VI_GLOBAL"}])).await;
    let path = format!("/v1/orgs/self/virtualinstances/{id}");
    local.by(&key, Method::POST, &path, json!({})).await.data();
}

/// A key that may query one of two workspaces, with what else is given.
#[cfg(feature = "engine")]
async fn asker(local: &Local, more: &[&str]) -> String {
    let mut privileges = on_ours(&[&["QUERY_DATA_WS"], more].concat());
    privileges.as_array_mut().unwrap().push(json!({"action": "QUERY_VI"}));
    with_privileges(local, "asker", privileges).await
}

#[cfg(feature = "engine")]
async fn ask(local: &Local, key: &str, sql: &str) -> Answer {
    let body = json!({"sql": {"query": sql}});
    local.by(key, Method::POST, "/v1/orgs/self/queries", body).await
}

#[cfg(feature = "engine")]
#[tokio::test]
async fn a_query_needs_a_privilege_on_what_it_names() {
    let local = two_workspaces().await;
    let key = asker(&local, &[]).await;
    for sql in
        ["SELECT 1", "SELECT _id FROM ours.c", "DESCRIBE ours.c", "EXPLAIN SELECT * FROM ours.c"]
    {
        assert_eq!(ask(&local, &key, sql).await.status, 200, "{sql}");
    }
    for sql in [
        "SELECT 1 FROM theirs.c",
        "DESCRIBE theirs.c",
        "EXPLAIN SELECT * FROM theirs.c",
        "SELECT (SELECT COUNT(*) FROM theirs.c) FROM ours.c",
        "WITH t AS (SELECT * FROM theirs.c) SELECT * FROM t",
        "SELECT * FROM commons._events",
    ] {
        let refused = ask(&local, &key, sql).await;
        assert!(refused.refused(403, "FORBIDDEN").contains("QUERY_DATA_WS"), "{sql}: {refused:?}");
        let body = json!({"sql": {"query": sql}});
        let validations = "/v1/orgs/self/queries/validations";
        local.by(&key, Method::POST, validations, body).await.refused(403, "FORBIDDEN");
    }
    // What a view reads is open to those who may query the view.
    let view = json!({"name": "v", "query": "SELECT _id FROM theirs.c"});
    local.post(&format!("{WS}/ours/views"), view).await.data();
    let found = ask(&local, &key, "SELECT * FROM ours.v").await;
    assert_eq!(found.body["results"], json!([{"_id": "theirs"}]), "{found:?}");
}

#[cfg(feature = "engine")]
#[tokio::test]
async fn a_query_needs_privileges_for_what_it_writes_and_where_it_runs() {
    let local = two_workspaces().await;
    let alias = json!({"name": "a", "collections": ["theirs.c"]});
    local.post(&format!("{WS}/ours/aliases"), alias).await.data();
    let key = asker(&local, &["WRITE_DATA_WS"]).await;
    let insert = |into: &str| format!("INSERT INTO {into} SELECT 'x' AS _id");
    assert_eq!(ask(&local, &key, &insert("ours.c")).await.status, 200);
    for into in ["theirs.c", "ours.a"] {
        let refused = ask(&local, &key, &insert(into)).await;
        let told = refused.refused(403, "FORBIDDEN");
        assert!(told.contains("WRITE_DATA_WS on workspace \"theirs\""), "{told}");
    }
    let export = ask(&local, &key, "INSERT INTO 's3://b/p' SELECT 1 AS a").await;
    assert!(!export.status.is_success(), "{export:?}");

    let only =
        json!([{"action": "QUERY_DATA_WS"}, {"action": "QUERY_VI", "resource_name": "other"}]);
    let key = with_privileges(&local, "other", only).await;
    let refused = ask(&local, &key, "SELECT 1").await;
    assert!(refused.refused(403, "FORBIDDEN").contains("QUERY_VI"), "{refused:?}");
}

/// Who makes a name for something must be able to query that.
#[cfg(feature = "engine")]
#[tokio::test]
async fn nobody_makes_a_way_around_a_privilege() {
    let local = two_workspaces().await;
    let may = ["CREATE_ALIAS_WS", "CREATE_VIEW_WS", "CREATE_QUERY_LAMBDA_WS"];
    let key = asker(&local, &may).await;
    let send = async |path: &str, body: Value| {
        local.by(&key, Method::POST, &format!("{WS}/ours/{path}"), body).await
    };
    let lambda = |sql: &str| json!({"name": "l", "sql": {"query": sql}});
    let bodies = |path: &str| {
        [
            ("aliases", json!({"name": "a", "collections": [path]})),
            ("views", json!({"name": "v", "query": format!("SELECT * FROM {path}")})),
            ("lambdas", lambda(&format!("SELECT * FROM {path}"))),
        ]
    };
    for (path, body) in bodies("theirs.c") {
        let refused = send(path, body).await;
        let told = refused.refused(403, "FORBIDDEN");
        assert!(told.contains("QUERY_DATA_WS on workspace \"theirs\""), "{path}: {told}");
    }
    // A lambda that can't be planned yet may read anything later.
    send("lambdas", lambda("SELECT * FROM theirs.later")).await.refused(400, "QUERY_ERROR");
    for (path, body) in bodies("ours.c") {
        send(path, body).await.data();
    }
    let changes = [
        ("aliases/a", json!({"collections": ["theirs.c"]})),
        ("views/v", json!({"query": "SELECT * FROM theirs.c"})),
        ("lambdas/l/versions", json!({"sql": {"query": "SELECT * FROM theirs.c"}})),
    ];
    for (path, body) in changes {
        send(path, body).await.refused(403, "FORBIDDEN");
    }
}

#[cfg(feature = "engine")]
#[tokio::test]
async fn a_lambda_may_be_executed_without_a_privilege_on_what_it_reads() {
    let local = two_workspaces().await;
    let sql = json!({"query": "SELECT _id FROM theirs.c"});
    local.post(&format!("{WS}/ours/lambdas"), json!({"name": "l", "sql": sql})).await.data();
    let sql = json!({"query": "INSERT INTO theirs.c SELECT 'x' AS _id"});
    local.post(&format!("{WS}/ours/lambdas"), json!({"name": "w", "sql": sql})).await.data();
    let mut privileges = on_ours(&["EXECUTE_QUERY_LAMBDA_WS"]);
    privileges.as_array_mut().unwrap().push(json!({"action": "QUERY_VI"}));
    let key = with_privileges(&local, "r", privileges).await;
    let execute = async |name: &str| {
        let path = format!("{WS}/ours/lambdas/{name}/tags/latest");
        local.by(&key, Method::POST, &path, json!({})).await
    };
    assert_eq!(execute("l").await.body["results"], json!([{"_id": "theirs"}]));
    assert!(execute("w").await.refused(403, "FORBIDDEN").contains("WRITE_DATA_WS"));
    ask(&local, &key, "SELECT * FROM ours.c").await.refused(403, "FORBIDDEN");

    let without = json!([{"action": "EXECUTE_QUERY_LAMBDA_WS"}]);
    let key = with_privileges(&local, "without", without).await;
    let path = format!("{WS}/ours/lambdas/l/tags/latest");
    let refused = local.by(&key, Method::POST, &path, json!({})).await;
    assert!(refused.refused(403, "FORBIDDEN").contains("QUERY_VI"));
}

#[cfg(feature = "engine")]
#[tokio::test]
async fn queries_of_others_are_hidden_unless_all_is_open() {
    let local = two_workspaces().await;
    let key = asker(&local, &[]).await;
    let queries = "/v1/orgs/self/queries";
    let later = |sql: &str| json!({"sql": {"query": sql}, "async": true, "async_options": {"client_timeout_ms": 10_000}});
    let of = |answer: Answer| answer.body["query_id"].as_str().unwrap().to_string();
    let theirs = of(local.post(queries, later("SELECT * FROM theirs.c")).await);
    let ours = of(local.by(&key, Method::POST, queries, later("SELECT * FROM ours.c")).await);
    for path in [format!("{queries}/{theirs}"), format!("{queries}/{theirs}/pages")] {
        local.by(&key, Method::GET, &path, json!({})).await.refused(404, "NOTFOUND");
        assert_eq!(local.get(&path).await.status, 200);
        let own = path.replace(&theirs, &ours);
        assert_eq!(local.by(&key, Method::GET, &own, json!({})).await.status, 200);
    }
    let path = format!("{queries}/{theirs}");
    local.by(&key, Method::DELETE, &path, json!({})).await.refused(404, "NOTFOUND");
    let mine = local.by(&key, Method::GET, &format!("{queries}/{ours}/pages"), json!({})).await;
    assert_eq!(mine.body["results"][0]["_id"], "ours", "{mine:?}");
    let listed = "/v1/orgs/self/virtualinstances/main/queries";
    let count = |answer: Answer| answer.data().as_array().unwrap().len();
    assert_eq!(count(local.by(&key, Method::GET, listed, json!({})).await), 1);
    assert_eq!(count(local.get(listed).await), 2);
    assert_eq!(local.get(&format!("{queries}/{ours}/pages")).await.status, 200);
}
