//! An ingest transformation: its SQL and its implementation.

use std::fmt::Debug;
use std::sync::Arc;

/// The ingest transformation of a collection or of a source.
#[derive(Debug, Clone)]
pub struct Transformation {
    pub sql: String,
    /// `None` if the transformation changes nothing.
    pub transform: Option<Arc<dyn Transform>>,
}

impl Transformation {
    pub fn is_rollup(&self) -> bool {
        self.transform.as_ref().is_some_and(|transform| transform.is_rollup())
    }
}

/// Implementation of a transformation.
pub trait Transform: Debug + Send + Sync {
    /// Transforms documents, each the text of a JSON object. Returns a result for each, in their
    /// order.
    fn apply(&self, documents: &[&str]) -> Vec<Transformed>;

    /// Whether documents are aggregated.
    fn is_rollup(&self) -> bool {
        false
    }
}

/// Documents of one group of a rollup that came in together.
pub trait Group: Debug + Send + Sync {
    /// The text of the group's document, and the state of its aggregates. `earlier` is the state
    /// of what came in before.
    fn merged(&self, earlier: Option<&[u8]>) -> Result<(String, Box<[u8]>), String>;
}

/// Result of a transformation for one document. A build without the engine makes none.
#[cfg_attr(not(feature = "engine"), allow(dead_code))]
#[derive(Debug)]
pub enum Transformed {
    /// Text of the new document.
    Document(String),
    /// Group of a rollup that the document belongs to, and the `_id` of the group's document. The
    /// group is the same object for all documents that came in together.
    Grouped(Box<str>, Arc<dyn Group>),
    /// WHERE leaves the document out.
    Dropped,
    /// The reason why the document can't be transformed.
    Failed(String),
}
