//! Queries, which need the feature `engine`:
//!
//! - `request`: the body of a request; `run`: running and checking queries.
//! - `rows`: answers that copy rows as they are; `pages`: rows that are fetched later.
//! - `info`: status of queries, and their cancellation; `failed`: errors of queries.
//! - `functions`: what they may call.
//!
//! In a build without it, `refused` stands for all of these.

#[cfg(feature = "engine")]
pub mod failed;
#[cfg(feature = "engine")]
mod functions;
#[cfg(feature = "engine")]
mod info;
#[cfg(feature = "engine")]
mod pages;
#[cfg(not(feature = "engine"))]
mod refused;
#[cfg(feature = "engine")]
mod request;
#[cfg(feature = "engine")]
mod rows;
#[cfg(feature = "engine")]
mod run;

#[cfg(feature = "engine")]
pub use functions::functions;
#[cfg(feature = "engine")]
pub use info::{active, cancel, get, last_queried, of_instance};
#[cfg(feature = "engine")]
pub use pages::page;
#[cfg(not(feature = "engine"))]
pub use refused::{
    last_queried, refuse as active, refuse as cancel, refuse as functions, refuse as get,
    refuse as of_instance, refuse as on_instance, refuse as page, refuse as query,
    refuse as validate,
};
#[cfg(feature = "engine")]
pub use request::{LambdaRequest, PublicLambdaRequest};
#[cfg(feature = "engine")]
pub use run::{Via, on_instance, query, run, validate};
