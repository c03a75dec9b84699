//! The client of the Rockset API: what it sends, what it repeats, what it understands.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use materialize_rockset::rockset::enums::{CollectionStatus, ErrorType};
use materialize_rockset::rockset::retry::Policy;
use materialize_rockset::rockset::{
    Client, Error, Pacing, Settings, call, connect_with, documents, types,
};
use serde_json::json;
use std::time::{Duration, Instant, SystemTime};
use support::scripted::{Answer, Scripted};

const KEY: &str = "a-very-secret-key";

fn settings() -> Settings {
    Settings {
        retry: Policy {
            first: Duration::from_millis(1),
            highest: Duration::from_millis(5),
            limit: Duration::from_secs(20),
        },
        ..Settings::default()
    }
}

fn client(server: &Scripted) -> Client {
    client_with(server, settings())
}

fn client_with(server: &Scripted, settings: Settings) -> Client {
    connect_with(&server.url.parse().unwrap(), KEY, settings).unwrap()
}

fn workspace() -> Answer {
    Answer::ok(json!({"data": {"name": "w"}}))
}

/// Gets a workspace from a server that answers so, and counts the requests.
async fn get_from(answers: Vec<Answer>) -> (Result<types::GetWorkspaceResponse, Error>, usize) {
    let server = Scripted::start(answers).await;
    let answer = call(client(&server).get_workspace("w")).await;
    (answer, server.seen().len())
}

#[tokio::test]
async fn requests_carry_the_key_and_the_version() {
    let server = Scripted::start(vec![workspace()]).await;
    call(client(&server).get_workspace("a b/c")).await.unwrap();
    let head = server.seen()[0].head.to_lowercase();
    assert!(head.starts_with("get /v1/orgs/self/ws/a%20b%2fc http/1.1"), "{head}");
    assert!(head.contains(&format!("authorization: apikey {KEY}")), "{head}");
    let version = env!("CARGO_PKG_VERSION");
    assert!(head.contains(&format!("user-agent: materialize-rockset/{version}")), "{head}");
}

#[tokio::test]
async fn what_may_pass_is_repeated() {
    for status in [408, 429, 500, 502, 503, 504] {
        let failing = Answer::error(status, "SERVICEUNAVAILABLE");
        let (answer, requests) = get_from(vec![failing.clone(), failing, workspace()]).await;
        assert_eq!((answer.is_ok(), requests), (true, 3), "{status}");
    }
    for kind in ["NOT_READY", "CREATING"] {
        let (answer, requests) = get_from(vec![Answer::error(400, kind), workspace()]).await;
        assert_eq!((answer.is_ok(), requests), (true, 2), "{kind}");
    }
    for fault in [Answer::Reset, Answer::Cut] {
        let (answer, requests) = get_from(vec![fault.clone(), fault.clone(), workspace()]).await;
        assert_eq!((answer.is_ok(), requests), (true, 3), "{fault:?}");
    }
}

#[tokio::test]
async fn what_cannot_pass_is_not_repeated() {
    for (status, kind) in [
        (400, "INVALIDINPUT"),
        (401, "AUTHEXCEPTION"),
        (404, "NOTFOUND"),
        (501, "NOTIMPLEMENTEDYET"),
    ] {
        let (answer, requests) = get_from(vec![Answer::error(status, kind), workspace()]).await;
        assert_eq!((answer.is_err(), requests), (true, 1), "{status}");
    }
}

#[tokio::test]
async fn silence_on_the_wire_is_an_end() {
    let server = Scripted::start(vec![Answer::Silence, workspace()]).await;
    let settings = Settings { silence_timeout: Duration::from_millis(100), ..settings() };
    call(client_with(&server, settings).get_workspace("w")).await.unwrap();
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_write_is_repeated_with_its_body() {
    let added = Answer::ok(json!({"data": [{"_id": "a", "status": "ADDED"}]}));
    let server = Scripted::start(vec![Answer::Reset, Answer::error(503, "X"), added]).await;
    let body = r#"{"data":[{"_id":"a"}]}"#;
    let answer = documents::add(&client(&server), "w", "c", body.into()).await.unwrap();
    assert_eq!(answer.read().unwrap().len(), 1);
    let seen = server.seen();
    assert_eq!(seen.iter().map(|seen| seen.body.as_str()).collect::<Vec<_>>(), [body; 3]);
    assert!(seen[2].head.to_lowercase().contains("content-type: application/json"));
}

#[tokio::test]
async fn retry_after_is_honoured_in_seconds_and_as_a_date() {
    // A date has whole seconds only.
    let in_three_seconds = SystemTime::now() + Duration::from_secs(3);
    for value in ["1".to_string(), httpdate::fmt_http_date(in_three_seconds)] {
        let limited = Answer::error(429, "RATELIMITEXCEEDED").with("Retry-After", &value);
        let server = Scripted::start(vec![limited, workspace()]).await;
        call(client(&server).get_workspace("w")).await.unwrap();
        let seen = server.seen();
        let waited = seen[1].at - seen[0].at;
        assert!(waited >= Duration::from_millis(900), "{value}: {waited:?}");
    }
}

#[tokio::test]
async fn after_its_limit_the_last_answer_is_the_error() {
    let server = Scripted::start(vec![Answer::error(503, "SERVICEUNAVAILABLE")]).await;
    let retry = Policy { limit: Duration::from_millis(200), ..settings().retry };
    let begun = Instant::now();
    let error =
        call(client_with(&server, Settings { retry, ..settings() }).get_workspace("w")).await;
    let Err(Error::Other(answer)) = error else { panic!("{error:?}") };
    assert_eq!(answer.status, 503);
    assert!(server.seen().len() > 2);
    assert!(begun.elapsed() < Duration::from_secs(10));

    let asks_too_much = Answer::error(429, "RATELIMITEXCEEDED").with("Retry-After", 3600);
    let (error, requests) = get_from(vec![asks_too_much]).await;
    assert!(matches!(error, Err(Error::RateLimited(_))), "{error:?}");
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn nothing_is_sent_for_a_caller_that_is_gone() {
    let server = Scripted::start(vec![Answer::error(503, "SERVICEUNAVAILABLE")]).await;
    let client = client(&server);
    let calling = tokio::spawn(async move { call(client.get_workspace("w")).await });
    while server.seen().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    calling.abort();
    assert!(calling.await.unwrap_err().is_cancelled());
    let seen = server.seen().len();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(server.seen().len(), seen);
}

#[tokio::test]
async fn errors_keep_what_rockset_said() {
    let (answer, _) = get_from(vec![Answer::error(404, "NOTFOUND")]).await;
    let Err(Error::NotFound(answer)) = answer else { panic!("{answer:?}") };
    assert_eq!(answer.status, 404);
    assert_eq!(answer.model.type_, Some(ErrorType::Notfound));
    assert_eq!(answer.model.message.as_deref(), Some("it is NOTFOUND"));
    assert_eq!(answer.model.trace_id.as_deref(), Some("t-1"));
    assert_eq!(answer.to_string(), "Rockset answered 404 NOTFOUND: it is NOTFOUND (trace t-1)");
}

#[tokio::test]
async fn errors_are_sorted() {
    let kinds = [
        (404, "NOTFOUND", "NotFound"),
        (409, "ALREADYEXISTS", "AlreadyExists"),
        (400, "ALREADYEXISTS", "AlreadyExists"),
        (403, "FORBIDDEN", "Forbidden"),
        (401, "AUTHEXCEPTION", "Unauthorized"),
        (413, "CONTENTTOOLARGE", "TooLarge"),
        (400, "INVALIDINPUT", "Other"),
        (409, "DEPENDENTRESOURCES", "Other"),
    ];
    for (status, kind, expected) in kinds {
        let (answer, _) = get_from(vec![Answer::error(status, kind)]).await;
        let error = format!("{:?}", answer.unwrap_err());
        assert!(error.starts_with(expected), "{status} {kind}: {error}");
    }
    let at_once = Policy { limit: Duration::ZERO, ..settings().retry };
    for (status, kind, expected) in
        [(400, "NOT_READY", "NotReady"), (429, "RATELIMITEXCEEDED", "RateLimited")]
    {
        let server = Scripted::start(vec![Answer::error(status, kind)]).await;
        let client = client_with(&server, Settings { retry: at_once, ..settings() });
        let error = call(client.get_workspace("w")).await.unwrap_err();
        assert!(error.can_pass(), "{error:?}");
        assert!(format!("{error:?}").starts_with(expected), "{error:?}");
    }
}

#[tokio::test]
async fn a_proxy_that_answers_in_its_own_words_is_understood() {
    let html = Answer::Http(418, vec![], "<h1>I'm a teapot</h1>".to_string());
    let (answer, _) = get_from(vec![html]).await;
    let error = answer.unwrap_err().to_string();
    assert_eq!(error, "Rockset answered 418: <h1>I'm a teapot</h1>");
}

#[tokio::test]
async fn an_api_that_grows_is_understood() {
    let grown = Answer::ok(json!({"data": {
        "name": "c",
        "status": "REORGANIZING",
        "phase_of_the_moon": {"is": "new"},
        "name_of_a_later_edition.with/odd:characters": 1,
    }}));
    let server = Scripted::start(vec![grown]).await;
    let answer = call(client(&server).get_collection("w", "c")).await.unwrap();
    let status = answer.data.unwrap().status;
    assert_eq!(status, Some(CollectionStatus::Unlisted("REORGANIZING".to_string())));

    let (answer, _) = get_from(vec![Answer::error(400, "OUT_OF_CHEESE")]).await;
    let Err(Error::Other(answer)) = answer else { panic!("{answer:?}") };
    assert_eq!(answer.model.type_, Some(ErrorType::Unlisted("OUT_OF_CHEESE".to_string())));
    assert_eq!(answer.model.message.as_deref(), Some("it is OUT_OF_CHEESE"));
}

#[tokio::test]
async fn a_success_that_is_none_is_an_error() {
    let (answer, requests) = get_from(vec![Answer::Http(200, vec![], "<html>".to_string())]).await;
    let Err(Error::Unexpected(message)) = answer else { panic!("{answer:?}") };
    assert!(message.contains("<html>"), "{message}");
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn metadata_calls_are_spread() {
    let server = Scripted::start(vec![workspace()]).await;
    // 60 a minute: 30 at once, then one every two seconds.
    let pacing = Pacing { reads: 60.0, updates: 60.0 };
    let client = client_with(&server, Settings { pacing, ..settings() });

    let reading = {
        let client = client.clone();
        tokio::spawn(async move {
            loop {
                call(client.get_workspace("w")).await.unwrap();
            }
        })
    };
    tokio::time::sleep(Duration::from_millis(1500)).await;
    reading.abort();
    assert_eq!(server.seen().len(), 30);

    // Updates have a limit of their own, and documents have none.
    let create = types::CreateWorkspaceRequest { name: "w".to_string(), description: None };
    call(client.create_workspace(&create)).await.unwrap();
    for _ in 0..40 {
        let _ = documents::add(&client, "w", "c", r#"{"data":[]}"#.into()).await;
    }
    assert_eq!(server.seen().len(), 30 + 1 + 40);
}

#[tokio::test]
async fn the_key_shows_nowhere() {
    let server = Scripted::start(vec![Answer::error(401, "AUTHEXCEPTION")]).await;
    let client = client(&server);
    let logs = Logs::default();
    let guard = tracing::subscriber::set_default(logs.subscriber());
    let error = call(client.get_workspace("w")).await.unwrap_err();
    drop(guard);

    let shown = [format!("{client:?}"), format!("{error:?} {error:#?} {error}"), logs.text()];
    for text in shown {
        assert!(!text.contains(KEY), "{text}");
    }
    assert!(logs.text().contains("get_workspace"), "{}", logs.text());

    let Err(error) = connect_with(&server.url.parse().unwrap(), "line\nbreak", settings()) else {
        panic!()
    };
    assert!(!format!("{error:?} {error}").contains("break"), "{error:?}");
}

#[tokio::test]
async fn every_call_has_a_span() {
    let server = Scripted::start(vec![Answer::error(503, "X"), workspace()]).await;
    let client = client(&server);
    let logs = Logs::default();
    let guard = tracing::subscriber::set_default(logs.subscriber());
    call(client.get_workspace("w")).await.unwrap();
    drop(guard);

    let text = logs.text();
    let close = text.lines().find(|line| line.contains(" close ")).unwrap();
    for field in
        ["rockset{", "operation=\"get_workspace\"", "status=200", "attempts=2", "duration_ms="]
    {
        assert!(close.contains(field), "{field} is not in {close}");
    }
}

/// All that is traced, from all crates, as text.
#[derive(Clone, Default)]
struct Logs(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl Logs {
    fn subscriber(&self) -> impl tracing::Subscriber + Send + Sync + 'static {
        let logs = self.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(tracing_subscriber::fmt::format::FmtSpan::CLOSE)
            .with_ansi(false)
            .with_writer(move || logs.clone())
            .finish()
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
