//! Packed tuples as JSON text, by SIMD instructions and without an intermediate tree.
//!
//! Everything here is generic over a level of instructions ([`fearless_simd::Simd`]), and has to
//! be inlined into one function that chooses the level, with `dispatch!`: otherwise it is
//! compiled for the level that the build assumes.
//!
//! - [`mod@tuple`] reads a tuple element by element, and writes each as JSON: [`mod@string`] with
//!   escapes, while `utf8` validates non-ASCII text; [`integer`]; and [`embedded`] for elements
//!   that are JSON text already. [`base64`] writes an `_id`.
//! - [`padded`] is what they read from, [`chunk`] classifies 64 bytes of it at once, and
//!   [`buffer`] is what they write to.

pub mod base64;
pub mod buffer;
pub mod chunk;
pub mod embedded;
mod error;
pub mod integer;
pub mod padded;
pub mod string;
pub mod tuple;
mod utf8;

pub use error::Error;
