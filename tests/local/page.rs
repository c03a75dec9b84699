//! The page at `/`, its files, and what they may do.

use crate::support::local::Local;
use flate2::read::GzDecoder;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::io::Read;

/// What Chromium and Firefox send for an address that is opened.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

const FILES: [(&str, &str); 5] = [
    ("/", "text/html; charset=utf-8"),
    ("/console/console.js", "text/javascript; charset=utf-8"),
    ("/console/console.css", "text/css; charset=utf-8"),
    ("/console/icon.svg", "image/svg+xml"),
    ("/console/licenses.txt", "text/plain; charset=utf-8"),
];

async fn get(
    local: &Local,
    path: &str,
    headers: &[(reqwest::header::HeaderName, &str)],
) -> Response {
    let mut request = local.http.get(format!("{}{path}", local.server.url()));
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    request.send().await.unwrap()
}

fn header(response: &Response, name: reqwest::header::HeaderName) -> &str {
    response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

#[tokio::test]
async fn a_browser_gets_the_console_without_a_key() {
    let local = Local::start();
    for (path, content_type) in FILES {
        let response = get(&local, path, &[(ACCEPT, BROWSER)]).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(header(&response, CONTENT_TYPE), content_type);
        assert_eq!(header(&response, CACHE_CONTROL), "no-cache");
        assert_eq!(header(&response, VARY), "Accept, Accept-Encoding");
        assert!(!response.text().await.unwrap().is_empty(), "{path}");
    }
}

#[tokio::test]
async fn all_others_get_the_greeting_of_the_api() {
    let local = Local::start();
    for accept in ["*/*", "application/json", ""] {
        let response = get(&local, "/", &[(ACCEPT, accept)]).await;
        assert_eq!(header(&response, CONTENT_TYPE), "application/json");
        let greeting: Value = response.json().await.unwrap();
        assert_eq!(greeting, json!({"message": "GO ROCKSET!"}));
    }
}

#[tokio::test]
async fn the_page_may_do_nothing_but_ask_its_server() {
    let local = Local::start();
    for (path, _) in FILES {
        let response = get(&local, path, &[(ACCEPT, BROWSER)]).await;
        let policy = header(&response, CONTENT_SECURITY_POLICY);
        for rule in ["default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'"] {
            assert!(policy.split("; ").any(|it| it == rule), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}

#[tokio::test]
async fn a_file_that_is_known_is_not_sent_again() {
    let local = Local::start();
    for (path, _) in FILES {
        let etag = header(&get(&local, path, &[(ACCEPT, BROWSER)]).await, ETAG).to_string();
        let known = get(&local, path, &[(ACCEPT, BROWSER), (IF_NONE_MATCH, &etag)]).await;
        assert_eq!((known.status().as_u16(), header(&known, ETAG)), (304, etag.as_str()));
        assert!(known.bytes().await.unwrap().is_empty());
        let other = get(&local, path, &[(ACCEPT, BROWSER), (IF_NONE_MATCH, "W/\"other\"")]).await;
        assert_eq!(other.status(), 200);
    }
}

#[tokio::test]
async fn a_browser_that_accepts_gzip_gets_the_same_file_in_less() {
    let local = Local::start();
    let mut weight = 0;
    for (path, _) in FILES {
        let plain = get(&local, path, &[(ACCEPT, BROWSER)]).await;
        assert_eq!(header(&plain, CONTENT_ENCODING), "");
        let plain = plain.bytes().await.unwrap();
        let packed = get(&local, path, &[(ACCEPT, BROWSER), (ACCEPT_ENCODING, "gzip")]).await;
        // What is short already is sent as it is.
        let is_gzip = header(&packed, CONTENT_ENCODING) == "gzip";
        assert_eq!(is_gzip, plain.len() > 1024, "{path}");
        let packed = packed.bytes().await.unwrap();
        if is_gzip {
            let mut unpacked = Vec::new();
            GzDecoder::new(packed.as_ref()).read_to_end(&mut unpacked).unwrap();
            assert_eq!(unpacked, plain, "{path}");
        }
        weight += packed.len();
    }
    assert!(weight < 400 << 10, "the page weighs {weight} bytes");
}

#[tokio::test]
async fn the_page_takes_no_writes() {
    let local = Local::start();
    let refused = local.send(Method::POST, "/console/console.js", json!({})).await;
    refused.refused(405, "METHODNOTALLOWED");
}

#[tokio::test]
async fn functions_are_listed_for_editors() {
    let local = Local::start();
    let functions = local.get("/local/functions").await;
    if !cfg!(feature = "engine") {
        assert!(functions.refused(501, "NOTIMPLEMENTEDYET").contains("`engine`"));
        return;
    }
    let functions = functions.data().as_array().unwrap();
    let substr = functions.iter().find(|it| it["name"] == "SUBSTR").unwrap();
    assert!(substr["signature"].as_str().unwrap().starts_with("SUBSTR("), "{substr}");
    assert_eq!(substr["family"], "Strings");
}
