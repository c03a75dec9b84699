//! A real S3 server for a test, over a directory of its own.

// Each test file uses its part of this.
#![allow(dead_code)]

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// The only key that it takes.
pub const KEY: (&str, &str) = ("AKIATEST", "secret of the test");

/// A running S3 server. It stops when this is dropped.
pub struct S3 {
    root: TempDir,
    address: SocketAddr,
    watch: Arc<Mutex<Watch>>,
    task: JoinHandle<()>,
}

/// What it is told, and has seen.
#[derive(Default)]
struct Watch {
    /// How long to hold back what a path that ends so is asked for.
    delays: HashMap<String, Duration>,
    /// How many requests for a path that ends so are still answered.
    allowed: HashMap<String, usize>,
    /// Requests that are being answered, and the most there have been.
    now: usize,
    most: usize,
    /// The paths of all requests.
    paths: Vec<String>,
}

impl S3 {
    /// Starts it with these buckets.
    pub async fn start(buckets: &[&str]) -> Self {
        let root = TempDir::new().unwrap();
        for bucket in buckets {
            std::fs::create_dir(root.path().join(bucket)).unwrap();
        }
        let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(root.path()).unwrap());
        builder.set_auth(SimpleAuth::from_single(KEY.0, KEY.1));
        let service = builder.build();

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let watch = Arc::new(Mutex::new(Watch::default()));
        let watched = watch.clone();
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (service, watch) = (service.clone(), watched.clone());
                let handler = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                    let (service, watch) = (service.clone(), watch.clone());
                    async move {
                        let path = request.uri().path().to_string();
                        let (delay, allowed) = watch.lock().unwrap().begin(&path);
                        tokio::time::sleep(delay).await;
                        let response = match allowed {
                            true => service.call(request.map(s3s::Body::from)).await,
                            false => {
                                let body = s3s::Body::from("not now".to_string());
                                Ok(hyper::Response::builder().status(403).body(body).unwrap())
                            }
                        };
                        watch.lock().unwrap().now -= 1;
                        response
                    }
                });
                tokio::spawn(async move {
                    let _ =
                        http1::Builder::new().serve_connection(TokioIo::new(socket), handler).await;
                });
            }
        });
        Self { root, address, watch, task }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Puts an object into a bucket, whole at once.
    pub fn put(&self, bucket: &str, name: &str, content: impl AsRef<[u8]>) {
        let path = self.root.path().join(bucket).join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let new = tempfile::NamedTempFile::new_in(self.root.path()).unwrap();
        std::fs::write(new.path(), content).unwrap();
        new.persist(path).unwrap();
    }

    /// Makes a bucket.
    pub fn make_bucket(&self, bucket: &str) {
        std::fs::create_dir(self.root.path().join(bucket)).unwrap();
    }

    /// Takes its time with objects whose path ends so.
    pub fn delay(&self, path: &str, delay: Duration) {
        self.watch.lock().unwrap().delays.insert(path.to_string(), delay);
    }

    /// Answers so many requests for a path that ends so, and refuses all others.
    pub fn allow(&self, path: &str, requests: usize) {
        self.watch.lock().unwrap().allowed.insert(path.to_string(), requests);
    }

    /// The most requests that it has answered at a time.
    pub fn most_at_a_time(&self) -> usize {
        self.watch.lock().unwrap().most
    }

    /// How often it was asked for a path that ends so.
    pub fn requests(&self, path: &str) -> usize {
        let watch = self.watch.lock().unwrap();
        watch.paths.iter().filter(|asked| asked.ends_with(path)).count()
    }

    /// The body of a request for an integration with its key.
    pub fn integration(&self, name: &str) -> Value {
        json!({
            "name": name,
            "s3": {
                "aws_access_key": {
                    "aws_access_key_id": KEY.0,
                    "aws_secret_access_key": KEY.1,
                },
                "endpoint_url": self.url(),
            },
        })
    }
}

impl Watch {
    /// How long to hold a request back, and whether to answer it.
    fn begin(&mut self, path: &str) -> (Duration, bool) {
        self.now += 1;
        self.most = self.most.max(self.now);
        self.paths.push(path.to_string());
        let delay = self.delays.iter().find(|(end, _)| path.ends_with(end.as_str()));
        let delay = delay.map(|(_, delay)| *delay).unwrap_or_default();
        let allowed = self.allowed.iter_mut().find(|(end, _)| path.ends_with(end.as_str()));
        let allowed = allowed.is_none_or(|(_, left)| {
            let allowed = *left > 0;
            *left = left.saturating_sub(1);
            allowed
        });
        (delay, allowed)
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        self.task.abort();
    }
}
