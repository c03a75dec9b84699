//! The runtime's side of the protocol, and its state.
//!
//! - `connection`: a connector that runs, and the messages to and from it.
//! - `requests`: the requests of one connector, and its answers.
//! - `publication`: the connector checks and applies the task.
//! - `session`: the shards of a session, each with a connector, and their transactions in step.
//! - `connector_state`, `checkpoint`, `recovery_log`: the state that outlives a session.

pub mod checkpoint;
pub mod connection;
pub mod connector_state;
pub mod publication;
pub mod recovery_log;
pub mod requests;
pub mod session;
