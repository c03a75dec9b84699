//! What each operation does, a file for each group of them.

pub(super) mod collections;
pub(super) mod documents;
pub(super) mod integrations;
pub(super) mod looking;
pub(super) mod organization;
pub(super) mod workspaces;

/// An answer that is a list. The generated types leave out a list that is empty.
#[derive(serde::Serialize)]
pub(super) struct Listed<T> {
    data: Vec<T>,
}
