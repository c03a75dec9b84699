//! The operations of the API document as a table, for what is to hold for all of
//! them: the local server routes it, tests go through it.

/// An operation of the API.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// `operationId`, such as `addDocuments`.
    pub operation_id: &'static str,
    /// The client's function for it, such as `add_documents`. There is none for an operation
    /// that is sent a form.
    pub function: &'static str,
    /// Method in capitals.
    pub method: &'static str,
    /// Path with its parameters in braces, such as `/v1/orgs/self/ws/{workspace}`.
    pub path: &'static str,
    /// Group of operations to which it belongs, such as `Documents`.
    pub tag: &'static str,
    /// What a caller must be allowed to do.
    pub right: Right,
}

/// What a caller must be allowed to do, from the least to the most. Who has a right has
/// those before it, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Nothing: the operation is open to those without a key.
    Nothing,
    /// Bring the key of an integration, which the operation looks at itself.
    IntegrationKey,
    /// Look at what there is.
    Read,
    /// Run queries, and end them.
    Query,
    /// Create, change or delete something.
    Write,
}

include!(concat!(env!("OUT_DIR"), "/rockset_operations.rs"));
