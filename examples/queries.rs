//! An application of Rockset in Rust: documents from Rust values, a query and a query lambda with
//! parameters, and their rows as types of serde.
//!
//! Run it against a local Rockset that has the feature `engine`:
//!
//! ```console
//! $ cargo run --release --features engine -- local &
//! $ cargo run --example queries
//! ```
//!
//! `ROCKSET_APISERVER` and `ROCKSET_APIKEY` name another server.

use futures_util::TryStreamExt;
use materialize_rockset::rockset::client::queries::Query;
use materialize_rockset::rockset::types::{
    AddDocumentsRequest, CreateCollectionRequest, QueryLambdaSql, UpdateQueryLambdaRequest,
};
use materialize_rockset::rockset::{Client, Error, call, connect};
use serde::{Deserialize, Serialize};
use std::env;
use std::error::Error as StdError;
use std::pin::pin;
use std::time::Duration;

const COLLECTION: &str = "example_quakes";
const LAMBDA: &str = "example_strongest";

/// A document, and a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quake {
    /// The document's `_id`.
    #[serde(rename = "_id")]
    pub id: String,
    /// What is near.
    pub place: String,
    /// The magnitude.
    pub mag: f64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError>> {
    let server = env::var("ROCKSET_APISERVER");
    let server = server.unwrap_or_else(|_| "http://127.0.0.1:8089".to_string());
    let key = env::var("ROCKSET_APIKEY").unwrap_or_else(|_| "any".to_string());
    let client = connect(&server.parse()?, &key)?;
    for quake in run(&client).await? {
        println!("{:4} {}", quake.mag, quake.place);
    }
    Ok(())
}

/// Stores quakes, and asks for the strong ones by a query and by a query lambda.
pub async fn run(client: &Client) -> Result<Vec<Quake>, Box<dyn StdError>> {
    store(client).await?;

    // A stream of rows, which holds a page at a time, for results that don't fit into memory.
    let sql = format!("SELECT _id, place, mag FROM {COLLECTION} ORDER BY mag");
    let mut quakes = pin!(Query::new(sql).page_size(2).run(client).await?.rows::<Quake>());
    let mut count = 0;
    while let Some(quake) = quakes.try_next().await? {
        println!("{count}: {}", quake.place);
        count += 1;
    }

    save_lambda(client).await?;
    let strongest = Query::lambda("commons", LAMBDA, "latest").bind("least", 6.5);
    let strongest = strongest.run(client).await?.into_rows::<Quake>().await?;
    println!("{} of {count} quakes are strong", strongest.len());
    Ok(strongest)
}

async fn store(client: &Client) -> Result<(), Box<dyn StdError>> {
    let request =
        CreateCollectionRequest { name: Some(COLLECTION.to_string()), ..Default::default() };
    match call(client.create_collection("commons", &request)).await {
        Ok(_) | Err(Error::AlreadyExists(_)) => {}
        Err(error) => return Err(error.into()),
    }
    // A new collection takes documents when it is READY.
    while call(client.get_collection("commons", COLLECTION))
        .await?
        .data
        .is_none_or(|collection| collection.status.is_none_or(|status| status.as_str() != "READY"))
    {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let quakes = [("a", "Honshu", 9.1), ("b", "Ridgecrest", 7.1), ("c", "Napa", 6.0)];
    let mut data = Vec::new();
    for (id, place, mag) in quakes {
        let quake = Quake { id: id.to_string(), place: place.to_string(), mag };
        data.push(serde_json::from_value(serde_json::to_value(quake)?)?);
    }
    call(client.add_documents("commons", COLLECTION, &AddDocumentsRequest { data })).await?;
    Ok(())
}

/// Saves the query under a name, so that its text is kept at the server.
async fn save_lambda(client: &Client) -> Result<(), Error> {
    let query =
        format!("SELECT _id, place, mag FROM {COLLECTION} WHERE mag >= :least ORDER BY mag DESC");
    let sql = QueryLambdaSql { query, default_parameters: Vec::new() };
    let request = UpdateQueryLambdaRequest { sql: Some(sql), ..Default::default() };
    call(client.update_query_lambda("commons", LAMBDA, Some(true), &request)).await?;
    Ok(())
}
