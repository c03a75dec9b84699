//! What comes from outside and isn't to be trusted: proxies, servers that aren't Rockset,
//! answers that repeat the key, and answers that don't end.

use crate::support::connector::{Connector, Ended};
use crate::support::local::Local;
use crate::support::scripted::{Answer, Scripted};
use crate::support::task::{
    acknowledge, apply, binding, collection_of, endpoint, flush, open, projection, resource,
    start_commit, store, task,
};
use materialize_rockset::flow::materialize::request;
use materialize_rockset::flow::materialize::request::validate::Binding;
use materialize_rockset::flow::{Codec, Request};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const KEY: &str = "secret-key";

/// Validate of a task with two bindings.
fn validate(url: &str) -> Request {
    let mut key = projection("id", &["string"]);
    key.is_primary_key = true;
    let collection = collection_of([("id", key)].into_iter());
    let bindings = ["a", "b"].map(|name| Binding {
        resource_config_json: resource("commons", name).to_string().into(),
        collection: Some(collection.clone()),
        ..Binding::default()
    });
    Request::Validate(Box::new(request::Validate {
        config_json: endpoint(url).to_string().into(),
        bindings: bindings.into(),
        ..Default::default()
    }))
}

/// Sends one request, and waits for the end.
async fn ask(request: Request) -> Ended {
    let mut connector = Connector::start(Codec::Proto);
    connector.send(request).await;
    let ended = connector.end().await;
    assert!(!ended.stderr.contains(KEY), "{ended:?}");
    ended
}

fn applying(url: &str) -> Request {
    apply(&task(url, vec![binding("w", "c", &["id"], &[])]))
}

fn opening(url: &str) -> Request {
    open(&task(url, vec![binding("w", "c", &["id"], &[])]))
}

#[tokio::test]
async fn what_is_not_rockset_is_named_as_such() {
    let not_found = "<html>\n<h1>404 Not Found</h1>\nnginx</html>";
    let http = |status, body: &str| Answer::Http(status, vec![], body.to_string());
    let cases = [
        (http(404, not_found), "404: <html> <h1>404 Not Found</h1> nginx</html>"),
        (http(404, ""), "404: nothing more"),
        (http(404, r#"{"message":"no Route matched"}"#), "404: {\"message\":\"no Route matched\"}"),
        (http(404, r#"{"error":"Not Found"}"#), "404: {\"error\":\"Not Found\"}"),
        (http(403, "<p>blocked</p>"), "403: <p>blocked</p>"),
        (http(302, "").with("Location", "/login"), "302: nothing more"),
        (http(200, "{}"), "200 without what it was asked for: {}"),
        (http(200, r#"{"data":null}"#), "200 without what it was asked for: {\"data\":null}"),
        (http(200, "<title>Welcome</title>"), "200 without what it was asked for: <title>"),
        (Answer::Flood(200), "200 with more than 64 MiB"),
        (Answer::Flood(404), "404: …"),
    ];
    for (answer, said) in cases {
        let server = Scripted::start(vec![answer]).await;
        for request in [validate(&server.url), applying(&server.url), opening(&server.url)] {
            let name = request.name();
            let ended = ask(request).await;
            assert_eq!((ended.code, ended.stdout.len()), (Some(1), 0), "{said} {name} {ended:?}");
            let error = ended.error();
            let expected = format!("what answers is not Rockset: it answered {said}");
            assert!(error.contains(&expected), "{name}: {error}");
            assert!(error.contains("; check region_base_url, which is the host of"), "{error}");
            let place = "endpoint.region_base_url: can't be used: what answers";
            assert_eq!(error.starts_with(place), name == "Validate", "{error}");
            assert!(!ended.stderr.contains("Created"), "{ended:?}");
        }
    }
}

/// Everything is there, it says, whatever it is asked for.
#[tokio::test]
async fn what_was_not_created_is_not_said_to_be() {
    for data in [json!({}), json!({"name": "other"}), json!("yes"), json!([])] {
        let server = Scripted::answering(move |_, seen| match seen.head.starts_with("GET") {
            true => Answer::error(404, "NOTFOUND"),
            false => Answer::ok(json!({ "data": data })),
        })
        .await;
        let ended = ask(applying(&server.url)).await;
        assert_eq!((ended.code, ended.stdout.len()), (Some(1), 0), "{ended:?}");
        assert!(ended.error().contains("what answers is not Rockset"), "{ended:?}");
        assert!(!ended.stderr.contains("Created"), "{ended:?}");
    }
}

#[tokio::test]
async fn a_base_url_has_no_path_of_the_api() {
    let local = Local::start();
    for path in ["/v1", "/v1/", "/v1/orgs/self"] {
        let ended = ask(validate(&format!("{}{path}", local.server.url()))).await;
        assert_eq!(
            ended.error(),
            "endpoint.region_base_url: goes on with /v1, which is a part of each request; leave \
             /v1 out, and what follows"
        );
    }
    assert_eq!(ask(validate(&format!("{}/", local.server.url()))).await.code, Some(0));
}

/// A person waits.
#[tokio::test]
async fn validate_takes_ten_seconds_at_most() {
    let (silent, dripping) = tokio::join!(
        Scripted::start(vec![Answer::Silence]),
        Scripted::start(vec![Answer::Drip(200)]),
    );
    let found = Answer::ok(json!({"data": [{"name": "a", "status": "READY"}]}));
    let in_the_end = Scripted::answering(move |_, seen| match seen.head.starts_with("POST") {
        true => Answer::Silence,
        false => found.clone(),
    })
    .await;
    let failing = Scripted::answering(|turn, _| match turn {
        0..3 => Answer::error(503, "SERVICEUNAVAILABLE"),
        _ => Answer::Silence,
    })
    .await;
    let timed = async |url: &str| {
        let begun = Instant::now();
        let ended = ask(validate(url)).await;
        (ended.error(), begun.elapsed())
    };
    let asked = tokio::join!(
        timed(&silent.url),
        timed(&dripping.url),
        timed(&in_the_end.url),
        timed(&failing.url)
    );
    let both = "collections of workspace commons";
    let write = "a write in workspace commons";
    let all = [(asked.0, both), (asked.1, both), (asked.2, write), (asked.3, both)];
    for ((error, time), open) in all {
        assert!(time < Duration::from_secs(15), "{error}: {time:?}");
        let begin = "endpoint.region_base_url: 127.0.0.1 can't be reached: gave up ";
        assert!(error.starts_with(begin), "{error}");
        assert!(error.contains(" no answer from Rockset in time"), "{error}");
        assert!(error.contains(&format!("; not answered: {open}; check the host")), "{error}");
    }
}

#[tokio::test]
async fn no_proxy_stands_between_this_machine_and_itself() {
    let proxy = Scripted::start(vec![Answer::Reset]).await;
    let names =
        ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    let variables = names.map(|name| (name, proxy.url.as_str()));
    let local = Local::start();
    let port = local.server.url().rsplit(':').next().unwrap().to_string();
    let task = task(
        &format!("http://localhost:{port}"),
        vec![binding("commons", "c", &["id"], &["text"])],
    );
    let mut connector = Connector::start_with(Codec::Proto, &variables);
    connector.ask(apply(&task)).await;
    assert_eq!(connector.ask(open(&task)).await.name(), "Opened");
    connector.ask(acknowledge()).await;
    connector.ask(flush()).await;
    connector.send(store(0, &[json!(1)], &[json!("a")])).await;
    assert_eq!(connector.ask(start_commit()).await.name(), "StartedCommit");
    assert_eq!(connector.end().await.code, Some(0));
    assert_eq!(crate::support::stored::count(&local, "commons", "c").await, 1);

    // Not even where nobody answers, and not for HTTPS.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for url in [format!("http://{closed}"), format!("https://{closed}")] {
        let mut connector = Connector::start_with(Codec::Proto, &variables);
        connector.send(validate(&url)).await;
        assert_eq!(connector.end().await.code, Some(1));
    }
    assert_eq!(proxy.seen().len(), 0, "{:?}", proxy.seen());
}

/// It is asked to let the connector through, and learns no more than the host.
#[tokio::test]
async fn a_proxy_on_the_way_to_another_machine_sees_no_key() {
    let proxy = Scripted::start(vec![Answer::Reset]).await;
    let mut connector =
        Connector::start_with(Codec::Proto, &[("https_proxy", &proxy.url), ("no_proxy", "")]);
    connector.send(validate("rockset.example.com")).await;
    assert_eq!(connector.end().await.code, Some(1));
    let seen = proxy.seen();
    assert!(!seen.is_empty());
    for request in seen {
        assert!(request.head.starts_with("CONNECT rockset.example.com:443 "), "{request:?}");
        let text = format!("{request:?}").to_lowercase();
        assert!(!text.contains(KEY) && !text.contains("authorization"), "{text}");
    }
}

/// What Rockset or a proxy may say, with what they were sent in it.
fn repeated() -> Vec<String> {
    let error = |text: &str| json!({"type": "INVALIDINPUT", "message": text}).to_string();
    vec![
        error(&format!("no such key: {KEY}")),
        error(KEY),
        json!({"type": KEY, "message": "it is wrong", "trace_id": KEY}).to_string(),
        json!({"type": "INVALIDINPUT", KEY: KEY, "message": [KEY]}).to_string(),
        format!("<html>Authorization: ApiKey {KEY}</html>"),
        format!("<html>{}{KEY}</html>", "x".repeat(190)),
        format!("<html>{}", KEY.repeat(100)),
        error("headers: c2VjcmV0LWtleQ, QXBpS2V5IHNlY3JldC1rZXk="),
        error("\u{1}secret%2Dkey"),
        r#"{"type":"INVALIDINPUT","message":"\u0073ecret-key"}"#.to_string(),
    ]
}

fn assert_hidden(ended: &Ended) {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let text = format!("{} {}", ended.stderr, String::from_utf8_lossy(&ended.stdout));
    for form in [KEY, "secret%2Dkey", "c2VjcmV0LWtleQ", "QXBpS2V5IHNlY3JldC1rZXk", "secret-k\""] {
        assert!(!text.contains(form), "{form} {text}");
    }
}

#[tokio::test]
async fn an_answer_that_repeats_the_key_does_not_show_it() {
    for text in repeated() {
        for status in [400, 401, 200] {
            let answer = Answer::Http(status, vec![("X-Key", KEY.to_string())], text.clone());
            let server = Scripted::start(vec![answer]).await;
            assert_hidden(&ask(validate(&server.url)).await);
            assert_hidden(&ask(applying(&server.url)).await);
        }
        // What is repeated is logged.
        let failing = Answer::Http(503, vec![], text.clone());
        let server = Scripted::start(vec![failing, Answer::error(400, "INVALIDINPUT")]).await;
        let ended = ask(applying(&server.url)).await;
        assert_hidden(&ended);
        assert!(ended.stderr.contains("trying again"), "{ended:?}");
    }
}

/// Successes have words, too.
#[tokio::test]
async fn statuses_that_repeat_the_key_do_not_show_it() {
    let source = json!({
        "integration_name": "i",
        "s3": {"bucket": "b", "prefix": ""},
        "status": {"state": "ERROR", "message": format!("no access with {KEY}")},
    });
    let data = json!({"name": "c", "status": "READY", "sources": [source]});
    let server = Scripted::start(vec![Answer::ok(json!({"data": data}))]).await;
    let filled = crate::support::task::configured(
        binding("w", "c", &["id"], &[]),
        json!({"documentId": "key", "initializeFromS3": {"integration": "i", "bucket": "b"}}),
    );
    let ended = ask(open(&task(&server.url, vec![filled]))).await;
    assert_hidden(&ended);
    assert!(ended.error().contains("no access with (hidden)"), "{ended:?}");

    let error = json!({"type": "INVALIDINPUT", "message": format!("{KEY} must not write")});
    let answers = [
        json!({"data": [{"_id": "FQE", "status": "ERROR", "error": error}]}),
        json!({"data": [{"_id": KEY, "status": KEY}]}),
        json!({"message": KEY}),
        Value::from(KEY),
    ];
    for answer in answers {
        let ready = Answer::ok(json!({"data": {"name": "c", "status": "READY"}}));
        let server = Scripted::start(vec![ready, Answer::ok(answer)]).await;
        let mut connector = Connector::start(Codec::Proto);
        connector.ask(open(&task(&server.url, vec![binding("w", "c", &["id"], &[])]))).await;
        connector.ask(acknowledge()).await;
        connector.ask(flush()).await;
        connector.send(store(0, &[json!(1)], &[])).await;
        connector.send(start_commit()).await;
        assert_hidden(&connector.end().await);
    }
}
