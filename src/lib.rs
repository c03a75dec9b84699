//! A Flow materialization connector for Rockset.

pub mod driver;
pub mod flow;
#[cfg(feature = "local")]
pub mod preview;
pub mod rockset;
