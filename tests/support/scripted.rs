//! An HTTP server that answers what a test tells it to, and misbehaves on demand.

use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the server does with one request.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Status, headers and body.
    Http(u16, Vec<(&'static str, String)>, String),
    /// Closes the connection.
    Reset,
    /// Answers half of a body, then closes the connection.
    Cut,
    /// Keeps the connection open and says nothing.
    Silence,
    /// Begins an answer with this status, and sends a byte of its body every 100 ms.
    Drip(u16),
    /// Begins an answer with this status, and sends its body for ever.
    Flood(u16),
}

impl Answer {
    /// A success with this JSON.
    pub fn ok(body: Value) -> Self {
        Self::Http(200, vec![], body.to_string())
    }

    /// An error as Rockset would answer it.
    pub fn error(status: u16, kind: &str) -> Self {
        let model = json!({"type": kind, "message": format!("it is {kind}"), "trace_id": "t-1"});
        Self::Http(status, vec![], model.to_string())
    }

    /// With a header more.
    pub fn with(self, name: &'static str, value: impl ToString) -> Self {
        match self {
            Self::Http(status, mut headers, body) => {
                headers.push((name, value.to_string()));
                Self::Http(status, headers, body)
            }
            other => panic!("{other:?} has no headers"),
        }
    }
}

/// A request that arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    pub at: Instant,
    /// Request line and headers.
    pub head: String,
    pub body: String,
}

/// A running server. It stops when it's dropped.
pub struct Scripted {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    serving: JoinHandle<()>,
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Scripted {
    /// Gives these answers in turn, and the last one to all that follow.
    pub async fn start(answers: Vec<Answer>) -> Self {
        Self::answering(move |turn, _| answers[turn.min(answers.len() - 1)].clone()).await
    }

    /// Answers what `answer` says to a request, given how many there were before it.
    pub async fn answering(
        answer: impl Fn(usize, &Seen) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (answer, seen_by_server) = (Arc::new(answer), Arc::clone(&seen));
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, Arc::clone(&answer), Arc::clone(&seen_by_server)));
            }
        });
        Self { url, seen, serving }
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    answer: Arc<impl Fn(usize, &Seen) -> Answer>,
    seen: Arc<Mutex<Vec<Seen>>>,
) {
    while let Some((head, body)) = read_request(&mut stream).await {
        let answer = {
            let mut seen = seen.lock().unwrap();
            let request = Seen { at: Instant::now(), head, body };
            let answer = answer(seen.len(), &request);
            seen.push(request);
            answer
        };
        match answer {
            Answer::Http(status, headers, body) => {
                let mut text = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n", body.len());
                for (name, value) in headers {
                    text.push_str(&format!("{name}: {value}\r\n"));
                }
                text.push_str(&format!("\r\n{body}"));
                stream.write_all(text.as_bytes()).await.unwrap();
            }
            Answer::Reset => return,
            Answer::Cut => {
                let text = "HTTP/1.1 200 x\r\ncontent-length: 100\r\n\r\n{\"data\":";
                stream.write_all(text.as_bytes()).await.unwrap();
                return;
            }
            Answer::Silence => std::future::pending().await,
            Answer::Drip(status) => {
                send_for_ever(&mut stream, status, b" ", Duration::from_millis(100)).await;
                return;
            }
            Answer::Flood(status) => {
                send_for_ever(&mut stream, status, &[b' '; 1 << 16], Duration::ZERO).await;
                return;
            }
        }
    }
}

/// Sends pieces of a body, until nobody is there any more.
async fn send_for_ever(stream: &mut TcpStream, status: u16, piece: &[u8], pause: Duration) {
    let head = format!("HTTP/1.1 {status} x\r\nconnection: close\r\n\r\n");
    let mut sent = stream.write_all(head.as_bytes()).await;
    while sent.is_ok() {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        sent = stream.write_all(piece).await;
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    loop {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().unwrap())
            });
            let body = end + 4..end + 4 + length.unwrap_or(0usize);
            while bytes.len() < body.end {
                read_more(stream, &mut bytes).await?;
            }
            return Some((head, String::from_utf8_lossy(&bytes[body]).into_owned()));
        }
        read_more(stream, &mut bytes).await?;
    }
}

async fn read_more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    match stream.read_buf(bytes).await {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(()),
    }
}
