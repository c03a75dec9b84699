//! The task in messages to its connector.

pub mod constraints;
pub mod field_selection;
pub mod linked;
pub mod spec;
