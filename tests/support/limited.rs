//! A proxy in front of a Rockset, which counts its calls of metadata and refuses those beyond
//! an organisation's limits.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::Response;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// What an organisation may do in a minute, and how long that is here.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub reads: usize,
    pub updates: usize,
    pub minute: Duration,
}

/// What the hosted Rockset allowed.
pub const HOSTED: Limits = Limits { reads: 500, updates: 50, minute: Duration::from_secs(60) };

/// Status and type of the error that a call is answered with, given its method and path.
type Refuse = dyn Fn(&str) -> Option<(u16, &'static str)> + Send + Sync;

/// A running proxy. It stops when it's dropped.
pub struct Limited {
    pub url: String,
    inner: Arc<Inner>,
    serving: JoinHandle<()>,
}

struct Inner {
    base: String,
    http: reqwest::Client,
    limits: Limits,
    refuse: Box<Refuse>,
    /// Method and path of all calls of metadata, refused ones included.
    calls: Mutex<Vec<String>>,
    /// When the minute began, and the reads and updates since.
    minute: Mutex<(Instant, usize, usize)>,
}

impl Drop for Limited {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Limited {
    pub async fn start(base: &str, limits: Limits) -> Self {
        Self::refusing(base, limits, |_| None).await
    }

    /// One that refuses some calls for other reasons, too.
    pub async fn refusing(
        base: &str,
        limits: Limits,
        refuse: impl Fn(&str) -> Option<(u16, &'static str)> + Send + Sync + 'static,
    ) -> Self {
        let inner = Arc::new(Inner {
            base: base.to_string(),
            http: reqwest::Client::new(),
            limits,
            refuse: Box::new(refuse),
            calls: Mutex::default(),
            minute: Mutex::new((Instant::now(), 0, 0)),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(forward).with_state(inner.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, inner, serving }
    }

    /// The calls of metadata since this was last asked, as `GET /v1/…`.
    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.inner.calls.lock().unwrap())
    }

    /// How many of them were reads, and how many updates.
    pub fn counts(&self) -> (usize, usize) {
        let calls = self.calls();
        let reads = calls.iter().filter(|call| call.starts_with("GET ")).count();
        (reads, calls.len() - reads)
    }
}

impl Inner {
    /// Whether a limit allows a call.
    fn allows(&self, is_read: bool) -> bool {
        let mut minute = self.minute.lock().unwrap();
        if minute.0.elapsed() >= self.limits.minute {
            *minute = (Instant::now(), 0, 0);
        }
        let (count, limit) = match is_read {
            true => (&mut minute.1, self.limits.reads),
            false => (&mut minute.2, self.limits.updates),
        };
        *count += 1;
        *count <= limit
    }
}

async fn forward(State(inner): State<Arc<Inner>>, request: axum::extract::Request) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().unwrap().as_str();
    let call = format!("{} {path}", head.method);
    if !path.ends_with("/docs") {
        inner.calls.lock().unwrap().push(call.clone());
        if !inner.allows(head.method == Method::GET) {
            return error(429, "RATELIMITEXCEEDED");
        }
    }
    if let Some((status, kind)) = (inner.refuse)(&call) {
        return error(status, kind);
    }
    let body: Bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let request = inner.http.request(head.method.clone(), format!("{}{path}", inner.base));
    let request = match head.headers.get(AUTHORIZATION) {
        Some(key) => request.header(AUTHORIZATION, key),
        None => request,
    };
    let request = request.header(CONTENT_TYPE, "application/json").body(body);
    let answer = request.send().await.unwrap();
    let response = Response::builder().status(answer.status());
    let response = response.header(CONTENT_TYPE, "application/json");
    response.body(Body::from(answer.bytes().await.unwrap())).unwrap()
}

fn error(status: u16, kind: &str) -> Response {
    let model = json!({"type": kind, "message": format!("it is {kind}"), "trace_id": "t-1"});
    Response::builder().status(status).body(Body::from(model.to_string())).unwrap()
}
