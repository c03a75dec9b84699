//! Who may come in: whoever brings the API key, or any key if none is set; and what a
//! key allows, which is decided by the operation.

use super::errors::Failure;
use super::options::{ApiKey, Options};
use crate::rockset::enums::ErrorType;
use crate::rockset::operations::{OPERATIONS, Right};
use axum::extract::MatchedPath;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Method};

/// Who works for an organization says so in this header, beside a token.
const ORGANIZATION: &str = "organization";

/// The right that a request needs: that of its operation, which the router has found.
/// What is no operation of the API, such as `/local`, is only looked at.
pub(super) fn needed(parts: &Parts) -> Right {
    // A HEAD is a GET of which the body is not wanted.
    let method = match &parts.method {
        &Method::HEAD => &Method::GET,
        method => method,
    };
    let path = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
    let is = |path: &str| {
        OPERATIONS.iter().find(|found| found.path == path && found.method == method.as_str())
    };
    match (path, path.and_then(is)) {
        (_, Some(operation)) => operation.right,
        (Some("/"), None) if method == Method::GET => Right::Nothing,
        (_, None) if method == Method::GET => Right::Read,
        (_, None) => Right::Write,
    }
}

/// Checks who sends a request and answers the most that they may do.
///
/// The `Authorization` header holds the word `ApiKey`, in any case, and the key; or
/// `Bearer` and a token, if there is a header `organization`, too.
pub(super) fn check(headers: &HeaderMap, options: &Options) -> Result<Right, Failure> {
    let refuse = |message: &str| Err(Failure::new(ErrorType::Authexception, message));
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_organization = text(ORGANIZATION).is_some_and(|name| !name.trim().is_empty());
    let given = text(AUTHORIZATION.as_str()).and_then(|text| text.trim().split_once(' '));
    let key = given.and_then(|(word, key)| {
        let is_key = word.eq_ignore_ascii_case("ApiKey")
            || (word.eq_ignore_ascii_case("Bearer") && is_organization);
        is_key.then(|| key.trim()).filter(|key| !key.is_empty())
    });
    let Some(key) = key else {
        return refuse("An API key is needed: send the header `Authorization: ApiKey KEY`");
    };
    let is = |expected: &Option<ApiKey>| expected.as_ref().is_some_and(|expected| expected.is(key));
    match &options.api_key {
        _ if is(&options.read_only_api_key) => Ok(Right::Query),
        Some(_) if !is(&options.api_key) => refuse("The API key is not known"),
        _ => Ok(Right::Write),
    }
}

/// Refuses what a key does not allow.
pub(super) fn allow(held: Right, needed: Right) -> Result<(), Failure> {
    match held >= needed {
        true => Ok(()),
        false => {
            let message = "The role of this API key may read, but not write";
            Err(Failure::new(ErrorType::Forbidden, message))
        }
    }
}
