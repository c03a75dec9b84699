//! What the local Rockset's answers carry for browsers and proxies, and bodies in gzip.

use crate::support::local::{Answer, C, DOCS, Local, answer};
use flate2::Compression;
use flate2::read::{GzDecoder, GzEncoder};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// As recorded from the hosted service.
const CORS: [(&str, &str); 7] = [
    ("access-control-allow-origin", "*"),
    ("access-control-allow-credentials", "true"),
    ("access-control-allow-methods", "GET, POST, PUT, DELETE, OPTIONS, HEAD, PATCH"),
    (
        "access-control-allow-headers",
        "origin, content-type, accept, authorization, organization, user-agent, \
         x-rockset-version, baggage, sentry-trace",
    ),
    ("access-control-max-age", "1209600"),
    ("cache-control", "no-store"),
    ("vary", "Accept-Encoding"),
];

#[track_caller]
fn open(headers: &HeaderMap) {
    for (name, value) in CORS {
        let found: Vec<_> = headers.get_all(name).iter().collect();
        assert_eq!(found, [value], "{name}");
    }
}

#[tokio::test]
async fn pages_may_read_every_answer() {
    let local = Local::with_collection(json!({})).await;
    let url = local.server.url();
    for answer in [
        local.get("/v1/orgs/self").await,
        local.add(json!([{}])).await,
        local.get("/nowhere").await,
        local.get(&format!("{C}x")).await,
        local.send(Method::PUT, "/v1/orgs/self/ws", json!({})).await,
        local.text(Method::POST, DOCS, vec![b' '; 11 << 20]).await,
        local.get("/v1/orgs/self/users").await,
        local.get("/local").await,
        answer(local.http.get(format!("{url}/v1/orgs/self"))).await,
    ] {
        open(&answer.headers);
    }
}

#[tokio::test]
async fn an_options_needs_no_key() {
    let local = Local::with_collection(json!({})).await;
    for path in ["/v1/orgs/self", DOCS, "/v1/orgs/self/queries", "/local", "/nowhere"] {
        let url = format!("{}{path}", local.server.url());
        let request = local.http.request(Method::OPTIONS, url);
        let request = request
            .header("origin", "http://localhost:3000")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization, content-type");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        open(response.headers());
        assert_eq!(response.bytes().await.unwrap().len(), 0);
    }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    GzEncoder::new(text, Compression::default()).read_to_end(&mut encoded).unwrap();
    encoded
}

async fn encoded(local: &Local, encoding: &str, body: Vec<u8>) -> Answer {
    let request = local.request(Method::POST, DOCS).header(CONTENT_TYPE, "application/json");
    answer(request.header("content-encoding", encoding).body(body)).await
}

#[tokio::test]
async fn a_body_may_come_in_gzip() {
    let local = Local::with_collection(json!({})).await;
    let body = |id: &str| json!({"data": [{"_id": id, "text": "x".repeat(5_000)}]}).to_string();
    for (id, encoding) in [("1", "gzip"), ("2", "GZIP"), ("3", "x-gzip")] {
        let added = encoded(&local, encoding, gzip(body(id).as_bytes())).await;
        assert_eq!(added.statuses(), ["ADDED"]);
        assert_eq!(local.document(id).await["text"], "x".repeat(5_000));
    }
    // What gzip joins is one text.
    let whole = body("4");
    let (first, second) = whole.split_at(whole.len() / 2);
    let parts = [gzip(first.as_bytes()), gzip(second.as_bytes())].concat();
    assert_eq!(encoded(&local, "gzip", parts).await.statuses(), ["ADDED"]);
    assert_eq!(encoded(&local, "identity", body("5").into()).await.statuses(), ["ADDED"]);

    for other in ["deflate", "br", "zstd", "gzip, gzip"] {
        let refused = encoded(&local, other, gzip(body("6").as_bytes())).await;
        assert!(refused.refused(415, "UNSUPPORTEDMEDIATYPE").contains("gzip"), "{other}");
    }
    let mut cut = gzip(body("6").as_bytes());
    cut.truncate(cut.len() - 3);
    for wrong in [b"plain".to_vec(), cut] {
        let refused = encoded(&local, "gzip", wrong).await;
        assert!(refused.refused(400, "BADREQUEST").contains("gzip"));
    }
    assert_eq!(local.get(C).await.data()["stats"]["doc_count"], 5);
}

#[tokio::test]
async fn a_body_is_not_larger_for_coming_in_gzip() {
    let local = Local::with_collection(json!({})).await;
    let body = |size: usize| {
        let frame = r#"{"data":[{"_id":"1","a":""}]}"#;
        format!(r#"{{"data":[{{"_id":"1","a":"{}"}}]}}"#, "x".repeat(size - frame.len()))
    };
    let most = gzip(body(10 << 20).as_bytes());
    assert_eq!(encoded(&local, "gzip", most).await.statuses(), ["ADDED"]);
    for over in [(10 << 20) + 1, 300 << 20] {
        let over = encoded(&local, "gzip", gzip(body(over).as_bytes())).await;
        let message = over.refused(413, "CONTENTTOOLARGE");
        assert_eq!(message, "Payload size exceeds limit of 10485760 bytes");
    }
}

/// Sends a request as bytes and takes the answer apart.
fn plain(local: &Local, head: &str) -> (String, Vec<u8>) {
    let mut connection = TcpStream::connect(local.server.address()).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head =
        format!("{head}Host: localhost\r\nAuthorization: ApiKey any\r\nConnection: close\r\n\r\n");
    connection.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    (String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase(), answer[end + 4..].to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_comes_in_gzip_to_who_asks_for_it() {
    let local = Local::with_collection(json!({})).await;
    local.add(json!([{"_id": "1", "text": "x".repeat(5_000)}])).await;
    let get = |path: &str, accept: &str| plain(&local, &format!("GET {path} HTTP/1.1\r\n{accept}"));
    let path = "/local/ws/commons/collections/c/docs/1";
    for accept in ["gzip", "deflate, gzip;q=0.5, br", "*", "GZIP ; q=1"] {
        let (head, body) = get(path, &format!("Accept-Encoding: {accept}\r\n"));
        assert!(head.contains("content-encoding: gzip"), "{accept}: {head}");
        assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
        let document: Value = serde_json::from_reader(GzDecoder::new(body.as_slice())).unwrap();
        assert_eq!(document["text"], "x".repeat(5_000), "{accept}");
    }
    for accept in ["", "Accept-Encoding: br\r\n", "Accept-Encoding: gzip;q=0, *\r\n"] {
        let (head, body) = get(path, accept);
        assert!(!head.contains("content-encoding"), "{accept}: {head}");
        assert!(body.starts_with(b"{"), "{accept}");
    }
    // What is short would only get longer.
    let (head, body) = get("/", "Accept-Encoding: gzip\r\n");
    assert!(!head.contains("content-encoding"), "{head}");
    assert_eq!(body, br#"{"message":"GO ROCKSET!"}"#);
    // No body, and no word of how one would be encoded.
    let (head, body) = plain(&local, &format!("HEAD {path} HTTP/1.1\r\nAccept-Encoding: gzip\r\n"));
    assert!(head.starts_with("http/1.1 200") && body.is_empty(), "{head}");
}
