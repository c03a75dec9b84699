//! A call, with as many attempts as it takes.

use super::Connection;
use super::answer::{Expected, Whole};
use super::effort::Effort;
use super::error::{Error, Foreign, Rejection, Silence, Unanswered};
use super::limits::{Limiter, Verdict};
use super::retry::{self, Backoff, RetryPolicy};
use super::transport_error;
use crate::rockset::types::ErrorModel;
use reqwest::{Client, Request, StatusCode};
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::warn;

/// A call that is being made.
pub(super) struct Call<'a> {
    operation: &'static str,
    connection: &'a Connection,
    policy: RetryPolicy,
    expected: Expected,
    /// The limiter of the operation, if it has a limit.
    limiter: Option<&'a Limiter>,
    tried: State,
}

/// The attempts until now.
#[derive(Default)]
struct State {
    attempts: u32,
    /// When the first attempt was made.
    begun: Option<Instant>,
    last: Option<Rejection>,
}

/// Why an attempt failed.
enum Failure {
    /// Rockset answered an error, or a proxy did in its place, with the time to wait before the
    /// next attempt.
    Answered(Rejection, Option<Duration>),
    /// No answer came.
    Silent(Silence),
    /// The answer wasn't Rockset's.
    Foreign(Foreign),
}

impl<'a> Call<'a> {
    /// A call of an operation, by the name of the client's function.
    pub fn new(operation: &'static str, connection: &'a Connection, request: &Request) -> Self {
        let expected = if connection.is_write(operation) {
            Expected::Any
        } else {
            Expected::of(operation, request)
        };
        Self {
            operation,
            connection,
            policy: connection.retry,
            expected,
            limiter: connection.limiter(operation),
            tried: State::default(),
        }
    }

    /// Sends a request until it is answered, or can't succeed any more.
    pub async fn execute(&mut self, http: &Client, request: &Request) -> Result<Whole, Error> {
        if request.body().is_some_and(|body| body.as_bytes().is_none()) {
            return Err(Error::Unexpected("a body that can't be sent twice".to_string()));
        }
        match self.connection.deadline {
            None => self.attempt(http, request).await,
            Some(deadline) => match timeout_at(deadline, self.attempt(http, request)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(self.failed(Failure::Silent(Silence::Over), true)),
            },
        }
    }

    /// What was tried until now.
    pub fn effort(&self, is_given_up: bool) -> Effort {
        let State { attempts, begun, .. } = self.tried;
        let elapsed = begun.map_or(Duration::ZERO, |begun| begun.elapsed());
        Effort { operation: self.operation, attempts, elapsed, is_given_up }
    }

    async fn attempt(&mut self, http: &Client, request: &Request) -> Result<Whole, Error> {
        let mut ticket = self.limiter.map(Limiter::enter);
        let mut backoff: Option<Backoff> = None;
        let mut last: Option<Failure> = None;
        loop {
            let permit = match (&mut ticket, &backoff) {
                (None, _) => None,
                (Some(ticket), None) => Some(ticket.acquire().await),
                (Some(ticket), Some(backoff)) => {
                    match (timeout(backoff.left(), ticket.acquire()).await, last.take()) {
                        (Ok(permit), _) => Some(permit),
                        (Err(_), Some(failure)) => return Err(self.failed(failure, true)),
                        (Err(_), None) => {
                            return Err(self.failed(Failure::Silent(Silence::Over), true));
                        }
                    }
                }
            };
            let backoff = backoff.get_or_insert_with(|| self.policy.begin());
            self.tried.begun.get_or_insert_with(Instant::now);
            self.tried.attempts += 1;

            let outcome = self.send(http, request).await;
            let asked = match &outcome {
                Err(Failure::Answered(_, asked)) => asked.map(|asked| backoff.granted(asked)),
                _ => None,
            };
            let verdict = verdict(&outcome);
            let is_held = permit.is_some() && asked.is_some() && verdict == Verdict::Throttled;
            if let Some(permit) = permit {
                permit.finish(verdict, asked);
            }
            let failure = match outcome {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            if !failure.is_retryable() {
                return Err(self.failed(failure, false));
            }
            let Some(wait) = backoff.wait(asked) else {
                return Err(self.failed(failure, true));
            };
            warn!(
                operation = self.operation,
                attempts = self.tried.attempts,
                wait_ms = wait.as_millis() as u64,
                reason = failure.reason(self.connection),
                "Rockset did not take a request; trying again"
            );
            if let Failure::Answered(answer, _) = &failure {
                self.tried.last = Some(answer.clone());
            }
            // After a Retry-After, the limiter holds back all requests, this one included.
            if !is_held {
                tokio::time::sleep(wait).await;
            }
            last = Some(failure);
        }
    }

    /// Makes an attempt.
    async fn send(&self, http: &Client, request: &Request) -> Result<Whole, Failure> {
        let connection = self.connection;
        let Some(request) = request.try_clone() else {
            return Err(Failure::Silent(Silence::Over));
        };
        let receive = async { Whole::read(http.execute(request).await?).await };
        let answer = match timeout(connection.answer_timeout, receive).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(Failure::Silent(Silence::Network(error))),
            Err(_) => return Err(Failure::Silent(Silence::Late(connection.answer_timeout))),
        };
        let is_success = answer.status.is_success();
        // The caller masks it, if it reads it at all.
        let is_masked_later = is_success && matches!(self.expected, Expected::Any);
        let answer = if is_masked_later { answer } else { answer.masked(&connection.mask) };
        if !is_success {
            return Err(self.sorted(answer));
        }
        match answer.mismatch(&self.expected) {
            None => Ok(answer),
            Some(words) => Err(self.foreign(answer.status, words)),
        }
    }

    /// Sorts an error answer: it is Rockset's, or that of a proxy, or neither. A proxy may answer,
    /// in words of its own, that Rockset can't be reached or that a request is too large.
    fn sorted(&self, answer: Whole) -> Failure {
        let status = answer.status;
        let asked = retry::retry_after(&answer.headers);
        let effort = self.effort(false);
        let is_of_proxy =
            retry::is_retryable(status, None) || status == StatusCode::PAYLOAD_TOO_LARGE;
        let model = match answer.error_model() {
            Some(model) => model,
            None if is_of_proxy => {
                ErrorModel { message: Some(answer.words()), ..ErrorModel::default() }
            }
            None => return self.foreign(status, format!(": {}", answer.words())),
        };
        Failure::Answered(Rejection { status, model: model.into(), effort }, asked)
    }

    fn foreign(&self, status: StatusCode, words: String) -> Failure {
        Failure::Foreign(Foreign { status, words, effort: self.effort(false) })
    }

    /// The error that a call ends with.
    fn failed(&mut self, failure: Failure, is_given_up: bool) -> Error {
        let effort = self.effort(is_given_up);
        match failure {
            Failure::Answered(answer, _) => Error::answered(Rejection { effort, ..answer }),
            Failure::Foreign(foreign) => Error::Foreign(Foreign { effort, ..foreign }),
            Failure::Silent(cause) => {
                let before = self.tried.last.take().map(Box::new);
                let cause = match cause {
                    Silence::Network(error) => Silence::Network(self.connection.shown(error)),
                    cause => cause,
                };
                Error::unanswered(Unanswered { cause, before, effort })
            }
        }
    }
}

/// What the outcome of an attempt tells of the limits. A final error means that the request was
/// within them.
fn verdict(outcome: &Result<Whole, Failure>) -> Verdict {
    match outcome {
        Ok(_) => Verdict::Accepted,
        Err(Failure::Answered(answer, _))
            if retry::is_throttled(answer.status, answer.model.type_.as_ref()) =>
        {
            Verdict::Throttled
        }
        Err(failure) if !failure.is_silent() && !failure.is_retryable() => Verdict::Accepted,
        Err(_) => Verdict::Failed,
    }
}

impl Failure {
    /// Whether another attempt may be answered differently.
    fn is_retryable(&self) -> bool {
        match self {
            Self::Answered(answer, _) => {
                retry::is_retryable(answer.status, answer.model.type_.as_ref())
            }
            Self::Silent(Silence::Network(error)) => {
                transport_error::permanent_cause(error).is_none()
            }
            Self::Silent(Silence::Late(_)) => true,
            Self::Silent(Silence::Over) | Self::Foreign(_) => false,
        }
    }

    fn is_silent(&self) -> bool {
        matches!(self, Self::Silent(_))
    }

    /// Why another attempt is made, for the log.
    fn reason(&self, connection: &Connection) -> String {
        match self {
            Self::Answered(answer, _) => {
                let message = answer.model.message.as_deref().unwrap_or_default();
                format!("{}: {message}", answer.status)
            }
            Self::Silent(Silence::Network(error)) => {
                connection.mask.text(&super::error::chain(error))
            }
            Self::Silent(Silence::Late(time)) => {
                format!("the answer was not whole after {} s", time.as_secs_f64())
            }
            Self::Silent(Silence::Over) | Self::Foreign(_) => String::new(),
        }
    }
}
