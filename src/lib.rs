//! A Flow materialization connector for Rockset.
//!
//! In reading order:
//!
//! - [`encode`]: packed tuples as JSON text. It knows nobody.
//! - [`flow`]: the runtime's side. Messages, frames, the order of a session.
//! - [`rockset`]: the endpoint's side. A typed client of the Rockset API.
//! - [`config`]: what a user writes.
//! - [`driver`]: what the connector does with each request, between the two sides.
//! - [`logging`]: records on stderr; `status`, those that the platform shows.
//!
//! With the feature `local`, on by default and off in the image:
//!
//! - `local`: a Rockset that runs here.
//! - `preview`: the runtime's part, for trying a connector out.

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
mod status;
