//! A Flow materialization connector for Rockset.
//!
//! In reading order:
//!
//! - [`encode`]: packed tuples as JSON text. It depends on no other module.
//! - [`flow`]: the runtime's side. Messages, frames, the order of a session.
//! - [`rockset`]: the endpoint's side. A typed client of the Rockset API.
//! - [`config`]: the configuration of endpoint and bindings, and its checks.
//! - [`driver`]: the handler of each request, between the two sides.
//! - [`logging`]: records on stderr; `status`, the records that Flow's platform shows as the
//!   state of a task.
//!
//! With the feature `local`, on by default and off in the image:
//!
//! - `local`: a Rockset-compatible server on this machine.
//! - `preview`: the part of Flow's runtime, to try a connector out.
//! - `sql`: a console for SQL.

pub mod config;
pub mod driver;
pub mod encode;
pub mod flow;
#[cfg(feature = "local")]
pub mod local;
pub mod logging;
#[cfg(feature = "local")]
pub mod preview;
pub mod rockset;
#[cfg(feature = "local")]
pub mod sql;
mod status;
