//! Writes of documents. A body is JSON text already, and an answer is read only as far as needed.

use super::answer::words;
use super::effort::Effort;
use super::error::Foreign;
use super::mask::Mask;
use crate::rockset::types::DocumentStatus;
use crate::rockset::{Client, Error};
use bytes::Bytes;
use memchr::{memchr2, memmem};
use progenitor_client::{ClientInfo, encode_path};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, StatusCode};
use serde::Deserialize;

/// The answer to a write, not parsed yet: a status for each document. A successful answer may hold
/// statuses of failure.
#[derive(Debug, Clone)]
pub struct Statuses {
    body: Bytes,
    operation: &'static str,
    mask: Option<Mask>,
}

/// Adds documents. `body` is the JSON text of an `AddDocumentsRequest`, and is sent
/// as it is.
pub async fn add(
    client: &Client,
    workspace: &str,
    collection: &str,
    body: Bytes,
) -> Result<Statuses, Error> {
    write(client, Method::POST, "add_documents", workspace, collection, body).await
}

/// Deletes documents. `body` is the JSON text of a `DeleteDocumentsRequest`, and is sent
/// as it is.
pub async fn delete(
    client: &Client,
    workspace: &str,
    collection: &str,
    body: Bytes,
) -> Result<Statuses, Error> {
    write(client, Method::DELETE, "delete_documents", workspace, collection, body).await
}

/// Sends a write as the generated client does, except for the types of body and answer.
async fn write(
    client: &Client,
    method: Method,
    operation: &'static str,
    workspace: &str,
    collection: &str,
    body: Bytes,
) -> Result<Statuses, Error> {
    const JSON: HeaderValue = HeaderValue::from_static("application/json");
    let url = format!(
        "{}/v1/orgs/self/ws/{}/collections/{}/docs",
        client.baseurl,
        encode_path(workspace),
        encode_path(collection)
    );
    let request =
        client.client.request(method, url).header(ACCEPT, JSON).header(CONTENT_TYPE, JSON);
    let request = request.body(body).build().map_err(|error| {
        let error = client.inner().shown(error);
        Error::Unexpected(format!("no request could be made: {}", super::error::chain(&error)))
    })?;
    let answer = client.send(request, operation).await?;
    Ok(Statuses { body: answer.body, operation, mask: Some(client.inner().mask.clone()) })
}

impl From<Bytes> for Statuses {
    /// From the body of an answer.
    fn from(body: Bytes) -> Self {
        Self { body, operation: "add_documents", mask: None }
    }
}

impl Statuses {
    /// Whether each of these documents has one of the statuses in `good`, and none has an error.
    /// `false` also if this fast check can't decide; then [`Self::read`] tells.
    ///
    /// The check decides if there is one status for each document, in the same order, with the
    /// same text as `_id`. `ids` are those of the documents, as they stand between quotation
    /// marks in JSON; `None` is an `_id` that isn't a string.
    pub fn are_all<'d>(
        &self,
        ids: impl IntoIterator<Item = Option<&'d [u8]>>,
        good: &[&[u8]],
    ) -> bool {
        // Within a string, quotation marks are escaped, so this is the name of a property.
        const DATA: &[u8] = br#""data":["#;
        let body = self.body.as_ref();
        let Some(at) = memmem::find(body, DATA) else {
            return false;
        };
        let mut rest = &body[at + DATA.len()..];
        let mut shape: Option<Shape<'_>> = None;
        for (index, id) in ids.into_iter().enumerate() {
            let text = if index == 0 { Some(rest) } else { rest.strip_prefix(b",") };
            let (Some(text), Some(id)) = (text, id) else {
                return false;
            };
            let after = shape.as_ref().and_then(|shape| shape.after(text, id)).or_else(|| {
                let seen = Shape::of(text, good)?;
                let after = seen.after(text, id);
                shape = Some(seen);
                after
            });
            match after {
                Some(after) => rest = after,
                None => return false,
            }
        }
        rest.first() == Some(&b']')
    }

    /// Reads the statuses, in their order.
    pub fn read(&self) -> Result<Vec<DocumentStatus>, Error> {
        #[derive(Deserialize)]
        struct WriteAnswer {
            data: Option<Vec<DocumentStatus>>,
        }
        let body = match &self.mask {
            Some(mask) => mask.body(self.body.clone()),
            None => self.body.clone(),
        };
        let answer = serde_json::from_slice(&body);
        if let Ok(WriteAnswer { data: Some(statuses) }) = answer {
            return Ok(statuses);
        }
        let why = answer.err().map(|error| format!(" ({error})")).unwrap_or_default();
        Err(Error::Foreign(Foreign {
            status: StatusCode::OK,
            words: format!(" without statuses of documents{why}: {}", words(&body)),
            effort: Effort::first(self.operation),
        }))
    }
}

/// A good status, around its `_id`. Those of a request are mostly alike but for that.
struct Shape<'a> {
    before: &'a [u8],
    after: &'a [u8],
}

impl<'a> Shape<'a> {
    /// The shape of the status at the start of a text. `None` if the status isn't good, or isn't
    /// written like Rockset's, such as with spaces.
    fn of(text: &'a [u8], good: &[&[u8]]) -> Option<Self> {
        let mut rest = text.strip_prefix(b"{")?;
        let at = |rest: &[u8]| text.len() - rest.len();
        let (mut id, mut is_good) = (None, false);
        loop {
            let (name, after_name) = string(rest)?;
            let value = after_name.strip_prefix(b":")?;
            let after = match (name, value.first()?) {
                (b"_id", _) if id.is_some() => return None,
                (b"_id", _) => {
                    let (content, after) = string(value)?;
                    id = Some((at(value) + 1, content.len()));
                    after
                }
                (b"status", _) if is_good => return None,
                (b"status", _) => {
                    let good = good.iter().find_map(|good| value.strip_prefix(*good));
                    is_good = true;
                    good?
                }
                (b"error", _) | (_, b'n') => value.strip_prefix(b"null")?,
                _ => string(value)?.1,
            };
            rest = match after.first()? {
                b',' => &after[1..],
                b'}' => {
                    let (start, length) = id.filter(|_| is_good)?;
                    let end = at(after) + 1;
                    let (before, id) = text[..end].split_at(start);
                    return Some(Self { before, after: &id[length..] });
                }
                _ => return None,
            };
        }
    }

    /// The text after a status of this shape with that `_id`.
    fn after<'t>(&self, text: &'t [u8], id: &[u8]) -> Option<&'t [u8]> {
        text.strip_prefix(self.before)?.strip_prefix(id)?.strip_prefix(self.after)
    }
}

/// The `_id` of a document that begins with it, as it stands between quotation marks. `None` if it
/// isn't a string.
pub fn written_id(document: &[u8]) -> Option<&[u8]> {
    string(document.strip_prefix(b"{\"_id\":")?).map(|(id, _)| id)
}

/// The inside of the JSON string at the start of a text, and the text after it.
fn string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.strip_prefix(b"\"")?;
    let mut from = 0;
    loop {
        let end = from + memchr2(b'"', b'\\', text.get(from..)?)?;
        if text[end] == b'"' {
            return Some((&text[..end], &text[end + 1..]));
        }
        from = end + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &[&[u8]] = &[br#""ADDED""#, br#""REPLACED""#];

    /// Whether the fast check finds that `a` and `b` are stored.
    fn glance(statuses: &str) -> bool {
        let answer = format!(r#"{{"data":[{statuses}],"last_offset":"f1"}}"#);
        let ids = [br#"{"_id":"a","x":1}"#.as_slice(), br#"{"_id":"b"}"#];
        Statuses::from(Bytes::from(answer)).are_all(ids.map(written_id), GOOD)
    }

    #[test]
    fn each_document_has_a_good_status_of_its_own() {
        let good = [
            r#"{"_id":"a","status":"ADDED"},{"_id":"b","status":"ADDED"}"#,
            r#"{"status":"ADDED","_id":"a"},{"_id":"b","status":"REPLACED"}"#,
            r#"{"_collection":"w.c","_id":"a","error":null,"patch_id":null,"status":"ADDED"},{"_collection":"w.c","_id":"b","error":null,"patch_id":null,"status":"ADDED"}"#,
            r#"{"_id":"a","x":"\"}","status":"ADDED"},{"_id":"b","x":"\"}","status":"ADDED"}"#,
        ];
        for statuses in good {
            assert!(glance(statuses), "{statuses}");
        }
        let not_good = [
            "",
            r#"{"_id":"a","status":"ADDED"}"#,
            r#"{"_id":"a","status":"ADDED"},{"_id":"a","status":"ADDED"}"#,
            r#"{"_id":"b","status":"ADDED"},{"_id":"a","status":"ADDED"}"#,
            r#"{"_id":"a","status":"ADDED"},{"_id":"b","status":"ADDED"},{"_id":"b","status":"ADDED"}"#,
            r#"{"_id":"a","status":"ADDED"},{"_id":"b","status":"ERROR"}"#,
            r#"{"_id":"a","status":"ADDED"},{"_id":"b","status":"ADDED","error":{}}"#,
            r#"{"_id":"a","status":"ADDED"},{"_id":"b","status":"ADDED","status":"ERROR"}"#,
            r#"{"_id":"a","status":"ADDED"},{"_id":"b","_id":"c","status":"ADDED"}"#,
            r#"{"_id":"a","status":"ADDED"},{"_id":"bb","status":"ADDED"}"#,
            r#"{"_id":"a","status":"ADDED"},{"status":"ADDED"}"#,
            r#"{"_id":"a","status":"ADDED"},{"_id":null,"status":"ADDED"}"#,
            r#"{"_id":"a","status":"ADDED"},{"_id":"b"}"#,
            r#"{"_id":"a","status":"ADDED"}{"_id":"b","status":"ADDED"}"#,
            r#"{"_id":"a","status":"ADDED","x":"{"_id":"b","status":"ADDED"}"#,
        ];
        for statuses in not_good {
            assert!(!glance(statuses), "{statuses}");
        }
    }

    #[test]
    fn an_id_is_what_stands_between_quotation_marks() {
        let id = |document: &'static str| written_id(document.as_bytes());
        assert_eq!(id(r#"{"_id":"a\"b\\","c":1}"#), Some(br#"a\"b\\"#.as_slice()));
        assert_eq!(id(r#"{"_id":""}"#), Some(b"".as_slice()));
        for document in [r#"{"_id":5}"#, r#"{"a":"b"}"#, r#"{"_id":"a"#, r#"{"_id":"a\"#, ""] {
            assert_eq!(id(document), None, "{document}");
        }
    }
}
