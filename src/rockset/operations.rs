//! The operations of the API document as a table, for what is to hold for all of
//! them: the local server routes it, tests go through it.

/// An operation of the API.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// `operationId`, such as `addDocuments`.
    pub operation_id: &'static str,
    /// The client's function for it, such as `add_documents`.
    pub function: &'static str,
    /// Method in capitals.
    pub method: &'static str,
    /// Path with its parameters in braces, such as `/v1/orgs/self/ws/{workspace}`.
    pub path: &'static str,
    /// Group of operations to which it belongs, such as `Documents`.
    pub tag: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/rockset_operations.rs"));
