//! The path of a document: bodies that are already JSON text.

use super::types::{
    AddDocumentsRequest, AddDocumentsResponse, DeleteDocumentsRequest, DeleteDocumentsResponse,
};
use super::{Client, Error, call};
use bytes::Bytes;

/// Adds documents. `body` is the JSON text of an `AddDocumentsRequest`, and is sent
/// as it is.
///
/// An answer is no promise: every document has a status of its own in it.
pub async fn add(
    client: &Client,
    workspace: &str,
    collection: &str,
    body: Bytes,
) -> Result<AddDocumentsResponse, Error> {
    let in_place_of_body = AddDocumentsRequest { data: Vec::new() };
    let carrier = client.carrying(body);
    call(carrier.add_documents(workspace, collection, &in_place_of_body)).await
}

/// Deletes documents. `body` is the JSON text of a `DeleteDocumentsRequest`, and is sent
/// as it is. As with [`add`], every document has a status of its own.
pub async fn delete(
    client: &Client,
    workspace: &str,
    collection: &str,
    body: Bytes,
) -> Result<DeleteDocumentsResponse, Error> {
    let in_place_of_body = DeleteDocumentsRequest { data: Vec::new() };
    let carrier = client.carrying(body);
    call(carrier.delete_documents(workspace, collection, &in_place_of_body)).await
}
