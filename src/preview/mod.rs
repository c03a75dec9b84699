//! The Flow runtime's part, for trying a connector out: `preview`.
//!
//! A preview reads a catalog and a fixture, and drives a connector through the whole
//! protocol, in the manner of `flowctl preview`:
//!
//! - `catalog` and `model`: the files that the user writes.
//! - `schema`, `shape` and `infer`: what a collection's schema says of its fields.
//! - `select`: which fields a binding takes.
//! - `spec`: the task as the connector gets to know it.
//! - `fixture`, `combine`, `plan` and `reduce`: documents, and how those that
//!   share a key become one.
//! - `extract` and `pack`: their keys and values as tuples.
//! - `connection`, `drive` and `shards`: the connector, and the sessions with it.
//! - `report` and `look`: what came of it.

mod algebra;
mod arena;
mod catalog;
mod combine;
mod connection;
mod drive;
mod error;
mod extract;
mod fixture;
mod infer;
mod local;
mod look;
mod model;
mod options;
mod pack;
mod plan;
mod pointer;
mod reduce;
mod report;
mod run;
mod schema;
mod select;
mod shape;
mod shards;
mod spec;
mod state;
mod types;

pub use error::{Boxed, Error};
pub use options::Options;
pub use run::run;
