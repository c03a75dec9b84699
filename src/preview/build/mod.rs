//! The task as the connector gets to know it.

pub mod constraints;
pub mod field_selection;
pub mod linked;
pub mod spec;
