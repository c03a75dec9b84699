//! HTTPS, if the options ask for it.

pub mod certificate;
pub mod listener;
