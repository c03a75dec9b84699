//! The functions that queries may call, for editors that complete their names.

use crate::local::api::answers::Json;
use crate::local::query::FAMILIES;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Functions {
    data: Vec<Described>,
}

#[derive(Debug, Serialize)]
struct Described {
    name: &'static str,
    signature: &'static str,
    meaning: &'static str,
    family: &'static str,
}

pub async fn functions() -> Json<Functions> {
    let described = FAMILIES.iter().flat_map(|(family, functions)| {
        functions.iter().map(|function| Described {
            name: function.name,
            signature: function.signature,
            meaning: function.meaning,
            family,
        })
    });
    Json(Functions { data: described.collect() })
}
