//! Query lambdas on a schedule, over HTTP, with a server that receives the webhooks.

use crate::api_keys::with_privileges;
use crate::queries::{ENDLESS, QUERIES, numbers};
use crate::support::local::{C, Local, options};
use crate::support::scripted::{Answer, Scripted};
use materialize_rockset::local::{Data, Options};
use materialize_rockset::rockset::Secret;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;

const LAMBDAS: &str = "/v1/orgs/self/ws/commons/lambdas";
const SCHEDULES: &str = "/v1/orgs/self/ws/commons/scheduled_lambdas";
const ALL: &str = "/v1/orgs/self/lambdas/scheduled_lambdas";

/// Each second, as Quartz writes it.
const EACH_SECOND: &str = "* * * ? * *";

/// A server with the lambda `l`.
async fn with_lambda(options: Options, sql: &str) -> Local {
    let local = Local::with(options);
    save(&local, sql).await;
    local
}

async fn save(local: &Local, sql: &str) -> Value {
    let lambda = json!({"sql": {"query": sql}});
    local.post(&format!("{LAMBDAS}/l/versions?create=true"), lambda).await.data().clone()
}

/// The request for a schedule of `l`, with further properties.
fn of_l(cron: &str, more: Value) -> Value {
    let mut request =
        json!({"apikey": "any", "cron_string": cron, "ql_name": "l", "tag": "latest"});
    for (name, value) in more.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

/// Creates a schedule, and returns its path.
async fn create(local: &Local, request: Value) -> String {
    let created = local.post(SCHEDULES, request).await;
    format!("{SCHEDULES}/{}", created.data()["rrn"].as_str().unwrap())
}

/// The schedule, once it is as expected.
async fn once(local: &Local, path: &str, expected: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..1000 {
        let shown = local.get(path).await.data().clone();
        if expected(&shown) {
            return shown;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?}", local.get(path).await);
}

#[tokio::test]
async fn a_schedule_is_shown_changed_and_deleted() {
    let local = with_lambda(options(), "SELECT 1 AS n").await;
    let version = save(&local, "SELECT 2 AS n").await["version"].clone();
    let quartz = json!({
        "apikey": "secret-1", "cron_string": "0 0 0 ? * * *", "ql_name": "l", "version": version,
        "total_times_to_execute": 1, "webhook_url": "http://127.0.0.1:9",
        "webhook_auth_header": "Bearer secret-2", "webhook_payload": "{\"a\": 1}",
    });
    let created = local.post(SCHEDULES, quartz).await;
    let shown = created.data().clone();
    let rrn = shown["rrn"].as_str().unwrap();
    let id = rrn.strip_prefix("rrn:sl:local:").unwrap();
    let midnight = (chrono::Utc::now().date_naive() + chrono::Days::new(1)).to_string();
    let expected = json!({
        "cron_string": "0 0 0 ? * * *", "execution_count": 0, "last_completion_date": null,
        "last_query_id": null, "next_execution_date": format!("{midnight}T00:00:00Z"),
        "ql_name": "l", "query_execution_status": null, "resume_permanent_error": false,
        "rrn": rrn, "tag": null, "total_times_to_execute": 1, "version": version,
        "webhook_execution_status": null, "webhook_payload": "{\"a\": 1}",
        "webhook_url": "http://127.0.0.1:9", "workspace": "commons",
    });
    assert_eq!(shown, expected);
    let unix = create(&local, of_l("*/5 * * * *", json!({}))).await;
    assert_eq!(local.get(&unix).await.data()["tag"], "latest");
    for path in [format!("{SCHEDULES}/{id}"), format!("{SCHEDULES}/{rrn}")] {
        assert_eq!(local.get(&path).await.data(), &expected);
    }
    let listed = local.get(ALL).await;
    assert_eq!(listed.data().as_array().unwrap().len(), 2);
    assert!(!listed.body.to_string().contains("secret"), "{listed:?}");

    let path = format!("{SCHEDULES}/{id}");
    let change = json!({"total_times_to_execute": 2, "webhook_payload": ""});
    let changed = local.post(&path, change).await;
    assert_eq!(changed.data()["total_times_to_execute"], 2);
    assert_eq!(changed.data()["webhook_payload"], Value::Null);
    assert_eq!(changed.data()["webhook_url"], "http://127.0.0.1:9");

    assert_eq!(local.delete(&path).await.data(), changed.data());
    local.get(&path).await.refused(404, "NOTFOUND");
    local.delete(&path).await.refused(404, "NOTFOUND");
    local.post(&path, json!({})).await.refused(404, "NOTFOUND");
    local.get("/v1/orgs/self/ws/none/scheduled_lambdas/x").await.refused(404, "NOTFOUND");
    assert_eq!(local.get(ALL).await.data().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_wrong_schedule_is_told() {
    let local = with_lambda(options(), "SELECT 1").await;
    for (wrong, said) in [
        (json!({"cron_string": "* * * *"}), "cron_string"),
        (json!({"cron_string": "0 0 0 1 1 ? 2020"}), "never comes"),
        (json!({"version": "0123456789abcdef"}), "version"),
        (json!({"tag": ""}), "tag"),
        (json!({"total_times_to_execute": 0}), "total_times_to_execute"),
        (json!({"webhook_url": "ftp://127.0.0.1"}), "webhook_url"),
        (json!({"webhook_url": "no URL"}), "webhook_url"),
        (json!({"webhook_auth_header": "two\nlines"}), "webhook_auth_header"),
        (json!({"webhook_payload": "{"}), "webhook_payload"),
    ] {
        let refused = local.post(SCHEDULES, of_l("* * * * *", wrong)).await;
        assert!(refused.refused(400, "INVALIDINPUT").contains(said), "{refused:?}");
    }
    for missing in [
        json!({"ql_name": "none"}),
        json!({"tag": "none"}),
        json!({"tag": null, "version": "none"}),
    ] {
        let refused = local.post(SCHEDULES, of_l("* * * * *", missing)).await;
        assert_eq!(refused.body["message_key"], "QUERY_NOT_FOUND", "{refused:?}");
    }
    let nowhere = "/v1/orgs/self/ws/none/scheduled_lambdas";
    let refused = local.post(nowhere, of_l("* * * * *", json!({}))).await;
    assert_eq!(refused.body["message_key"], "WORKSPACE_NOT_FOUND");
    let path = create(&local, of_l("0 0 1 1 *", json!({}))).await;
    let wrong = json!({"webhook_url": "no URL"});
    local.post(&path, wrong).await.refused(400, "INVALIDINPUT");
    assert_eq!(local.get(&path).await.data()["webhook_url"], Value::Null);
}

#[tokio::test]
async fn executions_bring_their_rows_to_the_webhook_as_often_as_is_said() {
    let receiver = Scripted::start(vec![Answer::Http(204, vec![], String::new())]).await;
    let local = with_lambda(options(), "SELECT 41 + 1 AS n").await;
    let path = create(
        &local,
        of_l(
            EACH_SECOND,
            json!({
                "total_times_to_execute": 2,
                "webhook_url": format!("{}/hook?x=1", receiver.url),
                "webhook_auth_header": "Bearer s3cret",
            }),
        ),
    )
    .await;
    let done = once(&local, &path, |it| it["next_execution_date"].is_null()).await;
    assert_eq!(done["execution_count"], 2);
    while receiver.seen().len() < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // No further one comes.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let seen = receiver.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen[1].at - seen[0].at > Duration::from_millis(500));
    for seen in &seen {
        assert!(seen.head.starts_with("POST /hook?x=1 HTTP/1.1"), "{}", seen.head);
        let has = |line: &str| seen.head.lines().any(|it| it.eq_ignore_ascii_case(line));
        assert!(has("authorization: Bearer s3cret"), "{}", seen.head);
        assert!(has("content-type: application/json"), "{}", seen.head);
        let body: Value = serde_json::from_str(&seen.body).unwrap();
        assert_eq!(body["results"], json!([{"n": 42}]));
        assert_eq!(
            (&body["results_total_doc_count"], &body["status"]),
            (&json!(1), &json!("COMPLETED"))
        );
        let path = body["query_lambda_path"].as_str().unwrap();
        assert!(path.starts_with("commons.l::"), "{path}");
    }
    let shown = local.get(&path).await.data().clone();
    assert!(shown["last_completion_date"].is_string());
    assert_eq!(
        (&shown["query_execution_status"], &shown["webhook_execution_status"]),
        (&Value::Null, &Value::Null)
    );
    // The rows of the latest query can be fetched.
    let latest = shown["last_query_id"].as_str().unwrap();
    let page = local.get(&format!("{QUERIES}/{latest}/pages")).await;
    assert_eq!(page.body["results"], json!([{"n": 42}]));
    let lambda = local.get(&format!("{LAMBDAS}/l/tags/latest")).await;
    assert!(lambda.data()["version"]["stats"]["last_executed"].is_string());

    // One more is asked for.
    local.post(&path, json!({"total_times_to_execute": 3})).await.data();
    once(&local, &path, |it| it["execution_count"] == 3).await;
}

#[tokio::test]
async fn a_webhook_is_tried_again_and_its_trouble_is_shown() {
    // What fails once is sent again; what is refused ends the schedule.
    let answer = |turn, _: &_| match turn {
        0 => Answer::error(503, "SERVICEUNAVAILABLE"),
        1 => Answer::ok(json!({})),
        2 => Answer::error(404, "NOTFOUND"),
        _ => Answer::ok(json!({})),
    };
    let receiver = Scripted::answering(answer).await;
    let local = with_lambda(options(), "SELECT 1 AS n").await;
    let hook = json!({
        "webhook_url": receiver.url, "webhook_payload": "{\"text\": \"done\"}",
        "webhook_auth_header": "s3cret",
    });
    let path = create(&local, of_l(EACH_SECOND, hook)).await;
    let stopped = once(&local, &path, |it| !it["webhook_execution_status"].is_null()).await;
    let status = &stopped["webhook_execution_status"];
    assert_eq!(status["state"], "ERROR");
    assert!(status["message"].as_str().unwrap().contains("404"), "{status}");
    assert_eq!(stopped["next_execution_date"], Value::Null);
    assert_eq!(stopped["query_execution_status"], Value::Null);
    let count = receiver.seen().len();
    assert_eq!(count, 3);
    assert!(receiver.seen().iter().all(|it| it.body == "{\"text\": \"done\"}"));
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(receiver.seen().len(), count);

    let resumed = local.post(&path, json!({"resume_permanent_error": true})).await;
    assert_eq!(resumed.data()["resume_permanent_error"], true);
    assert!(resumed.data()["next_execution_date"].is_string());
    let healed =
        once(&local, &path, |it| receiver.seen().len() > 4 && it["last_query_id"].is_string())
            .await;
    assert_eq!(healed["resume_permanent_error"], false);
    assert_eq!(healed["webhook_execution_status"], Value::Null);
}

#[tokio::test]
async fn a_webhook_that_nobody_answers_is_trouble_that_may_pass() {
    let receiver = Scripted::start(vec![Answer::Reset]).await;
    let local = with_lambda(options(), "SELECT 1 AS n").await;
    let hook = json!({
        "webhook_url": format!("{}/hidden-token", receiver.url), "total_times_to_execute": 5,
    });
    let path = create(&local, of_l(EACH_SECOND, hook)).await;
    let shown = once(&local, &path, |it| !it["webhook_execution_status"].is_null()).await;
    let status = &shown["webhook_execution_status"];
    assert_eq!(status["state"], "WARNING");
    assert!(!status["message"].as_str().unwrap().contains("hidden-token"), "{status}");
    assert!(shown["next_execution_date"].is_string());
    assert_eq!(receiver.seen().len(), 3);
}

#[tokio::test]
async fn a_schedule_whose_query_fails_stops_until_it_is_resumed() {
    let local = with_lambda(options(), "SELECT * FROM missing").await;
    let path = create(&local, of_l(EACH_SECOND, json!({}))).await;
    let failed = once(&local, &path, |it| !it["query_execution_status"].is_null()).await;
    let status = &failed["query_execution_status"];
    assert_eq!(status["state"], "ERROR");
    assert!(status["message"].as_str().unwrap().contains("'missing' not found"), "{status}");
    assert_eq!(failed["next_execution_date"], Value::Null);
    assert_eq!(failed["last_completion_date"], Value::Null);
    assert_eq!(failed["execution_count"], 1);

    // Tried once more, it fails once more.
    local.post(&path, json!({"resume_permanent_error": true})).await.data();
    once(&local, &path, |it| it["execution_count"] == 2 && it["resume_permanent_error"] == false)
        .await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(local.get(&path).await.data()["execution_count"], 2);

    // The tag means another version now.
    save(&local, "SELECT 1").await;
    local.post(&path, json!({"resume_permanent_error": true})).await.data();
    let healed = once(&local, &path, |it| it["execution_count"].as_i64() > Some(3)).await;
    assert_eq!(healed["query_execution_status"], Value::Null);

    local.delete(&format!("{LAMBDAS}/l")).await.data();
    let gone = once(&local, &path, |it| !it["query_execution_status"].is_null()).await;
    let message = gone["query_execution_status"]["message"].as_str().unwrap();
    assert!(message.contains("not found"), "{message}");
}

#[tokio::test]
async fn while_an_execution_runs_no_other_begins() {
    let local = numbers(100).await;
    save(&local, ENDLESS).await;
    let path = create(&local, of_l(EACH_SECOND, json!({}))).await;
    once(&local, &path, |it| it["execution_count"] == 1).await;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let shown = local.get(&path).await.data().clone();
    assert_eq!((&shown["execution_count"], &shown["last_query_id"]), (&json!(1), &Value::Null));
    let active = local.get(QUERIES).await.data().clone();
    assert_eq!(active.as_array().unwrap().len(), 1);
    local.delete(&path).await.data();
    let id = active[0]["query_id"].as_str().unwrap();
    local.delete(&format!("{QUERIES}/{id}")).await.data();
}

#[tokio::test]
async fn the_key_of_a_schedule_decides_what_it_may_do() {
    let local = Local::with(Options {
        api_key: Some(Secret::new("any")),
        read_only_api_key: Some(Secret::new("look")),
        ..options()
    });
    local.post("/v1/orgs/self/ws/commons/collections", json!({"name": "c"})).await.data();
    save(&local, "INSERT INTO c SELECT 'x' AS _id").await;
    let unknown = of_l(EACH_SECOND, json!({"apikey": "other"}));
    let refused = local.post(SCHEDULES, unknown).await;
    assert!(refused.refused(400, "INVALIDINPUT").contains("apikey"), "{refused:?}");

    let path = create(&local, of_l(EACH_SECOND, json!({"apikey": "look"}))).await;
    let stopped = once(&local, &path, |it| !it["query_execution_status"].is_null()).await;
    assert_eq!(stopped["query_execution_status"]["state"], "ERROR");
    assert_eq!(local.get(C).await.data()["stats"]["doc_count"], 0);

    let change = json!({"apikey": "any", "resume_permanent_error": true});
    local.post(&path, change).await.data();
    once(&local, &path, |it| it["last_completion_date"].is_string()).await;
    assert_eq!(local.document("x").await["_id"], "x");
}

#[tokio::test]
async fn a_restart_keeps_schedules_and_their_secrets() {
    let root = TempDir::new().unwrap();
    let data = Data { place: Some(root.path().display().to_string()), ..Data::default() };
    let options = Options { data, ..options() };
    let receiver = Scripted::start(vec![Answer::ok(json!({}))]).await;
    let local = with_lambda(options.clone(), "SELECT 1 AS n").await;
    let hook = json!({
        "webhook_url": receiver.url, "webhook_auth_header": "s3cret", "total_times_to_execute": 1,
    });
    let once_only = create(&local, of_l(EACH_SECOND, hook)).await;
    let weekly = create(&local, of_l("0 6 * * 1", json!({"total_times_to_execute": 7}))).await;
    once(&local, &once_only, |it| it["last_query_id"].is_string()).await;
    while receiver.seen().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let gone = create(&local, of_l("* * * * *", json!({}))).await;
    local.delete(&gone).await.data();
    let before = local.get(ALL).await.data().clone();
    assert_eq!(before.as_array().unwrap().len(), 2);
    let Local { mut server, .. } = local;
    server.stop();
    server.stopped().await.unwrap();

    let local = Local::with(options);
    assert_eq!(local.get(ALL).await.data(), &before);
    assert_eq!(local.get(&gone).await.status, 404);
    let next = local.get(&weekly).await.data()["next_execution_date"].clone();
    let next: chrono::DateTime<chrono::Utc> = next.as_str().unwrap().parse().unwrap();
    assert!(next > chrono::Utc::now() && next < chrono::Utc::now() + chrono::Days::new(7));
    assert_eq!(next.format("%a %H:%M:%S").to_string(), "Mon 06:00:00");
    // What is complete is not executed again, until more is asked for.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(receiver.seen().len(), 1);
    local.post(&once_only, json!({"total_times_to_execute": 2})).await.data();
    once(&local, &once_only, |it| it["execution_count"] == 2).await;
    while receiver.seen().len() < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(receiver.seen()[1].head.contains("s3cret"));
}

#[tokio::test]
async fn a_schedule_may_do_what_its_key_may() {
    let closed = Options { api_key: Some("any".parse().unwrap()), ..options() };
    let local = with_lambda(closed, "SELECT 1 AS n").await;
    local
        .post(SCHEDULES, of_l("* * * * *", json!({"apikey": "none"})))
        .await
        .refused(400, "INVALIDINPUT");
    let on_commons = |actions: &[&str]| {
        let each = actions.iter().map(|it| json!({"action": it, "resource_name": "commons"}));
        each.collect::<Value>()
    };
    let able = with_privileges(&local, "able", on_commons(&["EXECUTE_QUERY_LAMBDA_WS"])).await;
    let looking = with_privileges(&local, "looking", on_commons(&["LIST_RESOURCES_WS"])).await;
    let path = create(&local, of_l(EACH_SECOND, json!({"apikey": able}))).await;
    once(&local, &path, |it| it["execution_count"].as_i64().unwrap() > 0).await;
    let refused = create(&local, of_l(EACH_SECOND, json!({"apikey": looking}))).await;
    let shown = once(&local, &refused, |it| !it["query_execution_status"].is_null()).await;
    let status = shown["query_execution_status"].to_string();
    assert!(status.contains("EXECUTE_QUERY_LAMBDA_WS"), "{status}");
    local.delete("/v1/orgs/self/users/self/apikeys/able").await.data();
    let failed = |it: &Value| it["query_execution_status"]["state"] == "ERROR";
    let shown = once(&local, &path, failed).await;
    assert!(shown["query_execution_status"].to_string().contains("not known"), "{shown}");

    let elsewhere = json!([{"action": "LIST_RESOURCES_WS", "resource_name": "elsewhere"}]);
    let elsewhere = with_privileges(&local, "elsewhere", elsewhere).await;
    for (key, seen) in [(looking, 2), (elsewhere, 0)] {
        let listed = local.by(&key, Method::GET, ALL, json!({})).await;
        assert_eq!(listed.data().as_array().unwrap().len(), seen);
    }
}
