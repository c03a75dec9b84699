//! A Flow materialization connector for Rockset.

pub mod driver;
pub mod flow;
pub mod rockset;
