//! A Flow materialization connector for Rockset.

pub mod config;
pub mod driver;
pub mod flow;
pub mod logging;
pub mod rockset;
