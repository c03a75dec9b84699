//! Roles over HTTP.

use crate::api_keys::{closed, create, with_privileges};
use crate::support::local::Local;
use reqwest::Method;
use serde_json::{Value, json};

const ROLES: &str = "/v1/orgs/self/roles";

#[tokio::test]
async fn a_role_is_created_changed_and_deleted() {
    let local = Local::start();
    let privileges = json!([
        {"action": "LIST_ROLES_GLOBAL"},
        {"action": "CREATE_COLLECTION_INTEGRATION", "resource_name": "test"},
        {"action": "QUERY_DATA_WS", "resource_name": "commons"},
        {"action": "QUERY_VI", "cluster": "usw2a1"},
    ]);
    let shown = json!([
        {"action": "LIST_ROLES_GLOBAL", "resource_name": null, "cluster": null},
        {"action": "CREATE_COLLECTION_INTEGRATION", "resource_name": "test", "cluster": null},
        {"action": "QUERY_DATA_WS", "resource_name": "commons", "cluster": "*ALL*"},
        {"action": "QUERY_VI", "resource_name": "*ALL*", "cluster": "usw2a1"},
    ]);
    let body = json!({"role_name": "r", "description": "mine", "privileges": privileges});
    let created = local.post(ROLES, body).await;
    let role = created.data();
    assert_eq!((&role["privileges"], &role["owner_email"]), (&shown, &json!("local@localhost")));
    assert_eq!(local.get(&format!("{ROLES}/r")).await.data(), role);
    assert_eq!(*local.get(ROLES).await.data(), json!([role]));

    let path = format!("{ROLES}/r");
    let described = local.post(&path, json!({"description": "ours"})).await;
    assert_eq!(described.data()["privileges"], shown);
    let emptied = local.post(&path, json!({"privileges": []})).await;
    assert_eq!(emptied.data()["privileges"], json!([]));
    assert_eq!(emptied.data()["description"], "ours");
    assert_eq!(local.delete(&path).await.data()["role_name"], "r");
    for method in [Method::GET, Method::POST, Method::DELETE] {
        let missing = local.send(method, &path, json!({})).await;
        assert_eq!(missing.refused(404, "NOTFOUND"), "Role \"r\" not found");
        assert_eq!(missing.body["message_key"], "ROLE_NOT_FOUND_NAME");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_role_is_told() {
    let local = Local::start();
    for (privilege, told) in [
        (json!({}), "privileges[0].action"),
        (json!({"action": "FLY"}), "privileges[0].action"),
        (
            json!({"action": "GET_ORG_GLOBAL", "resource_name": "x"}),
            "privileges[0].resource_name: GET_ORG_GLOBAL has none",
        ),
        (
            json!({"action": "CREATE_COLLECTION_INTEGRATION", "cluster": "local"}),
            "privileges[0].cluster: CREATE_COLLECTION_INTEGRATION has none",
        ),
    ] {
        let refused = local.post(ROLES, json!({"role_name": "r", "privileges": [privilege]})).await;
        assert!(refused.refused(400, "INVALIDINPUT").contains(told), "{refused:?}");
    }
    local.post(ROLES, json!({})).await.refused(400, "INVALIDINPUT");
    local.post(ROLES, json!({"role_name": "a b"})).await.refused(400, "INVALIDINPUT");
    for name in ["admin", "member", "read-only"] {
        local.post(ROLES, json!({ "role_name": name })).await.refused(409, "ALREADYEXISTS");
        local.delete(&format!("{ROLES}/{name}")).await.refused(404, "NOTFOUND");
    }
    assert_eq!(*local.get(ROLES).await.data(), json!([]));
}

#[tokio::test]
async fn a_role_that_somebody_has_is_not_deleted() {
    let local = Local::start();
    for name in ["r", "s"] {
        local.post(ROLES, json!({ "role_name": name })).await.data();
    }
    let user = json!({"email": "u@example.com", "roles": ["r"]});
    local.post("/v1/orgs/self/users", user).await.data();
    create(&local, json!({"name": "k", "role": "s"})).await;
    for (role, holder) in [("r", "user \"u@example.com\""), ("s", "API key \"k\"")] {
        let refused = local.delete(&format!("{ROLES}/{role}")).await;
        assert!(refused.refused(409, "DEPENDENTRESOURCES").contains(holder), "{refused:?}");
    }
    local.delete("/v1/orgs/self/users/u@example.com").await.data();
    local.delete("/v1/orgs/self/users/self/apikeys/k").await.data();
    for name in ["r", "s"] {
        local.delete(&format!("{ROLES}/{name}")).await.data();
    }
}

#[tokio::test]
async fn a_change_of_a_role_counts_at_once() {
    let local = closed();
    let key = with_privileges(&local, "r", json!([])).await;
    let looks = async || local.by(&key, Method::GET, "/v1/orgs/self", json!({})).await;
    let refused = looks().await;
    assert!(refused.refused(403, "FORBIDDEN").contains("GET_ORG_GLOBAL"), "{refused:?}");
    let grant = |privileges: Value| json!({ "privileges": privileges });
    for action in ["GET_ORG_GLOBAL", "ALL_GLOBAL_ACTIONS"] {
        local.post(&format!("{ROLES}/r"), grant(json!([{ "action": action }]))).await.data();
        assert_eq!(looks().await.status, 200);
    }
    local.post(&format!("{ROLES}/r"), grant(json!([]))).await.data();
    looks().await.refused(403, "FORBIDDEN");
}
