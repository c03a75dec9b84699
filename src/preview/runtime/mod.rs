//! The runtime's part of the protocol, and what it remembers.
//!
//! - `connection`: a connector that runs, and the messages to and from it.
//! - `requests`: the requests of one connector, and its answers.
//! - `publication`: the connector checks and applies the task.
//! - `shards`, `session`: the connectors of a session, and their transactions in step.
//! - `connector_state`, `checkpoint`, `recovery_log`: what is remembered between sessions.

pub mod checkpoint;
pub mod connection;
pub mod connector_state;
pub mod publication;
pub mod recovery_log;
pub mod requests;
pub mod session;
pub mod shards;
