//! Tables of the documents that the local Rockset holds in the end.

use crate::preview::Error;
use comfy_table::{Table, presets};
use console::{Term, measure_text_width, truncate_str};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

const DOCUMENTS: usize = 5;
const COLUMNS: usize = 6;
const DEFAULT_WIDTH: usize = 100;
const LONGEST_VALUE: usize = 24;

/// A client of the local Rockset.
pub struct Endpoint {
    client: reqwest::Client,
    url: String,
    api_key: String,
}

impl Endpoint {
    /// The Rockset at this URL.
    pub fn new(url: &str, api_key: &str) -> Result<Self, Error> {
        // Without a provider of its own reqwest needs one, even for plain HTTP. An
        // error means that there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // The server is on this machine, so no proxy is used.
        let client = reqwest::Client::builder().no_proxy().build().map_err(local)?;
        let url = url.trim_end_matches('/').to_string();
        Ok(Self { client, url, api_key: api_key.to_string() })
    }

    /// The number of documents in a collection, and a few of them as a table.
    pub async fn collection(&self, workspace: &str, collection: &str) -> Result<String, Error> {
        let (ws, c) = (escaped(workspace), escaped(collection));
        let about = self.get(&format!("/v1/orgs/self/ws/{ws}/collections/{c}")).await?;
        let count = about.pointer("/data/stats/doc_count").and_then(Value::as_u64).unwrap_or(0);
        let documents =
            self.get(&format!("/local/ws/{ws}/collections/{c}/docs?limit={DOCUMENTS}")).await?;
        let documents: Vec<&Map<String, Value>> = documents["data"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .collect();
        let plural = if count == 1 { "" } else { "s" };
        let mut text = format!("{workspace}.{collection}: {count} document{plural}");
        if !documents.is_empty() {
            text.push('\n');
            text.push_str(&table(&documents).to_string());
        }
        Ok(text)
    }

    async fn get(&self, path: &str) -> Result<Value, Error> {
        let request = self.client.get(format!("{}{path}", self.url));
        let request = request.header("Authorization", format!("ApiKey {}", self.api_key));
        let response = request.send().await.map_err(local)?;
        response.error_for_status().map_err(local)?.json().await.map_err(local)
    }
}

fn local(error: reqwest::Error) -> Error {
    Error::Local(error.to_string())
}

/// A path segment, percent-encoded.
fn escaped(segment: &str) -> String {
    url::form_urlencoded::byte_serialize(segment.as_bytes()).collect::<String>().replace('+', "%20")
}

/// A table that fits the terminal, with one line a document.
fn table(documents: &[&Map<String, Value>]) -> Table {
    let width = Term::stderr().size_checked().map_or(DEFAULT_WIDTH, |(_, width)| width.into());
    let mut columns: Vec<Vec<String>> = Vec::new();
    let mut used = 1;
    for name in fields(documents).into_iter().take(COLUMNS) {
        let values =
            documents.iter().map(|document| document.get(name).map_or(String::new(), shown));
        let column: Vec<String> = std::iter::once(shortened(name)).chain(values).collect();
        // A border and a space on each side.
        used += 3 + column.iter().map(|cell| measure_text_width(cell)).max().unwrap_or(0);
        if used > width && !columns.is_empty() {
            break;
        }
        columns.push(column);
    }
    let row = |index: usize| columns.iter().map(move |column| column[index].as_str());
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED);
    table.set_header(row(0));
    for index in 1..=documents.len() {
        table.add_row(row(index));
    }
    table
}

/// The fields in the order in which they are worth a column: the identifier first, then
/// those with the most values, plain ones before nested ones.
fn fields<'d>(documents: &[&'d Map<String, Value>]) -> Vec<&'d str> {
    let names: BTreeSet<&str> =
        documents.iter().flat_map(|document| document.keys()).map(String::as_str).collect();
    let is_nested = |name: &str| {
        let values = documents.iter().filter_map(|document| document.get(name));
        values.clone().any(|value| value.is_object() || value.is_array())
    };
    let missing = |name: &str| {
        let values = documents.iter().map(|document| document.get(name));
        values.filter(|value| value.is_none_or(Value::is_null)).count()
    };
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_by_key(|name| {
        (*name != "_id", name.starts_with('_'), is_nested(name), missing(name))
    });
    names
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => shortened(text),
        value => shortened(&value.to_string()),
    }
}

fn shortened(text: &str) -> String {
    // Control characters would move the terminal's cursor.
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    truncate_str(&text, LONGEST_VALUE, "…").into_owned()
}
