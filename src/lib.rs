//! A Flow materialization connector for Rockset.

pub mod driver;
pub mod flow;
#[cfg(feature = "local")]
pub mod local;
pub mod rockset;
