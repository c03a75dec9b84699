//! What is wrong with a query.

use crate::local::errors::Failure;
use crate::rockset::enums::ErrorType;

/// Says what is wrong with the query.
pub(super) fn wrong(what: &str) -> Failure {
    Failure::new(ErrorType::Invalidinput, format!("Wrong in the ingest transformation: {what}"))
}
