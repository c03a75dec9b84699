//! Results of a preview, for people and for programs.

pub mod browser;
pub mod local_rockset;
pub mod report;
pub mod table;
