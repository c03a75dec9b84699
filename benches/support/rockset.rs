//! What benchmarks ask of a local Rockset.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use std::fmt::Write;
use tokio::process::Child;

pub const COLLECTIONS: &str = "/v1/orgs/self/ws/commons/collections";

/// A local Rockset in a process of its own.
#[derive(Debug)]
pub struct Rockset {
    pub process: Child,
    pub url: String,
    http: reqwest::Client,
}

impl Rockset {
    /// Starts it with these options.
    pub async fn start(options: &[&str]) -> Self {
        let (process, url) = super::start(options).await;
        Self { process, url, http: reqwest::Client::new() }
    }

    pub async fn create(&self, name: &str, mut definition: Value) {
        definition["name"] = json!(name);
        self.post(COLLECTIONS, definition.to_string()).await;
    }

    pub async fn delete(&self, name: &str) {
        answer(self.http.delete(format!("{}{COLLECTIONS}/{name}", self.url))).await;
    }

    pub async fn collection(&self, name: &str) -> Value {
        let path = format!("{}{COLLECTIONS}/{name}", self.url);
        let text = answer(self.http.get(path)).await;
        serde_json::from_slice::<Value>(&text).unwrap()["data"].take()
    }

    pub async fn add(&self, name: &str, documents: impl Iterator<Item = String>) {
        self.post(&format!("{COLLECTIONS}/{name}/docs"), body(documents)).await;
    }

    /// Reads all documents of a collection, page by page. Answers how many bytes they are.
    pub async fn scan(&self, name: &str) -> usize {
        let path = format!("{}/local/ws/commons/collections/{name}/docs?limit=10000", self.url);
        let (mut bytes, mut after) = (0, String::new());
        loop {
            let page = answer(self.http.get(format!("{path}{after}"))).await;
            bytes += page.len();
            // The end is read without parsing the page.
            let end = String::from_utf8_lossy(&page[page.len().saturating_sub(200)..]).to_string();
            let next = end.rsplit_once(r#""next":"#).unwrap().1.trim_end_matches('}');
            match serde_json::from_str::<Option<String>>(next).unwrap() {
                Some(next) => after = format!("&after={next}"),
                None => return bytes,
            }
        }
    }

    /// The rows of a query.
    pub async fn query(&self, sql: &str) -> Value {
        let text = self.post("/v1/orgs/self/queries", json!({"sql": {"query": sql}}).to_string());
        serde_json::from_slice::<Value>(&text.await).unwrap()["results"].take()
    }

    /// The number of documents of a collection.
    pub async fn count(&self, name: &str) -> u64 {
        let rows = self.query(&format!("SELECT COUNT(*) AS n FROM {name}")).await;
        rows[0]["n"].as_u64().unwrap()
    }

    pub async fn post(&self, path: &str, body: String) -> bytes::Bytes {
        let request = self.http.post(format!("{}{path}", self.url));
        answer(request.header(CONTENT_TYPE, "application/json").body(body)).await
    }
}

/// The body of a write of these documents.
pub fn body(documents: impl Iterator<Item = String>) -> String {
    let mut body = String::from(r#"{"data":["#);
    for (i, document) in documents.enumerate() {
        let comma = if i == 0 { "" } else { "," };
        write!(body, "{comma}{document}").unwrap();
    }
    body + "]}"
}

pub async fn answer(request: reqwest::RequestBuilder) -> bytes::Bytes {
    let response = request.header(AUTHORIZATION, "ApiKey any").send().await.unwrap();
    let (status, body) = (response.status(), response.bytes().await.unwrap());
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    body
}
