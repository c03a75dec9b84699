//! How much a function makes at most, so that a slip in a query doesn't use up the memory of the
//! server.

use crate::local::query::functions::call::Call;

const ELEMENTS: usize = 1_000_000;
const BYTES: usize = 10 * 1024 * 1024;

/// Refuses an array of more elements than a function makes.
pub(super) fn elements(call: &Call<'_>, count: usize) -> Result<(), String> {
    match count <= ELEMENTS {
        true => Ok(()),
        false => Err(call.error("the array would have more than 1,000,000 elements")),
    }
}

/// Refuses a string, or strings, of more bytes than a function makes.
pub(super) fn bytes(call: &Call<'_>, count: usize) -> Result<(), String> {
    match count <= BYTES {
        true => Ok(()),
        false => Err(call.error("the result would have more than 10 MiB")),
    }
}
