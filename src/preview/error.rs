//! Errors of a preview, and what to do about them.

use crate::flow;
use crate::local::with_causes;
use std::error::Error as StdError;
use std::fmt::Write as _;

/// An error of a part that keeps its own type.
pub type Boxed = Box<dyn StdError + Send + Sync>;

/// Why a preview ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file, a pipe or stdin could not be read.
    #[error("cannot read {path}: {reason}")]
    Read {
        /// As it was given.
        path: String,
        /// The system's words.
        reason: std::io::Error,
    },
    /// stdout could not be written.
    #[error("cannot write to stdout: {0}")]
    Write(std::io::Error),
    /// A command-line option has a value that can't be used.
    #[error("--{option}: {reason}")]
    Option {
        /// Without its dashes.
        option: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A catalog file is not what a Flow catalog is.
    #[error("{path}: {reason}")]
    Catalog {
        /// The file.
        path: String,
        /// Where in it, and what is wrong.
        reason: String,
    },
    /// The catalog doesn't tell which task to run.
    #[error("{0}")]
    Task(String),
    /// A collection's schema, key or projections can't be used.
    #[error("collection {collection}: {reason}")]
    Collection {
        /// Its name.
        collection: String,
        /// What is wrong, and where.
        reason: String,
    },
    /// A configuration violates the connector's schema for it.
    #[error("{what} does not match the connector's schema:{}", listed(violations))]
    Config {
        /// The endpoint's or a binding's configuration.
        what: String,
        /// Each with its path.
        violations: Vec<String>,
    },
    /// The user's fields and the connector's constraints exclude each other.
    #[error(
        "bindings/{binding} ({collection}): the fields cannot be selected:{}",
        listed(conflicts)
    )]
    Selection {
        /// Its index in the catalog.
        binding: usize,
        /// Its source.
        collection: String,
        /// One a field.
        conflicts: Vec<String>,
    },
    /// A line of the fixture can't be used.
    #[error("{path}, line {line}: {reason}")]
    Fixture {
        /// As it was given.
        path: String,
        /// From 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The connector failed.
    #[error("the connector failed: {}", with_causes(.0.as_ref()))]
    Connector(Boxed),
    /// The connector's process could not be started, or ended badly.
    #[error("the connector {command:?} {what}")]
    Process {
        /// As it was given.
        command: String,
        /// How it failed.
        what: String,
    },
    /// The connector ended while an answer was due.
    #[error("the connector ended, but {expected} was expected of it")]
    Ended {
        /// The response that is missing.
        expected: &'static str,
    },
    /// The connector answered out of order.
    #[error("the connector broke the protocol: expected {expected}, but {got} came")]
    Unexpected {
        /// What may come at this point.
        expected: &'static str,
        /// What came.
        got: String,
    },
    /// The connector's answer contradicts the task.
    #[error("the connector's {response} cannot be used: {reason}")]
    Response {
        /// The response's name.
        response: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Documents with one key can't be reduced.
    #[error("collection {collection}: cannot reduce at {pointer:?}: {reason}")]
    Reduce {
        /// Its name.
        collection: String,
        /// Where in the document.
        pointer: String,
        /// What the strategy needs.
        reason: String,
    },
    /// The stream to or from the connector failed.
    #[error(transparent)]
    Protocol(#[from] flow::Error),
    /// The local Rockset could not be started or asked.
    #[error("the local Rockset: {0}")]
    Local(String),
}

fn listed(items: &[String]) -> String {
    items.iter().fold(String::new(), |mut text, item| {
        let _ = write!(text, "\n  - {item}");
        text
    })
}
