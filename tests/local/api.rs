//! The way into the local Rockset: keys, paths, bodies, limits, and its start and end.

use crate::support::local::{Answer, C, DOCS, Local, answer, options};
use clap::Parser;
use materialize_rockset::local::{self, Options};
use materialize_rockset::rockset::operations::OPERATIONS;
use reqwest::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const ORGANIZATION: &str = "/v1/orgs/self";
const TEN_MIB: usize = 10 * 1024 * 1024;

async fn with_key(local: &Local, path: &str, authorization: Option<&str>) -> Answer {
    let mut request = local.http.get(format!("{}{path}", local.server.url()));
    if let Some(value) = authorization {
        request = request.header(AUTHORIZATION, value);
    }
    answer(request).await
}

#[tokio::test]
async fn some_key_is_needed() {
    let local = Local::start();
    for authorization in [None, Some("ApiKey"), Some("ApiKey "), Some("Bearer x"), Some("x")] {
        for path in [ORGANIZATION, "/local", "/nowhere"] {
            with_key(&local, path, authorization).await.refused(401, "AUTHEXCEPTION");
        }
    }
    for authorization in ["ApiKey x", "apikey x", "APIKEY  x"] {
        assert_eq!(with_key(&local, ORGANIZATION, Some(authorization)).await.status, 200);
    }
}

#[tokio::test]
async fn a_token_is_as_good_as_a_key_beside_the_name_of_an_organization() {
    let local = Local::with(Options { api_key: Some("s3cret".parse().unwrap()), ..options() });
    let sent = |token: &str, organization: &str| {
        let request = local.http.get(format!("{}{ORGANIZATION}", local.server.url()));
        let request = request.header(AUTHORIZATION, token);
        answer(request.header("organization", organization))
    };
    assert_eq!(sent("Bearer s3cret", "mine").await.status, 200);
    assert_eq!(sent("bearer s3cret", "mine").await.status, 200);
    sent("Bearer other", "mine").await.refused(401, "AUTHEXCEPTION");
    sent("Bearer s3cret", " ").await.refused(401, "AUTHEXCEPTION");
    with_key(&local, ORGANIZATION, Some("Bearer s3cret")).await.refused(401, "AUTHEXCEPTION");
}

#[tokio::test]
async fn only_the_key_that_was_set_is_accepted() {
    let local = Local::with(Options { api_key: Some("s3cret".parse().unwrap()), ..options() });
    let wrong = with_key(&local, ORGANIZATION, Some("ApiKey other")).await;
    assert!(!wrong.refused(401, "AUTHEXCEPTION").contains("s3cret"));
    assert_eq!(with_key(&local, ORGANIZATION, Some("ApiKey s3cret")).await.status, 200);
}

#[tokio::test]
async fn other_machines_reach_only_a_server_with_a_key() {
    let everywhere = Options { listen: ([0, 0, 0, 0], 0).into(), ..options() };
    let refused = local::start(everywhere.clone()).unwrap_err().to_string();
    assert!(refused.contains("set --api-key, or listen on 127.0.0.1"), "{refused}");
    let local = Local::with(Options { api_key: Some("any".parse().unwrap()), ..everywhere });
    assert_eq!(local.get(ORGANIZATION).await.status, 200);
}

/// Operations on what isn't there.
const ABSENT: [&str; 21] = [
    "deleteAlias",
    "deleteQueryLambda",
    "deleteQueryLambdaTag",
    "deleteQueryLambdaVersion",
    "deleteScheduledLambda",
    "deleteView",
    "executePublicQueryLambdaWithParams",
    "executeQueryLambda",
    "executeQueryLambdaByTag",
    "getAlias",
    "getCollectionMount",
    "getMountOffsets",
    "getQueryLambdaTagVersion",
    "getQueryLambdaVersion",
    "getScheduledLambda",
    "getView",
    "listQueryLambdaTags",
    "listQueryLambdaVersions",
    "unmountCollection",
    "updateQueryLambda",
    "updateScheduledLambda",
];

/// Operations on queries, which need the feature `engine`.
const QUERIES: [&str; 11] = [
    "createQueryLambda",
    "createQueryLambdaTag",
    "createScheduledLambda",
    "createView",
    "createQueryLambdaTag",
    "getVirtualInstanceQueries",
    "listActiveQueries",
    "query",
    "queryVirtualInstance",
    "updateView",
    "validate",
];

/// Those on one query, which is never there.
const OF_ONE_QUERY: [&str; 3] = ["cancelQuery", "getQuery", "getQueryResults"];

#[tokio::test]
async fn every_operation_of_the_document_is_done_or_not_implemented() {
    let mut done = BTreeSet::new();
    for operation in OPERATIONS {
        let local = Local::with_collection(json!({"sources": [{"write_api": {}}]})).await;
        let source = local.get(C).await.data()["sources"][0]["id"].as_str().unwrap().to_string();
        let s3 = json!({"name": "i", "s3": {}});
        assert_eq!(local.post("/v1/orgs/self/integrations", s3).await.status, 200);
        local.post("/v1/orgs/self/ws", json!({"name": "empty"})).await;
        local.post("/v1/orgs/self/roles", json!({"role_name": "r"})).await.data();
        let user = json!({"email": "u@example.com", "roles": []});
        local.post("/v1/orgs/self/users", user).await.data();
        let key = json!({"name": "k", "created_by": "u@example.com"});
        local.post("/v1/orgs/self/users/self/apikeys", key).await.data();

        let workspace =
            if operation.operation_id == "deleteWorkspace" { "empty" } else { "commons" };
        let path = operation
            .path
            .replace("{workspace}", workspace)
            .replace("{collection}", "c")
            .replace("{integration}", "i")
            .replace("{source}", &source)
            .replace("{virtualInstanceId}", "main")
            .replace("{roleName}", "r")
            .replace("{user}", "u@example.com")
            .replace("{name}", "k")
            .replace(['{', '}'], "");
        let method = operation.method.parse().unwrap();
        let answer = local.send(method, &path, json!({})).await;
        let id = operation.operation_id;
        if answer.status == 404 && (ABSENT.contains(&id) || OF_ONE_QUERY.contains(&id)) {
            answer.refused(404, "NOTFOUND");
            continue;
        }
        assert!(![404, 405].contains(&answer.status.as_u16()), "{id}: {answer:?}");
        if answer.status == 501 {
            let told = answer.refused(501, "NOTIMPLEMENTEDYET");
            let needs_engine = told.contains("`engine`")
                && [&QUERIES[..], &OF_ONE_QUERY, &ABSENT].iter().any(|all| all.contains(&id));
            assert!(told.contains(id) || needs_engine, "{id}: {answer:?}");
        } else {
            done.insert(id);
        }
    }
    let expected = [
        "addDocuments",
        "createAlias",
        "createApiKey",
        "createCollection",
        "createIntegration",
        "createRole",
        "createSource",
        "createUser",
        "createVirtualInstance",
        "createWorkspace",
        "deleteApiKey",
        "deleteCollection",
        "deleteDocuments",
        "deleteIntegration",
        "deleteRole",
        "deleteSource",
        "deleteUser",
        "deleteVirtualInstance",
        "deleteWorkspace",
        "getApiKey",
        "getCollection",
        "getCollectionOffsets",
        "getCurrentUser",
        "getDeploymentSettings",
        "getIntegration",
        "getOrganization",
        "getRole",
        "getSource",
        "getUser",
        "getVirtualInstance",
        "getWorkspace",
        "listAliases",
        "listAllQueryLambdas",
        "listApiKeys",
        "listCollectionMounts",
        "listCollectionSources",
        "listCollections",
        "listIntegrations",
        "listOrgScheduledLambdas",
        "listQueryLambdasInWorkspace",
        "listRoles",
        "listUnsubscribePreferences",
        "listUsers",
        "listViews",
        "listVirtualInstances",
        "listWorkspaces",
        "mountCollection",
        "patchDocuments",
        "receiveKafkaMessages",
        "resumeSource",
        "resumeVirtualInstance",
        "setVirtualInstance",
        "suspendSource",
        "suspendVirtualInstance",
        "updateAlias",
        "updateApiKey",
        "updateCollection",
        "updateDeploymentSettings",
        "updateIntegration",
        "updateRole",
        "updateSource",
        "updateUnsubscribePreferences",
        "updateUser",
        "uploadFile",
        "workspaceAliases",
        "workspaceCollections",
        "workspaceViews",
    ];
    let mut expected = BTreeSet::from(expected);
    if cfg!(feature = "engine") {
        expected.extend(QUERIES);
    }
    assert_eq!(done, expected);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_told_apart() {
    let local = Local::start();
    assert!(local.get("/v1/orgs/self/nothing").await.refused(404, "NOTFOUND").contains("nothing"));
    let answer = local.send(Method::PUT, "/v1/orgs/self/ws", json!({})).await;
    assert!(answer.refused(405, "METHODNOTALLOWED").contains("PUT"));
    let allowed = answer.headers[ALLOW].to_str().unwrap();
    let allowed: BTreeSet<_> = allowed.split(',').collect();
    assert_eq!(allowed, BTreeSet::from(["GET", "HEAD", "POST"]));
}

#[tokio::test]
async fn a_body_must_say_that_it_is_json() {
    let local = Local::with_collection(json!({})).await;
    for (kind, status) in [
        (None, 415),
        (Some("text/plain"), 415),
        (Some("application/x-www-form-urlencoded"), 415),
        (Some("application/json"), 200),
        (Some("Application/JSON; charset=utf-8"), 200),
    ] {
        let mut request = local.request(Method::POST, DOCS).body(r#"{"data": []}"#);
        if let Some(kind) = kind {
            request = request.header(CONTENT_TYPE, kind);
        }
        let answer = answer(request).await;
        assert_eq!(answer.status, status, "{kind:?}: {answer:?}");
        if status == 415 {
            answer.refused(415, "UNSUPPORTEDMEDIATYPE");
        }
    }
}

#[tokio::test]
async fn a_body_has_at_most_10_mib() {
    let local = Local::with_collection(json!({})).await;
    let body = |size: usize| {
        let frame = r#"{"data":[{"_id":"1","a":""}]}"#;
        format!(r#"{{"data":[{{"_id":"1","a":"{}"}}]}}"#, "x".repeat(size - frame.len()))
    };
    let most = local.text(Method::POST, DOCS, body(TEN_MIB)).await;
    assert_eq!(most.statuses(), ["ADDED"]);

    let message = "Payload size exceeds limit of 10485760 bytes";
    let over = local.text(Method::POST, DOCS, body(TEN_MIB + 1)).await;
    assert_eq!(over.refused(413, "CONTENTTOOLARGE"), message);
    let over = local.text(Method::POST, DOCS, body(5 * TEN_MIB)).await;
    assert_eq!(over.refused(413, "CONTENTTOOLARGE"), message);
    assert_eq!(local.get(C).await.data()["stats"]["doc_count"], 1);
}

/// Sends the head of a request on a plain connection.
fn plain(local: &Local, length: &str) -> TcpStream {
    let mut connection = TcpStream::connect(local.server.address()).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head = format!(
        "POST {DOCS} HTTP/1.1\r\nHost: localhost\r\nAuthorization: ApiKey any\r\n\
         Content-Type: application/json\r\n{length}\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).unwrap();
    connection
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_writes_everything_before_it_reads_learns_why_it_is_refused() {
    let local = Local::with_collection(json!({})).await;
    let read = tokio::task::spawn_blocking(move || {
        let mut connection = plain(&local, &format!("Content-Length: {}", 3 * TEN_MIB));
        for _ in 0..30 {
            connection.write_all(&vec![b' '; TEN_MIB / 10]).unwrap();
        }
        std::thread::sleep(Duration::from_millis(200));
        let mut line = String::new();
        BufReader::new(connection).read_line(&mut line).unwrap();
        line
    });
    assert_eq!(read.await.unwrap(), "HTTP/1.1 413 Payload Too Large\r\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_end_is_answered_and_cut_off() {
    let local = Local::with_collection(json!({})).await;
    let sent = tokio::task::spawn_blocking(move || {
        let mut connection = plain(&local, "Transfer-Encoding: chunked");
        let mut chunk = b"100000\r\n".to_vec();
        chunk.resize(chunk.len() + 0x10_0000, b' ');
        chunk.extend(b"\r\n");
        let mut answered = None;
        for sent in 0..2000 {
            if connection.write_all(&chunk).is_err() {
                return (answered.unwrap(), sent);
            }
            connection.set_nonblocking(true).unwrap();
            let mut head = [0; 12];
            if answered.is_none() && connection.read(&mut head).is_ok_and(|n| n == 12) {
                answered = Some((sent, String::from_utf8_lossy(&head).into_owned()));
            }
            connection.set_nonblocking(false).unwrap();
        }
        panic!("2000 MiB were taken");
    });
    let ((when, answer), cut) = sent.await.unwrap();
    assert_eq!(answer, "HTTP/1.1 413");
    assert!(when < 50 && cut < 500, "answered after {when} MiB, cut off after {cut} MiB");
}

#[tokio::test]
async fn writes_past_the_rate_of_the_virtual_instance_are_refused() {
    let size = Some("nano".parse().unwrap());
    let local = Local::with(Options { virtual_instance: size, ..options() });
    local.post("/v1/orgs/self/ws/commons/collections", json!({"name": "c"})).await;
    let begun = Instant::now();
    let (mut taken, mut refused) = (0, 0);
    while begun.elapsed() < Duration::from_millis(1400) {
        let answer = local.add(json!([])).await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            answer.refused(429, "RATELIMITEXCEEDED");
            assert_eq!(answer.headers[RETRY_AFTER], "1");
            assert_eq!(local.get(C).await.status, 200, "reads are not limited");
            refused += 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
        } else {
            assert_eq!(answer.status, 200);
            taken += 1;
        }
    }
    // A burst of 5, and 5 a second.
    let most = 5.0 + 5.0 * begun.elapsed().as_secs_f64();
    assert!(taken > 5 && f64::from(taken) <= most && refused > 0, "{taken}, {refused} refused");
}

#[tokio::test]
async fn it_stops_when_it_is_dropped() {
    let local = Local::start();
    let address = local.server.address();
    assert_eq!(local.get(ORGANIZATION).await.status, 200);
    drop(local);
    for _ in 0..100 {
        if TcpStream::connect(address).is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it still listens");
}

#[tokio::test]
async fn it_finishes_what_it_has_in_hand_when_it_is_stopped() {
    let mut local = Local::with_collection(json!({})).await;
    let mut connection = tokio::net::TcpStream::connect(local.server.address()).await.unwrap();
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let body = r#"{"data": [{}]}"#;
    let head = format!(
        "POST {DOCS} HTTP/1.1\r\nHost: localhost\r\nAuthorization: ApiKey any\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    local.server.stop();
    tokio::time::sleep(Duration::from_millis(100)).await;
    connection.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("ADDED"), "{answer}");
    tokio::time::timeout(Duration::from_secs(5), local.server.stopped()).await.unwrap().unwrap();
}

#[tokio::test]
async fn every_size_takes_its_rate_of_writes() {
    for (size, rate) in [("MILLI", 10), ("XSMALL", 15)] {
        let virtual_instance = Some(size.parse().unwrap());
        let local = Local::with(Options { virtual_instance, ..options() });
        local.post("/v1/orgs/self/ws/commons/collections", json!({"name": "c"})).await.data();
        let begun = Instant::now();
        let mut taken = 0;
        let refused = loop {
            let answer = local.add(json!([{}])).await;
            match answer.status.as_u16() {
                200 => taken += 1,
                _ => break answer,
            }
        };
        // What a second allows at once, and what has been earned since.
        let most = f64::from(rate) * (1.0 + begun.elapsed().as_secs_f64());
        assert!((rate..=most as u32 + 1).contains(&taken), "{size} takes {taken}");
        let message = refused.refused(429, "RATELIMITEXCEEDED");
        assert!(message.contains(&format!("than {rate} write requests a second")), "{message}");
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error() {
    let local = Local::start();
    let address = local.server.address();
    let again = local::start(Options { listen: address, ..options() }).unwrap_err();
    assert_eq!(again.kind(), std::io::ErrorKind::AddrInUse);
    let message = again.to_string();
    for named in [address.to_string().as_str(), "--listen", "in use"] {
        assert!(message.contains(named), "{message}");
    }
}

#[test]
fn it_needs_a_runtime_and_says_so() {
    assert!(local::start(options()).unwrap_err().to_string().contains("runtime"));
}

#[derive(Debug, Parser)]
struct CommandLine {
    #[command(flatten)]
    options: Options,
}

#[test]
fn options_are_read_from_the_command_line() {
    let parse = |args: &str| {
        CommandLine::try_parse_from(format!("local {args}").split_whitespace())
            .map(|line| line.options)
            .map_err(|error| error.to_string())
    };
    let none = parse("").unwrap();
    assert_eq!(format!("{none:?}"), format!("{:?}", Options::default()));
    assert_eq!(none.listen.to_string(), "127.0.0.1:8089");

    for (text, millis) in [
        ("500ms", 500),
        ("2s", 2_000),
        ("1m", 60_000),
        ("0s", 0),
        ("1.5s", 1_500),
        ("1m2s", 62_000),
    ] {
        let options = parse(&format!("--ready-after {text}")).unwrap();
        assert_eq!(options.ready_after, Duration::from_millis(millis));
    }
    for (wrong, what) in
        [("5", "5sec or 5ms"), ("5 parsecs", "unit"), ("ms", "number"), ("-1s", "number")]
    {
        let arguments = ["local".to_string(), format!("--ready-after={wrong}")];
        let message = CommandLine::try_parse_from(arguments).unwrap_err().to_string();
        assert!(message.contains("--ready-after") && message.contains(what), "{message}");
    }
    for (text, address) in [
        ("localhost:8089", "127.0.0.1:8089"),
        (":8089", "0.0.0.0:8089"),
        ("0.0.0.0:1", "0.0.0.0:1"),
        ("[::1]:8089", "[::1]:8089"),
    ] {
        assert_eq!(parse(&format!("--listen {text}")).unwrap().listen.to_string(), address);
    }
    for wrong in ["8089", "localhost", "localhost:http", "http://localhost:8089", ":", "::1:x"] {
        let message = parse(&format!("--listen={wrong}")).unwrap_err();
        assert!(message.contains("--listen") && message.contains("localhost:8089"), "{message}");
    }
    for size in ["2XLARGE", "MILLI", "xsmall"] {
        assert!(parse(&format!("--virtual-instance {size}")).is_ok(), "{size}");
    }
    assert!(parse("--virtual-instance HUGE").unwrap_err().contains("16XLARGE"));
    let keyed = parse("--api-key s3cret").unwrap();
    assert!(!format!("{keyed:?}").contains("s3cret"));
}
