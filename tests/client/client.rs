//! The client of the Rockset API: what it sends, what it repeats, what it understands.

use crate::support::scripted::{Answer, Scripted};
use materialize_rockset::rockset::client::documents;
use materialize_rockset::rockset::client::retry::RetryPolicy;
use materialize_rockset::rockset::enums::{CollectionStatus, ErrorType};
use materialize_rockset::rockset::{
    Client, Error, MetadataLimits, MetadataRate, Settings, call, connect_with, types,
};
use serde_json::json;
use std::time::{Duration, Instant, SystemTime};

const KEY: &str = "a-very-secret-key";

fn settings() -> Settings {
    Settings {
        retry: RetryPolicy {
            initial_backoff: Duration::from_millis(1),
            max_backoff: Duration::from_millis(5),
            timeout: Duration::from_secs(20),
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
    for status in [408, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529] {
        let failing = Answer::error(status, "SERVICEUNAVAILABLE");
        let (answer, requests) = get_from(vec![failing.clone(), failing, workspace()]).await;
        assert_eq!((answer.is_ok(), requests), (true, 3), "{status}");
    }
    for kind in ["NOT_READY", "CREATING", "RATELIMITEXCEEDED"] {
        let (answer, requests) = get_from(vec![Answer::error(400, kind), workspace()]).await;
        assert_eq!((answer.is_ok(), requests), (true, 2), "{kind}");
    }
    // A proxy has words of its own.
    let proxy = Answer::Http(522, vec![], "<h1>Connection timed out</h1>".to_string());
    for fault in [Answer::Reset, Answer::Cut, proxy] {
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
async fn an_answer_that_drips_or_has_no_end_is_none() {
    let server = Scripted::start(vec![Answer::Drip(200), Answer::Drip(503), workspace()]).await;
    let settings = Settings { answer_timeout: Duration::from_millis(300), ..settings() };
    call(client_with(&server, settings).get_workspace("w")).await.unwrap();
    assert_eq!(server.seen().len(), 3);

    let server = Scripted::start(vec![Answer::Flood(503), workspace()]).await;
    call(client(&server).get_workspace("w")).await.unwrap();
    assert_eq!(server.seen().len(), 2);

    let server = Scripted::start(vec![Answer::Flood(200)]).await;
    let error = documents::add(&client(&server), "w", "c", r#"{"data":[]}"#.into()).await;
    assert!(matches!(error, Err(Error::Foreign(_))), "{error:?}");
}

/// A server may ask for more than there is, and a client has no more.
#[tokio::test]
async fn no_retry_after_is_too_long() {
    let policy = RetryPolicy { timeout: Duration::from_secs(2), ..settings().retry };
    let limited = Settings { retry: policy, ..settings() };
    for value in ["18446744073709551615", "3600", "Fri, 31 Dec 9999 23:59:59 GMT", "-1", "1e400"] {
        for status in [429, 503] {
            let failing = Answer::error(status, "SERVICEUNAVAILABLE").with("Retry-After", value);
            let added = Answer::ok(json!({"data": []}));
            let server = Scripted::start(vec![failing.clone(), failing.clone(), added]).await;
            let client = client_with(&server, limited);
            let answer = documents::add(&client, "w", "c", r#"{"data":[]}"#.into()).await;
            assert!(answer.is_ok(), "{status} {value}: {answer:?}");
            let server = Scripted::start(vec![failing, workspace()]).await;
            let client = client_with(&server, limited);
            assert!(call(client.get_workspace("w")).await.is_ok(), "{status} {value}");
        }
    }
}

#[tokio::test]
async fn the_final_error_tells_the_effort_and_the_last_answer() {
    let retry = RetryPolicy { timeout: Duration::from_millis(200), ..settings().retry };
    let limited = Settings { retry, ..settings() };
    let server = Scripted::start(vec![Answer::error(503, "SERVICEUNAVAILABLE")]).await;
    let begun = Instant::now();
    let error = call(client_with(&server, limited).get_workspace("w")).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(10));
    let Error::Other(answer) = &error else { panic!("{error:?}") };
    assert_eq!(answer.status, 503);
    let attempts = server.seen().len();
    assert!(attempts > 2);
    assert_eq!(answer.effort.attempts as usize, attempts);
    assert_eq!(
        error.to_string(),
        format!(
            "gave up getting workspace after {attempts} attempts in 0.2 s; the last answer was 503 \
             SERVICEUNAVAILABLE: it is SERVICEUNAVAILABLE (trace t-1)"
        )
    );

    // No answer, but there had been one.
    let answers = vec![Answer::error(502, "SERVICEUNAVAILABLE"), Answer::Reset];
    let server = Scripted::start(answers).await;
    let body = r#"{"data":[]}"#;
    let error = documents::add(&client_with(&server, limited), "w", "c", body.into()).await;
    let error = error.unwrap_err().to_string();
    let (begin, end) = (
        "gave up adding documents after ",
        " attempts in 0.2 s; the last answer was 502 \
                SERVICEUNAVAILABLE: it is SERVICEUNAVAILABLE (trace t-1); then there was no answer \
                from Rockset",
    );
    assert!(error.starts_with(begin) && error.ends_with(end), "{error}");

    // What ends it need not be what began it.
    let answers = vec![Answer::Reset, Answer::error(503, "X"), Answer::error(403, "FORBIDDEN")];
    let (error, _) = get_from(answers).await;
    let error = error.unwrap_err().to_string();
    let (begin, end) = (
        "after 3 attempts in 0.0 s at getting workspace, ",
        "Rockset answered 403 FORBIDDEN: \
                it is FORBIDDEN (trace t-1); give the API key a role that allows it",
    );
    assert_eq!(error, format!("{begin}{end}"));
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
    let at_once = RetryPolicy { timeout: Duration::ZERO, ..settings().retry };
    for (status, kind, expected) in
        [(400, "NOT_READY", "NotReady"), (429, "RATELIMITEXCEEDED", "RateLimited")]
    {
        let server = Scripted::start(vec![Answer::error(status, kind)]).await;
        let client = client_with(&server, Settings { retry: at_once, ..settings() });
        let error = call(client.get_workspace("w")).await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
        assert!(format!("{error:?}").starts_with(expected), "{error:?}");
    }
}

#[tokio::test]
async fn a_proxy_that_answers_in_its_own_words_is_understood() {
    let html = Answer::Http(418, vec![], "<h1>I'm a teapot</h1>".to_string());
    let (answer, _) = get_from(vec![html]).await;
    let Err(Error::Foreign(foreign)) = answer else { panic!("{answer:?}") };
    assert_eq!((foreign.status.as_u16(), foreign.words.as_str()), (418, ": <h1>I'm a teapot</h1>"));

    // These speak of Rockset.
    let html = |status| Answer::Http(status, vec![], "<h1>No</h1>".to_string());
    let (answer, _) = get_from(vec![html(413)]).await;
    assert!(matches!(answer, Err(Error::TooLarge(_))), "{answer:?}");
    let at_once = RetryPolicy { timeout: Duration::ZERO, ..settings().retry };
    let server = Scripted::start(vec![html(502)]).await;
    let client = client_with(&server, Settings { retry: at_once, ..settings() });
    let error = call(client.get_workspace("w")).await.unwrap_err();
    assert_eq!(error.to_string(), "Rockset answered 502: <h1>No</h1>");
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
    let Err(Error::Foreign(foreign)) = answer else { panic!("{answer:?}") };
    assert!(foreign.words.contains("<html>"), "{foreign:?}");
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn metadata_calls_are_held_back_once_a_limit_has_shown_itself() {
    let refusing = |status| {
        Scripted::answering(move |turn, _| match turn {
            60 => Answer::error(status, "RATELIMITEXCEEDED"),
            _ => workspace(),
        })
    };
    let create = types::CreateWorkspaceRequest { name: "w".to_string(), description: None };
    for status in [400, 429] {
        let server = refusing(status).await;
        // 300 a minute are assumed: one in 200 ms.
        let metadata_limits = MetadataLimits { reads: 60_000.0, updates: 300.0 };
        let client = client_with(&server, Settings { metadata_limits, ..settings() });
        let begun = Instant::now();
        for _ in 0..60 {
            call(client.create_workspace(&create)).await.unwrap();
        }
        assert!(begun.elapsed() < Duration::from_secs(6));
        assert_eq!(client.metadata_rate(), MetadataRate::default());

        let begun = Instant::now();
        for _ in 0..4 {
            call(client.create_workspace(&create)).await.unwrap();
        }
        assert!(begun.elapsed() >= Duration::from_millis(750), "{:?}", begun.elapsed());
        assert_eq!(server.seen().len(), 65);
        let MetadataRate { reads_per_minute, updates_per_minute } = client.metadata_rate();
        assert_eq!(reads_per_minute, None);
        let rate = updates_per_minute.unwrap();
        assert!((250.0..=310.0).contains(&rate), "{rate}");
    }
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
