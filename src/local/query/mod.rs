//! SQL on documents, on DataFusion (feature `engine`).
//!
//! Stages of a query, from the bottom up:
//!
//! - `syntax`: parses the text to a tree; `statement`: the kinds of statements.
//! - `bind`: turns the tree into a plan, for the types that documents have.
//! - `run`: runs the plan and returns rows; `yielding`: lets a running query be cancelled;
//!   `small_batches`: lets it spill; `session`: the session of DataFusion in which it runs; `share`: the memory of a virtual
//!   instance, by `charged_pool`, which counts it.
//!
//! They use:
//!
//! - `parameter`: values of parameters.
//! - `value`: values of all types; `functions`: functions of values; `like`: its patterns.
//! - `types`: static types of expressions; `columns`: values in Arrow.
//! - `scan`: documents as columns; `operation`: operations on values, for DataFusion.
//! - `script`: functions in JavaScript, in front of a query.
//! - `sql_error`: errors of a query, with their places.
//!
//! `describe` lists the fields of documents, and `explain` shows the plan of a query.
//!
//! `destination` tells where rows are exported to, and `table` makes columns of them.
//!
//! `transformation` runs ingest transformations, and `json` writes columns as JSON.

mod bind;
mod charged_pool;
mod columns;
mod describe;
mod destination;
mod explain;
mod functions;
pub mod json;
mod like;
mod operation;
mod parameter;
mod run;
mod scan;
mod script;
mod session;
mod share;
mod small_batches;
mod sql_error;
mod statement;
mod syntax;
mod table;
pub mod transformation;
mod types;
mod value;
mod yielding;

pub use bind::{Catalog, Found, Plan, Reads};
pub use describe::describe;
pub use destination::{Destination, Format};
pub use functions::FAMILIES;
pub use parameter::parameter;
pub use run::{Engine, Rows};
pub use share::Share;
pub use sql_error::{SqlError, SqlErrorKind, SqlResult};
pub use statement::{Query, Statement, Target};
pub use table::table;
pub use value::Value;
