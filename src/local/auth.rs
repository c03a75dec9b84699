//! Who may come in: whoever brings the API key, or any key if none is set.

use super::errors::Failure;
use super::options::ApiKey;
use crate::rockset::enums::ErrorType;
use http::HeaderMap;
use http::header::AUTHORIZATION;

/// Checks the `Authorization` header: the word `ApiKey`, in any case, and the key.
pub(super) fn check(headers: &HeaderMap, expected: Option<&ApiKey>) -> Result<(), Failure> {
    let refuse = |message: &str| Err(Failure::new(ErrorType::Authexception, message));
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = header.and_then(|text| text.trim().split_once(' ')).and_then(|(word, key)| {
        word.eq_ignore_ascii_case("ApiKey").then(|| key.trim()).filter(|key| !key.is_empty())
    });
    match (key, expected) {
        (None, _) => refuse("An API key is needed: send the header `Authorization: ApiKey KEY`"),
        (Some(key), Some(expected)) if !expected.is(key) => refuse("The API key is not known"),
        _ => Ok(()),
    }
}
