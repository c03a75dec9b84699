//! How a query ends.

use crate::local::query::{Rows, SqlError};
use std::sync::Arc;

/// Outcome of a query.
#[derive(Debug, Clone)]
pub enum Outcome {
    Completed(Arc<Answer>),
    Failed(SqlError),
    Cancelled,
}

/// Result of a query.
#[derive(Debug)]
pub struct Answer {
    pub rows: Rows,
    /// Offset of the query's own write.
    pub last_offset: Option<String>,
    pub warnings: Vec<String>,
    /// Bytes of all rows.
    pub bytes: usize,
}

impl Answer {
    pub fn new(rows: Rows) -> Self {
        let bytes = rows.rows.iter().map(|row| row.len()).sum();
        Self { rows, last_offset: None, warnings: Vec::new(), bytes }
    }
}
