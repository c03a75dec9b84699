//! What came of a preview, for people and for programs.

pub mod local_rockset;
pub mod report;
pub mod table;
