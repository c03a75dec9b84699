//! SQL on documents: ingest transformations, as Rockset's `field_mapping_query`.
//!
//! Documents have no schema, Arrow has nothing else. So only what an expression needs
//! becomes a column, and only of documents in which it has the same types: the documents
//! of a batch are parted by the types of the values that the query refers to, and the
//! expressions are planned and evaluated for each part by itself. What passes unchanged,
//! as by `*`, never leaves the text of the document.
//!
//! - `query`: the statement, taken apart; `names`: the values that it refers to.
//! - `document`, `cells`: those values, looked up, and as columns.
//! - `functions`: which functions there are; `plan`: expressions, ready to be evaluated.
//! - `room`: the stack that this takes.
//! - `transformation`: all of it on a batch of documents.

mod cells;
mod document;
mod error;
mod functions;
mod names;
mod plan;
mod query;
mod room;
mod transformation;

pub(in crate::local) use transformation::Transformation;
