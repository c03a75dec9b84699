//! Users over HTTP.

use crate::support::local::Local;
use reqwest::Method;
use serde_json::{Value, json};

const USERS: &str = "/v1/orgs/self/users";
const MYSELF: &str = "/v1/orgs/self/users/self";

#[tokio::test]
async fn a_user_is_created_changed_and_deleted() {
    let local = Local::start();
    let created = local.post(USERS, json!({"email": "u@example.com", "roles": ["member"]})).await;
    let user = created.data();
    assert_eq!((&user["state"], &user["roles"]), (&json!("NEW"), &json!(["member"])));
    for path in ["/v1/orgs/self/users/u@example.com", "/v1/orgs/self/users/u%40example.com"] {
        assert_eq!(local.get(path).await.body, *user);
    }
    let path = format!("{USERS}/u@example.com");
    let named = local.post(&path, json!({"first_name": "Una"})).await.body;
    assert_eq!((&named["first_name"], &named["roles"]), (&json!("Una"), &json!(["member"])));
    let changed = local.post(&path, json!({"roles": ["read-only", "member"]})).await.body;
    assert_eq!(changed["first_name"], "Una");
    assert_eq!(changed["roles"], json!(["read-only", "member"]));
    let listed = local.get(USERS).await;
    let emails: Vec<_> = listed.data().as_array().unwrap().iter().map(|it| &it["email"]).collect();
    assert_eq!(emails, ["local@localhost", "u@example.com"]);

    let deleted = local.delete(&path).await;
    assert_eq!(deleted.data()["email"], "u@example.com");
    assert_eq!(deleted.data()["state"], Value::Null);
    for method in [Method::GET, Method::POST, Method::DELETE] {
        local.send(method, &path, json!({})).await.refused(404, "NOTFOUND");
    }
}

#[tokio::test]
async fn the_first_user_is_the_sender_and_stays() {
    let local = Local::start();
    let myself = local.get(MYSELF).await.body;
    assert_eq!((&myself["email"], &myself["state"]), (&json!("local@localhost"), &json!("ACTIVE")));
    assert_eq!(myself["roles"], json!(["admin"]));
    assert_eq!(local.get(&format!("{USERS}/local@localhost")).await.body, myself);
    for path in [MYSELF.to_string(), format!("{USERS}/local@localhost")] {
        local.delete(&path).await.refused(403, "FORBIDDEN");
        local.post(&path, json!({"roles": ["member"]})).await.refused(403, "FORBIDDEN");
        let body = json!({"last_name": "Host", "roles": ["admin"]});
        assert_eq!(local.post(&path, body).await.body["last_name"], "Host");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_user_is_told() {
    let local = Local::start();
    local.post(USERS, json!({"email": "u@example.com", "roles": []})).await.data();
    for email in ["", "u", "@example.com", "u@", "u@a@b", "u @example.com", "a/b@c"] {
        let refused = local.post(USERS, json!({"email": email, "roles": []})).await;
        assert!(refused.refused(400, "INVALIDINPUT").contains("email"), "{email}");
    }
    let again = local.post(USERS, json!({"email": "u@example.com", "roles": []})).await;
    again.refused(409, "ALREADYEXISTS");
    let unknown = local.post(USERS, json!({"email": "v@example.com", "roles": ["none"]})).await;
    assert_eq!(unknown.refused(404, "NOTFOUND"), "Role \"none\" not found");
    let unknown = local.post(&format!("{USERS}/u@example.com"), json!({"roles": ["none"]})).await;
    assert_eq!(unknown.body["message_key"], "ROLE_NOT_FOUND_NAME");
    local.post(USERS, json!({"email": "v@example.com"})).await.refused(400, "INVALIDINPUT");
    assert_eq!(local.get(USERS).await.data().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_a_user_is_not_told_is_kept() {
    let local = Local::start();
    let path = format!("{MYSELF}/preferences");
    assert_eq!(*local.get(&path).await.data(), json!([]));
    let declined = json!([{"notificationType": "CREATE_API_KEY"}]);
    let answer = local.post(&path, json!({ "data": declined })).await;
    assert_eq!(*answer.data(), declined);
    assert_eq!(*local.get(&path).await.data(), declined);
    local.post(&path, json!({})).await.data();
    assert_eq!(*local.get(&path).await.data(), json!([]));
}
