//! Running queries, and ended ones with their results.
//!
//! - `query`: a query, from its request until it is forgotten.
//! - `registry`: all queries, with limits on how many run and how many are remembered.
//! - `cursor`: positions in a result.

pub mod cursor;
mod query;
mod registry;

pub use query::{Answer, Asker, Outcome, Query, Shown};
pub use registry::Queries;
