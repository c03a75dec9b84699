//! The Flow runtime's part, for trying a connector out: `preview`.
//!
//! A preview reads a catalog and a fixture, and drives a connector through the whole
//! protocol, in the manner of `flowctl preview`:
//!
//! - `catalog`: the files that the user writes.
//! - `schema`: what a collection's schema says of documents and of fields.
//! - `build`: the task as the connector gets to know it, with the fields that it takes.
//! - `documents`: from the fixture to what is stored.
//! - `reduce`: how documents that share a key become one.
//! - `runtime`: the connector, the sessions with it, and what is remembered between them.
//! - `output`: what came of it.
//! - `run`: all of it, from the catalog to the last transaction.

mod build;
mod catalog;
mod documents;
mod error;
mod options;
mod output;
mod reduce;
mod run;
mod runtime;
mod schema;

pub use build::linked::Form;
pub use error::{Boxed, Error};
pub use options::{Options, Runtime};
pub use run::run;
