//! Errors of calls: their cause, whether another attempt can help, and what to do.

use super::effort::Effort;
use super::{retry, transport_error};
use crate::rockset::enums::ErrorType;
use crate::rockset::types::ErrorModel;
use reqwest::StatusCode;
use std::fmt;
use std::time::Duration;

/// A failed call of the Rockset API.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The workspace, collection, integration or source doesn't exist.
    #[error("{0}")]
    NotFound(Rejection),
    /// The thing to create exists already.
    #[error("{0}")]
    AlreadyExists(Rejection),
    /// The collection can't be written to yet.
    #[error("{0}")]
    NotReady(Rejection),
    /// Too many requests for the virtual instance or the organisation.
    #[error("{0}")]
    RateLimited(Rejection),
    /// Rockset doesn't know the API key.
    #[error("{0}; check api_key and region_base_url: a key belongs to one region")]
    Unauthorized(Rejection),
    /// The API key's role doesn't allow the call.
    #[error("{0}; give the API key a role that allows it")]
    Forbidden(Rejection),
    /// The request holds too many bytes or documents.
    #[error("{0}")]
    TooLarge(Rejection),
    /// Any other error that Rockset answered.
    #[error("{0}")]
    Other(Rejection),
    /// No answer came.
    #[error(transparent)]
    Unreachable(Unanswered),
    /// No answer came, and none will.
    #[error("{advice}")]
    Impossible {
        /// What is wrong, and what to do.
        advice: &'static str,
        /// Why.
        source: reqwest::Error,
    },
    /// What answers isn't Rockset.
    #[error("{0}")]
    Foreign(Foreign),
    /// Someone cancelled the query.
    #[error("the query was cancelled")]
    Cancelled,
    /// The answer isn't what the API's document promises.
    #[error("Rockset answered something unexpected: {0}")]
    Unexpected(String),
}

/// An error as Rockset answered it.
#[derive(Debug, Clone)]
pub struct Rejection {
    /// HTTP status.
    pub status: StatusCode,
    /// The body.
    pub model: Box<ErrorModel>,
    /// The attempts until this answer.
    pub effort: Effort,
}

/// A call that ended without an answer.
#[derive(Debug)]
pub struct Unanswered {
    /// Why no answer came.
    pub cause: Silence,
    /// The answer to an earlier attempt.
    pub before: Option<Box<Rejection>>,
    /// The attempts that were made.
    pub effort: Effort,
}

/// Why no answer came.
#[derive(Debug)]
pub enum Silence {
    /// The network failed.
    Network(reqwest::Error),
    /// The answer wasn't complete after this time.
    Late(Duration),
    /// The time for the call was over.
    Over,
}

/// An answer of something that isn't Rockset.
#[derive(Debug, Clone)]
pub struct Foreign {
    /// HTTP status.
    pub status: StatusCode,
    /// The text after the status: what is wrong with the answer, and how it begins.
    pub words: String,
    /// The attempts until this answer.
    pub effort: Effort,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.effort.has_given_up() {
            write!(f, "{}; the last answer was {}", self.effort, self.said())
        } else {
            write!(f, "{}Rockset answered {}", self.effort, self.said())
        }
    }
}

impl Rejection {
    /// The status, and Rockset's words.
    fn said(&self) -> String {
        let Self { status, model, .. } = self;
        let kind = model.type_.as_ref().map(|kind| format!(" {kind}")).unwrap_or_default();
        let message = model.message.as_deref().unwrap_or("no message");
        let trace = model.trace_id.as_ref().map(|trace| format!(" (trace {trace})"));
        format!("{}{kind}: {message}{}", status.as_u16(), trace.unwrap_or_default())
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.effort)?;
        if self.effort.has_given_up() {
            f.write_str("; ")?;
        }
        if let Some(answer) = &self.before {
            write!(f, "the last answer was {}; then there was ", answer.said())?;
        }
        f.write_str("no answer from Rockset")?;
        match self.cause {
            Silence::Network(_) => Ok(()),
            Silence::Late(time) => write!(f, " that was whole after {} s", time.as_secs_f64()),
            Silence::Over => f.write_str(" in time"),
        }
    }
}

impl std::error::Error for Unanswered {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            Silence::Network(error) => Some(error),
            Silence::Late(_) | Silence::Over => None,
        }
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}what answers is not Rockset: it answered {}{}; check region_base_url, which is \
             the host of your region, such as api.usw2a1.rockset.com, and any proxy on the way",
            self.effort,
            self.status.as_u16(),
            self.words
        )
    }
}

impl Error {
    /// Sorts an error answer.
    pub fn answered(answer: Rejection) -> Self {
        use ErrorType as T;
        match (&answer.model.type_, answer.status.as_u16()) {
            (Some(T::Notfound), _) => Self::NotFound(answer),
            (Some(T::Alreadyexists), _) => Self::AlreadyExists(answer),
            (Some(T::NotReady | T::Creating), _) => Self::NotReady(answer),
            (Some(T::Ratelimitexceeded), _) => Self::RateLimited(answer),
            (Some(T::Authexception), _) => Self::Unauthorized(answer),
            (Some(T::Forbidden), _) => Self::Forbidden(answer),
            (Some(T::Contenttoolarge), _) => Self::TooLarge(answer),
            (_, 401) => Self::Unauthorized(answer),
            (_, 403) => Self::Forbidden(answer),
            (_, 404) => Self::NotFound(answer),
            (_, 413) => Self::TooLarge(answer),
            (_, 429) => Self::RateLimited(answer),
            _ => Self::Other(answer),
        }
    }

    /// Sorts a failure to get an answer.
    pub fn unanswered(unanswered: Unanswered) -> Self {
        match unanswered.cause {
            Silence::Network(source) => match transport_error::permanent_cause(&source) {
                Some(advice) => Self::Impossible { advice, source },
                None => {
                    Self::Unreachable(Unanswered { cause: Silence::Network(source), ..unanswered })
                }
            },
            cause => Self::Unreachable(Unanswered { cause, ..unanswered }),
        }
    }

    /// The status of the answer, if there was one.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Foreign(foreign) => Some(foreign.status),
            _ => self.rejection().map(|answer| answer.status),
        }
    }

    /// The error that Rockset answered, if it did.
    pub fn rejection(&self) -> Option<&Rejection> {
        match self {
            Self::NotFound(answer)
            | Self::AlreadyExists(answer)
            | Self::NotReady(answer)
            | Self::RateLimited(answer)
            | Self::Unauthorized(answer)
            | Self::Forbidden(answer)
            | Self::TooLarge(answer)
            | Self::Other(answer) => Some(answer),
            Self::Foreign(_)
            | Self::Unreachable(_)
            | Self::Impossible { .. }
            | Self::Cancelled
            | Self::Unexpected(_) => None,
        }
    }

    /// Whether Rockset answered 400: it can't parse the request.
    pub fn is_bad_request(&self) -> bool {
        matches!(self, Self::Other(answer) if answer.status == StatusCode::BAD_REQUEST)
    }

    /// Whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NotReady(_) | Self::RateLimited(_) | Self::Unreachable(_) => true,
            Self::Other(answer) => retry::is_retryable(answer.status, answer.model.type_.as_ref()),
            _ => false,
        }
    }
}

/// An error and its causes, outermost first.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
