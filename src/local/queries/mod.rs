//! Running queries, and ended ones with their results.
//!
//! - `query`: a query, from its request until it is forgotten.
//! - `outcome`: how one ends.
//! - `registry`: all queries, with limits on how many run and how many are remembered.
//! - `cursor`: positions in a result.
//! - `event`: the end of a query, as the log of events has it.
//! - `error_type`: the API's names for kinds of errors.

pub mod cursor;
mod error_type;
mod event;
mod outcome;
mod query;
mod registry;

pub use error_type::error_type;
pub use outcome::{Answer, Outcome};
pub use query::{Asker, Query, Shown};
pub use registry::Queries;
