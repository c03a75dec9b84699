//! A look at what the local Rockset holds in the end.

use super::Error;
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::io::IsTerminal as _;

const DOCUMENTS: usize = 5;
const COLUMNS: usize = 6;
const DEFAULT_WIDTH: u16 = 100;
const LONGEST_VALUE: usize = 60;

/// Where the local Rockset is, and how to ask it.
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
        let client = reqwest::Client::builder().build().map_err(local)?;
        let url = url.trim_end_matches('/').to_string();
        Ok(Self { client, url, api_key: api_key.to_string() })
    }

    /// How many documents a collection has, and a few of them as a table.
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

fn table(documents: &[&Map<String, Value>]) -> Table {
    let columns = columns(documents);
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    if !std::io::stderr().is_terminal() {
        table.set_width(DEFAULT_WIDTH);
    }
    table.set_header(&columns);
    for document in documents {
        table.add_row(
            columns.iter().map(|column| document.get(*column).map_or(String::new(), shown)),
        );
    }
    table
}

/// A handful of fields: the identifier first, then those with the most values, plain
/// ones before nested ones.
fn columns<'d>(documents: &[&'d Map<String, Value>]) -> Vec<&'d str> {
    let names: BTreeSet<&str> =
        documents.iter().flat_map(|document| document.keys()).map(String::as_str).collect();
    let is_nested = |name: &str| {
        documents.iter().any(|document| {
            document.get(name).is_some_and(|value| value.is_object() || value.is_array())
        })
    };
    let missing = |name: &str| {
        let values = documents.iter().map(|document| document.get(name));
        values.filter(|value| value.is_none_or(Value::is_null)).count()
    };
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_by_key(|name| {
        (*name != "_id", name.starts_with('_'), is_nested(name), missing(name))
    });
    names.truncate(COLUMNS);
    names
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    // What would move the cursor does not belong into a table.
    let mut chars = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut text: String = chars.by_ref().take(LONGEST_VALUE).collect();
    if chars.next().is_some() {
        text.push('…');
    }
    text
}
