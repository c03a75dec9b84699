//! Who may come in: whoever brings the API key, or any key if none is set.

use super::errors::Failure;
use super::options::{ApiKey, Options};
use crate::rockset::enums::ErrorType;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method};

/// What a key allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Full,
    ReadOnly,
}

/// Checks the `Authorization` header: the word `ApiKey`, in any case, and the key.
pub(super) fn check(headers: &HeaderMap, options: &Options) -> Result<Access, Failure> {
    let refuse = |message: &str| Err(Failure::new(ErrorType::Authexception, message));
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = header.and_then(|text| text.trim().split_once(' ')).and_then(|(word, key)| {
        word.eq_ignore_ascii_case("ApiKey").then(|| key.trim()).filter(|key| !key.is_empty())
    });
    let Some(key) = key else {
        return refuse("An API key is needed: send the header `Authorization: ApiKey KEY`");
    };
    let is = |expected: &Option<ApiKey>| expected.as_ref().is_some_and(|expected| expected.is(key));
    match &options.api_key {
        _ if is(&options.read_only_api_key) => Ok(Access::ReadOnly),
        Some(_) if !is(&options.api_key) => refuse("The API key is not known"),
        _ => Ok(Access::Full),
    }
}

/// Refuses what a key does not allow.
pub(super) fn allow(access: Access, method: &Method, path: &str) -> Result<(), Failure> {
    let is_query = path.ends_with("/queries") || path.ends_with("/queries/validations");
    match access {
        Access::ReadOnly if method != Method::GET && !is_query => Err(Failure::new(
            ErrorType::Forbidden,
            "The role of this API key may read, but not write",
        )),
        _ => Ok(()),
    }
}
