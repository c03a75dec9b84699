//! The path of a document: bodies that are already JSON text, and answers that are looked
//! at only as far as needed.

use super::types::{AddDocumentsResponse, DocumentStatus, ErrorModel};
use super::{Client, Error};
use bytes::Bytes;
use memchr::memmem;
use progenitor_client::{ClientHooks, OperationInfo, encode_path};
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};

/// What Rockset answered to a write: the status of each document, not read yet.
///
/// The answer as a whole is no promise: every document has a status of its own in it.
#[derive(Debug, Clone)]
pub struct Statuses(Bytes);

/// Adds documents. `body` is the JSON text of an `AddDocumentsRequest`, and is sent
/// as it is.
pub async fn add(
    client: &Client,
    workspace: &str,
    collection: &str,
    body: Bytes,
) -> Result<Statuses, Error> {
    const ADD: OperationInfo = OperationInfo { operation_id: "add_documents" };
    write(client, Method::POST, &ADD, workspace, collection, body).await
}

/// Deletes documents. `body` is the JSON text of a `DeleteDocumentsRequest`, and is sent
/// as it is.
pub async fn delete(
    client: &Client,
    workspace: &str,
    collection: &str,
    body: Bytes,
) -> Result<Statuses, Error> {
    const DELETE: OperationInfo = OperationInfo { operation_id: "delete_documents" };
    write(client, Method::DELETE, &DELETE, workspace, collection, body).await
}

/// What the generated client does for these operations, but for body and answer.
async fn write(
    client: &Client,
    method: Method,
    operation: &OperationInfo,
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
    let request = request.body(body).build().map_err(Error::unanswered)?;
    let answer = client.exec(request, operation).await.map_err(Error::unanswered)?;
    let status = answer.status();
    let body = answer.bytes().await.map_err(Error::unanswered)?;
    match status.is_success() {
        true => Ok(Statuses(body)),
        false => {
            let model: ErrorModel = serde_json::from_slice(&body).unwrap_or_default();
            Err(Error::answered(status, model))
        }
    }
}

impl From<Bytes> for Statuses {
    /// From the body of an answer.
    fn from(body: Bytes) -> Self {
        Self(body)
    }
}

impl Statuses {
    /// Whether so many documents have one of these statuses, and there is none of another
    /// and no error. If this can't be seen at a glance, it says no, and [`Self::read`]
    /// tells.
    ///
    /// A quotation mark within a JSON string has a backslash before it, so the marks that
    /// are searched for can't be part of a document's `_id` or of a message.
    pub fn are_all(&self, count: usize, good: &[&[u8]]) -> bool {
        const STATUS: &[u8] = br#""status":"#;
        const ERROR: &[u8] = br#""error":{"#;
        let body = self.0.as_ref();
        let mut found = 0;
        for at in memmem::find_iter(body, STATUS) {
            let value = &body[at + STATUS.len()..];
            if !good.iter().any(|good| value.starts_with(good)) {
                return false;
            }
            found += 1;
        }
        found == count && memmem::find(body, ERROR).is_none()
    }

    /// Reads the status of each document, in order.
    pub fn read(&self) -> Result<Vec<DocumentStatus>, Error> {
        // That to a deletion has the same form.
        let answer: AddDocumentsResponse = serde_json::from_slice(&self.0).map_err(|e| {
            let shown = &self.0[..self.0.len().min(300)];
            Error::Unexpected(format!("{e} in {}", String::from_utf8_lossy(shown)))
        })?;
        Ok(answer.data)
    }
}
