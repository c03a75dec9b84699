//! API keys over HTTP: shown once, limited by roles, suspended, expired.

use crate::support::local::{Answer, Local, options};
use materialize_rockset::local::Options;
use reqwest::Method;
use serde_json::{Value, json};

pub const KEYS: &str = "/v1/orgs/self/users/self/apikeys";
const ORGANIZATION: &str = "/v1/orgs/self";

/// A server that accepts the key `any`, and those that are created.
pub fn closed() -> Local {
    Local::with(Options { api_key: Some("any".parse().unwrap()), ..options() })
}

/// Creates a key and returns its text.
pub async fn create(local: &Local, key: Value) -> String {
    let created = local.post(KEYS, key).await;
    created.data()["key"].as_str().unwrap().to_string()
}

/// Creates a role with these privileges, and a key that has it, both with this name.
pub async fn with_privileges(local: &Local, name: &str, privileges: Value) -> String {
    let role = json!({"role_name": name, "privileges": privileges});
    local.post("/v1/orgs/self/roles", role).await.data();
    create(local, json!({"name": name, "role": name})).await
}

/// What a key gets for a look at the organization.
async fn looks(local: &Local, key: &str) -> Answer {
    local.by(key, Method::GET, ORGANIZATION, json!({})).await
}

#[tokio::test]
async fn a_key_is_shown_once() {
    let local = closed();
    let created = local.post(KEYS, json!({"name": "app"})).await.data().clone();
    let key = created["key"].as_str().unwrap();
    assert_eq!(key.len(), 64);
    assert!(key.chars().all(|it| it.is_ascii_alphanumeric()), "{key}");
    assert_eq!(looks(&local, key).await.status, 200);

    let of_user = "/v1/orgs/self/users/local@localhost/apikeys";
    let (one, revealed) = (format!("{KEYS}/app"), format!("{KEYS}/app?reveal=true"));
    for path in [KEYS, of_user, &one, &revealed] {
        let answer = local.get(path).await;
        let data = answer.data();
        let shown = if data.is_array() { &data[0] } else { data };
        assert_eq!(shown["key"], key[..6], "{path}");
        assert_eq!(shown["state"], "ACTIVE");
        assert_eq!(shown["role"], Value::Null);
        assert_eq!(shown["created_by"], "local@localhost");
        assert!(shown["last_access_time"].is_string(), "{shown}");
    }
    let mut other = key.to_string();
    other.replace_range(63.., if key.ends_with('a') { "b" } else { "a" });
    for wrong in [&key[..63], &format!("{key}a"), &other, &key[..6], "local"] {
        looks(&local, wrong).await.refused(401, "AUTHEXCEPTION");
    }
    assert_ne!(create(&local, json!({"name": "second"})).await[..6], key[..6]);
}

#[tokio::test]
async fn a_key_that_is_suspended_or_deleted_or_has_expired_is_refused() {
    let local = closed();
    let key = create(&local, json!({"name": "app"})).await;
    let path = format!("{KEYS}/app");
    let change = async |body: Value| local.post(&path, body).await.data().clone();

    assert_eq!(change(json!({"state": "SUSPENDED"})).await["state"], "SUSPENDED");
    assert!(looks(&local, &key).await.refused(401, "AUTHEXCEPTION").contains("suspended"));
    assert_eq!(change(json!({"state": "ACTIVE"})).await["state"], "ACTIVE");
    assert_eq!(looks(&local, &key).await.status, 200);

    let changed = change(json!({"expiry_time": "2020-02-03T04:05:06+01:00"})).await;
    assert_eq!(changed["expiry_time"], "2020-02-03T03:05:06Z");
    assert!(looks(&local, &key).await.refused(401, "AUTHEXCEPTION").contains("expired"));
    assert_eq!(change(json!({"state": "ACTIVE"})).await["expiry_time"], "2020-02-03T03:05:06Z");
    change(json!({"expiry_time": "2120-02-03T04:05:06Z"})).await;
    assert_eq!(looks(&local, &key).await.status, 200);
    let cleared = change(json!({"clear_expiry_time": true})).await;
    assert_eq!(cleared["expiry_time"], Value::Null);

    let deleted = local.delete(&path).await;
    assert_eq!(deleted.data()["name"], "app");
    looks(&local, &key).await.refused(401, "AUTHEXCEPTION");
    for path in [&path, &format!("{path}?reveal=true")] {
        assert!(local.get(path).await.refused(404, "NOTFOUND").contains("\"app\""));
    }
    local.delete(&path).await.refused(404, "NOTFOUND");
    local.post(&path, json!({})).await.refused(404, "NOTFOUND");
}

#[tokio::test]
async fn what_is_wrong_with_a_key_is_told() {
    let local = Local::start();
    create(&local, json!({"name": "app"})).await;
    for (body, status, kind, told) in [
        (json!({"name": "app"}), 409, "ALREADYEXISTS", "\"app\""),
        (json!({}), 400, "INVALIDINPUT", "name"),
        (json!({"name": "a b"}), 400, "INVALIDINPUT", "name"),
        (json!({"name": "b", "role": "none"}), 404, "NOTFOUND", "Role \"none\" not found"),
        (json!({"name": "b", "created_by": "no@body"}), 404, "NOTFOUND", "\"no@body\""),
        (json!({"name": "b", "expiry_time": "soon"}), 400, "INVALIDINPUT", "expiry_time"),
    ] {
        let refused = local.post(KEYS, body).await;
        assert!(refused.refused(status, kind).contains(told), "{refused:?}");
    }
    local.post(&format!("{KEYS}/app"), json!({"state": "LOST"})).await.refused(400, "INVALIDINPUT");
    local.get("/v1/orgs/self/users/no@body/apikeys").await.refused(404, "NOTFOUND");
}

/// The key's role and the roles of its user both have to permit what is done.
#[tokio::test]
async fn a_key_may_do_what_its_role_and_its_user_may() {
    let local = closed();
    let user = |roles: Value| json!({"email": "u@example.com", "roles": roles});
    local.post("/v1/orgs/self/users", user(json!(["read-only"]))).await.data();
    let of = |name: &str, role: Value| json!({"name": name, "created_by": "u@example.com", "role": role});
    let plain = create(&local, of("plain", json!(null))).await;
    let admin = create(&local, of("admin", json!("admin"))).await;
    let makes = async |key: &str, workspace: &str| {
        let body = json!({ "name": workspace });
        local.by(key, Method::POST, "/v1/orgs/self/ws", body).await
    };
    for key in [&plain, &admin] {
        assert_eq!(looks(&local, key).await.status, 200);
        let refused = makes(key, "w").await;
        assert!(refused.refused(403, "FORBIDDEN").contains("CREATE_WS_GLOBAL"));
        let myself = local.by(key, Method::GET, "/v1/orgs/self/users/self", json!({})).await;
        assert_eq!(myself.body["email"], "u@example.com");
        let keys = local.by(key, Method::GET, KEYS, json!({})).await;
        assert_eq!(keys.data().as_array().unwrap().len(), 2);
    }
    // What a user gets or loses, their keys get or lose.
    let path = "/v1/orgs/self/users/u@example.com";
    local.post(path, json!({"roles": ["member"]})).await;
    makes(&plain, "w1").await.data();
    makes(&admin, "w2").await.data();
    local.post(path, json!({"roles": []})).await;
    looks(&local, &plain).await.refused(403, "FORBIDDEN");
    looks(&local, &admin).await.refused(403, "FORBIDDEN");
    local.delete(path).await.data();
    looks(&local, &plain).await.refused(401, "AUTHEXCEPTION");
}

#[cfg(feature = "engine")]
#[tokio::test]
async fn what_is_created_tells_by_whom() {
    let local = closed();
    let user = json!({"email": "u@example.com", "roles": ["admin"]});
    local.post("/v1/orgs/self/users", user).await.data();
    let key = create(&local, json!({"name": "laptop", "created_by": "u@example.com"})).await;
    const COMMONS: &str = "/v1/orgs/self/ws/commons";
    let role = json!({"aws_role": {"aws_role_arn": "arn:aws:iam::1:role/r"}});
    for (path, body, creator) in [
        ("/v1/orgs/self/ws", json!({"name": "w"}), "created_by"),
        ("/v1/orgs/self/integrations", json!({"name": "i", "s3": role}), "created_by"),
        ("/v1/orgs/self/virtualinstances", json!({"name": "v"}), "created_by"),
        (&format!("{COMMONS}/collections"), json!({"name": "c"}), "created_by"),
        (
            &format!("{COMMONS}/aliases"),
            json!({"name": "a", "collections": ["commons.c"]}),
            "creator_email",
        ),
        (
            &format!("{COMMONS}/views"),
            json!({"name": "view", "query": "SELECT 1 AS n"}),
            "creator_email",
        ),
        (
            &format!("{COMMONS}/lambdas"),
            json!({"name": "l", "sql": {"query": "SELECT 1"}}),
            "created_by",
        ),
    ] {
        let created = local.by(&key, Method::POST, path, body).await;
        assert_eq!(created.data()[creator], "u@example.com", "{path}: {created:?}");
        let has_key = created.data().get("created_by_apikey_name");
        assert!(has_key.is_none_or(|name| name == "laptop"), "{path}: {created:?}");
    }
    let alias = local.get(&format!("{COMMONS}/aliases/a")).await;
    assert_eq!(alias.data()["creator_email"], "u@example.com");
    let lambda = local.get(&format!("{COMMONS}/lambdas")).await;
    assert_eq!(lambda.data()[0]["last_updated_by"], "u@example.com");
}

#[tokio::test]
async fn a_key_makes_no_key_that_may_do_more() {
    let local = closed();
    let own = json!([{"action": "CREATE_API_KEY_GLOBAL"}, {"action": "GET_CURRENT_USER_GLOBAL"}]);
    let maker = with_privileges(&local, "maker", own).await;
    let make = async |key: Value| local.by(&maker, Method::POST, KEYS, key).await;
    for role in [json!(null), json!("admin"), json!("read-only")] {
        let refused = make(json!({"name": "more", "role": role})).await;
        assert!(refused.refused(403, "FORBIDDEN").contains("GRANT_REVOKE_ROLE_GLOBAL"));
    }
    let made = make(json!({"name": "same", "role": "maker"})).await;
    assert_eq!(made.data()["created_by_apikey_name"], "maker");

    // The keys of others take one privilege more.
    let user = json!({"email": "u@example.com", "roles": ["admin"]});
    local.post("/v1/orgs/self/users", user).await.data();
    create(&local, json!({"name": "theirs", "created_by": "u@example.com"})).await;
    let theirs = json!({"name": "b", "role": "maker", "created_by": "u@example.com"});
    make(theirs).await.refused(403, "FORBIDDEN");
    let path = "/v1/orgs/self/users/u@example.com/apikeys/theirs";
    for method in [Method::GET, Method::POST, Method::DELETE] {
        local.by(&maker, method, path, json!({})).await.refused(403, "FORBIDDEN");
    }
    let listed = "/v1/orgs/self/users/u@example.com/apikeys";
    local.by(&maker, Method::GET, listed, json!({})).await.refused(403, "FORBIDDEN");
    local.by(&maker, Method::DELETE, &format!("{KEYS}/same"), json!({})).await.data();
}

/// Any key will do, but for one that was created: what its role permits can be tried out.
#[tokio::test]
async fn without_a_key_of_the_start_only_created_keys_are_limited() {
    let local = Local::start();
    let key = create(&local, json!({"name": "app", "role": "read-only"})).await;
    let makes = async |key: &str, name: &str| {
        local.by(key, Method::POST, "/v1/orgs/self/ws", json!({ "name": name })).await
    };
    makes(&key, "w").await.refused(403, "FORBIDDEN");
    makes("whatever", "w").await.data();
    local.post(&format!("{KEYS}/app"), json!({"state": "SUSPENDED"})).await.data();
    makes(&key, "v").await.refused(401, "AUTHEXCEPTION");
}
