//! Answers: read to their end, with the API key masked, and checked to be Rockset's.

use super::mask::Mask;
use crate::rockset::types::ErrorModel;
use bytes::Bytes;
use http::HeaderMap;
use reqwest::{Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The largest answer that is read, in bytes. The statuses of a full request and a list of some
/// thousand collections take less.
const LARGEST: usize = 64 << 20;

/// The largest error that is read, in bytes.
const LARGEST_ERROR: usize = 1 << 20;

/// The most memory that is allocated for an answer before it comes, in bytes. Statuses of a full
/// request take less.
const MAX_PREALLOCATED: u64 = 2 << 20;

/// The number of characters that are shown of an answer that can't be parsed.
const SHOWN: usize = 200;

/// An answer that has been read.
#[derive(Debug)]
pub(super) struct Whole {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Whether the answer was longer than what is read of one.
    is_cut: bool,
}

impl Whole {
    /// Reads an answer to its end. Its pieces are copied one by one, so that the connection
    /// can receive each into the same memory.
    pub async fn read(mut response: Response) -> reqwest::Result<Self> {
        let (status, headers) = (response.status(), response.headers().clone());
        let largest = if status.is_success() { LARGEST } else { LARGEST_ERROR };
        let expected = response.content_length().unwrap_or_default().min(MAX_PREALLOCATED);
        let mut body = Vec::with_capacity(expected as usize);
        let mut is_cut = false;
        while let Some(piece) = response.chunk().await? {
            let room = largest - body.len();
            is_cut = piece.len() > room;
            body.extend_from_slice(&piece[..piece.len().min(room)]);
            if is_cut {
                break;
            }
        }
        Ok(Self { status, headers, body: body.into(), is_cut })
    }

    /// This answer, with the API key masked in its body.
    pub fn masked(self, mask: &Mask) -> Self {
        Self { body: mask.body(self.body), ..self }
    }

    /// The body as Rockset's error, if it is one.
    pub fn error_model(&self) -> Option<ErrorModel> {
        let model: ErrorModel = serde_json::from_slice(&self.body).ok()?;
        // Other servers, too, answer a `message` to a path that they don't know.
        let is_found = self.status != StatusCode::NOT_FOUND;
        let is_one = model.type_.is_some() || (model.message.is_some() && is_found);
        is_one.then_some(model)
    }

    /// How the body begins, for people.
    pub fn words(&self) -> String {
        words(&self.body)
    }

    /// What a success lacks of what is expected, if anything.
    pub fn mismatch(&self, expected: &Expected) -> Option<String> {
        if self.is_cut {
            Some(format!(" with more than {} MiB", LARGEST >> 20))
        } else {
            expected.mismatch(&self.body)
        }
    }
}

/// How a body begins, in a line.
pub(super) fn words(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(8 * SHOWN)]);
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    let mut shown: String = line.chars().take(SHOWN).collect();
    if shown.len() < line.len() || body.len() > 8 * SHOWN {
        shown.push('…');
    }
    match shown.as_str() {
        "" => "nothing more".to_string(),
        _ => shown,
    }
}

impl From<Whole> for Response {
    fn from(answer: Whole) -> Self {
        let mut response = http::Response::new(answer.body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        response.into()
    }
}

/// What a successful answer has to hold.
#[derive(Debug)]
pub(super) enum Expected {
    /// Anything: the caller checks it.
    Any,
    /// `data`.
    Data,
    /// `data` of what was created, with this name.
    Created(String),
}

#[derive(Deserialize)]
struct AnswerBody<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Named {
    name: Option<String>,
}

impl Expected {
    /// What is expected of an operation on metadata.
    pub fn of(operation: &str, request: &Request) -> Self {
        match operation {
            "get_current_user"
            | "get_user"
            | "update_user"
            | "get_mount_offsets"
            | "get_collection_offsets"
            | "query"
            | "query_virtual_instance"
            | "validate"
            | "get_query_results"
            | "execute_query_lambda"
            | "execute_query_lambda_by_tag"
            | "execute_public_query_lambda_with_params" => Self::Any,
            "create_workspace" | "create_collection" => {
                let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
                let named = serde_json::from_slice(body).ok();
                named.and_then(|named: Named| named.name).map_or(Self::Data, Self::Created)
            }
            _ => Self::Data,
        }
    }

    fn mismatch(&self, body: &[u8]) -> Option<String> {
        let name = match self {
            Self::Any => return None,
            Self::Data => None,
            Self::Created(name) => Some(name),
        };
        let answer: Option<AnswerBody<'_>> = serde_json::from_slice(body).ok();
        let data = answer.and_then(|answer| answer.data).map_or("{}", RawValue::get);
        if data == "{}" {
            return Some(format!(" without what it was asked for: {}", words(body)));
        }
        let named: Option<Named> = serde_json::from_str(data).ok();
        match (name, named.and_then(|named| named.name)) {
            (Some(wanted), Some(created)) if *wanted == created => None,
            (Some(wanted), _) => {
                Some(format!(" to the creation of {wanted}, and not with it: {}", words(body)))
            }
            (None, _) => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_holds_what_was_asked_for() {
        let created = Expected::Created("w".to_string());
        let cases = [
            (r#"{"data":{"name":"w"}}"#, true, true),
            (r#"{"data":{"name":"v"}}"#, true, false),
            (r#"{"data":{"created_by":"me"}}"#, true, false),
            (r#"{"data":[]}"#, true, false),
            (r#"{"data":{}}"#, false, false),
            (r#"{"data":null}"#, false, false),
            ("{}", false, false),
            ("[]", false, false),
            ("null", false, false),
            ("<html>", false, false),
            ("", false, false),
        ];
        for (body, is_data, is_created) in cases {
            let is = |expected: &Expected| expected.mismatch(body.as_bytes()).is_none();
            let all = (is(&Expected::Data), is(&created), is(&Expected::Any));
            assert_eq!(all, (is_data, is_created, true), "{body}");
        }
    }

    #[test]
    fn words_are_a_line() {
        assert_eq!(words(b"  <h1>\r\n\tNot\x1b[31m found</h1>\n"), "<h1> Not [31m found</h1>");
        assert_eq!(words(b" "), "nothing more");
        assert_eq!(words("é".repeat(300).as_bytes()), format!("{}…", "é".repeat(200)));
        assert_eq!(words(&b" ".repeat(10_000)), "…");
    }
}
