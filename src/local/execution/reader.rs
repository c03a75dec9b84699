//! Whether a statement may read what it names.

use crate::local::catalog::access::Caller;
use crate::local::error::ApiError;
use crate::local::query::{Reads, SqlError, SqlErrorKind, SqlResult};
use std::sync::Arc;

/// In whose name a statement reads.
#[derive(Debug)]
pub enum Reader {
    /// The sender of the query, who needs a privilege on all that it names.
    Sender(Arc<Caller>),
    /// A query lambda. Who saved it had these privileges, and who executes it needs none of them.
    Lambda,
}

impl Reader {
    /// Fails if a statement names what it may not read. What views read doesn't matter.
    pub fn check(&self, reads: &Reads) -> SqlResult<()> {
        match self {
            Self::Sender(caller) => caller.check_reads(&reads.entities).map_err(forbidden),
            Self::Lambda => Ok(()),
        }
    }
}

/// The refusal of a privilege, as the error of a query.
pub fn forbidden(error: ApiError) -> SqlError {
    SqlError::new(error.message()).of_kind(SqlErrorKind::Forbidden)
}
