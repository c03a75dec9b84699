//! The request body of AddDocuments, already serialised.
//!
//! It stands in for the type that would be generated from the schema of the same
//! name, with the same JSON: `{"data": [document, …]}`. Documents go into it once,
//! as text, and are never looked into again.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Documents to add, as the JSON text of an array.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AddDocumentsRequest {
    /// A JSON array of objects.
    pub data: Box<RawValue>,
}
