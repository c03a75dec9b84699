//! The console: one page at `/` and the files that it loads, from the program itself. The page asks
//! the API like any other client, so it needs no right of its own.

use super::organization;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::OnceLock;

/// What the page may do: load its own files, and ask its own server. Markup that is made of text
/// (`innerHTML`) is refused by the browser.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'; require-trusted-types-for 'script'; \
                      trusted-types 'none'";

/// Headers of every file. A browser keeps a file, and asks whether there is another one.
const HEADERS: [(HeaderName, &str); 5] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-cache"),
    (VARY, "Accept, Accept-Encoding"),
];

/// A file that `console/build.mjs` has written.
struct File {
    content_type: &'static str,
    text: &'static str,
    etag: OnceLock<HeaderValue>,
}

macro_rules! file {
    ($content_type:literal, $name:literal) => {
        File {
            content_type: $content_type,
            text: include_str!(concat!("../../../console/dist/", $name)),
            etag: OnceLock::new(),
        }
    };
}

static PAGE: File = file!("text/html; charset=utf-8", "index.html");
static SCRIPT: File = file!("text/javascript; charset=utf-8", "console.js");
static STYLE: File = file!("text/css; charset=utf-8", "console.css");
static ICON: File = file!("image/svg+xml", "icon.svg");
static LICENSES: File = file!("text/plain; charset=utf-8", "licenses.txt");

/// The page for a browser, and for all others the words of the hosted service.
pub(super) async fn page(headers: HeaderMap) -> Response {
    match is_browser(&headers) {
        true => PAGE.answer(&headers),
        false => organization::greet().await.into_response(),
    }
}

pub(super) async fn script(headers: HeaderMap) -> Response {
    SCRIPT.answer(&headers)
}

pub(super) async fn style(headers: HeaderMap) -> Response {
    STYLE.answer(&headers)
}

pub(super) async fn icon(headers: HeaderMap) -> Response {
    ICON.answer(&headers)
}

/// The licences of the packages that the script is built from.
pub(super) async fn licenses(headers: HeaderMap) -> Response {
    LICENSES.answer(&headers)
}

/// A browser that opens an address names HTML first; clients and pages name JSON or anything.
fn is_browser(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|list| list.split(',')).any(|entry| entry.trim().starts_with("text/html"))
}

impl File {
    fn answer(&self, headers: &HeaderMap) -> Response {
        let etag = self.etag.get_or_init(|| etag(self.text));
        let mut response = match headers.get(IF_NONE_MATCH) {
            Some(known) if known == etag => StatusCode::NOT_MODIFIED.into_response(),
            _ => ([(CONTENT_TYPE, self.content_type)], self.text).into_response(),
        };
        response.headers_mut().insert(ETAG, etag.clone());
        for (name, value) in HEADERS {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// A weak one: a file in gzip has the same.
fn etag(text: &str) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let etag = HeaderValue::from_str(&format!("W/\"{:016x}\"", hasher.finish()));
    // Hexadecimal digits are a valid header.
    etag.unwrap_or(HeaderValue::from_static("W/\"0\""))
}
