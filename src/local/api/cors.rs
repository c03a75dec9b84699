//! Headers that let web pages call the API, and that keep caches from storing its answers.

use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL, HeaderName, VARY,
};
use http::{HeaderValue, StatusCode};

const METHODS: &str = "GET, POST, PUT, DELETE, OPTIONS, HEAD, PATCH";

/// Headers of every answer, as the hosted service sent them.
const HEADERS: [(HeaderName, &str); 7] = [
    (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"),
    (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
    (
        ACCESS_CONTROL_ALLOW_HEADERS,
        "origin, content-type, accept, authorization, organization, user-agent, \
         x-rockset-version, baggage, sentry-trace",
    ),
    (ACCESS_CONTROL_MAX_AGE, "1209600"),
    (CACHE_CONTROL, "no-store"),
    (VARY, "Accept-Encoding"),
];

/// Answer to a preflight request (OPTIONS), which a browser sends without a key before a page's
/// request.
pub(super) fn preflight() -> Response {
    (StatusCode::OK, [(ALLOW, METHODS)]).into_response()
}

/// Adds the headers that every answer has, unless it has its own.
pub(super) fn open(response: &mut Response) {
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
}
