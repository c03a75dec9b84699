//! A local Rockset for a test, and plain HTTP to talk to it.

use super::document;
use materialize_rockset::local::{self, Options, Server};
use materialize_rockset::rockset::{self, Client};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

/// The path of `commons.c`, the collection that [`Local::with_collection`] makes.
pub const C: &str = "/v1/orgs/self/ws/commons/collections/c";
/// The path of its documents.
pub const DOCS: &str = "/v1/orgs/self/ws/commons/collections/c/docs";

/// A running server and a client of it.
pub struct Local {
    pub server: Server,
    pub http: reqwest::Client,
}

/// An answer that has been read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

/// Options for any port, with collections that are ready (or gone) at once.
pub fn options() -> Options {
    Options {
        listen: ([127, 0, 0, 1], 0).into(),
        ready_after: Duration::ZERO,
        ..Options::default()
    }
}

impl Local {
    pub fn start() -> Self {
        Self::with(options())
    }

    pub fn with(options: Options) -> Self {
        // The first of a process to install a provider wins.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { server: local::start(options).unwrap(), http: reqwest::Client::new() }
    }

    /// Starts it with the collection `commons.c`.
    pub async fn with_collection(settings: Value) -> Self {
        let local = Self::start();
        let mut settings = settings;
        settings["name"] = json!("c");
        let created = local.post("/v1/orgs/self/ws/commons/collections", settings).await;
        assert_eq!(created.status, 200, "{created:?}");
        local
    }

    /// The generated client.
    pub fn client(&self) -> Client {
        rockset::connect(&self.server.url().parse().unwrap(), "any").unwrap()
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.server.url());
        self.http.request(method, url).header(AUTHORIZATION, "ApiKey any")
    }

    pub async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    pub async fn send(&self, method: Method, path: &str, body: Value) -> Answer {
        self.text(method, path, body.to_string()).await
    }

    /// Sends a body that need not be JSON, but says so.
    pub async fn text(&self, method: Method, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.request(method, path).header(CONTENT_TYPE, "application/json");
        answer(request.body(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        answer(self.request(Method::DELETE, path)).await
    }

    /// Sends a request with another key than usual.
    pub async fn by(&self, key: &str, method: Method, path: &str, body: Value) -> Answer {
        let url = format!("{}{path}", self.server.url());
        let request = self.http.request(method, url).header(AUTHORIZATION, format!("ApiKey {key}"));
        answer(request.header(CONTENT_TYPE, "application/json").body(body.to_string())).await
    }

    /// Adds documents to `commons.c`.
    pub async fn add(&self, documents: Value) -> Answer {
        self.post(DOCS, json!({ "data": documents })).await
    }

    /// A document of `commons.c`, as it is stored.
    pub async fn document(&self, id: &str) -> Value {
        let found = self.get(&format!("/local/ws/commons/collections/c/docs/{id}")).await;
        assert_eq!(found.status, 200, "{found:?}");
        found.body
    }
}

/// Sends a request and reads the answer, which must be JSON, and as the API document says.
pub async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let (client, request) = request.build_split();
    let request = request.unwrap();
    let (method, path) = (request.method().clone(), request.url().path().to_string());
    let response = client.execute(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{status} {e}: {text}"));
    document::check(&method, &path, status.as_u16(), &body);
    Answer { status, headers, body }
}

impl Answer {
    /// Checks that it is an error of this status and type, as the API writes one, and
    /// gives its message.
    #[track_caller]
    pub fn refused(&self, status: u16, kind: &str) -> &str {
        assert_eq!((self.status.as_u16(), &self.body["type"]), (status, &json!(kind)), "{self:?}");
        assert!(self.body["trace_id"].as_str().is_some_and(|id| !id.is_empty()), "{self:?}");
        self.body["message"].as_str().filter(|text| !text.is_empty()).unwrap()
    }

    /// The `data` of a success.
    #[track_caller]
    pub fn data(&self) -> &Value {
        assert_eq!(self.status, 200, "{self:?}");
        &self.body["data"]
    }

    /// The status of each document of a write.
    #[track_caller]
    pub fn statuses(&self) -> Vec<&str> {
        let data = self.data().as_array().unwrap();
        data.iter().map(|document| document["status"].as_str().unwrap()).collect()
    }

    /// The type of the error of the only document of a write.
    #[track_caller]
    pub fn only_error(&self) -> (&str, &str) {
        assert_eq!(self.statuses(), ["ERROR"], "{self:?}");
        let error = &self.data()[0]["error"];
        (error["type"].as_str().unwrap(), error["message"].as_str().unwrap())
    }
}
