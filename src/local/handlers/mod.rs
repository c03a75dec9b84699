//! What each operation does, a file for each group of them.

pub(super) mod absent;
pub(super) mod collections;
pub(super) mod documents;
pub(super) mod integrations;
pub(super) mod looking;
pub(super) mod organization;
pub(super) mod receivers;
pub(super) mod sources;
pub(super) mod uploads;
pub(super) mod workspaces;
