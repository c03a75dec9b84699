//! The operations of the API document as a table: the local server routes requests by it, and
//! tests iterate over it.

use super::enums::PrivilegeAction;

/// An operation of the API.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// `operationId`, such as `addDocuments`.
    pub operation_id: &'static str,
    /// Name of the client's function, such as `add_documents`. An operation whose body is a form
    /// has none.
    pub function: &'static str,
    /// Method in capitals.
    pub method: &'static str,
    /// Path with its parameters in braces, such as `/v1/orgs/self/ws/{workspace}`.
    pub path: &'static str,
    /// Group of operations to which it belongs, such as `Documents`.
    pub tag: &'static str,
    /// What a caller has to show, and what the operation does then.
    pub right: Right,
    /// The privileges that the caller needs, on the workspace or virtual instance of the path if
    /// there is one. None if no API key is needed.
    pub privileges: &'static [PrivilegeAction],
}

/// What a caller has to show, and what an operation does then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// No key is needed.
    Nothing,
    /// The key of an integration, which the operation checks itself.
    IntegrationKey,
    /// An API key, to read anything.
    Read,
    /// An API key, to run queries and end them.
    Query,
    /// An API key, to create, change or delete something.
    Write,
}

include!(concat!(env!("OUT_DIR"), "/rockset_operations.rs"));
