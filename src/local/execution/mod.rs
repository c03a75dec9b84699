//! Execution of SQL statements: each waits for its turn, has a time limit, and ends in the registry
//! of queries.
//!
//! - `submit`: the life of a query, from its request to its end.
//! - `execute`: the work of each kind of statement.
//! - `export`: rows on their way to S3; `on_pool`: work that takes long.
//! - `collections`: the collections that a query can read; `reader`: whether it may.
//! - `validate`: statements that are checked only; `lambda`: those of query lambdas;
//!   `view`: those of views.
//! - `scheduled`: query lambdas that are executed on a schedule.

mod collections;
mod execute;
mod export;
pub mod lambda;
mod on_pool;
mod reader;
mod scheduled;
mod submit;
mod validate;
mod view;

pub use scheduled::{check_authorization, keep_time};
pub use submit::{Submitted, submit};
pub use validate::{Named, validate};
pub use view::view_entities;
