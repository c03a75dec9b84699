//! Which answers deserve another try, and when.
//!
//! Every call of the API may be repeated: documents are written by `_id`, and what
//! exists can't be created twice. So what matters is only whether a repeat can help.

use super::connection;
use super::enums::ErrorType;
use super::pressure::{Pressure, Verdict};
use super::types::ErrorModel;
use bytes::Bytes;
use http::HeaderMap;
use http::header::RETRY_AFTER;
use reqwest::{Client, Request, Response, StatusCode};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tracing::warn;

/// How long to try, and how to wait in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Upper bound of the first wait. The bound doubles with every try.
    pub first: Duration,
    /// The highest that the bound gets.
    pub highest: Duration,
    /// No try is begun later than this after the first one.
    pub limit: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            highest: Duration::from_secs(20),
            limit: Duration::from_secs(600),
        }
    }
}

/// The waits between the tries of one call.
#[derive(Debug)]
pub struct Backoff {
    policy: Policy,
    begun: Instant,
    tries: u32,
}

impl Policy {
    /// Begins to count tries.
    pub fn begin(self) -> Backoff {
        Backoff { policy: self, begun: Instant::now(), tries: 1 }
    }
}

impl Backoff {
    /// How long to wait before the next try: a random time below the bound, and no
    /// less than the server asks for. `None` when that would pass the limit.
    pub fn wait(&mut self, at_least: Option<Duration>) -> Option<Duration> {
        let doubled = self.policy.first.saturating_mul(1 << (self.tries - 1).min(20));
        let bound = doubled.min(self.policy.highest);
        let wait = bound.mul_f64(fastrand::f64()).max(at_least.unwrap_or_default());
        let in_time = self.begun.elapsed().saturating_add(wait) < self.policy.limit;
        self.tries += u32::from(in_time);
        in_time.then_some(wait)
    }

    /// How long tries may still be begun.
    pub fn left(&self) -> Duration {
        self.policy.limit.saturating_sub(self.begun.elapsed())
    }

    /// How many tries have been made.
    pub fn tries(&self) -> u32 {
        self.tries
    }
}

/// Whether a call that was answered so may succeed when it is repeated.
pub fn can_help(status: StatusCode, kind: Option<&ErrorType>) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
        || matches!(kind, Some(ErrorType::NotReady | ErrorType::Creating))
}

/// Whether an error of that type, on a document of its own, may pass by itself.
pub fn may_pass(kind: &ErrorType) -> bool {
    matches!(
        kind,
        ErrorType::NotReady
            | ErrorType::Creating
            | ErrorType::Internalerror
            | ErrorType::Ratelimitexceeded
            | ErrorType::Serviceunavailable
    )
}

/// A call, which may take several attempts.
pub(super) struct Call<'a> {
    pub operation: &'static str,
    pub policy: Policy,
    /// What lets each attempt go, if it is a write of documents.
    pub pressure: Option<&'a Arc<Pressure>>,
}

impl Call<'_> {
    /// Sends a request until it is answered for good, and counts the attempts. The
    /// answer's body is whole.
    pub async fn execute(
        &self,
        client: &Client,
        request: Request,
    ) -> (reqwest::Result<Response>, u32) {
        let mut backoff = self.policy.begin();
        let mut turn = self.pressure.map(|pressure| pressure.enter());
        let mut last: Option<Outcome> = None;
        loop {
            let permit = match (&mut turn, last.take()) {
                (None, _) => None,
                (Some(turn), None) => Some(turn.permit().await),
                (Some(turn), Some(outcome)) => {
                    match tokio::time::timeout(backoff.left(), turn.permit()).await {
                        Ok(permit) => Some(permit),
                        Err(_) => return (outcome.into_result(), backoff.tries() - 1),
                    }
                }
            };
            let Some(attempt) = request.try_clone() else {
                return (client.execute(request).await, backoff.tries());
            };
            let outcome = Outcome::of(client.execute(attempt).await).await;
            let (verdict, at_least) = (outcome.verdict(), outcome.retry_after());
            let holds = permit.is_some() && at_least.is_some();
            if let Some(permit) = permit {
                permit.finish(verdict, at_least);
            }
            let wait = match &outcome {
                Outcome::Final(_) => None,
                Outcome::Repeatable { .. } => backoff.wait(at_least),
            };
            let Some(wait) = wait else {
                return (outcome.into_result(), backoff.tries());
            };
            warn!(
                operation = self.operation,
                tries = backoff.tries() - 1,
                wait_ms = wait.as_millis() as u64,
                reason = outcome.reason(),
                "Rockset did not take a request; trying again"
            );
            // Where the server's wish holds back all, the first in turn needs no wait of
            // its own.
            if !(holds && verdict == Verdict::Limited) {
                tokio::time::sleep(wait).await;
            }
            last = Some(outcome);
        }
    }
}

enum Outcome {
    Final(reqwest::Result<Response>),
    Repeatable { reason: String, at_least: Option<Duration>, result: reqwest::Result<Response> },
}

impl Outcome {
    async fn of(result: reqwest::Result<Response>) -> Self {
        match whole(result).await {
            Err(error) if connection::obstacle(&error).is_some() => Self::Final(Err(error)),
            Err(error) => Self::Repeatable {
                reason: super::error::chain(&error),
                at_least: None,
                result: Err(error),
            },
            Ok(answer) if answer.status.is_success() => Self::Final(Ok(answer.into())),
            Ok(answer) => {
                let model = answer.error_model();
                match can_help(answer.status, model.type_.as_ref()) {
                    false => Self::Final(Ok(answer.with_body(&model))),
                    true => Self::Repeatable {
                        reason: format!(
                            "{}: {}",
                            answer.status,
                            model.message.as_deref().unwrap_or_default()
                        ),
                        at_least: retry_after(&answer.headers),
                        result: Ok(answer.with_body(&model)),
                    },
                }
            }
        }
    }

    /// What it tells of the limits on writes. An error that is final was an answer to a
    /// request that had passed them.
    fn verdict(&self) -> Verdict {
        match self {
            Self::Final(Ok(_)) => Verdict::Taken,
            Self::Repeatable { result: Ok(answer), .. }
                if answer.status() == StatusCode::TOO_MANY_REQUESTS =>
            {
                Verdict::Limited
            }
            Self::Final(Err(_)) | Self::Repeatable { .. } => Verdict::Failed,
        }
    }

    /// How long the server asks to wait.
    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Final(_) => None,
            Self::Repeatable { at_least, .. } => *at_least,
        }
    }

    fn reason(&self) -> &str {
        match self {
            Self::Final(_) => "",
            Self::Repeatable { reason, .. } => reason,
        }
    }

    fn into_result(self) -> reqwest::Result<Response> {
        match self {
            Self::Final(result) | Self::Repeatable { result, .. } => result,
        }
    }
}

/// An answer that has been read to its end.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// How much memory is set aside for an answer before it comes, at most, in bytes. Statuses of
/// a full request take less.
const EXPECTED: u64 = 2 << 20;

/// Reads an answer to its end. Its pieces are copied one by one, so that the connection can
/// receive each into the same memory.
async fn whole(result: reqwest::Result<Response>) -> reqwest::Result<Answer> {
    let mut response = result?;
    let (status, headers) = (response.status(), response.headers().clone());
    let expected = response.content_length().unwrap_or_default().min(EXPECTED);
    let mut body = Vec::with_capacity(expected as usize);
    while let Some(piece) = response.chunk().await? {
        body.extend_from_slice(&piece);
    }
    Ok(Answer { status, headers, body: body.into() })
}

impl Answer {
    /// The body as Rockset's error. A proxy that stands in between answers in words
    /// of its own; they become the message.
    fn error_model(&self) -> ErrorModel {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| {
            let words = String::from_utf8_lossy(&self.body[..self.body.len().min(300)]);
            ErrorModel { message: Some(words.trim().to_string()), ..ErrorModel::default() }
        })
    }

    fn with_body(mut self, model: &ErrorModel) -> Response {
        self.body = serde_json::to_vec(model).unwrap_or_default().into();
        self.into()
    }
}

impl From<Answer> for Response {
    fn from(answer: Answer) -> Self {
        let mut response = http::Response::new(answer.body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        response.into()
    }
}

/// How long the server asks to wait, given in seconds or as a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
    match value.trim().parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(value).ok()?.duration_since(SystemTime::now()).ok(),
    }
}
