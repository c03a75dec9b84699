//! What went wrong at the endpoint, whether a repeat can help, and what to do.

use super::enums::ErrorType;
use super::types::ErrorModel;
use super::{connection, retry};
use reqwest::StatusCode;
use std::fmt;

/// A failed call of the Rockset API.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The workspace, collection, integration or source doesn't exist.
    #[error("{0}")]
    NotFound(Answer),
    /// What was to be created is there already.
    #[error("{0}")]
    AlreadyExists(Answer),
    /// The collection can't be written to yet.
    #[error("{0}")]
    NotReady(Answer),
    /// Too many requests for the virtual instance or the organisation.
    #[error("{0}")]
    RateLimited(Answer),
    /// Rockset doesn't know the API key.
    #[error("{0}; check api_key and region_base_url: a key belongs to one region")]
    Unauthorized(Answer),
    /// The API key's role doesn't allow the call.
    #[error("{0}; give the API key a role that allows it")]
    Forbidden(Answer),
    /// The request holds too many bytes or documents.
    #[error("{0}")]
    TooLarge(Answer),
    /// Any other error that Rockset answered.
    #[error("{0}")]
    Other(Answer),
    /// No answer came.
    #[error("no answer from Rockset")]
    Unreachable(#[source] reqwest::Error),
    /// No answer came, and none will.
    #[error("{advice}")]
    Impossible {
        /// What is wrong, and what to do.
        advice: &'static str,
        /// Why.
        source: reqwest::Error,
    },
    /// The answer isn't what the API's document promises.
    #[error("Rockset answered something unexpected: {0}")]
    Unexpected(String),
}

/// An error as Rockset answered it.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// The body.
    pub model: Box<ErrorModel>,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.model.message.as_deref().unwrap_or("no message");
        write!(f, "Rockset answered {}", self.status.as_u16())?;
        if let Some(kind) = &self.model.type_ {
            write!(f, " {kind}")?;
        }
        write!(f, ": {message}")?;
        if let Some(trace) = &self.model.trace_id {
            write!(f, " (trace {trace})")?;
        }
        Ok(())
    }
}

impl Error {
    /// Sorts an error answer.
    pub fn answered(status: StatusCode, model: ErrorModel) -> Self {
        use ErrorType as T;
        let answer = Answer { status, model: model.into() };
        match (&answer.model.type_, status.as_u16()) {
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
}

impl Error {
    /// Sorts a failure to get an answer.
    pub fn unanswered(source: reqwest::Error) -> Self {
        match connection::obstacle(&source) {
            Some(advice) => Self::Impossible { advice, source },
            None => Self::Unreachable(source),
        }
    }

    /// Whether Rockset can't make sense of the request.
    pub fn is_bad_request(&self) -> bool {
        matches!(self, Self::Other(answer) if answer.status == StatusCode::BAD_REQUEST)
    }

    /// Whether the same call may succeed later.
    pub fn can_pass(&self) -> bool {
        match self {
            Self::NotReady(_) | Self::RateLimited(_) | Self::Unreachable(_) => true,
            Self::Other(answer) => retry::can_help(answer.status, answer.model.type_.as_ref()),
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
