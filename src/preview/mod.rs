//! The Flow runtime's part, for trying a connector out: `preview`.
//!
//! A preview reads a catalog and a fixture, and drives a connector through the whole
//! protocol, in the manner of `flowctl preview`:
//!
//! - `catalog` and `model`: the files that the user writes.
//! - `bundle`, `references`, `keywords` and `diamonds`: a collection's schema, with all that it
//!   refers to, in a plain form.
//! - `schema`, `formats`, `shape` and `infer`: what it says of documents and of fields.
//! - `constraints` and `select`: which fields a binding takes.
//! - `spec`, `linked` and `publish`: the task as the connector gets to know it.
//! - `fixture`, `combine`, `plan` and `reduce`: documents, and how those that
//!   share a key become one; `decimal`, `set` and `describe` are strategies of their own.
//! - `source`: which documents a binding reads.
//! - `extract`: their keys and values as tuples.
//! - `connection`, `drive`, `shards` and `session`: the connector, and the sessions with it.
//! - `recovery_log`, `state` and `checkpoint`: what the runtime remembers.
//! - `report` and `look`: what came of it.

mod algebra;
mod arena;
mod bundle;
mod catalog;
mod checkpoint;
mod combine;
mod connection;
mod constraints;
mod decimal;
mod describe;
mod diamonds;
mod drive;
mod error;
mod extract;
mod fixture;
mod formats;
mod infer;
mod keywords;
mod linked;
mod local;
mod look;
mod model;
mod options;
mod plan;
mod pointer;
mod publish;
mod recovery_log;
mod reduce;
mod references;
mod report;
mod run;
mod schema;
mod select;
mod session;
mod set;
mod shape;
mod shards;
mod source;
mod spec;
mod state;
mod types;

pub use error::{Boxed, Error};
pub use linked::Form;
pub use options::{Options, Runtime};
pub use run::run;
